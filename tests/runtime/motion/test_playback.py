import itertools

import numpy as np
import pytest

from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.segments import world_rotations
from dressform.runtime.body.skinning import skin
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.rotations import quat_conjugate, quat_multiply, rotvec_from_quat
from dressform.runtime.motion.legs import heading_of, turn_z
from dressform.runtime.motion.playback import Player, play
from dressform.runtime.motion.procedural import MOTIONS, motion

SHAPES = {
    "canonical": {},
    "small": {"gender": 1.0, "height": 0.25, "weight": 0.4, "proportions": 0.9},
    "tall": {"gender": 0.0, "height": 0.62, "muscle": 0.8},
    "heavy": {"gender": 0.8, "weight": 1.0, "height": 0.42, "age": 0.9},
}
FPS = 30.0


@pytest.fixture(scope="module", params=list(SHAPES))
def rest(request):
    return load_anny().rest(SHAPES[request.param])


def feet_of(rest, poses):
    """World positions [T, N, 3] of vertices of the soles, and the side [N] that they belong to."""
    sides = [[JOINT_INDEX[f"{side}_{part}"] for part in ("ankle", "foot")] for side in ("left", "right")]
    of_side = [
        np.flatnonzero(np.isin(rest.vertex_segments, side) & (rest.vertices[:, 2] < 0.04))[::3] for side in sides
    ]
    sole, body = np.concatenate(of_side), rest.body
    indices, weights = body.joint_indices[sole], body.joint_weights[sole]
    posed = np.stack([skin(rest.vertices[sole], indices, weights, rest.skin_transforms(pose)) for pose in poses])
    return posed, np.repeat([0, 1], [len(side) for side in of_side])


@pytest.mark.parametrize("name", list(MOTIONS))
def test_feet_neither_slide_nor_sink(rest, name):
    clip = motion(name)
    poses = list(play(clip, rest, FPS, min(clip.seconds, 8.0)))
    soles, side = feet_of(rest, poses)
    assert soles[..., 2].min() > -0.005
    # what a planted foot has on the ground in two frames does not move between them
    keys = np.rint(np.arange(len(poses)) * clip.fps / FPS).astype(int)
    planted = clip.contacts[keys][:, side]
    down = (soles[..., 2] < 0.002) & planted
    down = down[1:] & down[:-1]
    slide = np.linalg.norm((soles[1:] - soles[:-1])[..., :2], axis=-1)
    assert (np.where(planted, soles[..., 2], 1).min(axis=1) < 0.004).all()  # and some part is always on the ground
    assert slide[down].max() < 0.002
    # over a whole stance the ball of the foot stays where it is
    for foot, joint in enumerate(("left_foot", "right_foot")):
        ball = np.stack([rest.posed_joints(pose)[JOINT_INDEX[joint]] for pose in poses])
        flat = clip.contacts[keys][:, foot] & (np.abs(ball[:, 2] - ball[:, 2].min()) < 0.001)
        starts = np.flatnonzero(flat & ~np.roll(flat, 1))
        for start in starts:
            stance = ball[start : start + np.argmin(np.append(flat[start:], False))]
            assert np.ptp(stance[:, :2], axis=0).max() < 0.002


@pytest.mark.parametrize("name", list(MOTIONS))
def test_loops_close_smoothly(name):
    """Velocity and position run on over the seam as they do elsewhere: no step is rougher there."""
    clip, rest = motion(name), canonical_rest()
    player = Player(clip, rest)
    step = 1 / 240
    times = clip.seconds + np.arange(-12, 13) * step
    inside = clip.seconds / 2 + np.arange(-120, 121) * step
    assert roughness(player, rest, times) < 1.5 * max(roughness(player, rest, inside), 2.0)


def roughness(player, rest, times):
    """Largest acceleration of any joint [m/s²]."""
    joints = np.stack([rest.posed_joints(player.pose_at(t)) for t in times])
    step = times[1] - times[0]
    return np.abs(np.diff(joints, 2, axis=0)).max() / step**2


@pytest.mark.parametrize("name", list(MOTIONS))
def test_any_length_repeats_exactly(name):
    clip, rest = motion(name), canonical_rest()
    frames = round(clip.seconds * FPS)
    assert frames == pytest.approx(clip.seconds * FPS, abs=1e-6)
    first = next(iter(play(clip, rest, FPS)))
    again = next(itertools.islice(play(clip, rest, FPS), frames, None))
    np.testing.assert_allclose(again.rotations, first.rotations, atol=1e-5)
    np.testing.assert_allclose(again.root, first.root, atol=1e-5)
    assert len(list(play(clip, rest, FPS, 0.5))) == 15


