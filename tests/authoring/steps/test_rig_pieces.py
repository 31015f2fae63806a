from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Material, Part
from dressform.authoring.steps._rig_pieces import cloth_of, follow, following, rigid_rows
from dressform.authoring.steps._rig_poses import TRAINING
from dressform.authoring.steps._rig_refine import RefineOptions, eased, refine
from dressform.authoring.steps._rig_weights import Origin
from dressform.authoring.steps.rig import RigOptions, rig_mesh
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.body.skinning import skin
from dressform.runtime.geometry.adjacency import edges
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.motion.sweep_poses import turned_pose

PLAIN = RigOptions(tune=False)


@pytest.fixture(scope="module")
def rest() -> RestBody:
    return canonical_rest()


def patch(low: tuple[float, float], high: tuple[float, float], y: float, count: int = 9) -> GarmentMesh:
    """A square sheet in front of the body, facing −y: x and z from `low` to `high`."""
    x, z = np.meshgrid(np.linspace(low[0], high[0], count), np.linspace(low[1], high[1], count))
    points = np.stack([x.ravel(), np.full(x.size, y), z.ravel()], axis=1).astype(np.float32)
    ids = np.arange(count * count).reshape(count, count)
    a, b, c, d = ids[:-1, :-1], ids[:-1, 1:], ids[1:, 1:], ids[1:, :-1]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    return bare(points, faces.astype(np.int32))


def bare(points: NDArray[np.float32], faces: NDArray[np.int32]) -> GarmentMesh:
    return GarmentMesh(points, faces, None, None, None, None, (Material(),), np.zeros(len(faces), np.int32))


def joined(*meshes: GarmentMesh, parts: tuple[Part, ...] = ()) -> GarmentMesh:
    starts = np.cumsum([0, *(len(mesh.points) for mesh in meshes)])
    faces = np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=False)])
    whole = bare(np.concatenate([mesh.points for mesh in meshes]), faces.astype(np.int32))
    if not parts:
        return whole
    ids = np.repeat(np.arange(len(meshes)), [len(mesh.faces) for mesh in meshes]).astype(np.int32)
    return replace(whole, parts=parts, part_ids=ids)


def shell(rest: RestBody, height: float, low: float, high: float) -> GarmentMesh:
    """The body's own skin between two heights without the arms, lifted along its normals."""
    from dressform.runtime.geometry.normals import vertex_normals

    points = rest.vertices + np.float32(height) * vertex_normals(rest.vertices, rest.body.faces)
    inside = (rest.vertices[:, 2] > low) & (rest.vertices[:, 2] < high) & (np.abs(rest.vertices[:, 0]) < 0.17)
    faces = rest.body.faces[inside[rest.body.faces].all(axis=1)]
    used, local = np.unique(faces, return_inverse=True)
    return bare(points[used].astype(np.float32), local.reshape(-1, 3).astype(np.int32))


def dense(mesh: GarmentMesh, rest: RestBody, options: RigOptions = PLAIN) -> NDArray[np.float64]:
    made, _ = rig_mesh(mesh, rest, options)
    rows = np.zeros((len(mesh.points), len(made.joints)))
    np.add.at(rows, (np.arange(len(rows))[:, None], made.joint_indices), made.joint_weights)
    return rows


def test_points_that_coincide_are_joined_and_get_equal_weights(rest: RestBody) -> None:
    left, right = patch((-0.1, 1.0), (0.0, 1.2), -0.14), patch((0.0, 1.0), (0.1, 1.2), -0.14)
    mesh = joined(left, right)
    cloth = cloth_of(mesh)
    assert len(cloth.points) == len(mesh.points) - 9
    assert len(cloth.areas) == 1
    rows = dense(mesh, rest, RigOptions())
    seam_left = np.flatnonzero(np.abs(left.points[:, 0]) < 1e-6)
    seam_right = len(left.points) + np.flatnonzero(np.abs(right.points[:, 0]) < 1e-6)
    assert np.array_equal(rows[seam_left], rows[seam_right])


def test_a_layer_follows_the_larger_one_right_above_it(rest: RestBody) -> None:
    outer = shell(rest, 0.02, 1.0, 1.35)
    pocket = shell(rest, 0.016, 1.1, 1.2)
    mesh = joined(outer, pocket)
    made, report = rig_mesh(mesh, rest, RigOptions())
    assert (report.origins[len(outer.points) :] == Origin.LAYER).mean() > 0.9
    apart = Surface(outer.points, outer.faces, sign="normal").closest(pocket.points)
    corners = outer.faces[apart.triangles]
    for turns in TRAINING[-2:]:
        posed = skin(
            mesh.points, made.joint_indices, made.joint_weights, rest.skin_transforms(turned_pose(rest, turns))
        )
        above = np.einsum("vk,vkc->vc", apart.barycentrics, posed[corners])
        gaps = np.linalg.norm(posed[len(outer.points) :] - above, axis=1)
        assert np.abs(gaps - apart.distances).max() < 0.003


