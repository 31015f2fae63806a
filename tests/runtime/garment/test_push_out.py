import numpy as np
import pytest
import trimesh
import warp as wp

from dressform.runtime.garment import _reference
from dressform.runtime.garment.push_out import Fade, PushOut
from dressform.runtime.geometry.adjacency import neighbours

DEVICES = ["cpu", *(["cuda:0"] if wp.is_cuda_available() else [])]
FADE = Fade(0.02, 0.05, 0.1)
GAP = 0.003


class Case:
    """A bumpy ball below, a patch of cloth around its pole above and below the surface, in one buffer."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        ball = trimesh.creation.icosphere(subdivisions=3, radius=0.1)
        self.body = np.asarray(ball.vertices) + rng.normal(0, 0.001, (len(ball.vertices), 3))
        patch = np.asarray(trimesh.creation.icosphere(subdivisions=4, radius=1.0).vertices)
        cloth_faces = np.asarray(trimesh.creation.icosphere(subdivisions=4, radius=1.0).faces)
        above = patch[:, 2] > 0.4
        self.cloth_faces = _renumber(cloth_faces[above[cloth_faces].all(axis=1)])
        kept = np.unique(cloth_faces[above[cloth_faces].all(axis=1)])
        self.cloth = patch[kept] * (0.1 + rng.normal(0, 0.004, (len(kept), 1)))
        self.points = np.concatenate([self.body, self.cloth]).astype(np.float32)
        self.faces = np.asarray(ball.faces, np.int32)
        self.moved = np.arange(len(self.body), len(self.points), dtype=np.int32)
        centres = self.body[self.faces].mean(axis=1)
        nearest = np.argsort(np.linalg.norm(self.cloth[:, None] - centres[None], axis=2), axis=1)
        self.candidates = nearest[:, :6].astype(np.int32)
        self.candidates[::7, 3:] = -1
        self.candidates[5] = -1
        self.starts, self.around = neighbours(self.cloth_faces, len(self.cloth))

    def push_out(self, passes, device="cpu"):
        gaps = np.full(len(self.moved), GAP, np.float32)
        return PushOut(
            self.moved, self.candidates, gaps, self.faces, self.starts, self.around,
            fade=FADE, passes=passes, device=device,
        )  # fmt: skip

    def pushed(self, passes, device="cpu"):
        buffer = wp.array(self.points, dtype=wp.vec3, device=device)
        self.push_out(passes, device).launch(buffer)
        return buffer.numpy()

    def reference(self, passes):
        points = self.points.astype(np.float64)
        triangles = [[tuple(self.faces[f]) for f in row if f >= 0] for row in self.candidates]
        normals = _reference.smooth_normals(points, self.faces)
        gaps = np.full(len(self.moved), GAP)
        pushes = _reference.push(points, normals, self.moved, triangles, gaps, FADE)
        moves = pushes
        for _ in range(passes):
            moves = _reference.diffuse(pushes, moves, self.starts, self.around)
        points[self.moved] += moves
        return points


def _renumber(faces):
    return np.unique(faces, return_inverse=True)[1].reshape(faces.shape).astype(np.int32)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("passes", [0, 1, 3])
def test_kernels_match_the_reference(device, passes):
    case = Case(seed=passes)
    np.testing.assert_allclose(case.pushed(passes, device), case.reference(passes), atol=2e-6)


def test_every_point_that_meets_the_body_keeps_its_gap():
    case = Case()
    pushed = case.pushed(passes=2)[case.moved]
    meeting = (case.candidates >= 0).any(axis=1)
    heights = np.linalg.norm(pushed, axis=1) - 0.1
    before = np.linalg.norm(case.cloth, axis=1) - 0.1
    assert before.min() < -0.005
    assert heights[meeting].min() > GAP - 0.0035  # the ball is bumpy by a millimetre and faceted


def test_body_and_clear_cloth_do_not_move():
    case = Case()
    case.points[case.moved] *= 1.5
    np.testing.assert_array_equal(case.pushed(passes=2), case.points)


def test_push_fades_beside_the_border_and_far_below():
    # one horizontal triangle; points under it, beside it, and so deep that they are behind something else
    faces = np.array([[0, 1, 2]], np.int32)
    triangle = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    asked = np.array([[0.2, 0.2, -0.01], [0.2, -0.035, -0.01], [0.2, -0.06, -0.01], [0.2, 0.2, -0.2]], np.float32)
    moved = np.arange(3, 7, dtype=np.int32)
    stage = PushOut(
        moved, np.zeros((4, 1), np.int32), np.full(4, GAP, np.float32), faces, np.zeros(5, np.int32),
        np.zeros(0, np.int32), fade=FADE, passes=0,
    )  # fmt: skip
    buffer = wp.array(np.concatenate([triangle, asked]), dtype=wp.vec3)
    stage.launch(buffer)
    lifted = buffer.numpy()[3:, 2] - asked[:, 2]
    np.testing.assert_allclose(lifted, [0.01 + GAP, 0.5 * (0.01 + GAP), 0, 0], atol=1e-6)


def test_same_input_gives_the_same_bits():
    case = Case()
    np.testing.assert_array_equal(case.pushed(passes=2), case.pushed(passes=2))
