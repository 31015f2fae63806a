from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Layer
from dressform.authoring.steps._update_frame import SAME, Frame, frame_of_pairs
from dressform.authoring.steps._update_match import match


@pytest.fixture(scope="module")
def atlas(tee: GarmentMesh) -> GarmentMesh:
    """A tee with UVs of its own at each point, split along its middle; UV1 is UV0 in another place."""
    uv = (tee.points[:, [0, 2]] - tee.points[:, [0, 2]].min(axis=0)).astype(np.float32)
    back = (tee.points[tee.faces, 1].mean(axis=1) > 0).astype(np.int32)
    uv0 = np.concatenate([uv, uv + np.float32((2, 0))])
    faces = tee.faces + back[:, None] * len(uv)
    return replace(tee, uv0=uv0, uv0_faces=faces, uv1=(uv0 * 0.3).astype(np.float32), uv1_faces=faces)


def through_a_tool(mesh: GarmentMesh, seed: int = 0) -> tuple[GarmentMesh, NDArray[np.int64]]:
    """Split at seams, shuffle points, triangles and first corners; also the point behind each vertex."""
    assert mesh.uv0_faces is not None
    rng = np.random.default_rng(seed)
    keys = np.stack([mesh.faces.reshape(-1), mesh.uv0_faces.reshape(-1)], axis=1)
    rows, inverse = np.unique(keys, axis=0, return_inverse=True)
    place = rng.permutation(len(rows))
    points, truth = np.empty((len(rows), 3), np.float32), np.empty(len(rows), np.int64)
    points[place], truth[place] = mesh.points[rows[:, 0]], rows[:, 0]
    order, shift = rng.permutation(len(mesh.faces)), rng.integers(0, 3, len(mesh.faces))

    def turned(faces: NDArray[np.int32] | None) -> NDArray[np.int32] | None:
        columns = (np.arange(3) + shift[:, None]) % 3
        return None if faces is None else np.take_along_axis(faces, columns, axis=1)[order].astype(np.int32)

    faces = turned(place[inverse.reshape(-1)].reshape(-1, 3).astype(np.int32))
    assert faces is not None
    uvs = {"uv0_faces": turned(mesh.uv0_faces), "uv1_faces": turned(mesh.uv1_faces)}
    return replace(mesh, points=points, faces=faces, material_ids=mesh.material_ids[order], **uvs), truth


def without_uv(mesh: GarmentMesh) -> GarmentMesh:
    return replace(mesh, uv0=None, uv0_faces=None, uv1=None, uv1_faces=None)


def edited(what: str, mesh: GarmentMesh, truth: NDArray[np.int64]) -> GarmentMesh:
    if what == "everything moved":
        return replace(mesh, points=mesh.points + 0.05 * np.sin(9 * mesh.points))
    if what == "half moved and all UVs edited":
        moved = mesh.points + np.float32((0, 0, 0.03)) * (mesh.points[:, 2:] > 1.2)
        assert mesh.uv0 is not None
        assert mesh.uv1 is not None
        return replace(mesh, points=moved.astype(np.float32), uv0=mesh.uv0 * 1.02, uv1=mesh.uv1 * 0.9)
    if what == "no UVs, centimetres, y up, partly moved":
        moved = mesh.points + np.float32((0.01, 0, 0)) * (mesh.points[:, 2:] > 1.3)
        return without_uv(replace(mesh, points=(moved[:, [0, 2, 1]] * (100, 100, -100)).astype(np.float32)))
    if what == "only the triangles are left":
        # joined at the seams, as a tool without UVs does
        first = np.unique(truth, return_index=True)[1]
        joined = replace(mesh, points=mesh.points[first] * 1.1 + 0.3, faces=truth[mesh.faces].astype(np.int32))
        return without_uv(joined)
    if what == "wound the other way":
        flip = {name: getattr(mesh, name)[:, ::-1] for name in ("faces", "uv0_faces", "uv1_faces")}
        return replace(mesh, **flip)
    if what == "only our numbers are left":
        numbers = Layer("_POINT", "custom", truth[:, None].astype(np.float32), mesh.faces)
        moved = mesh.points[np.random.default_rng(1).permutation(len(mesh.points))]
        return without_uv(replace(mesh, points=moved, layers=(numbers,)))
    assert what == "nothing"
    return mesh


@pytest.mark.parametrize(
    "what",
    [
        "nothing",
        "everything moved",
        "half moved and all UVs edited",
        "no UVs, centimetres, y up, partly moved",
        "only the triangles are left",
        "wound the other way",
        "only our numbers are left",
    ],
)
def test_every_corner_is_found_again(what: str, atlas: GarmentMesh) -> None:
    shuffled, truth = through_a_tool(atlas)
    found = match(atlas, edited(what, shuffled, truth))
    assert found.topology == "same"
    assert found.corners is not None
    if what != "only the triangles are left":
        np.testing.assert_array_equal(found.numbers, truth)
    corners = found.edited.faces.reshape(-1)[found.corners]
    np.testing.assert_array_equal(found.numbers[corners], atlas.faces)
    assert found.turned == (what == "wound the other way")
    assert found.frame.same == ("centimetres" not in what)


def test_other_diagonals_of_the_same_polygons_are_the_same(skirt: GarmentMesh) -> None:
    half = len(skirt.faces) // 2
    quads = replace(skirt, polygons=np.tile(np.arange(half, dtype=np.int32), 2))
    order = np.argsort(quads.polygons, kind="stable")
    quads = replace(quads, faces=skirt.faces[order], polygons=quads.polygons[order])  # type: ignore[index]
    faces = quads.faces.copy()
    for polygon in range(0, half, 3):
        (a, b, c), (_, _, d) = faces[2 * polygon], faces[2 * polygon + 1]
        faces[2 * polygon], faces[2 * polygon + 1] = (a, b, d), (b, c, d)
    found = match(quads, replace(quads, faces=faces))
    assert found.topology == "same"
    assert found.corners is not None
    np.testing.assert_array_equal(faces.reshape(-1)[found.corners], quads.faces)
    assert match(replace(quads, polygons=None), replace(quads, faces=faces)).topology == "same points"


def test_a_new_point_changes_the_topology(atlas: GarmentMesh) -> None:
    shuffled, truth = through_a_tool(atlas)
    a, b, c = shuffled.faces[0]
    points = np.concatenate([shuffled.points, shuffled.points[[a, b, c]].mean(axis=0, keepdims=True)])
    middle = len(points) - 1
    faces = np.concatenate([[[a, b, middle], [b, c, middle], [c, a, middle]], shuffled.faces[1:]]).astype(np.int32)
    found = match(atlas, without_uv(replace(shuffled, points=points, faces=faces)))
    assert found.topology == "changed"
    assert found.corners is None
    np.testing.assert_array_equal(found.numbers, [*truth, -1])


def test_a_frame_is_told_although_some_points_were_edited() -> None:
    rng = np.random.default_rng(0)
    wanted = rng.normal(size=(200, 3))
    turn = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
    found = wanted @ turn / 0.01
    found[:60] += 40
    frame = frame_of_pairs(found, wanted)
    assert frame.scale == 0.01
    np.testing.assert_array_equal(frame.turn, turn)
    assert frame.said() == "scaled by 0.01, axes turned: x y z from its +z +x +y"
    assert frame_of_pairs(wanted * 1.05, wanted) is SAME  # an artist's scaling is an edit, not a unit
    assert Frame(1.0, np.eye(3)).said() == "as it was exported"
