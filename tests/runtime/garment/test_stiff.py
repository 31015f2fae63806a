from __future__ import annotations

from dataclasses import replace

import numpy as np
import warp as wp
from scipy.spatial.transform import Rotation

from dressform.assets.files.garment import GarmentMesh, Material, Part
from dressform.assets.files.rig import Rig
from dressform.runtime.body.canonical import CANONICAL_SHAPE
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.garment.shape_transfer import bind
from dressform.runtime.garment.stiff import cleared_as_one, moved_as_one, of_one_part, stiff_pieces
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals


def sphere(radius: float) -> tuple[np.ndarray, np.ndarray]:
    """An octahedron cut finer, counter-clockwise from outside."""
    points = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], np.float64)
    faces = np.array([[4, 0, 2], [4, 2, 1], [4, 1, 3], [4, 3, 0], [5, 2, 0], [5, 1, 2], [5, 3, 1], [5, 0, 3]])
    for _ in range(4):
        a, b, c = (points[faces[:, k]] for k in range(3))
        n = len(points)
        count = len(faces)
        points = np.concatenate([points, a + b, b + c, c + a])
        ab, bc, ca = (n + k * count + np.arange(count) for k in range(3))
        f = faces.T
        faces = np.concatenate([np.stack(t, 1) for t in ((f[0], ab, ca), (ab, f[1], bc), (ca, bc, f[2]), (ab, bc, ca))])
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return (radius * points).astype(np.float32), faces.astype(np.int32)


def test_pieces_are_stiff_when_all_their_points_have_one_weight_row() -> None:
    faces = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8]], np.int32)
    weights = np.zeros((9, 8), np.float32)
    indices = np.zeros((9, 8), np.int32)
    weights[:3, 0] = 1
    weights[3:6, :2] = [0.7, 0.3]
    indices[3:6, :2] = [2, 1]
    indices[4, :2] = [1, 2]
    weights[4, :2] = [0.3, 0.7]  # the same row, told in another order
    weights[6:, :2] = [[1, 0], [0.5, 0.5], [0, 1]]
    indices[6:, 1] = 1
    empty = np.zeros(9, np.int32)
    rig = Rig("b", "d", ("a", "b", "c"), indices, weights, empty, empty[:, None], empty[:, None], np.zeros(1, bool))
    assert [sorted(piece.tolist()) for piece in stiff_pieces(rig, faces)] == [[0, 1, 2], [3, 4, 5]]


def test_the_common_move_is_found_though_some_wish_otherwise() -> None:
    rng = np.random.default_rng(5)
    points = rng.normal(size=(80, 3)) * 0.1
    turn = Rotation.from_rotvec([0.1, 0.2, -0.1]).as_matrix()
    true = 1.05 * points @ turn.T + [0.01, 0.02, 0.3]
    wanted = true.copy()
    wanted[:12] += [0.0, 0.0, -0.1]  # a brim that hangs on the brow
    moved = moved_as_one(points, wanted, np.ones(80))
    assert np.abs(moved - true).max() < 2e-3
    np.testing.assert_allclose(moved_as_one(points, true, np.ones(80)), true, atol=1e-9)


def test_a_cap_too_small_grows_without_bending() -> None:
    head, faces = sphere(0.1)
    cap = sphere(0.099)[0]
    cap = cap[cap[:, 2] > 0.0]
    cleared = cleared_as_one(cap, Surface(head, faces), 0.002)
    grown = np.linalg.norm(cleared - cleared[0], axis=1)[1:] / np.linalg.norm(cap - cap[0], axis=1)[1:]
    assert grown.max() - grown.min() < 1e-4
    assert 1.02 < grown.mean() < 1.06
    assert (Surface(head, faces).signed_distance(cleared) > 0).all()


