"""Everything an artist's file can say survives our GLB, and other tools find it where glTF puts it."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pygltflib
import pytest
from PIL import Image

from dressform.assets.files.digests import looks_digest
from dressform.assets.files.garment import (
    GarmentMesh,
    Layer,
    Material,
    MorphTarget,
    Part,
    SourceSkin,
    Variant,
)
from dressform.assets.files.glb import glb_bytes, read_skin, write_glb
from dressform.assets.files.glb_read import parse_glb
from dressform.schemas.errors import InputError


def png(color: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), color).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def full(tube: GarmentMesh) -> GarmentMesh:
    """A tube with one of everything."""
    rng = np.random.default_rng(7)
    count, triangles = len(tube.points), len(tube.faces)

    def layer(name: str, kind: str, width: int, n: int = 40) -> Layer:
        values = rng.uniform(0, 1, (n, width)).astype(np.float32)
        if kind in ("normal", "tangent"):
            values[:, :3] /= np.linalg.norm(values[:, :3], axis=1, keepdims=True)
            values[:, 3:] = -1
        faces = np.concatenate([np.arange(n), rng.integers(0, n, triangles * 3 - n)]).astype(np.int32)
        return Layer(name, kind, values, rng.permutation(faces).reshape(-1, 3))  # type: ignore[arg-type]

    record = {
        "alphaMode": "MASK",
        "alphaCutoff": 0.25,
        "pbrMetallicRoughness": {
            "metallicRoughnessTexture": {"index": 1, "texCoord": 1},
            "baseColorTexture": {"extensions": {"KHR_texture_transform": {"scale": [2, 3]}}},
        },
        "occlusionTexture": {"index": 1, "strength": 0.5, "sampler": {"wrapS": 33071, "wrapT": 33071}},
        "extensions": {
            "KHR_materials_clearcoat": {"clearcoatFactor": 0.5, "clearcoatTexture": {"index": 0}},
            "KHR_materials_sheen": {"sheenRoughnessFactor": 0.75},
        },
        "extras": {"supplier": {"Texture": "mill 7"}},
    }
    cloth = dataclasses.replace(
        tube.materials[0],
        name="cloth",
        base_color_image=png((1, 2, 3)),
        normal_image=png((128, 128, 255)),
        sheen=(0.1, 0.2, 0.3),
        record=record,
        images=(png((9, 9, 9)), png((7, 7, 7))),
    )
    return dataclasses.replace(
        tube,
        materials=(cloth, Material("trim"), Material("red", base_color=(1, 0, 0, 1))),
        material_ids=rng.integers(0, 2, triangles).astype(np.int32),
        polygons=np.sort(rng.integers(0, triangles // 2, triangles)).astype(np.int32),
        parts=(Part("front"), Part("button", rigid=True), Part("lining", inner=True)),
        part_ids=rng.integers(0, 3, triangles).astype(np.int32),
        layers=(
            layer("UVMap.001", "uv", 2),
            layer("wear", "color", 4),
            layer("dust", "color", 3),
            layer("split normals", "normal", 3),
            layer("tangents", "tangent", 4),
            layer("_THICKNESS", "custom", 1),
            layer("lightmap", "uv", 2),
        ),
        morphs=(
            MorphTarget("puff", rng.normal(size=(count, 3)).astype(np.float32), 0.5, (layer("n", "normal", 3),)),
            MorphTarget("open", rng.normal(size=(count, 3)).astype(np.float32)),
        ),
        skin=SourceSkin(
            ("Hips", "Spine"),
            np.array([-1, 0], np.int32),
            np.stack([np.eye(4), np.eye(4)]).astype(np.float32),
            rng.integers(0, 2, (count, 3)).astype(np.int32),
            np.tile(np.float32([0.5, 0.25, 0.25]), (count, 1)),
        ),
        variants=(Variant("red", (2, 1, 2)), Variant("plain", (0, 1, 2))),
        extras={"season": "SS27"},
    )


def assert_equal(got: object, want: object, where: str = "mesh") -> None:
    if isinstance(want, np.ndarray):
        np.testing.assert_allclose(got, want, rtol=0, atol=2e-7, err_msg=where)
        assert got.dtype == want.dtype, where  # type: ignore[attr-defined]
    elif dataclasses.is_dataclass(want):
        for field in dataclasses.fields(want):
            assert_equal(getattr(got, field.name), getattr(want, field.name), f"{where}.{field.name}")
    elif isinstance(want, tuple) and want and dataclasses.is_dataclass(want[0]):
        assert len(got) == len(want), where  # type: ignore[arg-type]
        for k, (a, b) in enumerate(zip(got, want, strict=True)):  # type: ignore[call-overload]
            assert_equal(a, b, f"{where}[{k}]")
    else:
        assert got == want, where


def test_everything_comes_back(full):
    data = glb_bytes(full)
    back = parse_glb(data, "memory")
    assert_equal(back, full)
    assert glb_bytes(back) == data
    assert looks_digest(parse_glb(glb_bytes(back), "again")) == looks_digest(back)


def test_the_source_skin_stays_beside_a_rig(full, rig, skeleton, tmp_path):
    write_glb(tmp_path / "a.glb", full, rig, skeleton)
    data = (tmp_path / "a.glb").read_bytes()
    assert_equal(parse_glb(data, "memory"), full)
    found = read_skin(tmp_path / "a.glb")
    assert found is not None
    assert found[0] == rig.joints
    write_glb(tmp_path / "b.glb", full)
    assert read_skin(tmp_path / "b.glb") is None


def test_other_tools_find_it_where_gltf_puts_it(full, tmp_path):
    write_glb(tmp_path / "a.glb", full)
    document = pygltflib.GLTF2().load(str(tmp_path / "a.glb"))
    primitive = document.meshes[0].primitives[0]
    held = {name for name, value in vars(primitive.attributes).items() if value is not None}
    assert held >= {"TEXCOORD_2", "TEXCOORD_3", "COLOR_0", "COLOR_1", "NORMAL", "TANGENT", "_THICKNESS", "WEIGHTS_0"}
    assert len(primitive.targets) == 2
    assert document.meshes[0].weights == [0.5, 0.0]
    assert document.meshes[0].extras["targetNames"] == ["puff", "open"]
    assert [v["name"] for v in document.extensions["KHR_materials_variants"]["variants"]] == ["red", "plain"]
    assert set(document.extensionsUsed) == {
        "KHR_materials_clearcoat",
        "KHR_materials_sheen",
        "KHR_materials_variants",
        "KHR_texture_transform",
    }
    cloth = document.materials[0]
    assert (cloth.alphaMode, cloth.alphaCutoff) == ("MASK", 0.25)
    assert cloth.pbrMetallicRoughness.metallicRoughnessTexture.texCoord == 2  # UV1 lies between UV0 and the layers
    assert document.samplers[document.textures[cloth.occlusionTexture.index].sampler].wrapS == 33071


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"variants": (Variant("x", (0,)),)}, "variant 'x'"),
        ({"part_ids": None, "polygons": np.zeros(2, np.int32)}, "polygons"),
        ({"parts": ()}, "part_ids"),
        ({"morphs": (MorphTarget("m", np.zeros((1, 3), np.float32)),)}, "morph 'm'"),
    ],
)
def test_unsound_details_are_refused(full, change, message):
    with pytest.raises(InputError, match=message):
        glb_bytes(dataclasses.replace(full, **change))


def test_a_source_skin_whose_joint_is_scaled_to_nothing_is_refused(full, monkeypatch):
    rest = full.skin.rest.copy()
    rest[0, 1, 1] = 0
    monkeypatch.setattr(np.linalg, "inv", np.linalg.pinv)  # the writer itself would stop at such a joint
    data = glb_bytes(dataclasses.replace(full, skin=dataclasses.replace(full.skin, rest=rest)))
    with pytest.raises(InputError, match="scaled to nothing"):
        parse_glb(data, "memory")
