from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Layer, Material, MorphTarget, Part, SourceSkin
from dressform.assets.files.glb import write_glb
from dressform.assets.files.glb_read import read_glb
from dressform.assets.files.rig import Rig
from dressform.assets.files.skeleton import Skeleton
from dressform.authoring.formats.polygons import polygon_faces
from dressform.authoring.formats.usd_write import write_usd
from dressform.authoring.steps.import_mesh import read_mesh
from dressform.schemas.errors import InputError, UsageError

pytest.importorskip("pxr", reason="usd-core is not installed")


def picture(color: str, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (7, 5), color).save(out, "PNG")
    return out.getvalue()


def garment() -> GarmentMesh:
    """A strip of two quads and a triangle with everything on it."""
    points = np.array(
        [[0, 0, 1], [0.4, 0, 1], [0.8, 0, 1], [0, 0, 1.6], [0.4, 0.1, 1.6], [0.8, 0, 1.6], [0.4, 0, 2]], "f4"
    )
    faces = np.array([[0, 1, 4], [0, 4, 3], [1, 2, 5], [1, 5, 4], [3, 4, 6]], "i4")
    uv0 = np.array([[0, 0], [0.5, 0], [1, 0], [0, 0.5], [0.5, 0.5], [1, 0.5], [0.5, 1], [0.55, 0]], "f4")
    uv0_faces = faces.copy()
    uv0_faces[2:4][faces[2:4] == 1] = 7  # a seam
    uv0_faces[uv0_faces == 6] = 6
    fancy = Material(
        "wool blend",
        (0.5, 0.6, 0.7, 1.0),
        picture("red", "RGBA"),
        picture("#8080ff"),
        roughness=0.6,
        metallic=0.1,
        record={
            "pbrMetallicRoughness": {
                "baseColorTexture": {
                    "extensions": {"KHR_texture_transform": {"offset": [0.25, 0.5], "scale": [2.0, 3.0]}}
                },
                "metallicRoughnessTexture": {"index": 0, "texCoord": 1},
            },
            "emissiveFactor": [0.1, 0.0, 0.2],
            "extensions": {"KHR_materials_clearcoat": {"clearcoatFactor": 0.5, "clearcoatRoughnessFactor": 0.25}},
        },
        images=(picture("#00ff40"),),
    )
    corners = np.arange(15, dtype="i4").reshape(5, 3)
    return GarmentMesh(
        points,
        faces,
        uv0,
        uv0_faces,
        uv0 * 0.5,
        uv0_faces,
        (fancy, Material("lining", roughness=0.75)),
        np.array([0, 0, 1, 1, 1], "i4"),
        polygons=np.array([0, 0, 1, 1, 2], "i4"),
        parts=(Part("front"), Part("button", rigid=True)),
        part_ids=np.array([0, 0, 0, 0, 1], "i4"),
        layers=(
            Layer("detail", "uv", uv0 * 3, uv0_faces),
            Layer("paint", "color", np.array([[1, 0, 0, 1], [0, 0.5, 0, 0.25]], "f4"), faces % 2),
            Layer("normals", "normal", np.array([[0, -1, 0]], "f4"), corners * 0),
            Layer("stiffness", "custom", points[:, :1], faces),
        ),
        morphs=(MorphTarget("wide", points * [0.1, 0, 0]),),
        skin=SourceSkin(
            ("Hips", "left leg.L"),
            np.array([-1, 0], "i4"),
            np.array([np.eye(4), [[0, -1, 0, 0.3], [1, 0, 0, 0], [0, 0, 1, 0.5], [0, 0, 0, 1]]], "f4"),
            np.tile(np.array([[0, 1]], "i4"), (7, 1)),
            np.stack([points[:, 2] / 2, 1 - points[:, 2] / 2], axis=1),
        ),
    )


def polygons(mesh: GarmentMesh, values: np.ndarray, faces: np.ndarray) -> list[object]:
    """Values around each polygon, from wherever it starts."""
    loops = polygon_faces(mesh)
    rows = np.round(values.astype(np.float64), 6)[faces.reshape(-1)[loops.slots]]
    out = [r.tolist() for r in np.split(rows, np.cumsum(loops.counts)[:-1])]
    return [sorted(r) for r in out]


