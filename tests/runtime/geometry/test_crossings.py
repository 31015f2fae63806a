import numpy as np

from dressform.runtime.geometry.crossings import crossing_faces

SHEET = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
TWO = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def test_triangles_that_go_through_each_other_are_found_on_both_sides() -> None:
    blade = np.array([[0.6, 0.2, -0.5], [0.6, 0.3, 0.5], [0.7, 0.2, 0.5]], np.float32)
    points = np.concatenate([SHEET, blade])
    faces = np.concatenate([TWO, [[4, 5, 6]]]).astype(np.int32)
    assert crossing_faces(points, faces).tolist() == [True, False, True]


def test_triangles_that_touch_or_share_a_point_do_not_cross() -> None:
    above = np.array([[0.6, 0.2, 0.0], [0.6, 0.3, 0.5], [0.7, 0.2, 0.5]], np.float32)
    points = np.concatenate([SHEET, above])
    touching = np.concatenate([TWO, [[4, 5, 6]]]).astype(np.int32)
    assert not crossing_faces(points, touching).any()
    assert not crossing_faces(SHEET, TWO).any()
