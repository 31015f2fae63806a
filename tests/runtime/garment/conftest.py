"""Garments made on the body itself, so that the tests need no files."""

import igl
import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.rig import Rig
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.garment.shape_transfer import bind
from dressform.runtime.geometry.adjacency import averaging_matrix
from dressform.runtime.geometry.normals import vertex_normals


@pytest.fixture(scope="session")
def rest():
    return canonical_rest()


def shell(rest, joints, lowest, highest, ease):
    """Return points and faces of the skin whose strongest joint is among `joints`, between two heights, moved out."""
    body = rest.body
    dominant = body.joint_indices[np.arange(len(rest.vertices)), body.joint_weights.argmax(axis=1)]
    names = np.array(body.joint_names)[dominant]
    chosen = np.array([name.startswith(joints) for name in names])
    chosen &= (rest.vertices[:, 2] > lowest) & (rest.vertices[:, 2] < highest)
    faces = body.faces[chosen[body.faces].all(axis=1)]
    used = np.unique(faces)
    renamed = np.full(len(rest.vertices), -1)
    renamed[used] = np.arange(len(used))
    normals = vertex_normals(rest.vertices, body.faces)
    averaging = averaging_matrix(body.faces, len(rest.vertices))
    for _ in range(4):
        normals = averaging @ normals
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    points = rest.vertices[used] + ease * normals[used]
    points, faces = igl.upsample(points.astype(np.float64), renamed[faces].astype(np.int64), 1)
    return np.asarray(points, np.float32), np.asarray(faces, np.int32)


def garment(rest, points, faces):
    """Return the mesh and a rig with the weights of the skin it hangs on."""
    body = rest.body
    binding = bind(points, rest.vertices, body.faces, normals=vertex_normals(points, faces))
    dense = np.zeros((len(points), len(body.joint_names)), np.float32)
    for corner in range(3):
        vertices = body.faces[binding.triangles, corner]
        for slot in range(body.joint_indices.shape[1]):
            weights = binding.barycentrics[:, corner] * body.joint_weights[vertices, slot]
            np.add.at(dense, (np.arange(len(points)), body.joint_indices[vertices, slot]), weights)
    averaging = averaging_matrix(faces, len(points))
    for _ in range(10):
        dense = 0.5 * dense + 0.5 * (averaging @ dense)
    strongest = np.argsort(-dense, axis=1)[:, :8].astype(np.int32)
    weights = np.take_along_axis(dense, strongest, axis=1)
    weights /= weights.sum(axis=1, keepdims=True)
    hide = np.zeros(len(body.faces), bool)
    hide[np.unique(binding.triangles)] = True
    mesh = GarmentMesh(points, faces, None, None, None, None, (Material(),), np.zeros(len(faces), np.int32))
    rig = Rig(
        body.family,
        body.topology_digest,
        tuple(body.joint_names),
        np.where(weights > 0, strongest, 0).astype(np.int32),
        weights.astype(np.float32),
        binding.triangles,
        binding.barycentrics,
        binding.offsets,
        hide,
    )
    return mesh, rig


@pytest.fixture(scope="session")
def top(rest):
    return garment(rest, *shell(rest, ("spine", "clavicle", "shoulder", "upperarm", "breast"), 0.9, 1.5, 0.025))


@pytest.fixture(scope="session")
def bottom(rest):
    joints = ("root", "pelvis", "spine05", "spine04", "upperleg", "lowerleg")
    return garment(rest, *shell(rest, joints, 0.12, 1.08, 0.012))