@pytest.mark.parametrize("suffix", [".usda", ".usdc", ".usd", ".usdz"])
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str) -> None:
    write_glb(tmp_path / "a.glb", garment())
    mesh = read_glb(tmp_path / "a.glb")
    path = tmp_path / f"a{suffix}"
    write_usd(path, mesh)
    imported = read_mesh(path)
    back = imported.mesh
    assert imported.metres_per_unit == 1.0
    np.testing.assert_array_equal(back.points, mesh.points)
    assert polygons(back, back.points, back.faces) == polygons(mesh, mesh.points, mesh.faces)
    assert mesh.uv0 is not None
    assert mesh.uv0_faces is not None
    assert back.uv0 is not None
    assert back.uv0_faces is not None
    assert polygons(back, back.uv0, back.uv0_faces) == polygons(mesh, mesh.uv0, mesh.uv0_faces)
    layers = {layer.name: layer for layer in back.layers}
    for layer in mesh.layers:
        assert layers[layer.name].kind == layer.kind
        found = polygons(back, layers[layer.name].values, layers[layer.name].faces)
        assert found == polygons(mesh, layer.values, layer.faces)
    assert mesh.uv1 is not None
    assert mesh.uv1_faces is not None
    atlas = layers["st1"]
    assert polygons(back, atlas.values, atlas.faces) == polygons(mesh, mesh.uv1, mesh.uv1_faces)
    assert (back.morphs[0].name, back.morphs[0].offsets.tolist()) == ("wide", mesh.morphs[0].offsets.tolist())
    assert mesh.skin is not None
    assert back.skin is not None
    np.testing.assert_array_equal(back.skin.weights, mesh.skin.weights)
    np.testing.assert_allclose(back.skin.rest, mesh.skin.rest, atol=1e-6)
    assert back.skin.parents.tolist() == [-1, 0]


def test_materials_come_back(tmp_path: Path) -> None:
    mesh = garment()
    write_usd(tmp_path / "a.usdz", mesh)
    back = read_mesh(tmp_path / "a.usdz").mesh
    names = [back.materials[k].name for k in back.material_ids]
    assert names == ["wool_blend", "wool_blend", "lining", "lining", "lining"]
    wool, source = next(m for m in back.materials if m.name == "wool_blend"), mesh.materials[0]
    assert (wool.base_color_image, wool.normal_image) == (source.base_color_image, source.normal_image)
    assert wool.images == source.images
    np.testing.assert_allclose(wool.base_color, source.base_color, atol=1e-6)
    info = wool.record["pbrMetallicRoughness"]
    transform = info["baseColorTexture"]["extensions"]["KHR_texture_transform"]
    np.testing.assert_allclose([*transform["offset"], *transform["scale"]], [0.25, 0.5, 2, 3], atol=1e-6)
    assert info["metallicRoughnessTexture"]["index"] == 0
    coat = wool.record["extensions"]["KHR_materials_clearcoat"]
    assert coat == {"clearcoatFactor": 0.5, "clearcoatRoughnessFactor": 0.25}
    np.testing.assert_allclose(wool.record["emissiveFactor"], [0.1, 0, 0.2], atol=1e-6)
    assert next(m for m in back.materials if m.name == "lining").roughness == 0.75


@pytest.mark.parametrize("suffix", [".usda", ".usdz"])
def test_usd_s_own_validators_find_nothing(tmp_path: Path, suffix: str) -> None:
    from pxr import Usd, UsdValidation

    path = tmp_path / f"a{suffix}"
    write_usd(path, garment())
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    assert len(validators) > 20
    errors = UsdValidation.ValidationContext(validators).Validate(Usd.Stage.Open(str(path)))
    assert [error.GetMessage() for error in errors] == []


def test_the_rig_takes_the_place_of_the_source_skin(tmp_path: Path) -> None:
    mesh = garment()
    weights = np.zeros((7, 8), "f4")
    weights[:, 0] = 1
    nothing = np.zeros((7, 3), "f4")
    rig = Rig(
        "anny",
        "",
        ("root", "spine"),
        np.ones((7, 8), "i4"),
        weights,
        np.zeros(7, "i4"),
        nothing,
        nothing,
        np.zeros(4, bool),
    )
    poses = np.tile(np.eye(4, dtype="f4"), (3, 1, 1))
    poses[1:, :3, 3] = [[0, 0, 1], [0, 0.1, 1.2]]
    skeleton = Skeleton(("root", "spine", "neck"), np.array([-1, 0, 1], "i4"), poses)
    write_usd(tmp_path / "a.usdc", mesh, rig, skeleton)
    skin = read_mesh(tmp_path / "a.usdc").mesh.skin
    assert skin is not None
    assert skin.joints == ("root", "spine", "neck")
    np.testing.assert_allclose(skin.rest, poses, atol=1e-6)
    held = np.where(skin.indices == 1, skin.weights, 0).sum(axis=1)
    assert held.tolist() == [1] * 7
    with pytest.raises(InputError, match="the rig holds 7 points"):
        write_usd(tmp_path / "b.usdc", replace(mesh, points=mesh.points[:6]), rig, skeleton)
    assert not (tmp_path / "b.usdc").exists()


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must end in"):
        write_usd(tmp_path / "a.glb", garment())
    assert not list(tmp_path.iterdir())
