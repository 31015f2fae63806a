import numpy as np
import pytest
from scipy.spatial.distance import cdist

from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Pose
from dressform.runtime.geometry.distance import Surface

SHAPES = [
    {},
    {"gender": 1.0, "weight": 0.3, "height": 0.3},
    {"gender": 0.0, "muscle": 0.8, "height": 0.7},
    {"gender": 0.8, "weight": 1.0, "age": 0.9},
]
SIDES = {"L": ("left_wrist", 1), "R": ("right_wrist", -1)}


@pytest.fixture(scope="module", params=range(len(SHAPES)))
def rest(request):
    return load_anny().rest(SHAPES[request.param])


def phalanges(rest, end):
    """Directions [5, 3, 3] of the phalanges in the T-pose: x along the arm, y towards the little finger, z up."""
    sign = SIDES[end][1]
    bones = [[rest.body.joint_names.index(f"finger{n}-{k}.{end}") for k in (1, 2, 3)] for n in range(1, 6)]
    turned = rest.skin_transforms(Pose.t_pose())[bones, :3, :3] @ rest.joint_poses[bones, :3, :3]
    return turned[..., 1] * (sign, 1, 1)


def finger_vertices(rest, end, finger, phalanges=(1, 2, 3)):
    """Which vertices belong to some phalanges of a finger [V]."""
    body, names = rest.body, rest.body.joint_names
    own = [names.index(f"finger{finger}-{phalanx}.{end}") for phalanx in phalanges]
    return np.where(np.isin(body.joint_indices, own), body.joint_weights, 0).sum(axis=1) > 0.75


@pytest.mark.parametrize("end", SIDES)
def test_fingers_curl_more_towards_the_little_one(rest, end):
    below = np.degrees(np.arcsin(-phalanges(rest, end)[1:, :, 2]))
    knuckles, bends = below[:, 0], np.diff(below, axis=1)
    assert ((knuckles > 15) & (knuckles < 35)).all()
    assert ((bends[:, 0] > 20) & (bends[:, 0] < 40)).all()
    assert ((bends[:, 1] > 8) & (bends[:, 1] < 20)).all()
    assert (np.diff(below[:, 2]) > 0).all()


@pytest.mark.parametrize("end", SIDES)
def test_fingers_close_up_without_meeting(rest, end):
    posed, faces = rest.posed_vertices(Pose.t_pose()), rest.body.faces
    own = [finger_vertices(rest, end, finger) for finger in range(1, 6)]
    ways = phalanges(rest, end)[1:, 0]
    aside = np.degrees(np.arctan2(ways[:, 1], ways[:, 0]))
    assert (np.diff(aside) < 0).all()  # at rest they spread by 35 degrees
    assert np.abs(aside).max() < 15
    thumb, index = (posed[finger_vertices(rest, end, finger, (3,))] for finger in (1, 2))
    assert cdist(thumb, index).min() < 0.035
    for first in range(5):
        surface = Surface(posed, faces[own[first][faces].all(axis=1)])
        for second in range(5):
            if second != first:
                assert surface.signed_distance(posed[own[second]]).min() > -0.0015


def test_hands_are_mirror_images(rest):
    np.testing.assert_allclose(phalanges(rest, "L"), phalanges(rest, "R"), atol=0.01)


@pytest.mark.parametrize("end", SIDES)
def test_only_fingers_change(rest, end):
    """A wrist turns the whole hand: the curl is fixed to it, and the palm knows nothing of it."""
    names = rest.body.joint_names
    straight, bent = Pose.t_pose(), Pose.t_pose()
    joint = JOINT_INDEX[SIDES[end][0]]
    bent.rotations[joint] = (0, np.sin(0.3), 0, np.cos(0.3))
    wrist = names.index(f"wrist.{end}")
    a, b = rest.skin_transforms(straight), rest.skin_transforms(bent)
    for bone in (name for name in names if name.startswith(("finger", "metacarpal")) and name.endswith(end)):
        index = names.index(bone)
        np.testing.assert_allclose(np.linalg.solve(b[wrist], b[index]), np.linalg.solve(a[wrist], a[index]), atol=1e-5)
        if bone.startswith("metacarpal"):
            np.testing.assert_allclose(a[index], a[wrist], atol=1e-6)