def edge_lengths(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    ends = edges(faces).vertices
    return np.linalg.norm(points[ends[:, 0]] - points[ends[:, 1]], axis=1)


def held_by(joint: str, points: np.ndarray, faces: np.ndarray, rest) -> tuple[GarmentMesh, Rig]:
    """A garment whose points all follow one joint."""
    body = rest.body
    binding = bind(points, rest.vertices, body.faces, normals=vertex_normals(points, faces))
    weights, indices = np.zeros((len(points), 8), np.float32), np.zeros((len(points), 8), np.int32)
    weights[:, 0], indices[:, 0] = 1, body.joint_names.index(joint)
    none = (None, None, None, None)
    mesh = GarmentMesh(points, faces, *none, (Material(),), np.zeros(len(faces), np.int32))
    names = tuple(body.joint_names)
    return mesh, Rig(
        body.family, body.topology_digest, names, indices, weights, *binding, hide=np.zeros(len(body.faces), bool)
    )


def test_a_hat_keeps_its_shape_on_another_head_and_in_every_frame(rest) -> None:
    points, faces = sphere(0.13)
    brim = points[:, 2] < 0  # folded flat: its underside faces the brow, and must not hang on it
    points[brim] = points[brim] * [1.4, 1.4, 0.1]
    head = rest.canonical_joints()[15] + [0, 0, 0.1]
    mesh, rig = held_by("head", (points + head).astype(np.float32), faces, rest)
    other = rest.body.rest({**CANONICAL_SHAPE, "gender": 0.0, "weight": 1.0})
    outfit = Outfit(other, [DressedGarment("hat", mesh, rig, 1)])
    buffer = wp.zeros(sum(outfit.vertex_counts), dtype=wp.vec3, device=outfit.device)
    outfit.pose(other.skin_transforms(other.rest_pose()), buffer)
    for worn in (outfit.rest_points[0], outfit.split(buffer.numpy())[1]):
        grown = edge_lengths(worn, faces) / edge_lengths(mesh.points, faces)
        assert grown.max() - grown.min() < 1e-3
        assert 0.95 < grown.mean() < 1.15


def test_a_button_stays_on_its_cloth_and_stays_a_button(rest, top, monkeypatch) -> None:
    monkeypatch.setattr("dressform.runtime.garment.fitting.REST_GAP", 0.04)  # so that the cloth really is lifted
    cloth, rig = top
    at = int(np.argmin(cloth.points[:, 1] + np.abs(cloth.points[:, 0])))  # front, in the middle
    disc = np.array([[np.cos(t), 0, np.sin(t)] for t in np.linspace(0, 2 * np.pi, 9)[:-1]] + [[0, 0, 0]])
    button = (cloth.points[at] + 0.006 * disc + [0, -0.002, 0]).astype(np.float32)
    k = np.arange(8)
    fan = np.stack([k, (k + 1) % 8, np.full(8, 8)], axis=1).astype(np.int32)
    lone, held = held_by("root", button, fan, rest)
    count = len(cloth.points)
    both = replace(
        cloth,
        points=np.concatenate([cloth.points, lone.points]),
        faces=np.concatenate([cloth.faces, fan + count]),
        material_ids=np.zeros(len(cloth.faces) + 8, np.int32),
    )
    row = {name: getattr(rig, name)[[at] * 9] for name in ("joint_indices", "joint_weights")}
    sewn = replace(
        rig,
        **{name: np.concatenate([getattr(rig, name), value]) for name, value in row.items()},
        binding_triangles=np.concatenate([rig.binding_triangles, held.binding_triangles]),
        binding_barycentrics=np.concatenate([rig.binding_barycentrics, held.binding_barycentrics]),
        binding_offsets=np.concatenate([rig.binding_offsets, held.binding_offsets]),
    )
    heavy = rest.body.rest({**CANONICAL_SHAPE, "weight": 1.0})
    worn = Outfit(heavy, [DressedGarment("top", both, sewn, 1)]).rest_points[0]
    grown = edge_lengths(worn[count:], fan) / edge_lengths(button, fan)
    assert grown.max() - grown.min() < 1e-3
    away = Surface(worn[:count], cloth.faces, sign="normal").signed_distance(worn[count:])
    assert 0.001 < away.mean() < 0.005


def test_a_buttons_thread_goes_with_the_button() -> None:
    disc, thread = np.arange(4), np.arange(4, 7)
    faces = np.array([(0, 1, 2), (0, 2, 3), (4, 5, 6), (7, 8, 9)], np.int32)
    mesh = GarmentMesh(
        np.zeros((10, 3), np.float32), faces, None, None, None, None, (Material(),), np.zeros(4, np.int32),
        parts=(Part("cloth"), Part("button", rigid=True)), part_ids=np.array([1, 1, 1, 0], np.int32),
    )  # fmt: skip
    pieces = of_one_part([disc, thread, np.arange(7, 10)], mesh)
    assert sorted(map(len, pieces)) == [3, 7]


def test_no_piece_grows_to_a_plate() -> None:
    points = np.array([(0, 0, 0), (0.003, 0, 0), (0, 0.003, 0), (0.003, 0.003, 0)], np.float64)
    moved = moved_as_one(points, 4 * points, np.ones(4))
    assert np.ptp(moved, axis=0).max() < 1.3 * 0.003
