from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from dressform.runtime.avatar.avatar_file import Avatar, Keypoint, PhotoTexture, Source
from dressform.runtime.avatar.consent import Consent
from dressform.runtime.avatar.make import make_avatar
from dressform.runtime.render.scene import Camera
from dressform.schemas.errors import AssetError, ConsentError, InputError

UNTIL = dt.date(2027, 1, 1)


@pytest.fixture(scope="module")
def avatar() -> Avatar:
    rng = np.random.default_rng(0)
    texture = PhotoTexture(rng.integers(0, 255, (64, 64, 3), np.uint8), rng.random((64, 64)).astype(np.float32))
    return replace(
        make_avatar(gender="female", height_m=1.7),
        camera=Camera(np.eye(4), 900.0, (300.0, 400.0), (600, 800)),
        texture=texture,
        light=rng.random((9, 3)).astype(np.float32),
        keypoints=(Keypoint("nose", (1.5, 2.25), 0.75),),
        quality={"mask_iou": 0.9, "keypoint_error_px": None},
        flags=("legs_unseen",),
        consent=Consent("Ada", "try-on", UNTIL),
        source=Source("0" * 64, (600, 800)),
        retention=UNTIL,
    )


def test_round_trip(tmp_path, avatar):
    path = tmp_path / "avatar.json"
    avatar.save(path)
    back = Avatar.load(path, today=UNTIL)
    assert back.pose is not None
    assert back.camera is not None
    assert back.texture is not None
    np.testing.assert_allclose(back.pose.rotations, avatar.pose.rotations, atol=1e-6)
    np.testing.assert_allclose(back.light, avatar.light, atol=1e-6)
    trusted = np.round(avatar.texture.confidence * 255) > 0
    np.testing.assert_array_equal(back.texture.rgb[trusted], avatar.texture.rgb[trusted])
    np.testing.assert_allclose(back.texture.confidence, avatar.texture.confidence, atol=0.5 / 255 + 1e-6)
    for name in ("family", "keypoints", "quality", "flags", "consent", "source", "retention", "skin_tone"):
        assert getattr(back, name) == getattr(avatar, name), name
    assert back.camera.size == (600, 800)
    assert back.height == pytest.approx(1.7, abs=0.003)
    assert back.rest().measures().height == pytest.approx(1.7, abs=0.003)


def test_untrusted_texels_do_not_reach_the_file(tmp_path, avatar):
    hidden = replace(avatar, texture=PhotoTexture(avatar.texture.rgb, np.zeros((64, 64), np.float32)))
    hidden.save(tmp_path / "a.json")
    back = Avatar.load(tmp_path / "a.json", today=UNTIL)
    assert back.texture is not None
    assert not back.texture.rgb.any()


def test_an_avatar_ends_with_its_retention(tmp_path, avatar):
    avatar.save(tmp_path / "a.json")
    with pytest.raises(ConsentError, match="until 2027-01-01"):
        Avatar.load(tmp_path / "a.json", today=UNTIL + dt.timedelta(days=1))


def test_tampered_texture_is_refused(tmp_path, avatar):
    avatar.save(tmp_path / "a.json")
    document = json.loads((tmp_path / "a.json").read_text())
    document["texture"]["sha256"] = "1" * 64
    (tmp_path / "a.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="does not match its sha256"):
        Avatar.load(tmp_path / "a.json", today=UNTIL)


def test_a_photo_needs_consent_in_the_file(tmp_path, avatar):
    with pytest.raises(InputError, match="consent"):
        replace(avatar, consent=None).save(tmp_path / "a.json")
    assert not list(tmp_path.iterdir())


def test_missing_and_foreign_files(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        Avatar.load(tmp_path / "none.json")
    (tmp_path / "a.json").write_text('{"schema": "something else"}')
    with pytest.raises(InputError, match="at \\$"):
        Avatar.load(tmp_path / "a.json")


@pytest.mark.parametrize("height", [0.0, 0.05, 18.0, 1e300])
def test_a_height_that_nobody_has_is_refused(tmp_path, avatar, height):
    replace(avatar, measures={**avatar.measures, "height": height}).save(tmp_path / "a.json")
    with pytest.raises(InputError, match=r"at \$\.measures\.height: .* m, needed 0.5 to 3 m"):
        Avatar.load(tmp_path / "a.json", today=UNTIL)


def test_smplx_file_must_be_there(tmp_path, avatar):
    with pytest.raises(AssetError, match="body file"):
        replace(avatar, family="smplx").rest()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xd8\xff\xe0 a photo", b"[]", b"[" * 100_000])
def test_damaged_files_end_in_one_line(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.json") as caught:
        Avatar.load(path, today=UNTIL)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_file_cut_short_ends_in_one_line(tmp_path, avatar, cut):
    path = tmp_path / "a.json"
    avatar.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(cut * len(whole))])
    with pytest.raises(InputError, match=r"a\.json") as caught:
        Avatar.load(path, today=UNTIL)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"no PNG", b"\x89PNG\r\n\x1a\n"])
def test_a_texture_that_is_no_picture_is_refused(tmp_path, avatar, data):
    path = tmp_path / "a.json"
    avatar.save(path)
    document = json.loads(path.read_text())
    document["texture"] |= {"data": base64.b64encode(data).decode(), "sha256": hashlib.sha256(data).hexdigest()}
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"at \$\.texture: cannot be read .*; estimate the avatar again") as caught:
        Avatar.load(path, today=UNTIL)
    assert "\n" not in str(caught.value)
