import numpy as np
import pytest
import trimesh
import warp as wp

from dressform.runtime.garment import _reference
from dressform.runtime.garment.push_out import Fade, PushOut, Side
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
        self.opposite = np.where(rng.random((len(self.cloth), 1)) < 0.3, nearest[:, 400:404], -1).astype(np.int32)
        self.starts, self.around = neighbours(self.cloth_faces, len(self.cloth))

    def push_out(self, passes, device="cpu", facing=None, slides=False):
        return PushOut(
            self.moved, Side(self.candidates, GAP, FADE, slides), facing, self.faces, self.starts, self.around,
            passes=passes, device=device,
        )  # fmt: skip

    def pushed(self, passes, device="cpu", facing=None, slides=False):
        buffer = wp.array(self.points, dtype=wp.vec3, device=device)
        self.push_out(passes, device, facing, slides).launch(buffer)
        return buffer.numpy()

    def reference(self, passes, facing, slides):
        points = self.points.astype(np.float64)

        def triangles(table):
            return [[tuple(self.faces[f]) for f in row if f >= 0] for row in table]

        rows = self.candidates.tolist()
        if slides:
            rows = [
                _reference.seek(points[index], points, self.faces[row[0], 0], self.faces) if row[0] >= 0 else []
                for index, row in zip(self.moved, rows, strict=True)
            ]
        below, beyond = triangles(rows), triangles(facing.candidates)
        for diffusions in passes:
            met, moves = [], []
            for row, index in enumerate(self.moved):
                under = _reference.level(points[index], points, below[row], GAP, FADE)
                over = _reference.level(points[index], points, beyond[row], facing.gap, facing.fade)
                moves.append(_reference.cleared(under.need, over.need, under, over))
                met.append(_reference.kept(moves[-1], under, over))
            moves = np.array(moves)
            for _ in range(diffusions):
                moves = _reference.diffuse(met, moves, self.starts, self.around)
            points[self.moved] += moves
        return points


def _renumber(faces):
    return np.unique(faces, return_inverse=True)[1].reshape(faces.shape).astype(np.int32)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("slides", [False, True])
@pytest.mark.parametrize("passes", [(0,), (1,), (3, 2)])
def test_kernels_match_the_reference(device, passes, slides):
    case = Case(seed=sum(passes))
    facing = Side(case.opposite, 0.002, Fade(0.3, 0.6, 0.9))
    pushed = case.pushed(passes, device, facing, slides)
    np.testing.assert_allclose(pushed, case.reference(passes, facing, slides), atol=3e-6)


def test_every_point_that_meets_the_body_keeps_its_gap():
    case = Case()
    pushed = case.pushed(passes=(2,))[case.moved]
    meeting = (case.candidates >= 0).any(axis=1)
    heights = np.linalg.norm(pushed, axis=1) - 0.1
    before = np.linalg.norm(case.cloth, axis=1) - 0.1
    assert before.min() < -0.005
    assert heights[meeting].min() > GAP - 0.0035  # the ball is bumpy by a millimetre and faceted


def test_cloth_that_slid_away_is_pushed_out_of_where_it_is_now():
    case = Case()
    turn = np.array([[1, 0, 0], [0, 0.5, -(0.75**0.5)], [0, 0.75**0.5, 0.5]])
    case.points[case.moved] = 0.99 * case.points[case.moved] @ turn.T  # slid by 10 cm
    meeting = (case.candidates >= 0).any(axis=1)
    lowest = [
        np.linalg.norm(case.pushed(passes=(2,), slides=slides)[case.moved], axis=1)[meeting].min()
        for slides in (False, True)
    ]
    assert lowest[0] < 0.095  # nothing that it meets at rest is beneath it
    assert lowest[1] > 0.1 + GAP - 0.0035


def test_cloth_that_does_not_slide_stays_out_of_what_it_meets_at_rest():
    case = Case()
    case.candidates[:] = np.roll(case.candidates, 40, axis=0)  # beneath others: a walk would leave them
    some = np.arange(len(case.moved)) % 2 == 0
    still, walked, both = (case.pushed(passes=(0,), slides=slides)[case.moved] for slides in (False, True, some))
    assert not np.array_equal(still, walked)
    np.testing.assert_array_equal(both, np.where(some[:, None], walked, still))


def test_body_and_clear_cloth_do_not_move():
    case = Case()
    case.points[case.moved] *= 1.5
    np.testing.assert_array_equal(case.pushed(passes=(2,)), case.points)