def test_an_inner_shell_follows_the_outer_one(rest: RestBody) -> None:
    outer, inner = shell(rest, 0.025, 1.0, 1.35), shell(rest, 0.01, 1.0, 1.35)
    mesh = joined(
        outer, bare(inner.points, inner.faces[:, ::-1].copy()), parts=(Part("coat"), Part("lining", inner=True))
    )
    cloth = cloth_of(mesh)
    assert cloth.inner[cloth.vertex[len(outer.points) :]].all()
    found = following(cloth, np.zeros(len(cloth.areas), bool))
    assert found.share[cloth.vertex[len(outer.points) :]].mean() > 0.6
    assert not found.share[cloth.vertex[: len(outer.points)]].any()


def test_a_strap_off_the_body_follows_the_cloth_it_touches(rest: RestBody) -> None:
    top = shell(rest, 0.01, 1.0, 1.35)
    start = top.points[np.argmin(top.points[:, 1])]  # the foremost point: the strap sticks out ahead from there
    y = np.linspace(start[1] - 0.001, start[1] - 0.25, 20)
    near = np.stack([np.full(20, start[0]), y, np.full(20, start[2])], axis=1)
    far = near + np.array([0.01, 0, 0])
    points = np.concatenate([near, far]).astype(np.float32)
    k = np.arange(19)
    faces = np.concatenate([np.stack([k, k + 1, k + 21], -1), np.stack([k, k + 21, k + 20], -1)]).astype(np.int32)
    mesh = joined(top, bare(points, faces))
    _, report = rig_mesh(mesh, rest, PLAIN)
    assert report.hung_pieces == 1
    assert report.islands_without_match == 0
    rows = dense(mesh, rest)
    anchor = rows[np.argmin(np.linalg.norm(top.points - start, axis=1))]
    assert np.abs(rows[len(top.points) :] - anchor).sum(axis=1).max() < 0.2


def test_a_rigid_part_moves_as_one_with_the_cloth_around_it(rest: RestBody) -> None:
    top = shell(rest, 0.01, 0.95, 1.35)
    front = float(top.points[:, 1].min())
    button = patch((-0.06, 1.05), (0.06, 1.25), front - 0.004, 5)
    mesh = joined(top, button, parts=(Part("top"), Part("button", rigid=True)))
    rows = dense(mesh, rest, RigOptions())[len(top.points) :]
    assert np.array_equal(rows, np.tile(rows[0], (len(rows), 1)))
    loose = dense(joined(top, button), rest, RigOptions())[len(top.points) :]
    assert np.ptp(loose, axis=0).max() > 0.004  # as cloth it would bend
    _, report = rig_mesh(mesh, rest, PLAIN)
    assert report.rigid_parts == 1
    assert (report.origins[len(top.points) :] == Origin.RIGID).all()


def test_rigid_rows_without_cloth_keep_their_mean() -> None:
    button = patch((0, 0), (1, 1), 0.0, 2)
    mesh = replace(button, parts=(Part("button", rigid=True),), part_ids=np.zeros(len(button.faces), np.int32))
    cloth = cloth_of(mesh)
    rows = rigid_rows(np.eye(4), cloth)
    assert np.allclose(rows, 0.25)
    assert np.array_equal(follow(np.eye(4), following(cloth, np.zeros(1, bool))), np.eye(4))


def test_tuning_lowers_stretch_in_poses_it_was_not_tuned_on(rest: RestBody) -> None:
    top = shell(rest, 0.015, 0.75, 1.45)
    from dressform.runtime.motion.sweep_poses import SWEEP, sweep_pose

    plain = dense(top, rest)
    away = Surface(rest.vertices, rest.body.faces).closest(top.points).distances
    start = eased(plain, top.points, top.faces, rest, away)
    tuned = refine(start, top.points, top.faces, rest, away, RefineOptions(), home=plain)
    assert np.allclose(tuned.sum(axis=1), 1, atol=1e-5)
    assert tuned.min() >= 0
    pairs = edges(top.faces).vertices
    own = np.linalg.norm(top.points[pairs[:, 0]] - top.points[pairs[:, 1]], axis=1)

    def stretch(rows: NDArray[np.float64]) -> float:
        found = []
        for name in SWEEP:
            blended = np.einsum("vj,jcd->vcd", rows, rest.skin_transforms(sweep_pose(rest, name)))
            posed = np.einsum("vcd,vd->vc", blended, np.pad(top.points, ((0, 0), (0, 1)), constant_values=1))
            ratio = np.linalg.norm(posed[pairs[:, 0], :3] - posed[pairs[:, 1], :3], axis=1) / own
            found.append(np.quantile(np.abs(ratio - 1), 0.95))
        return float(np.mean(found))

    assert stretch(tuned) < 0.97 * stretch(plain)


def test_points_that_are_not_free_keep_their_weights(rest: RestBody) -> None:
    top = shell(rest, 0.015, 0.9, 1.3)
    plain = dense(top, rest)
    away = Surface(rest.vertices, rest.body.faces).closest(top.points).distances
    free = top.points[:, 0] > 0
    tuned = refine(plain, top.points, top.faces, rest, away, RefineOptions(rounds=1, steps=3), free=free)
    assert np.allclose(tuned[~free], plain[~free], atol=1e-6)
    assert np.abs(tuned[free] - plain[free]).max() > 1e-3
