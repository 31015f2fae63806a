from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Material, Variant
from dressform.authoring.fabrics.fabric import fabric
from dressform.authoring.paint.colourways import colourway
from dressform.authoring.paint.look import ClothLook
from dressform.authoring.paint.painting import paint_sheet
from dressform.authoring.paint.print_materials import print_materials, print_picture, print_regions
from dressform.authoring.paint.prints import ANCHORS, Print, place_print
from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.runtime.render.garment_scene import transformed_uv
from dressform.schemas.errors import InputError, UsageError

PLAIN = ClothLook((0.75, 0.75, 0.75), "jersey")
NAVY = ClothLook((0.1, 0.12, 0.3), "jersey")


def logo(shape: tuple[int, int] = (60, 120), color: tuple[int, int, int] = (255, 0, 0)) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((*shape, 3), color, np.uint8)).save(file, "PNG")
    return file.getvalue()


def garment_of(mesh: FlatMesh, look: ClothLook = PLAIN) -> GarmentMesh:
    points = np.zeros((mesh.point_count, 3), np.float32)
    material = Material("main", (1, 1, 1, 1), paint_sheet(mesh, {"main": look}, pixels=400).base_color)
    ids = np.zeros(len(mesh.faces), np.int32)
    uv, faces = mesh.layout, mesh.flat_faces
    return GarmentMesh(points, mesh.faces, uv, faces, uv, faces, (material,), ids)


def red_places(mesh: FlatMesh, prints: list[Print]) -> np.ndarray:
    """Return where the only region's picture is red, in the front panel's frame, [n, 2] [m]."""
    (region,) = print_regions(mesh, prints)
    sheet = paint_sheet(mesh, {"main": PLAIN}, pixels=400).base_color
    with Image.open(io.BytesIO(print_picture(region, mesh.sheet, sheet))) as opened:
        pixels = np.asarray(opened, np.float32)
    row, column = np.nonzero((pixels[..., 0] > 180) & (pixels[..., 1] < 90))
    step = (region.high - region.low) / region.pixels
    places = np.stack([region.low[0] + (column + 0.5) * step[0], region.high[1] - (row + 0.5) * step[1]], axis=1)
    offset = (mesh.layout[0] * mesh.sheet - mesh.flat[0]).astype(np.float64)
    return places - offset


@pytest.mark.parametrize("angle", [0.0, 30.0, -90.0])
def test_a_print_lies_at_its_place_in_its_size_and_angle(toy, angle: float) -> None:
    places = red_places(toy(), [Print("front", logo(), 6.0, (0.5, 11.0), angle_deg=angle)])
    middle = places.mean(axis=0)
    assert middle == pytest.approx([0.005, 0.11], abs=0.0005)
    turn = np.radians(angle)
    way = np.array([np.cos(turn), np.sin(turn)])
    along, across = (places - middle) @ way, (places - middle) @ np.array([-way[1], way[0]])
    assert np.ptp(along) == pytest.approx(0.06, abs=0.001)
    assert np.ptp(across) == pytest.approx(0.03, abs=0.001)
    spread = np.linalg.eigh(np.cov((places - middle).T))[1][:, 1]
    assert abs(float(spread @ way)) > np.cos(np.radians(0.3))


def test_anchors_count_from_the_middle_and_from_the_chest(toy) -> None:
    pattern = toy().pattern
    middles = {
        anchor: place_print(pattern, Print("front", logo(), 1.0, (0.0, 1.0) if anchor == "panel" else (0, 0), anchor))
        for anchor in ANCHORS
        if "chest" not in anchor
    }
    assert middles["panel"].corners.mean(axis=0) == pytest.approx([0, 0.01])
    assert middles["center"].corners.mean(axis=0) == pytest.approx([0, 0.10])
    with pytest.raises(UsageError, match="off the panel"):  # the chest lies 1.364 m high, far above this piece
        place_print(pattern, Print("front", logo(), 1.0, anchor="chest"))
    low = Print("front", logo(), 1.0, (-6.0, -45.0), "left-chest")
    assert place_print(pattern, low).corners.mean(axis=0) == pytest.approx([0.025, 0.114], abs=1e-6)


def test_the_triangles_under_a_print_read_their_own_picture(toy) -> None:
    mesh = toy()
    garment = garment_of(mesh)
    printed = print_materials(garment, mesh, [Print("front", logo(), 6.0, (0.0, 11.0))], {"main": fabric("jersey")})
    assert [m.name for m in printed.materials] == ["main", "main-print"]
    own = printed.material_ids == 1
    assert 0 < own.sum() < len(own) / 2
    assert set(mesh.face_panels[own]) == {0}
    material = printed.materials[1]
    assert material.base_color_image is not None
    with Image.open(io.BytesIO(material.base_color_image)) as opened:
        pixels = np.asarray(opened, np.float32)
    assert printed.uv0 is not None
    assert printed.uv0_faces is not None
    moved = transformed_uv(printed.uv0, material.record["pbrMetallicRoughness"]["baseColorTexture"])
    inside = moved[printed.uv0_faces[own]]
    assert inside.min() > 0
    assert inside.max() < 1
    # the point that the pattern has in the middle of the print reads red, those outside it read cloth
    where = np.flatnonzero(np.hypot(*(mesh.flat[mesh.panel_ids == 0] - (0.01, 0.12)).T) < 1e-6)[0]
    u, v = moved[where]
    assert pixels[int((1 - v) * len(pixels)), int(u * pixels.shape[1])] == pytest.approx([250, 5, 5], abs=40)
    outside = np.flatnonzero(np.hypot(*(mesh.flat[mesh.panel_ids == 0] - (0.03, 0.14)).T) < 1e-6)[0]
    u, v = moved[outside]
    assert pixels[int((1 - v) * len(pixels)), int(u * pixels.shape[1])] == pytest.approx([191] * 3, abs=14)
    side = (np.array(pixels.shape[1::-1]) * 0.00022) / mesh.sheet
    scale = material.record["pbrMetallicRoughness"]["baseColorTexture"]["extensions"]["KHR_texture_transform"]["scale"]
    assert np.array(scale) == pytest.approx(1 / side, rel=1e-6)