@pytest.mark.parametrize("name", list(MOTIONS))
def test_knees_bend_forward_and_never_snap(rest, name):
    clip = motion(name)
    poses = list(play(clip, rest, FPS, min(clip.seconds, 6.0)))
    for knee in (JOINT_INDEX["left_knee"], JOINT_INDEX["right_knee"]):
        bends = np.stack([rotvec_from_quat(pose.rotations[knee]) for pose in poses])
        assert bends[:, 0].min() > np.radians(-1)
        assert bends[:, 0].max() < np.radians(80)
        assert np.abs(bends[:, 1:]).max() < np.radians(12)  # a hinge
        assert np.abs(np.diff(bends[:, 0])).max() < np.radians(24)


def test_output_rate_does_not_matter():
    rest, clip = canonical_rest(), motion("catwalk")
    slow = list(itertools.islice(play(clip, rest, 25.0), 20))
    fast = list(itertools.islice(play(clip, rest, 100.0), 80))[::4]
    for a, b in zip(slow, fast, strict=True):
        np.testing.assert_allclose(a.rotations, b.rotations, atol=1e-5)
        np.testing.assert_allclose(a.root, b.root, atol=1e-5)


def test_reference_body_gets_the_clip_back():
    """On the skeleton that it was made on, legs aside, playing changes nothing but the arms' spread."""
    rest, clip = canonical_rest(), motion("catwalk")
    player = Player(clip, rest)
    for frame in (0, 77, 300, 500):
        pose = player.pose_at(frame / clip.fps)
        turns = rotvec_from_quat(quat_multiply(quat_conjugate(clip.rotations[frame]), pose.rotations))
        angles = np.linalg.norm(turns, axis=-1)
        arms = [JOINT_INDEX["left_shoulder"], JOINT_INDEX["right_shoulder"]]
        assert np.delete(angles, arms).max() < np.radians(3)
        assert np.abs(pose.root - clip.root[frame]).max() < 0.008


def test_walk_is_a_walk():
    clip = motion("catwalk")
    assert clip.root[:, 1].max() - clip.root[:, 1].min() < 5.0  # a camera can follow
    assert np.abs(clip.root[:, 0]).max() < 1.0
    assert clip.root[30, 1] < clip.root[0, 1]  # starts towards the camera
    planted = clip.contacts.mean(axis=0)
    np.testing.assert_allclose(planted, 0.61, atol=0.02)  # stance takes 60 % of a stride
    assert clip.contacts.any(axis=1).all()  # never flies
    # arms swing against legs
    joints = np.stack([canonical_rest().posed_joints(clip.pose(f)) for f in range(120)])
    ahead = -(joints[..., 1] - joints[:, :1, 1])
    left_leg, left_arm = ahead[:, JOINT_INDEX["left_ankle"]], ahead[:, JOINT_INDEX["left_wrist"]]
    assert np.corrcoef(left_leg, left_arm)[0, 1] < -0.8


def test_arms_hang_clear_of_the_hips(rest):
    player = Player(motion("catwalk"), rest)
    hips = np.isin(rest.vertex_segments, [JOINT_INDEX[n] for n in ("pelvis", "left_hip", "right_hip")])
    hands = np.isin(rest.vertex_segments, [JOINT_INDEX[n] for n in ("left_wrist", "right_wrist")])
    from scipy.spatial import cKDTree

    for time in np.linspace(0, 2.2, 9):
        vertices = rest.posed_vertices(player.pose_at(time))
        gap = cKDTree(vertices[hips]).query(vertices[hands])[0].min()
        assert gap > 0.015


@pytest.mark.parametrize("name", ["catwalk", "turn"])
def test_legs_pass_without_touching(rest, name):
    """From the knee down, also in the bends, where the outer foot passes close."""
    player = Player(motion(name), rest)
    left, right = (
        np.isin(rest.vertex_segments, [JOINT_INDEX[f"{side}_{part}"] for part in ("knee", "ankle", "foot")])
        for side in ("left", "right")
    )
    faces = rest.body.faces[right[rest.body.faces].all(axis=1)]
    for time in np.arange(0, player.clip.seconds, 0.15):
        vertices = rest.posed_vertices(player.pose_at(time))
        assert Surface(vertices, faces).signed_distance(vertices[left][::4]).min() > 0.02


@pytest.mark.parametrize("name", ["catwalk", "idle"])
def test_palms_face_the_thighs(rest, name):
    player = Player(motion(name), rest)
    for time in np.linspace(0, 1.5, 6):
        world = world_rotations(player.pose_at(time).rotations)
        heading = heading_of(world[0])
        for wrist, outward in (("left_wrist", 1), ("right_wrist", -1)):
            back_of_hand = turn_z(-heading) @ world[JOINT_INDEX[wrist], :, 2]
            assert outward * back_of_hand[0] > 0.8


def test_unknown_motion_names_the_known_ones():
    from dressform.schemas.errors import UsageError

    with pytest.raises(UsageError, match="no 'moonwalk'; use one of catwalk, turn, arms-raise, idle"):
        motion("moonwalk")
