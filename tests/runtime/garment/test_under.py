"""Hems and linings stay under the cloth they belong to."""

from __future__ import annotations

import numpy as np
import pytest
import warp as wp

from dressform.assets.files.garment import GarmentMesh, Material, Part
from dressform.authoring.steps.rig import RigOptions, rig_mesh
from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest
from dressform.runtime.body.protocol import Pose
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.garment.under import Followers, cloth_normals, followed, under_cloth
from dressform.runtime.geometry.distance import Surface

DEVICES = ["cpu", *(["cuda:0"] if wp.is_cuda_available() else [])]
DEPTH = 0.002


def neckband(rings: int = 4, around: int = 48) -> GarmentMesh:
    """A band around the canonical neck, turned in at its upper edge: what lies under it faces the skin."""
    angle = 2 * np.pi * np.arange(around) / around
    heights = np.concatenate([np.linspace(1.545, 1.575, rings), np.linspace(1.5735, 1.555, rings)])
    radii = np.concatenate([np.full(rings, 0.082), np.full(rings, 0.082 - DEPTH)])
    points = np.concatenate(
        [
            np.column_stack([r * np.cos(angle), 0.015 + r * np.sin(angle), np.full(around, h)])
            for r, h in zip(radii, heights, strict=True)
        ]
    )
    k, j = np.meshgrid(np.arange(2 * rings - 1), np.arange(around), indexing="ij")
    a, b = k * around + j, k * around + (j + 1) % around
    faces = np.stack([np.stack([a, b, b + around], -1), np.stack([a, b + around, a + around], -1)], axis=2)
    ids = np.repeat((np.arange(2 * rings - 1) >= rings - 1).astype(np.int32), 2 * around)
    return GarmentMesh(
        points.astype(np.float32), faces.reshape(-1, 3).astype(np.int32), None, None, None, None, (Material(),),
        np.zeros(len(ids), np.int32), parts=(Part("cloth"), Part("hems", inner=True)), part_ids=ids,
    )  # fmt: skip


def test_cloth_faces_outward_on_its_inner_side_too() -> None:
    mesh = neckband()
    outward = mesh.points - (0, 0.015, 0)
    outward[:, 2] = 0
    assert (np.einsum("vc,vc->v", cloth_normals(mesh), outward) > 0).all()


def test_what_lies_under_follows_every_move() -> None:
    mesh = neckband()
    under = under_cloth(mesh)
    assert len(under.points) == 4 * 48
    np.testing.assert_allclose(followed(mesh.points, under), mesh.points, atol=1e-6)
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    moved = mesh.points @ turn.T + 0.3
    lost = moved.copy()
    lost[under.points] = 7.0
    np.testing.assert_allclose(followed(lost, under), moved, atol=1e-6)


@pytest.mark.parametrize("device", DEVICES)
def test_the_kernel_does_the_same_in_a_buffer_of_all_points(device: str) -> None:
    mesh, random = neckband(), np.random.default_rng(4)
    under = under_cloth(mesh)
    moved = (mesh.points + random.normal(0, 0.002, mesh.points.shape)).astype(np.float32)
    buffer = wp.array(np.concatenate([np.zeros((5, 3), np.float32), moved, moved]), dtype=wp.vec3, device=device)
    Followers([(under, 5), (under, 5 + len(moved))], device).launch(buffer)
    want = followed(moved, under)
    np.testing.assert_allclose(buffer.numpy(), np.concatenate([np.zeros((5, 3)), want, want]), atol=2e-6)


def test_a_neckband_keeps_its_shape_on_another_body() -> None:
    mesh, rest = neckband(), canonical_rest()
    made, _ = rig_mesh(mesh, rest, RigOptions(tune=False))
    heavy = rest.body.rest({**CANONICAL_SHAPE, "gender": 0.0, "weight": 0.9})
    outfit = Outfit(heavy, [DressedGarment("band", mesh, made, 0)])
    out = wp.zeros(sum(outfit.vertex_counts), dtype=wp.vec3, device=outfit.device)
    outfit.pose(heavy.skin_transforms(Pose.t_pose()), out)
    worn = outfit.split(out.numpy())[1].reshape(8, 48, 3)
    flat, under = worn.reshape(-1, 3), under_cloth(mesh)
    depth = Surface(flat, mesh.faces[mesh.part_ids == 0]).closest(flat[under.points]).distances
    assert abs(depth - DEPTH).max() < 0.0004, "2 mm under the band, as it is made"
    around = np.linalg.norm(np.diff(worn, axis=1), axis=2)
    assert around.max() < 2.5 * around.min()
