"""What glTF files of other tools hold that is odd, broken or hostile: mended and said, or refused in one line."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dressform.authoring.formats.gltf import read_gltf
from dressform.authoring.formats.raw import RawMesh
from dressform.schemas.errors import InputError

New = Callable[[], Any]
TRIANGLE = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
FACE = np.array([[0, 1, 2]])
UV = TRIANGLE[:, :2].copy()


def picture(color: str, kind: str = "PNG", size: tuple[int, int] = (4, 4)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, kind)
    return file.getvalue()


def said(raw: RawMesh, outcome: str) -> str:
    return "; ".join(f"{entry.what}: {entry.why}" for entry in raw.record if entry.outcome == outcome)


def held(new_gltf: New, weights: list[list[float]], joints: list[list[int]] | None = None) -> Any:
    """A triangle on two joints, the second one a metre up."""
    file = new_gltf()
    index = np.array(joints or [[0, 1, 0, 0]] * 3, np.uint8)
    file.mesh(
        TRIANGLE,
        FACE,
        JOINTS_0=file.add(index, "VEC4"),
        WEIGHTS_0=file.add(np.array(weights, np.float32), "VEC4"),
    )
    file.document["skins"] = [{"joints": [1, 2]}]
    file.document["nodes"] = [{"mesh": 0, "skin": 0}, {"name": "a", "children": [2]}, {"name": "b"}]
    file.document["nodes"][2]["translation"] = [0, 1, 0]
    file.document["scenes"][0]["nodes"] = [0, 1]
    return file


@pytest.mark.parametrize(
    ("row", "expected", "why"),
    [
        ([250, 750, 0, 0], [0.25, 0.75], "3 vertices' weights summed to 1000, now to 1"),
        ([0.25, 0.25, 0, 0], [0.5, 0.5], "summed to 0.5, now"),
        ([-1, 1, 0, 0], [0, 1], "negative weights"),
        ([np.nan, 1, 0, 0], [0, 1], "negative weights or no numbers"),
        ([np.inf, 0.5, 0, 0], [0, 1], "no numbers"),
        ([0, 0, 0, 0], [1, 0], "had no weight at all; they hang on the first joint"),
        ([0.251, 0.75, 0, 0], [0.251 / 1.001, 0.75 / 1.001], ""),
    ],
)
def test_absurd_weights_are_mended(
    tmp_path: Path, new_gltf: New, row: list[float], expected: list[float], why: str
) -> None:
    raw = read_gltf(held(new_gltf, [row] * 3).write(tmp_path / "a.glb"))
    assert raw.skin is not None
    found = np.zeros((3, 2))
    np.add.at(found, (np.arange(3)[:, None], raw.skin.indices), raw.skin.weights)
    np.testing.assert_allclose(found, [expected] * 3, atol=1e-6)
    np.testing.assert_allclose(raw.points, TRIANGLE + np.array([0, expected[1], 0]), atol=1e-6)
    mended = [entry.why for entry in raw.record if entry.what.startswith("skin weights")]
    assert any(why in text for text in mended) if why else not mended


def test_joints_beyond_the_skin(tmp_path: Path, new_gltf: New) -> None:
    far = [[0, 1, 9, 0]] * 3
    raw = read_gltf(held(new_gltf, [[0.5, 0.5, 0, 0]] * 3, far).write(tmp_path / "a.glb"))
    assert raw.skin is not None, "a joint without weight may be any"
    with pytest.raises(InputError, match="joint 9 of 2"):
        read_gltf(held(new_gltf, [[0.5, 0.25, 0.25, 0]] * 3, far).write(tmp_path / "b.glb"))


def test_too_many_nodes_and_objects_are_refused_at_once(tmp_path: Path, new_gltf: New) -> None:
    for count, message in ((200_000, "200,000 nodes, at most 50,000"), (6_000, "objects, at most 5,000")):
        file = new_gltf()
        file.mesh(TRIANGLE, FACE)
        file.document["nodes"] = [{"mesh": 0}] * count
        file.document["scenes"] = [{"nodes": list(range(count))}]
        path, start = file.write(tmp_path / "a.glb"), time.perf_counter()
        with pytest.raises(InputError, match=message):
            read_gltf(path)
        assert time.perf_counter() - start < 3


def test_nodes_below_themselves(tmp_path: Path, new_gltf: New) -> None:
    for nodes in ([{"mesh": 0, "children": [0]}], [{"children": [1]}, {"children": [0], "mesh": 0}]):
        file = new_gltf()
        file.mesh(TRIANGLE, FACE)
        file.document["nodes"] = nodes
        with pytest.raises(InputError, match="must form a tree"):
            read_gltf(file.write(tmp_path / "a.glb"))


def test_other_scenes_are_named(tmp_path: Path, new_gltf: New) -> None:
    file = new_gltf()
    file.mesh(TRIANGLE, FACE)
    file.document["nodes"] = [{"mesh": 0}, {"mesh": 0}, {"name": "empty"}]
    file.document["scenes"] = [{"nodes": [0]}, {"nodes": [1], "name": "spare"}]
    raw = read_gltf(file.write(tmp_path / "a.glb"))
    assert len(raw.faces) == 1
    assert "scene spare: only the default scene is read, this one has 1 further objects" in said(raw, "dropped")
    file.document["scenes"][0]["nodes"] = [2]
    with pytest.raises(InputError, match=r"no triangles in its scene; .*scene spare"):
        read_gltf(file.write(tmp_path / "b.glb"))


def test_instances_are_pieces(tmp_path: Path, new_gltf: New) -> None:
    file = new_gltf()
    file.mesh(TRIANGLE, FACE)
    moves = file.add(np.array([[0, 0, 0], [0, 0, 5]], np.float32), "VEC3")
    scales = file.add(np.array([[1, 1, 1], [2, 2, 2]], np.float32), "VEC3")
    attributes = {"TRANSLATION": moves, "SCALE": scales}
    file.document["nodes"] = [
        {"mesh": 0, "name": "Button", "extensions": {"EXT_mesh_gpu_instancing": {"attributes": attributes}}}
    ]
    file.document["extensionsRequired"] = ["EXT_mesh_gpu_instancing"]
    raw = read_gltf(file.write(tmp_path / "a.glb"))
    np.testing.assert_allclose(raw.points, np.concatenate([TRIANGLE, 2 * TRIANGLE + np.array([0, 0, 5])]))
    assert raw.part_names == ("Button", "Button.001")


def test_sparse_and_quantized_values(tmp_path: Path, new_gltf: New) -> None:
    file = new_gltf()
    primitive = file.mesh(TRIANGLE, FACE)
    places, values = np.array([2], np.uint8), np.array([[0, 7, 0]], np.float32)
    file.document["accessors"][primitive["attributes"]["POSITION"]]["sparse"] = {
        "count": 1,
        "indices": {"bufferView": file.view(places.tobytes()), "componentType": 5121},
        "values": {"bufferView": file.view(values.tobytes())},
    }
    colors = file.add(np.array([[0, 128, 255, 255]] * 3, np.uint8), "VEC4")
    file.document["accessors"][colors]["normalized"] = True
    primitive["attributes"]["COLOR_0"] = colors
    file.document["extensionsRequired"] = ["KHR_mesh_quantization"]
    raw = read_gltf(file.write(tmp_path / "a.glb"))
    np.testing.assert_allclose(raw.points[2], [0, 7, 0])
    np.testing.assert_allclose(raw.layers[0].values[0], [0, 128 / 255, 1, 1])


def looks(new_gltf: New, images: list[dict[str, Any]], material: dict[str, Any], uvs: int = 1) -> Any:
    file = new_gltf()
    sets = {f"TEXCOORD_{k}": file.add(UV * (k + 1), "VEC2") for k in range(uvs)}
    file.mesh(TRIANGLE, FACE, **sets)["material"] = 0
    file.document["images"] = images
    file.document["textures"] = [{"source": k} for k in range(len(images))]
    file.document["materials"] = [material]
    return file


BASE = {"name": "m", "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}


def test_textures_that_are_not_there_or_cannot_be_used(tmp_path: Path, new_gltf: New) -> None:
    raw = read_gltf(looks(new_gltf, [{"uri": "gone.png"}], BASE).write(tmp_path / "a.gltf.glb"))
    assert raw.materials[0].base_color_image is None
    assert "baseColorTexture of material m: the texture gone.png is not there" in said(raw, "dropped")
    for uri, message in (("../../etc/passwd", "outside its folder"), ("https://x.org/a.png", "a URL")):
        with pytest.raises(InputError, match=message):
            read_gltf(looks(new_gltf, [{"uri": uri}], BASE).write(tmp_path / "b.glb"))
    (tmp_path / "c.png").write_bytes(picture("red"))
    raw = read_gltf(looks(new_gltf, [{"uri": "c.png"}], BASE, uvs=0).write(tmp_path / "c.glb"))
    assert "the mesh has no UVs that it could use" in said(raw, "dropped")
    material = {"name": "m", "normalTexture": {"index": 0, "texCoord": 7}}
    raw = read_gltf(looks(new_gltf, [{"uri": "c.png"}], material).write(tmp_path / "d.glb"))
    assert "reads TEXCOORD_7, which is not there" in said(raw, "converted")
    assert raw.materials[0].normal_image == picture("red")


@pytest.mark.parametrize("size", [(1, 1), (37, 501), (3, 1024)])
def test_pictures_of_odd_size_stay_as_they_are(tmp_path: Path, new_gltf: New, size: tuple[int, int]) -> None:
    for kind in ("PNG", "JPEG"):
        (tmp_path / "c").write_bytes(picture("red", kind, size))
        raw = read_gltf(looks(new_gltf, [{"uri": "c"}], BASE).write(tmp_path / "a.glb"))
        assert raw.materials[0].base_color_image == picture("red", kind, size)


def test_webp_becomes_png_and_ktx_is_named(tmp_path: Path, new_gltf: New) -> None:
    file = looks(new_gltf, [], BASE)
    file.document["images"] = [{"bufferView": file.view(picture("red", "WEBP")), "mimeType": "image/webp"}]
    file.document["textures"] = [{"extensions": {"EXT_texture_webp": {"source": 0}}}]
    raw = read_gltf(file.write(tmp_path / "a.glb"))
    assert (raw.materials[0].base_color_image or b"")[:4] == b"\x89PNG"
    assert "image/webp became PNG" in said(raw, "converted")
    file.document["textures"] = [{"extensions": {"KHR_texture_basisu": {"source": 0}}}]
    raw = read_gltf(file.write(tmp_path / "b.glb"))
    assert "the texture holds KHR_texture_basisu" in said(raw, "dropped")


def test_specular_glossiness_is_seen(tmp_path: Path, new_gltf: New) -> None:
    older = {"diffuseFactor": [0.5, 0.6, 0.7, 1], "diffuseTexture": {"index": 0}, "glossinessFactor": 0.3}
    (tmp_path / "c.png").write_bytes(picture("red"))
    material = {"name": "m", "extensions": {"KHR_materials_pbrSpecularGlossiness": older}}
    raw = read_gltf(looks(new_gltf, [{"uri": "c.png"}], material).write(tmp_path / "a.glb"))
    found = raw.materials[0]
    assert found.base_color == (0.5, 0.6, 0.7, 1)
    assert (found.roughness, found.metallic, found.base_color_image) == (0.7, 0, picture("red"))
    assert found.record["extensions"]["KHR_materials_pbrSpecularGlossiness"]["glossinessFactor"] == 0.3


def test_opaque_is_what_nothing_said_means(tmp_path: Path, new_gltf: New) -> None:
    file = io.BytesIO()
    Image.new("RGBA", (2, 2), (1, 2, 3, 0)).save(file, "PNG")
    (tmp_path / "c.png").write_bytes(file.getvalue())
    raw = read_gltf(looks(new_gltf, [{"uri": "c.png"}], BASE).write(tmp_path / "a.glb"))
    assert raw.materials[0].record["alphaMode"] == "OPAQUE"
    raw = read_gltf(looks(new_gltf, [{"uri": "c.png"}], {**BASE, "alphaMode": "BLEND"}).write(tmp_path / "a.glb"))
    assert raw.materials[0].record["alphaMode"] == "BLEND"


def two(new_gltf: New, first: dict[str, Any], second: dict[str, Any]) -> Any:
    file = new_gltf()
    sets = {f"TEXCOORD_{k}": file.add(UV * (k + 1), "VEC2") for k in range(2)}
    one = file.mesh(TRIANGLE, FACE, **sets) | {"material": 0}
    other = file.mesh(TRIANGLE + 5, FACE, **sets) | {"material": 1}
    file.document["meshes"] = [{"primitives": [one, other]}]
    file.document["images"] = [{"bufferView": file.view(picture("red"))}]
    file.document["textures"] = [{"source": 0}]
    file.document["materials"] = [first, second]
    return file


def base(texcoord: int) -> dict[str, Any]:
    return {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0, "texCoord": texcoord}}}


def test_uv0_is_what_the_base_colours_read(tmp_path: Path, new_gltf: New) -> None:
    raw = read_gltf(two(new_gltf, base(1), base(1)).write(tmp_path / "a.glb"))
    assert raw.uv0 is not None
    np.testing.assert_allclose(raw.uv0[:3], UV * (2, -2) + np.array([0, 1]))
    assert [layer.name for layer in raw.layers] == ["TEXCOORD_0"]
    assert "texCoord" not in raw.materials[0].record["pbrMetallicRoughness"]["baseColorTexture"]
    shade = {**base(1), "occlusionTexture": {"index": 0, "texCoord": 0}}
    raw = read_gltf(two(new_gltf, base(0), shade).write(tmp_path / "b.glb"))
    assert raw.uv0 is not None
    np.testing.assert_allclose(raw.uv0[:3], UV * (1, -1) + np.array([0, 1]))
    np.testing.assert_allclose(raw.uv0[3:], UV * (2, -2) + np.array([0, 1]))
    assert [layer.name for layer in raw.layers] == ["TEXCOORD_0", "TEXCOORD_1"], "both sets stay whole"
    assert raw.materials[1].record["occlusionTexture"]["texCoord"] == 1
    assert "for each what its base colour reads" in said(raw, "converted")


def test_one_material_that_changes_differently(tmp_path: Path, new_gltf: New) -> None:
    """Two pieces of one material that part in a look become two materials."""
    file = two(new_gltf, {"name": "red"}, {"name": "blue"})
    one, other = file.document["meshes"][0]["primitives"]
    other["material"] = 0
    one["extensions"] = {"KHR_materials_variants": {"mappings": [{"material": 1, "variants": [0]}]}}
    file.document["extensions"] = {"KHR_materials_variants": {"variants": [{"name": "night"}]}}
    raw = read_gltf(file.write(tmp_path / "a.glb"))
    names = [material.name for material in raw.materials]
    (night,) = raw.variants
    assert names == ["red", "red", "blue"]
    worn = [names[night.materials[k]] for k in raw.material_ids]
    assert sorted(worn) == ["blue", "red"]
    assert worn[0] == "blue"


def test_credits(tmp_path: Path, new_gltf: New) -> None:
    file = new_gltf()
    file.mesh(TRIANGLE, FACE)
    file.document["asset"]["extras"] = {
        "author": "Ada L. (https://sketchfab.com/ada)",
        "license": "CC-BY-4.0 (http://creativecommons.org/licenses/by/4.0/)",
    }
    raw = read_gltf(file.write(tmp_path / "a.glb"))
    assert (raw.licence, raw.authors) == ("CC-BY-4.0", ("Ada L.",))


def test_flattened_and_missing_normals(tmp_path: Path, new_gltf: New) -> None:
    file = new_gltf()
    normals = file.add(np.array([[0, 0, 2], [0, 0, 0], [np.nan, 0, 0]], np.float32), "VEC3")
    file.mesh(TRIANGLE, FACE, NORMAL=normals)
    raw = read_gltf(file.write(tmp_path / "a.glb"))
    np.testing.assert_allclose(raw.layers[0].values, [[0, 0, 1]] * 3)
    assert "no numbers are set to 0" in said(raw, "converted")
    assert "2 are made from the shape" in said(raw, "converted")


@pytest.mark.parametrize("node", [{"scale": [0, 0, 0]}, {"matrix": [1, 0, 0, 0] * 4}])
def test_a_skin_on_a_joint_without_a_pose_is_dropped(tmp_path: Path, new_gltf: New, node: dict[str, Any]) -> None:
    file = held(new_gltf, [[0.5, 0.5, 0, 0]] * 3)
    file.document["nodes"][2].pop("translation")
    file.document["nodes"][2].update(node)
    raw = read_gltf(file.write(tmp_path / "a.glb"))
    assert raw.skin is None
    assert "scaled to nothing" in said(raw, "dropped")


def test_half_a_character_in_a_name_is_refused(tmp_path: Path, new_gltf: New) -> None:
    path = held(new_gltf, [[0.5, 0.5, 0, 0]] * 3).write(tmp_path / "a.gltf")
    path.write_text(path.read_text().replace('"name": "a"', '"name": "\\ud800"'))
    with pytest.raises(InputError, match="cannot be read"):
        read_gltf(path)
