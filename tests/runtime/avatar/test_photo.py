import hashlib
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from dressform.runtime.avatar.photo import MAX_PIXELS, MAX_SIDE_PX, MIN_SIDE_PX, load_photo, photo_from_array
from dressform.schemas.errors import InputError

ORIENTATION, FOCAL_35MM, EXIF_IFD = 0x0112, 0xA405, 0x8769
# what a viewer does to the stored picture for each EXIF orientation
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


def scene(width=96, height=128):
    """A picture that differs from each of its turns and mirror images: smooth, so that JPEG keeps it."""
    y, x = np.mgrid[:height, :width]
    red, green = 255 * x / (width - 1), 255 * y / (height - 1)
    return np.stack([red, green, 0.5 * red], -1).astype(np.uint8)


def png(width, height, depth, rows):
    """An RGB PNG file put together by hand: Pillow writes no 16-bit RGB and no size that is not there."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def hollow_png(width, height):
    """A PNG that claims a size and holds next to nothing."""
    return png(width, height, 8, bytes(999))


def refusal(path):
    with pytest.raises(InputError) as caught:
        load_photo(path)
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


def test_pixels_size_and_digest_of_a_plain_png(tmp_path):
    path = tmp_path / "plain.png"
    Image.fromarray(scene()).save(path)
    photo = load_photo(path)
    np.testing.assert_array_equal(photo.rgb, scene())
    assert photo.rgb.flags.c_contiguous
    assert photo.original_size_px == (96, 128)
    assert photo.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert photo.focal_px is None
    assert photo.name == "plain.png"


@pytest.mark.parametrize("suffix", ["png", "jpg"])
@pytest.mark.parametrize("orientation", sorted(UPRIGHT))
def test_exif_orientation_is_applied_mirrored_ones_too(tmp_path, orientation, suffix):
    path = tmp_path / f"turned.{suffix}"
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(scene()).save(path, exif=exif, **({"quality": 98, "subsampling": 0} if suffix == "jpg" else {}))
    photo = load_photo(path)
    expected = UPRIGHT[orientation](scene())
    assert photo.rgb.shape == expected.shape
    assert np.abs(photo.rgb.astype(int) - expected).max() <= (0 if suffix == "png" else 6)
    assert photo.original_size_px == (expected.shape[1], expected.shape[0])


def test_an_orientation_that_does_not_exist_leaves_the_picture(tmp_path):
    path = tmp_path / "odd.png"
    exif = Image.Exif()
    exif[ORIENTATION] = 42
    Image.fromarray(scene()).save(path, exif=exif)
    np.testing.assert_array_equal(load_photo(path).rgb, scene())


def test_focal_length_is_read_from_exif_and_scales_with_the_picture(tmp_path):
    focals = []
    for width in (300, 600):
        path = tmp_path / f"{width}.jpg"
        exif = Image.Exif()
        exif.get_ifd(EXIF_IFD)[FOCAL_35MM] = 50
        Image.fromarray(scene(width, 2 * width // 3)).save(path, exif=exif)
        focals.append(load_photo(path).focal_px)
    assert focals[1] == pytest.approx(2 * focals[0])
    # on a 36 × 24 mm frame a 50 mm lens covers the width by 36/50
    assert focals[0] == pytest.approx(50 / 36 * 300, rel=0.002)


def test_cmyk_jpeg_becomes_rgb(tmp_path):
    path = tmp_path / "print.jpg"
    Image.fromarray(scene()).convert("CMYK").save(path, quality=98)
    photo = load_photo(path)
    assert photo.rgb.shape == (128, 96, 3)
    assert np.abs(photo.rgb.astype(int) - scene()).mean() < 4


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path, suffix):
    ramp = np.tile(np.linspace(0, 65535, 96), (80, 1)).astype(np.uint16)
    path = tmp_path / f"deep.{suffix}"
    Image.fromarray(ramp).save(path)
    rgb = load_photo(path).rgb
    assert rgb.shape == (80, 96, 3)
    assert np.abs(rgb.astype(int) - np.round(ramp / 257.0)[..., None]).max() <= 1


def test_sixteen_bit_rgb_png_is_scaled_not_clipped(tmp_path):
    path = tmp_path / "deep.png"
    deep = (scene().astype(np.uint32) * 257).astype(">u2")
    path.write_bytes(png(96, 128, 16, b"".join(b"\0" + row.tobytes() for row in deep)))
    assert np.abs(load_photo(path).rgb.astype(int) - scene()).max() <= 1


def test_greyscale_repeats_its_value(tmp_path):
    path = tmp_path / "grey.png"
    grey = scene()[..., 0]
    Image.fromarray(grey).save(path)
    np.testing.assert_array_equal(load_photo(path).rgb, np.repeat(grey[..., None], 3, axis=2))


def test_see_through_parts_of_a_palette_lie_on_white(tmp_path):
    index = np.zeros((80, 80), np.uint8)
    index[:, 40:] = 1
    image = Image.fromarray(index, "P")
    image.putpalette([200, 30, 60, 10, 20, 30])
    path = tmp_path / "palette.png"
    image.save(path, transparency=bytes([255, 0]))
    rgb = load_photo(path).rgb
    assert (rgb[:, :40] == (200, 30, 60)).all()
    assert (rgb[:, 40:] == 255).all()


def test_half_transparent_pixels_blend_with_white(tmp_path):
    path = tmp_path / "veil.png"
    Image.new("RGBA", (80, 80), (100, 0, 0, 128)).save(path)
    assert np.abs(load_photo(path).rgb.astype(int) - (177, 127, 127)).max() <= 1


def test_colour_profile_is_converted_and_a_broken_one_ignored(tmp_path):
    flat = Image.new("RGB", (80, 80), (120, 160, 90))
    kept = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, profile, allowed in (("same.png", kept, 2), ("broken.png", b"no profile at all", 0)):
        flat.save(tmp_path / name, icc_profile=profile)
        assert np.abs(load_photo(tmp_path / name).rgb.astype(int) - (120, 160, 90)).max() <= allowed


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_large_picture_is_scaled_down_whole(tmp_path, suffix):
    path = tmp_path / f"large.{suffix}"
    Image.fromarray(scene(4500, 300)).save(path)
    photo = load_photo(path)
    height, width = photo.rgb.shape[:2]
    assert width == MAX_SIDE_PX
    assert height == pytest.approx(300 * MAX_SIDE_PX / 4500, abs=1)
    assert photo.original_size_px == (4500, 300)
    assert np.abs(photo.rgb[height // 2, [5, -5], 0].astype(int) - (0, 255)).max() < 6  # both ends are there


def test_a_tiny_picture_is_refused_with_a_cure(tmp_path):
    path = tmp_path / "stamp.png"
    Image.new("RGB", (20, 20)).save(path)
    message = refusal(path)
    assert "20×20" in message
    assert f"at least {MIN_SIDE_PX}" in message
    assert "give a larger picture" in message


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_picture_cut_short_is_refused(tmp_path, suffix):
    whole = tmp_path / f"whole.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(whole)
    path = tmp_path / f"part.{suffix}"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    message = refusal(path)
    assert "damaged or cut short" in message
    assert "copy it again" in message


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("nothing.jpg", b"", ("is empty", "give a JPEG")),
        ("letter.jpg", b"Dear Sir or Madam, this is no picture.", ("is not a picture", "needed JPEG, PNG")),
        ("phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", ("HEIC", "save it as JPEG")),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    message = refusal(path)
    for word in words:
        assert word in message


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    folder = tmp_path / "album"
    folder.mkdir()
    assert "is a folder; give one picture file" in refusal(folder)
    assert "no such file; check the path" in refusal(tmp_path / "gone.jpg")


@pytest.mark.parametrize("side", [13_400, 14_200, 60_000])
def test_more_pixels_than_the_limit_are_refused_with_the_true_limit(tmp_path, side):
    path = tmp_path / "bomb.png"
    path.write_bytes(hollow_png(side, side))
    message = refusal(path)
    assert f"at most {MAX_PIXELS:,}" in message or f"more than {MAX_PIXELS:,}" in message
    assert "scale it down" in message


def test_the_stated_limit_is_the_one_that_counts(tmp_path):
    """A picture just within the limit is not refused for its size, only for its missing rows."""
    path = tmp_path / "wide.png"
    path.write_bytes(hollow_png(MAX_PIXELS // 100, 100))
    assert "damaged or cut short" in refusal(path)


def test_arrays_are_taken_and_checked():
    photo = photo_from_array(scene(), "frame")
    np.testing.assert_array_equal(photo.rgb, scene())
    for wrong in (scene()[..., 0], scene().astype(np.float32), scene(20, 20)):
        with pytest.raises(InputError, match="needed"):
            photo_from_array(wrong)
