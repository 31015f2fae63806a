from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.authoring.draft import Draft
from dressform.authoring.steps._fabric import _level
from dressform.authoring.steps._uv_picture import HEIGHT, WIDTH
from dressform.authoring.steps.clean import clean_mesh
from dressform.authoring.steps.import_mesh import ImportOptions, import_mesh, read_mesh
from dressform.authoring.steps.unwrap import UnwrapOptions, unwrap, unwrap_mesh
from dressform.runtime.geometry.uv_measures import overlapping_triangles, uv_charts, uv_measures
from dressform.schemas.errors import InputError, UsageError

PLAIN = UnwrapOptions(fabric=False)


def check_atlas(mesh: GarmentMesh) -> None:
    assert mesh.uv1 is not None
    assert mesh.uv1_faces is not None
    measures = uv_measures(mesh.points, mesh.faces, mesh.uv1, mesh.uv1_faces)
    assert mesh.uv1.min() >= 0
    assert mesh.uv1.max() <= 1
    assert not measures.flipped.any()
    assert not measures.collapsed.any()
    assert len(overlapping_triangles(mesh.uv1, mesh.uv1_faces, touch=0.0)) == 0
    np.testing.assert_array_equal(mesh.uv1_faces.shape, mesh.faces.shape)


def density_spread(mesh: GarmentMesh) -> float:
    """Return the larger over the smaller of UV area per surface area among 5 % and 95 % of the faces."""
    assert mesh.uv1 is not None
    assert mesh.uv1_faces is not None
    a, b, c = (mesh.points[mesh.faces[:, k]].astype(float) for k in range(3))
    p, q, r = (mesh.uv1[mesh.uv1_faces[:, k]].astype(float) for k in range(3))
    surface = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    flat = (q - p)[:, 0] * (r - p)[:, 1] - (q - p)[:, 1] * (r - p)[:, 0]
    low, high = np.quantile(flat / surface, [0.05, 0.95])
    return float(high / low)


def test_a_tee_becomes_a_front_and_a_back(tee: GarmentMesh) -> None:
    done, report = unwrap_mesh(tee, "tee", PLAIN)
    check_atlas(done)
    assert report.charts <= 4
    assert report.anisotropy_mean < 1.1
    assert density_spread(done) < 1.4
    assert done.uv0 is done.uv1
    np.testing.assert_array_equal(done.points, tee.points)


def test_charts_stand_upright(tee: GarmentMesh) -> None:
    done, _ = unwrap_mesh(tee, "tee", PLAIN)
    assert done.uv1 is not None
    assert done.uv1_faces is not None
    body = np.abs(done.points[done.faces][:, :, 0]).max(axis=1) < 0.12
    rise = np.ptp(done.points[done.faces][:, :, 2], axis=1) > 0.01
    corners, flat = done.points[done.faces[body & rise]], done.uv1[done.uv1_faces[body & rise]]
    top, bottom = corners[:, :, 2].argmax(axis=1), corners[:, :, 2].argmin(axis=1)
    rows = np.arange(len(top))
    upright = flat[rows, top, 1] > flat[rows, bottom, 1]
    charts = uv_charts(done.uv1_faces)[body & rise]
    for chart in np.unique(charts):  # the grain runs up and down, though a panel may lie on its head
        assert min(upright[charts == chart].mean(), (~upright[charts == chart]).mean()) < 0.01


def test_the_artists_uvs_are_never_touched(skirt: GarmentMesh) -> None:
    uv = np.random.default_rng(0).uniform(0.4, 0.5, (len(skirt.points), 2)).astype(np.float32)  # overlaps wildly
    mesh = replace(skirt, uv0=uv, uv0_faces=skirt.faces)
    done, report = unwrap_mesh(mesh, "skirt", PLAIN)
    assert done.uv0 is uv
    assert (report.uv0, report.uv1) == ("artist", "panels")
    assert "the artist's UVs" in report.uv1_reason
    check_atlas(done)


def test_sound_uvs_serve_as_atlas(tee: GarmentMesh) -> None:
    made, _ = unwrap_mesh(tee, "tee", PLAIN)
    again, report = unwrap_mesh(replace(made, uv1=None, uv1_faces=None), "tee", PLAIN)
    assert report.uv1 == "uv0"
    assert again.uv1 is made.uv0
    second, report = unwrap_mesh(replace(made, uv0=made.uv0 * 3), "tee", PLAIN)  # type: ignore[operator]
    assert report.uv1 == "artist"
    fresh, report = unwrap_mesh(second, "tee", UnwrapOptions(fabric=False, fresh=True))
    assert report.uv1 == "panels"
    check_atlas(fresh)


def test_mirrored_uvs_do_not_serve(tee: GarmentMesh) -> None:
    made, _ = unwrap_mesh(tee, "tee", PLAIN)
    assert made.uv0 is not None
    mirrored = replace(made, uv0=made.uv0 * (-1, 1) + np.array([1, 0]), uv1=None, uv1_faces=None)
    done, report = unwrap_mesh(mirrored, "tee", PLAIN)
    assert report.uv1 == "islands", "its cuts are good; each island is turned over"
    check_atlas(done)


def test_legs_are_cut_along_a_middle_seam(tee: GarmentMesh) -> None:
    # a tee on its head is a pair of trousers with two waists
    legs = replace(tee, points=tee.points * np.float32([0.7, 1, -1]), faces=tee.faces[:, ::-1].copy())
    keep = np.abs(legs.points[legs.faces][:, :, 2].mean(axis=1) + 1.5) > 0.06  # drop the collar: two ends below
    legs, _ = clean_mesh(replace(legs, faces=legs.faces[keep], material_ids=legs.material_ids[keep]))
    done, report = unwrap_mesh(legs, "trousers", PLAIN)
    check_atlas(done)
    assert report.anisotropy_mean < 1.1


