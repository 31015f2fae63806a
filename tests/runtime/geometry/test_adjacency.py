import numpy as np
import trimesh

from dressform.runtime.geometry import adjacency

# a strip of four triangles over a 3 × 2 grid:  3 4 5
#                                               0 1 2
STRIP = np.array([[0, 1, 4], [0, 4, 3], [1, 2, 5], [1, 5, 4]], np.int32)
GRID = np.array([[x, y, 0] for y in range(2) for x in range(3)], np.float32)


def tube():
    mesh = trimesh.creation.cylinder(radius=0.1, height=1.0, sections=24)
    side = np.abs(mesh.face_normals[:, 2]) < 0.5
    return np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces[side], np.int32)


def test_edges_count_their_faces():
    found = adjacency.edges(STRIP)
    counts = {tuple(pair): int(count) for pair, count in zip(found.vertices, found.face_counts, strict=True)}
    assert counts == {
        (0, 1): 1, (0, 3): 1, (0, 4): 2, (1, 2): 1, (1, 4): 2, (1, 5): 2, (2, 5): 1, (3, 4): 1, (4, 5): 1,
    }  # fmt: skip
    np.testing.assert_array_equal(found.vertices[found.face_edges[0]], [[0, 1], [1, 4], [0, 4]])


def test_neighbours_and_faces_of_a_vertex():
    starts, indices = adjacency.neighbours(STRIP, 7)
    assert indices[starts[1] : starts[2]].tolist() == [0, 2, 4, 5]
    assert starts[7] == starts[6]  # vertex 6 has none
    starts, indices = adjacency.vertex_faces(STRIP, 7)
    assert indices[starts[4] : starts[5]].tolist() == [0, 1, 3]


def test_averaging_keeps_constants_and_lone_vertices():
    matrix = adjacency.averaging_matrix(STRIP, 7)
    np.testing.assert_allclose(matrix @ np.ones(7), np.ones(7))
    values = np.arange(7.0)
    assert (matrix @ values)[2] == (1 + 5) / 2
    assert (matrix @ values)[6] == 6


def test_tube_has_two_borders_and_one_piece():
    points, faces = tube()
    used = np.unique(faces)
    loops = adjacency.boundary_loops(faces)
    assert [len(loop) for loop in loops] == [24, 24]
    mask = adjacency.boundary_vertices(faces, len(points))
    assert set(np.flatnonzero(mask)) == {int(v) for loop in loops for v in loop}
    count, labels = adjacency.components(faces, len(points))
    assert len(set(labels[used])) == 1
    assert count == 1 + len(points) - len(used)


def test_boundary_loop_keeps_the_surface_on_its_left():
    (loop,) = adjacency.boundary_loops(STRIP)
    x, y = GRID[loop, 0], GRID[loop, 1]
    signed_area = 0.5 * np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))
    assert signed_area == 2.0  # counter-clockwise seen from the side the faces look to


def test_laplacian_of_a_linear_function_is_zero_inside():
    size = 6
    points = np.array([[x, y, 0] for y in range(size) for x in range(size)], np.float32)
    corner = np.array([[y * size + x for x in range(size - 1)] for y in range(size - 1)]).reshape(-1)
    faces = np.concatenate(
        [np.stack([corner, corner + 1, corner + size + 1], 1), np.stack([corner, corner + size + 1, corner + size], 1)]
    )
    laplacian, mass = adjacency.cotangent_laplacian(points, faces)
    inside = ~adjacency.boundary_vertices(faces, len(points))
    values = laplacian @ (2 * points[:, 0] - 3 * points[:, 1])
    np.testing.assert_allclose(values[inside], 0, atol=1e-9)
    np.testing.assert_allclose(mass.diagonal().sum(), (size - 1) ** 2, rtol=1e-6)


def test_a_ring_has_its_length_and_its_area_by_the_right_hand() -> None:
    turn = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    ring = np.stack([2 + 0.1 * np.cos(turn), 0.1 * np.sin(turn), np.full(400, 5.0)], axis=1)
    assert abs(adjacency.ring_length(ring) - 0.2 * np.pi) < 1e-4
    np.testing.assert_allclose(adjacency.ring_area(ring), [0, 0, 0.01 * np.pi], atol=1e-5)
    np.testing.assert_allclose(adjacency.ring_area(ring[::-1]), [0, 0, -0.01 * np.pi], atol=1e-5)
