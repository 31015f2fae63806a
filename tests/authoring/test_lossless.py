"""Import → export → import loses nothing: files of others, built here, are listed by a reader of its own before and
after, attribute by attribute, corner by corner."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib as gltf
import pytest
from click.testing import CliRunner
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dressform.assets.files.glb_read import read_glb
from dressform.cli import cli

from .gltf_listing import Builder, Listing, Walker


def run(*arguments: object) -> str:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def differences(before: Listing, after: Listing) -> list[str]:
    found = []
    for key, value in before.items():
        if key not in after:
            found.append(f"{key}: lost")
        elif isinstance(value, np.ndarray):
            other = after[key]
            if value.ndim > 1 and other.shape[1] == value.shape[1] + 1:  # RGB that became RGBA
                other = other[..., :-1]
            if value.shape != other.shape:
                found.append(f"{key}: {value.shape} became {other.shape}")
            elif not np.allclose(value, other, rtol=1e-6, atol=2e-6):
                worst = np.unravel_index(np.argmax(np.abs(value - other)), value.shape)
                found.append(f"{key}: {value[worst]:.7g} became {other[worst]:.7g} at {list(map(int, worst))}")
        elif value != after[key]:
            found.append(f"{key}: {value} became {after[key]}")
    return found


def round_trip(source: Path, folder: Path) -> tuple[Listing, Listing]:
    """Import, export, import and export again; return the listings of the source and of the first export."""
    run("garment", "import", source, "-o", folder / "one", "--category", "tee")
    run("garment", "export", folder / "one", "-o", folder / "one.glb")
    run("garment", "import", folder / "one.glb", "-o", folder / "two", "--category", "tee")
    run("garment", "export", folder / "two", "-o", folder / "two.glb")
    first, second = Walker(folder / "one.glb").listing(), Walker(folder / "two.glb").listing()
    assert not differences(first, second) + differences(second, first)
    one, two = (read_glb(folder / name / "sizes/M/garment.glb") for name in ("one", "two"))
    for name in ("points", "faces", "uv0", "uv0_faces", "material_ids", "part_ids"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
    assert (one.extras, one.parts, one.variants) == (two.extras, two.parts, two.variants)
    return Walker(source).listing(), first


def outfit(path: Path) -> Path:
    """Everything at once: two objects, three primitives, a posed skeleton, morphs, looks, four UV sets."""
    b = Builder(3)
    extensions = (
        "clearcoat",
        "sheen",
        "transmission",
        "specular",
        "iridescence",
        "anisotropy",
        "ior",
        "emissive_strength",
    )
    b.file.extensionsUsed = [f"KHR_materials_{name}" for name in (*extensions, "variants")] + ["KHR_texture_transform"]
    turned = {"KHR_texture_transform": {"offset": [0.1, 0.2], "rotation": 0.3, "scale": [2, 3], "texCoord": 3}}
    red, green = b.texture("red", wrapS=33071, wrapT=33648, magFilter=9728), b.texture("green")
    blue, grey = b.texture("blue", minFilter=9987), b.texture("grey", wrapS=10497)

    def read(texture: int, uv: int = 0, **more: Any) -> dict[str, Any]:
        return {"index": texture, "texCoord": uv, **more}

    shell = gltf.Material(name="shell", doubleSided=True, alphaMode="MASK", alphaCutoff=0.25)
    shell.pbrMetallicRoughness = gltf.PbrMetallicRoughness(
        baseColorFactor=[0.5, 0.6, 0.7, 0.8],
        metallicFactor=0.1,
        roughnessFactor=0.4,
        baseColorTexture=read(red, extensions={"KHR_texture_transform": {"scale": [4, 4]}}),
        metallicRoughnessTexture=read(green, 1),
    )
    shell.normalTexture = read(blue, 2, scale=0.6)
    shell.occlusionTexture = read(grey, 1, strength=0.7)
    shell.emissiveTexture, shell.emissiveFactor = read(green, 0, extensions=turned), [0.1, 0.2, 0.3]
    shell.extras = {"fabric": "taffeta"}
    shell.extensions = {
        "KHR_materials_clearcoat": {
            "clearcoatFactor": 0.3,
            "clearcoatTexture": read(red, 3),
            "clearcoatRoughnessFactor": 0.2,
            "clearcoatNormalTexture": read(blue, 1, scale=0.5, extensions=turned),
        },
        "KHR_materials_sheen": {"sheenColorFactor": [0.2, 0.3, 0.4], "sheenColorTexture": read(grey, 2)},
        "KHR_materials_transmission": {"transmissionFactor": 0.15, "transmissionTexture": read(green, 1)},
        "KHR_materials_specular": {"specularFactor": 0.9, "specularColorTexture": read(red, 0)},
        "KHR_materials_ior": {"ior": 1.4},
    }
    lining = gltf.Material(name="lining", alphaMode="BLEND", pbrMetallicRoughness=gltf.PbrMetallicRoughness())
    lining.extensions = {
        "KHR_materials_iridescence": {"iridescenceFactor": 1, "iridescenceThicknessTexture": read(green, 1)},
        "KHR_materials_anisotropy": {"anisotropyStrength": 0.6, "anisotropyRotation": 1.2},
        "KHR_materials_emissive_strength": {"emissiveStrength": 5},
    }
    night = gltf.Material(name="night", pbrMetallicRoughness=gltf.PbrMetallicRoughness(metallicFactor=0))
    b.file.materials = [shell, lining, night, gltf.Material(name="enamel")]
    b.file.extensions = {"KHR_materials_variants": {"variants": [{"name": "day"}, {"name": "evening"}]}}
    root = b.node(name="Armature", rotation=[0.5, 0.5, 0.5, 0.5], translation=[0.1, 0, 0])
    joints = [b.node(root, name="mixamorig:Hips", translation=[0, 0.2, 0])]
    for name in ["Spine", "Spine1", "Spine2", "LeftShoulder", "LeftArm", "LeftForeArm", "RightArm", "RightForeArm"]:
        turn = b.random.normal(size=4)
        turn = (turn / np.linalg.norm(turn)).tolist()
        joints.append(b.node(joints[-1], name=f"mixamorig:{name}", translation=[0, 0.1, 0.02], rotation=turn))
    binds = np.tile(np.eye(4, dtype=np.float32), (9, 1, 1)) + 0.05 * b.floats(9, 4, 4)
    binds[:, 3] = (0, 0, 0, 1)
    matrices = b.add(binds.transpose(0, 2, 1).reshape(9, 16), "MAT4")
    b.file.skins = [gltf.Skin(joints=joints, inverseBindMatrices=matrices)]
    dense: dict[str, Any] = {"uvs": 4, "colors": 2, "tangents": True, "targets": 2, "custom": True, "joints": 9}
    one = b.primitive((0, 0.8, 0), material=0, influences=4, **dense)
    two = b.primitive((0.6, 0.8, 0), material=1, influences=8, **dense)
    looks = [{"material": 2, "variants": [1]}]
    one.extensions = {"KHR_materials_variants": {"mappings": looks}}
    extras = {"targetNames": ["puffed", "torn"], "season": "autumn"}
    b.file.meshes = [gltf.Mesh(name="Coat", primitives=[one, two], weights=[0.25, 0], extras=extras)]
    more = {**dense, "targets": 0, "joints": 1}
    b.file.meshes.append(gltf.Mesh(name="Badge", primitives=[b.primitive((0, 0, 0.2), material=3, side=3, **more)]))
    b.node(name="Coat", mesh=0, skin=0, translation=[9, 9, 9])
    b.node(joints[2], name="Badge", mesh=1, scale=[-0.5, 0.3, 0.4], rotation=[0, 0.6, 0, 0.8], extras={"pin": True})
    b.file.animations = [gltf.Animation(name="Idle")]
    b.file.cameras = [gltf.Camera(type="perspective", perspective=gltf.Perspective(yfov=1, znear=0.1), name="Eye")]
    return b.write(path)


@pytest.fixture(scope="module")
def trips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Listing, Listing, Path]:
    folder = tmp_path_factory.mktemp("lossless")
    return (*round_trip(outfit(folder / "outfit.glb"), folder), folder)


def test_a_file_with_everything_comes_back_with_everything(trips: tuple[Listing, Listing, Path]) -> None:
    before, after, _ = trips
    lost = differences(before, after)
    assert not lost, "\n".join([f"{len(lost)} of {len(before)} differ:", *lost])
    assert len(before) > 150
    kinds = ("TEXCOORD_3", "COLOR_1", "_FLOW", "morph torn: TANGENT", "weight on mixamorig:RightForeArm", "TANGENT")
    assert all(any(key.endswith(kind) for key in before) for kind in kinds)
    added = {key for key in after if key not in before}
    filled = ("enamel: morph", "enamel: weight on mixamorig:Spine1", "variant")  # what the coat has and the badge lacks
    spelled = {"material shell extensions KHR_materials_sheen sheenRoughnessFactor"}  # glTF's own default
    assert {key for key in added if not key.startswith(filled)} == spelled


def test_what_has_no_place_is_named(trips: tuple[Listing, Listing, Path]) -> None:
    report = json.loads((trips[2] / "one" / "steps.json").read_text())["steps"][0]["report"]
    outcome = {entry["what"]: entry["outcome"] for entry in report["conversion"]}
    assert outcome["animation Idle"] == outcome["camera Eye"] == "dropped"
    assert outcome["mirrored scale of Badge"] == "converted"
    assert all(
        outcome[what] == "kept" for what in ("UV set TEXCOORD_3", "morph target torn", "variant evening", "skin")
    )
    assert report["skeleton"]["mapped"]["left_shoulder"] == "mixamorig:LeftArm"
    mesh = read_glb(trips[2] / "one" / "sizes/M/garment.glb")
    assert mesh.extras["season"] == "autumn"
    assert mesh.extras["nodes"] == {"Badge": {"pin": True}}
    assert mesh.skin is not None
    assert mesh.skin.indices.shape[1] == 8


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("shell: TEXCOORD_2", "1 texel of 4096"),
        ("lining: weight on mixamorig:Spine", "a weight"),
        ("shell: morph torn: NORMAL", "a morph"),
        ("shell: COLOR_1", "one step of 255"),
        ("material shell normalTexture image", "an image"),
        ("material shell extensions KHR_materials_clearcoat clearcoatNormalTexture reads", "a set"),
    ],
)
def test_the_listing_sees_one_wrong_value(trips: tuple[Listing, Listing, Path], wrong: str, named: str) -> None:
    before, after, _ = trips
    value = after[wrong]
    if isinstance(value, np.ndarray) and value.ndim:
        broken: Any = value.copy()
        broken[len(value) // 2] += 1 / 4096 if "TEXCOORD" in wrong else 1 / 255
    else:
        broken = "another" if isinstance(value, str) else value + 1
    found = differences(before, {**after, wrong: broken})
    assert len(found) == 1, named
    assert wrong in found[0]


@st.composite
def scenes(draw: Any) -> Callable[[Path], Path]:
    """Small files: one to three pieces with any mix of attributes, each moved anyhow."""
    seed = draw(st.integers(0, 2**32))
    wish = st.fixed_dictionaries(
        {
            "uvs": st.integers(0, 3),
            "colors": st.integers(0, 2),
            "normals": st.booleans(),
            "tangents": st.booleans(),
            "custom": st.booleans(),
            "targets": st.integers(0, 2),
            "influences": st.sampled_from((0, 4, 8)),
            "side": st.integers(2, 4),
        }
    )
    pieces = draw(st.lists(wish, min_size=1, max_size=3))
    mirror = draw(st.booleans())

    def write(path: Path) -> Path:
        b = Builder(seed)
        joints = [b.node(name=f"bone {k}", translation=[0.1 * k, 0, 0]) for k in range(8)]
        binds = np.tile(np.eye(4, dtype=np.float32), (8, 1, 1))
        if any(piece["influences"] for piece in pieces):
            b.file.skins = [gltf.Skin(joints=joints, inverseBindMatrices=b.add(binds.reshape(8, 16), "MAT4"))]
        for k, piece in enumerate(pieces):
            b.file.materials.append(gltf.Material(name=f"m{k}", doubleSided=True))
            primitive = b.primitive((0.1 * k, 0.3 * k, 0), material=k, joints=8, **piece)
            names = [f"t{k}{n}" for n in range(piece["targets"])]
            weights = [0.25 * n for n in range(piece["targets"])] or None
            b.file.meshes.append(gltf.Mesh(primitives=[primitive], extras={"targetNames": names}, weights=weights))
            turn = b.random.normal(size=4)
            scale = [-0.8 if mirror else 0.8, 1.1, 0.9]
            turned = (turn / np.linalg.norm(turn)).tolist()
            held = {"skin": 0} if piece["influences"] else {"rotation": turned, "scale": scale}
            b.node(name=f"piece {k}", mesh=k, **held)
        return b.write(path)

    return write


@settings(max_examples=12, deadline=None, derandomize=True, phases=[Phase.generate])
@given(write=scenes())
def test_any_mix_of_attributes_comes_back(
    write: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("mix")
    before, after = round_trip(write(folder / "mix.glb"), folder)
    lost = differences(before, after)
    assert not lost, "\n".join([f"{len(lost)} of {len(before)} differ:", *lost])