def test_push_fades_beside_the_border_and_far_below():
    # one horizontal triangle; points under it, beside it, and so deep that they are behind something else
    faces = np.array([[0, 1, 2]], np.int32)
    triangle = np.array([[0, 0, 0], [0.03, 0, 0], [0, 0.03, 0]], np.float32)
    middle = triangle.mean(axis=0)
    asked = middle + np.array([[0, 0, -0.01], [0, -0.035, -0.01], [0, -0.06, -0.01], [0, 0, -0.2]], np.float32)
    moved = np.arange(3, 7, dtype=np.int32)
    below = Side(np.zeros((4, 1), np.int32), GAP, FADE)
    stage = PushOut(moved, below, None, faces, np.zeros(5, np.int32), np.zeros(0, np.int32), passes=(0,))
    buffer = wp.array(np.concatenate([triangle, asked]), dtype=wp.vec3, device="cpu")
    stage.launch(buffer)
    lifted = buffer.numpy()[3:, 2] - asked[:, 2]
    np.testing.assert_allclose(lifted, [0.01 + GAP, 0.5 * (0.01 + GAP), 0, 0], atol=1e-6)


def test_a_point_that_moves_through_a_limb_is_pushed_without_jumps():
    # a limb of 40 mm radius; the candidates face up, as the chest's side of an arm does; the point crosses it from
    # one side to the other, 8 mm over the axis
    limb = trimesh.creation.cylinder(radius=0.04, height=0.2, sections=16).subdivide_to_size(0.02)
    vertices, faces = np.asarray(limb.vertices)[:, [2, 0, 1]], np.asarray(limb.faces, np.int32)
    centres = vertices[faces].mean(axis=1)
    outward = limb.face_normals[:, [2, 0, 1]]
    seen = np.flatnonzero((outward[:, 2] > 0.2) & (np.abs(centres[:, 0]) < 0.03))[None].astype(np.int32)
    side = Side(seen, GAP, FADE)
    stage = PushOut(
        np.array([len(vertices)], np.int32),
        side,
        None,
        faces,
        np.zeros(2, np.int32),
        np.zeros(0, np.int32),
        passes=(0,),
    )
    across = np.arange(-0.03, 0.03, 0.001)
    pushes = []
    for y in across:
        buffer = wp.array(np.concatenate([vertices, [[0, y, 0.008]]]).astype(np.float32), dtype=wp.vec3, device="cpu")
        stage.launch(buffer)
        pushes.append(buffer.numpy()[-1] - [0, y, 0.008])
    assert np.linalg.norm(pushes, axis=1).max() > 0.02
    assert np.linalg.norm(np.diff(pushes, axis=0), axis=1).max() < 0.003, "steps of 1 mm"


def test_same_input_gives_the_same_bits():
    case = Case()
    np.testing.assert_array_equal(case.pushed(passes=(2,)), case.pushed(passes=(2,)))


def between(*, slope, room, start):
    """One point `start` above a floor, under a ceiling that falls by `slope` along x and lies `room` over it."""
    floor = np.array([[-0.02, -0.02, 0], [0.04, -0.02, 0], [-0.02, 0.04, 0]], np.float32)
    ceiling = floor[[0, 2, 1]] + np.array([0, 0, room], np.float32)
    ceiling[:, 2] -= slope * ceiling[:, 0]
    points = np.concatenate([floor, ceiling, [[0, 0, start]]]).astype(np.float32)
    below = Side(np.zeros((1, 1), np.int32), 0.003, FADE)
    facing = Side(np.ones((1, 1), np.int32), 0.003, FADE)
    faces = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    stage = PushOut(
        np.array([6], np.int32), below, facing, faces, np.zeros(2, np.int32), np.zeros(0, np.int32), passes=(0, 0)
    )
    buffer = wp.array(points, dtype=wp.vec3, device="cpu")
    stage.launch(buffer)
    return buffer.numpy()[6]


@pytest.mark.parametrize("start", [-0.004, 0.0, 0.009])
def test_where_two_surfaces_leave_no_room_cloth_comes_to_lie_in_the_middle(start):
    for room in (0.004, -0.002):  # the second: arm and chest enter each other
        assert between(slope=0, room=room, start=start)[2] == pytest.approx(room / 2, abs=6e-4)


def test_cloth_in_a_wedge_moves_to_its_open_side():
    found = between(slope=1.0, room=0.002, start=0.001)
    assert found[0] < -0.003
    assert found[2] > 0.0025
    assert (0.002 - found[0] - found[2]) / np.sqrt(2) > 0.0025