def test_fabric_is_tinted_and_covers_every_texel(tee: GarmentMesh) -> None:
    done, report = unwrap_mesh(tee, "tee", UnwrapOptions(color="#204060"))
    assert report.fabrics == {"fabric": "#204060"}
    image = done.materials[0].base_color_image
    assert image is not None
    pixels = np.asarray(Image.open(io.BytesIO(image)), float)
    assert pixels.shape == (1024, 1024, 3)
    np.testing.assert_allclose(pixels.mean(axis=(0, 1)), (0x20, 0x40, 0x60), atol=3)
    assert pixels[..., 2].min() > 0.7 * 0x60, "no black seams, in charts or between them"
    assert 1 < pixels[..., 2].std() < 8, "neither flat nor loud"


def test_stripes(tee: GarmentMesh) -> None:
    done, _ = unwrap_mesh(tee, "tee", UnwrapOptions(color="navy", stripe="white"))
    assert done.materials[0].base_color_image is not None
    assert done.uv0 is not None
    pixels = np.asarray(Image.open(io.BytesIO(done.materials[0].base_color_image)), float)
    columns = (done.uv0[done.uv0_faces][:, :, 0].mean(axis=1) * 1024).astype(int)  # type: ignore[index]
    rows = ((1 - done.uv0[done.uv0_faces][:, :, 1].mean(axis=1)) * 1024).astype(int)  # type: ignore[index]
    white = (pixels[rows, columns, 0] > 128).mean()
    assert white == pytest.approx(0.011 / 0.036, abs=0.06)


def test_stripes_run_on_across_seams(tee: GarmentMesh) -> None:
    done, _ = unwrap_mesh(tee, "tee", PLAIN)
    level = _level(done)
    assert level.shape == (len(tee.points),), "one height a point, whatever charts it lies in"
    body = np.abs(tee.points[:, 0]) < 0.12
    body &= (tee.points[:, 2] > 0.9) & (tee.points[:, 2] < 1.2)
    # around the straight part of the body the lines are level, and rise a metre a metre
    slope, offset = np.polyfit(tee.points[body, 2], level[body], 1)
    assert slope == pytest.approx(1.0, abs=0.05)
    assert np.abs(level[body] - slope * tee.points[body, 2] - offset).max() < 0.02


def test_materials_keep_their_textures_and_colours(skirt: GarmentMesh) -> None:
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, "PNG")
    own = Material("print", base_color_image=file.getvalue(), base_color=(0.5, 0.5, 0.5, 1))
    ids = (np.arange(len(skirt.faces)) % 3).astype(np.int32)
    red = Material("red", base_color=(0.5, 0.01, 0.01, 1.0))
    done, report = unwrap_mesh(replace(skirt, materials=(own, red, Material("grey")), material_ids=ids), "skirt")
    assert done.materials[0] is own
    assert report.fabrics["red"] == "#bc1919"  # sRGB of linear 0.5 and 0.01
    assert report.fabrics["grey"] == "#44506b"


def test_running_again_starts_from_what_the_artist_gave(tmp_path: Path, skirt_obj: Path) -> None:
    draft = import_mesh(skirt_obj, tmp_path / "draft", ImportOptions())
    first = unwrap(draft, UnwrapOptions(color="teal"))
    second = unwrap(first)
    assert second.report("unwrap")["fabrics"] == {"fabric": "#008080"}, "a colour once chosen stays"
    third = unwrap(second, UnwrapOptions(color="red"))
    report = Draft.open(third.folder).report("unwrap")
    assert report["uv0"] == "atlas"
    assert report["uv1"] == "panels"
    assert report["fabrics"] == {"fabric": "#ff0000"}
    np.testing.assert_array_equal(third.mesh.points, draft.mesh.points)
    assert third.manifest["mesh"]["charts"] == report["charts"]
    assert third.manifest["metres_per_uv"]["uv1"] > 0.3
    assert Image.open(third.folder / "uv.png").size == (WIDTH, HEIGHT)


def test_wrong_colours() -> None:
    with pytest.raises(UsageError, match="is no colour"):
        UnwrapOptions(color="nvy")


@pytest.mark.parametrize("name", ["fedora01/fedora", "male_worksuit01/male_worksuit01", "shoes01/shoes01"])
def test_garments_of_many_pieces(garments: Path, name: str) -> None:
    mesh, _ = clean_mesh(read_mesh(garments / f"{name}.obj").mesh)
    done, report = unwrap_mesh(replace(mesh, uv0=None, uv0_faces=None), "suit", PLAIN)
    check_atlas(done)
    assert report.anisotropy_mean < 1.1


def test_the_shirt(shirt: Path) -> None:
    mesh, _ = clean_mesh(read_mesh(shirt).mesh)
    done, report = unwrap_mesh(mesh, "tee", PLAIN)
    check_atlas(done)
    assert report.charts <= 12
    assert report.anisotropy_mean <= 1.1
    assert density_spread(done) < 1.4


def test_too_many_triangles_are_refused_unless_the_artists_uvs_serve(
    tee: GarmentMesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = unwrap_mesh(tee, "tee", PLAIN)
    monkeypatch.setattr("dressform.authoring.steps._atlas.MOST_TRIANGLES", 100)
    with pytest.raises(InputError, match=f"has {len(tee.faces)} triangles .* up to 100: reduce it"):
        unwrap_mesh(tee, "tee", PLAIN)
    assert unwrap_mesh(replace(made, uv1=None, uv1_faces=None), "tee", PLAIN)[1].uv1 == "uv0"