def test_prints_that_share_triangles_share_a_picture(toy) -> None:
    one, two = Print("front", logo(), 3.0, (0, 11.0)), Print("front", logo(), 3.0, (1.0, 12.0))
    far, back = Print("front", logo(), 3.0, (0, 3.0)), Print("back", logo(), 3.0, (0, 11.0))
    assert [len(region.prints) for region in print_regions(toy(), [one, two])] == [2]
    regions = print_regions(toy(), [one, far, back])
    assert [region.material for region in regions] == ["main-print", "main-print-2", "main-print-3"]


def test_looks_of_the_garment_and_colourways_carry_the_print(toy) -> None:
    mesh = toy()
    other = Material("navy", (1, 1, 1, 1), paint_sheet(mesh, {"main": NAVY}, pixels=400).base_color)
    plain = garment_of(mesh)
    garment = GarmentMesh(
        plain.points, plain.faces, plain.uv0, plain.uv0_faces, plain.uv1, plain.uv1_faces,
        (*plain.materials, other), plain.material_ids, variants=(Variant("navy", (1, 1)), Variant("same", (0, 1))),
    )  # fmt: skip
    prints = [Print("front", logo(), 6.0, (0.0, 11.0)), Print("back", logo(), 6.0, (0.0, 11.0))]
    printed = print_materials(garment, mesh, prints)
    names = [material.name for material in printed.materials]
    assert names == ["main", "navy", "main-print", "main-print-navy", "main-print-2", "main-print-2-navy"]
    assert [v.materials for v in printed.variants] == [(1, 1, 3, 3, 5, 5), (0, 1, 2, 3, 4, 5)]
    cloth = {"main": fabric("jersey")}
    look = colourway("navy", garment_of(mesh), mesh, {"main": NAVY}, cloth, prints=prints, title="Navy")
    changes = look.variant["materials"]
    assert look.variant["title"] == "Navy"
    assert changes["main"]["sheen"][2] > changes["main"]["sheen"][0]  # fuzz is tinted by the cloth
    assert sorted(changes) == ["main", "main-print", "main-print-2"]
    assert {change["base_color_image"] for change in changes.values()} == set(look.files)
    with Image.open(io.BytesIO(look.files[changes["main-print"]["base_color_image"]])) as opened:
        pixels = np.asarray(opened, np.float32)
    assert pixels[3, 3] == pytest.approx([26, 31, 77], abs=12)
    assert pixels[len(pixels) // 2, pixels.shape[1] // 2, 0] > 150


def test_what_is_transparent_is_not_printed(toy) -> None:
    file = io.BytesIO()
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[:, :20] = (255, 0, 0, 255)
    Image.fromarray(pixels).save(file, "PNG")
    places = red_places(toy(), [Print("front", file.getvalue(), 4.0, (0.0, 11.0))])
    assert places[:, 0].min() == pytest.approx(-0.02, abs=0.001)
    assert places[:, 0].max() == pytest.approx(0.0, abs=0.001)


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"panel": "hood"}, "no panel 'hood'; it has front, back"),
        ({"width_cm": 14.0}, "14.0 x 7.0 cm is larger than the panel, 10.0 x 20.0 cm"),
        ({"center_cm": (4.0, 11.0)}, "2.0 cm off the panel at its bottom right"),
        ({"width_cm": 0.1}, "width 0.1 cm"),
        ({"width_cm": float("nan")}, "width nan cm"),
        ({"anchor": "moon"}, "anchor 'moon'"),
        ({"angle_deg": float("inf")}, "finite"),
        ({"strength": 0.0}, "strength 0"),
        ({"image": b"no picture"}, "cannot be read as a picture"),
        ({"image": "nowhere.png"}, "nowhere.png is not there"),
        ({"image": Path(__file__)}, "cannot be read as a picture"),
    ],
)
def test_bad_prints_are_refused_in_one_line(toy, order: dict[str, object], said: str) -> None:
    with pytest.raises((UsageError, InputError)) as caught:
        print_regions(
            toy(), [Print(**{"panel": "front", "image": logo(), "width_cm": 6.0, "center_cm": (0, 11), **order})]
        )  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_garment_without_sheet_or_of_another_pattern_is_refused(toy) -> None:
    mesh, order = toy(), [Print("front", logo(), 6.0, (0, 11.0))]
    garment = garment_of(mesh)
    with pytest.raises(InputError, match="no painted sheet"):
        print_materials(replace(garment, materials=(Material("main"),)), mesh, order)
    with pytest.raises(InputError, match="no material 'main'"):
        print_materials(replace(garment, materials=(Material("cloth"),)), mesh, order)
    assert garment.uv0 is not None
    with pytest.raises(InputError, match="not those of the pattern"):
        print_materials(replace(garment, uv0=garment.uv0 * np.float32(0.2)), mesh, order)
    with pytest.raises(InputError, match="no UV0"):
        print_materials(replace(garment, uv0=None, uv0_faces=None), mesh, order)
