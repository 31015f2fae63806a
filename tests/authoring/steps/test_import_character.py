from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from dressform.assets.files.garment import SourceSkin
from dressform.authoring.draft import Draft
from dressform.authoring.formats.skeleton_map import canonical_joints_of, canonical_weights
from dressform.cli import cli
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.joints import CANONICAL_JOINTS, CANONICAL_PARENTS, JOINT_INDEX
from dressform.runtime.geometry.normals import vertex_normals
from dressform.schemas.errors import UsageError

MIXAMO = dict(
    zip(
        CANONICAL_JOINTS,
        "Hips LeftUpLeg RightUpLeg Spine LeftLeg RightLeg Spine1 LeftFoot RightFoot Spine2 LeftToeBase RightToeBase "  # noqa: SIM905
        "Neck LeftShoulder RightShoulder Head LeftArm RightArm LeftForeArm RightForeArm LeftHand RightHand".split(),
        strict=True,
    )
)
New = Callable[[], Any]


class Character:
    """The canonical body as somebody else's character: Mixamo joints, y up, clothes cut from its own skin."""

    def __init__(self) -> None:
        rest = canonical_rest()
        body = rest.body
        self.points = np.asarray(rest.vertices, np.float64)
        self.faces = np.asarray(body.faces)
        eyes = np.tile(np.eye(4, dtype=np.float32), (len(body.joint_names), 1, 1))
        skin = SourceSkin(tuple(body.joint_names), body.joint_parents, eyes, body.joint_indices, body.joint_weights)
        self.weights = canonical_weights(skin, canonical_joints_of(body.joint_names, body.joint_parents))
        self.joints = rest.canonical_joints()
        self.normals = np.asarray(vertex_normals(self.points.astype(np.float32), self.faces))

    def cut(self, *joints: str, off: float) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return cloth [points, faces, weights] over what these joints hold, so far off the skin [m]."""
        held = self.weights[:, [JOINT_INDEX[name] for name in joints]].sum(axis=1) > 0.6
        faces = self.faces[held[self.faces].all(axis=1)]
        used, local = np.unique(faces, return_inverse=True)
        return (self.points + off * self.normals)[used], local.reshape(-1, 3), self.weights[used]


@pytest.fixture(scope="module")
def character() -> Character:
    return Character()


def y_up(points: NDArray[Any]) -> NDArray[np.float32]:
    return np.stack([points[:, 0], points[:, 2], -points[:, 1]], axis=1).astype(np.float32)


def write(new_gltf: New, path: Path, character: Character, clothes: dict[str, Any], body: str = "Mannequin") -> Path:
    file = new_gltf()
    meshes = {body: (character.points, character.faces, character.weights), **clothes}
    for points, faces, weights in meshes.values():
        order = np.argsort(-weights, axis=1)[:, :4]
        four = np.take_along_axis(weights, order, axis=1)
        file.mesh(
            y_up(points),
            faces,
            JOINTS_0=file.add(np.ascontiguousarray(order.astype(np.uint8)), "VEC4"),
            WEIGHTS_0=file.add((four / four.sum(axis=1, keepdims=True)).astype(np.float32), "VEC4"),
        )
    places = y_up(character.joints)
    nodes: list[dict[str, Any]] = [{"name": name, "mesh": k, "skin": 0} for k, name in enumerate(meshes)]
    first = len(nodes)
    for k, name in enumerate(CANONICAL_JOINTS):
        above = CANONICAL_PARENTS[k]
        place = places[k] - (places[above] if above >= 0 else 0)
        children = [first + c for c, parent in enumerate(CANONICAL_PARENTS) if parent == k]
        node = {"name": f"mixamorig:{MIXAMO[name]}", "translation": place.tolist()}
        nodes.append(node | ({"children": children} if children else {}))
    inverse = np.tile(np.eye(4, dtype=np.float32), (len(places), 1, 1))
    inverse[:, 3, :3] = -places  # columns first
    matrices = file.add(inverse.reshape(-1, 16), "MAT4")
    file.document["skins"] = [{"joints": [first + k for k in range(len(places))], "inverseBindMatrices": matrices}]
    file.document["nodes"] = nodes
    file.document["scenes"] = [{"nodes": list(range(first + 1))}]
    return Path(file.write(path))


TORSO = ("spine1", "spine2", "spine3", "left_collar", "right_collar", "left_shoulder", "right_shoulder")
LEGS = ("pelvis", "left_hip", "right_hip", "left_knee", "right_knee")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["garment", *(str(argument) for argument in arguments)])


def outcomes(folder: Path) -> dict[str, tuple[str, str]]:
    entries = Draft.open(folder).report("import")["conversion"]
    return {entry["what"]: (entry["outcome"], entry["why"]) for entry in entries}


@pytest.fixture
def dressed(tmp_path: Path, new_gltf: New, character: Character) -> Path:
    clothes = {
        "Shirt": character.cut(*TORSO, off=0.012),
        "Trousers": character.cut(*LEGS, off=0.01),
        "Hair_01": character.cut("head", off=0.01),
    }
    return write(new_gltf, tmp_path / "character.glb", character, clothes)


def test_the_meshes_of_a_character_are_told_apart(dressed: Path) -> None:
    found = json.loads(run("meshes", dressed, "--json").stdout)["meshes"]
    assert {mesh["name"]: mesh["kind"] for mesh in found} == {
        "Mannequin": "body",
        "Shirt": "garment",
        "Trousers": "garment",
        "Hair_01": "hair",
    }
    table = run("meshes", dressed).stdout.splitlines()
    assert len(table) == 5
    assert "the skeleton's head, hands and feet all hold it" in table[1]


def test_a_body_with_several_garments_asks_which(dressed: Path, tmp_path: Path) -> None:
    result = run("import", dressed, "-o", tmp_path / "draft")
    assert result.exit_code == 1
    message = str(result.exception)
    assert "holds a body (Mannequin) and 2 garments (Shirt; Trousers); pick one with --pick 'Shirt'" in message
    assert not (tmp_path / "draft").exists()


def test_a_pick_is_one_garment_with_its_skin(dressed: Path, tmp_path: Path, character: Character) -> None:
    result = run("import", dressed, "-o", tmp_path / "draft", "--pick", "shi*")
    assert result.exit_code == 0, result.output
    draft = Draft.open(tmp_path / "draft")
    points, faces, weights = character.cut(*TORSO, off=0.012)
    np.testing.assert_allclose(draft.mesh.points, points, atol=1e-5)
    np.testing.assert_array_equal(draft.mesh.faces, faces)
    assert (draft.manifest["name"], draft.manifest["category"]) == ("shirt", "shirt")
    skin = draft.mesh.skin
    assert skin is not None
    held = canonical_weights(skin, canonical_joints_of(skin.joints, skin.parents))
    order = np.argsort(-weights, axis=1)[:, :4]
    four = np.take_along_axis(weights, order, axis=1)
    np.testing.assert_allclose(np.take_along_axis(held, order, axis=1), four / four.sum(1, keepdims=True), atol=1e-5)
    np.testing.assert_allclose(skin.rest[:, :3, 3], character.joints[[JOINT_INDEX[n] for n in _order(skin)]], atol=1e-5)
    said = outcomes(tmp_path / "draft")
    assert said["object Mannequin"] == ("dropped", "not picked")
    assert said["object Shirt"] == ("kept", "picked")
    assert len(draft.report("import")["skeleton"]["mapped"]) == 22
    assert (draft.folder / "source" / "character.glb").read_bytes() == dressed.read_bytes()


def _order(skin: SourceSkin) -> list[str]:
    canonical = {f"mixamorig:{theirs}": ours for ours, theirs in MIXAMO.items()}
    return [canonical[joint] for joint in skin.joints]


def test_a_body_in_one_garment_is_dropped_without_asking(tmp_path: Path, new_gltf: New, character: Character) -> None:
    front, faces, weights = character.cut(*TORSO, off=0.012)
    left = front[faces].mean(axis=1)[:, 0] > 0
    pieces = {}
    for name, side in (("Front_L", left), ("Front_R", ~left)):  # pattern pieces that meet in a seam
        used, local = np.unique(faces[side], return_inverse=True)
        pieces[name] = (front[used], local.reshape(-1, 3), weights[used])
    button = front[faces[0]] + (0, -0.004, 0), np.array([[0, 1, 2]]), weights[faces[0]]
    source = write(new_gltf, tmp_path / "avatar.glb", character, {**pieces, "Button": button}, body="Body")
    result = run("import", source, "-o", tmp_path / "draft", "--category", "shirt")
    assert result.exit_code == 0, result.output
    said = outcomes(tmp_path / "draft")
    assert said["object Body"][0] == "dropped"
    assert "name it with --pick" in said["object Body"][1]
    draft = Draft.open(tmp_path / "draft")
    assert [part.name for part in draft.mesh.parts] == ["Front_L", "Front_R", "Button"]
    assert len(draft.mesh.faces) == len(faces) + 1


def test_a_body_without_a_skin_is_told_by_what_lies_over_it(
    tmp_path: Path, new_gltf: New, character: Character
) -> None:
    file = new_gltf()
    file.mesh(y_up(character.points), character.faces)
    shirt = character.cut(*TORSO, off=0.012)
    file.mesh(y_up(shirt[0]), shirt[1])
    file.document["nodes"] = [{"mesh": 0, "name": "base male"}, {"mesh": 1, "name": "Object_7"}]
    file.document["scenes"] = [{"nodes": [0, 1]}]
    source = file.write(tmp_path / "scan.glb")
    assert run("import", source, "-o", tmp_path / "draft", "--category", "tee").exit_code == 0
    assert "the rest lies over it" in outcomes(tmp_path / "draft")["object base male"][1]
    file.document["nodes"][0]["mesh"], file.document["nodes"][1]["mesh"] = 1, 0  # the name on the wrong mesh
    found = json.loads(run("meshes", file.write(tmp_path / "odd.glb"), "--json").stdout)["meshes"]
    assert [mesh["kind"] for mesh in found] == ["garment", "garment"]


def test_pieces_named_like_a_body_stay(tmp_path: Path, new_gltf: New, character: Character) -> None:
    """A sewing pattern's "Body" and "Face" of a pocket are cloth as long as nothing else speaks for skin."""
    file = new_gltf()
    for k, cut in enumerate((character.cut(*TORSO[:3], off=0.01), character.cut(*TORSO[3:], off=0.02))):
        file.mesh(y_up(cut[0] + (0, 0, k)), cut[1])
    file.document["nodes"] = [{"mesh": 0, "name": "Body"}, {"mesh": 1, "name": "Sleeves"}]
    file.document["scenes"] = [{"nodes": [0, 1]}]
    assert run("import", file.write(tmp_path / "shirt.glb"), "-o", tmp_path / "draft").exit_code == 0
    assert [part.name for part in Draft.open(tmp_path / "draft").mesh.parts] == ["Body", "Sleeves"]


def test_a_pick_that_names_nothing_is_wrong_use(dressed: Path, tmp_path: Path) -> None:
    result = run("import", dressed, "-o", tmp_path / "draft", "--pick", "skirt")
    assert isinstance(result.exception, UsageError)
    assert "--pick 'skirt' names nothing in" in str(result.exception)
    assert "Mannequin, Shirt, Trousers, Hair_01" in str(result.exception)
