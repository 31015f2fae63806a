import numpy as np
import pytest

from dressform.runtime.body.canonical import CANONICAL_SHAPE
from dressform.runtime.garment.shape_transfer import Binding, bind, smooth_field, transfer, unbind
from dressform.runtime.geometry.adjacency import boundary_loops, edges
from dressform.runtime.geometry.normals import vertex_normals
from dressform.schemas.errors import InputError

HEAVY = {**CANONICAL_SHAPE, "weight": 0.98, "gender": 1.0}
TALL = {**CANONICAL_SHAPE, "height": 0.8, "gender": 0.0, "muscle": 0.8}


def binding_of(rig):
    return Binding(rig.binding_triangles, rig.binding_barycentrics, rig.binding_offsets)


def stretch(mesh, points):
    """Return each edge's length over its length in the template."""
    pairs = edges(mesh.faces).vertices
    lengths = [np.linalg.norm(p[pairs[:, 0]] - p[pairs[:, 1]], axis=1) for p in (points, mesh.points)]
    return lengths[0] / lengths[1]


def test_unbind_undoes_bind(rest, top):
    mesh, _ = top
    for normals in (None, vertex_normals(mesh.points, mesh.faces)):
        binding = bind(mesh.points, rest.vertices, rest.body.faces, normals=normals)
        np.testing.assert_allclose(unbind(binding, rest.vertices, rest.body.faces), mesh.points, atol=1e-6)
        np.testing.assert_allclose(binding.barycentrics.sum(axis=1), 1, atol=1e-5)


def test_binding_is_unchanged_by_moving_body_and_garment_together(rest, top):
    mesh, rig = top
    turn = np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]], np.float32)
    moved = rest.vertices @ turn.T + np.float32([0.1, -0.2, 0.3])
    np.testing.assert_allclose(
        unbind(binding_of(rig), moved, rest.body.faces),
        mesh.points @ turn.T + np.float32([0.1, -0.2, 0.3]),
        atol=2e-5,
    )


def test_each_trouser_leg_hangs_on_its_own_leg(rest, bottom):
    mesh, rig = bottom
    skin = rest.vertices[rest.body.faces[rig.binding_triangles]].mean(axis=1)
    legs = (mesh.points[:, 2] < 0.75) & (np.abs(mesh.points[:, 0]) > 0.005)
    assert legs.sum() > 1000
    assert (np.sign(skin[legs, 0]) == np.sign(mesh.points[legs, 0])).all()


def test_cloth_hangs_on_skin_that_faces_its_way(rest, top, bottom):
    flat = vertex_normals(rest.vertices, rest.body.faces)
    for mesh, rig in (top, bottom):
        skin = np.einsum("vk,vkc->vc", rig.binding_barycentrics, flat[rest.body.faces[rig.binding_triangles]])
        facing = np.sum(skin * vertex_normals(mesh.points, mesh.faces), axis=1)
        assert np.mean(facing < 0) < 0.005


def test_a_binding_that_makes_no_surface_is_refused(rest, top):
    count = len(top[0].points)
    heap = Binding(np.zeros(count, np.int32), np.full((count, 3), 1 / 3, np.float32), np.zeros((count, 3), np.float32))
    with pytest.raises(InputError, match=r"lie upon each other .* run `dressform garment rig`"):
        transfer(heap, top[0].faces, rest.vertices, rest.vertices, rest.body.faces)


def test_transfer_to_the_same_body_changes_nothing(rest, top):
    mesh, rig = top
    same = transfer(binding_of(rig), mesh.faces, rest.vertices, rest.vertices, rest.body.faces)
    np.testing.assert_allclose(same, mesh.points, atol=1e-5)


def test_transfer_follows_a_moved_body(rest, bottom):
    mesh, rig = bottom
    shift = np.float32([0.3, -0.1, 0.2])
    moved = transfer(binding_of(rig), mesh.faces, rest.vertices, rest.vertices + shift, rest.body.faces)
    np.testing.assert_allclose(moved, mesh.points + shift, atol=1e-5)


@pytest.mark.parametrize("shape", [HEAVY, TALL])
@pytest.mark.parametrize("name", ["top", "bottom"])
def test_garment_stays_itself_on_another_body(rest, shape, name, request):
    mesh, rig = request.getfixturevalue(name)
    target = rest.body.rest(shape).vertices
    dressed = transfer(binding_of(rig), mesh.faces, rest.vertices, target, rest.body.faces)
    raw = unbind(binding_of(rig), target, rest.body.faces)
    assert np.ptp(np.quantile(stretch(mesh, dressed), [0.001, 0.999])) < 0.6
    assert np.std(stretch(mesh, dressed)) < 0.7 * np.std(stretch(mesh, raw))
    for loop in boundary_loops(mesh.faces):
        move = dressed[loop] - mesh.points[loop]
        jag = np.linalg.norm(move - 0.5 * (np.roll(move, 1, axis=0) + np.roll(move, -1, axis=0)), axis=1)
        assert jag.max() < 0.002


def tube(radius=0.15, rings=20, sections=60):
    angles = np.linspace(0, 2 * np.pi, sections, endpoint=False)
    ring = np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)
    points = np.concatenate([np.column_stack([ring, np.full(sections, 0.02 * k)]) for k in range(rings)])
    corner = np.arange((rings - 1) * sections)
    beside = np.where(corner % sections == sections - 1, corner - sections + 1, corner + 1)
    lower = np.stack([corner, beside, beside + sections], axis=1)
    return points, np.concatenate([lower, np.stack([corner, beside + sections, corner + sections], axis=1)])


def test_smooth_field_keeps_what_is_smooth_up_to_the_hems_and_flattens_noise():
    points, faces = tube()
    trust = np.ones(len(points))
    lengthened = points * [0, 0, 0.3]
    np.testing.assert_allclose(smooth_field(lengthened, points, faces, trust, 0.045), lengthened, atol=1e-6)
    widened = points * [0.3, 0.3, 0]
    np.testing.assert_allclose(smooth_field(widened, points, faces, trust, 0.045), widened, atol=0.03 * 0.3 * 0.15)
    noise = np.random.default_rng(0).normal(size=points.shape)
    assert smooth_field(noise, points, faces, trust, 0.045).std() < 0.25 * noise.std()
