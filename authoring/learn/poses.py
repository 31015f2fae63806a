"""Poses to sample: what people do standing and walking, and what their arms reach for, on any body.

Sitting, squatting and lying are left out: what a chair or the calves do to the cloth is not simulated. Poses whose
hands, forearms or legs touch another part of the body are left out too, since cloth is pinched there by chance.
A pose faces −y and stands at the origin: where on the ground a person stands, and which way, does not move the cloth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dressform.authoring.simulate.poses import blended
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.geometry.rotations import matrix_to_quat, quat_to_matrix
from dressform.runtime.motion.clip import MotionClip
from dressform.runtime.motion.gait import FeetMotion, ease
from dressform.runtime.motion.legs import FeetShape, heading_of, turn_x, turn_z
from dressform.runtime.motion.playback import Player
from dressform.runtime.motion.posture import Arm, Posture, Turn, make_clip
from dressform.runtime.motion.procedural import MOTIONS, motion
from dressform.schemas.errors import InputError

from .limbs import is_clear

Floats = NDArray[np.float64]

_OF_MOTIONS = 0.3  # share of the poses that are moments of the motions that ship
_ALIKE = 0.45  # share of the others whose arms do the same
_TRIES = 200

# Ranges of each arm's angles [degrees]: raise, plane, swing, inward twist, elbow; see `posture.Arm`. The raise is the
# shoulder blade's and the joint's together, which reach 160 to 180 overhead (Norkin and White, Measurement of Joint
# Motion, 2016).
_ARMS: dict[str, tuple[float, tuple[tuple[float, float], ...]]] = {
    "hang": (0.26, ((6, 22), (0, 10), (-18, 18), (0, 25), (4, 35))),
    "swing": (0.14, ((8, 20), (0, 15), (-40, 32), (0, 20), (5, 55))),
    "bent": (0.10, ((12, 32), (0, 25), (-25, 10), (5, 45), (60, 115))),
    "on the hip": (0.07, ((34, 48), (0, 8), (4, 22), (45, 70), (82, 108))),
    "aside": (0.15, ((30, 98), (-8, 35), (-8, 8), (-20, 20), (0, 45))),
    "forward": (0.12, ((35, 105), (55, 92), (-6, 6), (-10, 25), (0, 70))),
    "across": (0.05, ((50, 85), (88, 108), (-4, 4), (0, 20), (20, 80))),
    "up": (0.11, ((100, 162), (5, 65), (-5, 5), (-55, -15), (2, 60))),
}
_STRAIGHT = 0.998  # share of a leg's length that it stretches to when it stands
# Share of each stance among those that are not moments of motions.
_STANCES = {"stand": 0.4, "stride": 0.28, "straddle": 0.14, "lift a knee": 0.18}


def draw_pose(rest: RestBody, random: np.random.Generator) -> Pose:
    """Draw a pose that a body can take.

    Args:
        rest: The body; arms keep clear of its hips, feet stand on the ground.
        random: Where chance comes from.

    Raises:
        InputError: The body is so broad that nothing fits.
    """
    for _ in range(_TRIES):
        clip = _moment(random) if random.random() < _OF_MOTIONS else _attitude(random)
        pose = facing_front(Player(clip, rest).pose_at(0.0))
        if is_clear(rest, pose):
            return pose
    raise InputError(f"no pose of {_TRIES} keeps the limbs of this body apart; use a body that is less broad")


def facing_front(pose: Pose) -> Pose:
    """Return the pose turned about the vertical so that its pelvis faces −y, over the origin."""
    rotations = pose.rotations.copy()
    pelvis = quat_to_matrix(rotations[0])
    rotations[0] = matrix_to_quat((turn_z(-heading_of(pelvis)) @ pelvis).astype(np.float32))
    return Pose(rotations, np.array([0.0, 0.0, pose.root[2]], np.float32))


def _moment(random: np.random.Generator) -> MotionClip:
    """Return one moment of a motion that ships, as a clip of one frame.

    It lies anywhere between two keys: keys themselves would be drawn again, in a training and in what judges it.
    """
    clip = motion(sorted(MOTIONS)[random.integers(len(MOTIONS))])
    key = int(random.integers(len(clip) - 1))
    pose = blended(clip.pose(key), clip.pose(key + 1), random.random())
    contacts = clip.contacts[key : key + 1]
    return replace(clip, name="moment", rotations=pose.rotations[None], root=pose.root[None], contacts=contacts)


def _attitude(random: np.random.Generator) -> MotionClip:
    """Return a drawn posture as a clip of one frame, on the canonical skeleton."""
    joints = canonical_rest().posed_joints(Pose.t_pose())
    stance = str(random.choice(list(_STANCES), p=list(_STANCES.values())))
    feet, ground, reach = _STEPS[stance](random, FeetShape.of_skeleton(joints))
    pelvis = _turn(random, yaw=4, roll=3, pitch=(-2, 8))
    bend = (18, 48) if random.random() < 0.15 and stance != "lift a knee" else (-9, 20)
    lean = _turn(random, yaw=26, roll=13, pitch=bend)
    chest = Turn(pelvis.yaw + lean.yaw, pelvis.roll + lean.roll, pelvis.pitch + lean.pitch)
    glance = _turn(random, yaw=35, roll=6, pitch=(-12, 16))
    head = Turn(chest.yaw + glance.yaw, 0.4 * chest.roll + glance.roll, 0.4 * chest.pitch + glance.pitch)
    posture = Posture(ground[None], np.zeros(1), pelvis, chest, head, _arms(random), reach=reach)
    return make_clip("attitude", 1.0, posture, feet, joints)


def _turn(random: np.random.Generator, *, yaw: float, roll: float, pitch: tuple[float, float]) -> Turn:
    """Return an orientation within limits [degrees]; the middle is likelier than the ends."""
    return Turn(*(np.radians([_middling(random, *span)]) for span in ((-yaw, yaw), (-roll, roll), pitch)))


def _middling(random: np.random.Generator, low: float, high: float) -> float:
    return low + (high - low) * float(random.beta(2, 2))


def _arms(random: np.random.Generator) -> tuple[Arm, Arm]:
    kinds = list(_ARMS)
    shares = np.array([share for share, _ in _ARMS.values()])
    left, right = (str(kind) for kind in random.choice(kinds, 2, p=shares / shares.sum()))
    if random.random() < _ALIKE:
        common = random.random(5)
        return (_arm(random, left, common), _arm(random, left, common))
    return (_arm(random, left, random.random(5)), _arm(random, right, random.random(5)))


def _arm(random: np.random.Generator, kind: str, places: Floats) -> Arm:
    """Return an arm whose angles lie at these places [5] of their ranges, give or take a little."""
    low, high = np.radians(np.array(_ARMS[kind][1])).T
    raise_, plane, swing, twist, flex = low + (high - low) * np.clip(places + random.normal(0, 0.06, 5), 0, 1)
    return Arm(
        raise_=np.array([raise_]),
        swing=np.array([swing]),
        plane=np.array([plane]),
        twist=np.array([twist]),
        flex=np.array([flex]),
        forearm_twist=np.radians(random.uniform(-25, 10, 1)),
        wrist=np.radians(random.uniform(-5, 15, 1)),
        # two degrees at the shoulder joint to one of the shoulder blade, after the first third, as in the clips
        shrug=np.radians(30.0) * ease((np.array([raise_]) - np.radians(25)) / np.radians(130)),
    )


# of a stance: feet, the ground under the pelvis [2] [m], and how far the legs may stretch
Step = Callable[[np.random.Generator, FeetShape], tuple[FeetMotion, Floats, float]]


def _stand(random: np.random.Generator, shape: FeetShape) -> tuple[FeetMotion, Floats, float]:
    places = np.array([[1.0, 0], [-1.0, 0]]) * random.uniform(0.0, 0.06) + random.uniform(-0.06, 0.06, (2, 1)) * [0, 1]
    return _feet(random, shape, places), *_weight(random, 0.03, 0.97)


def _straddle(random: np.random.Generator, shape: FeetShape) -> tuple[FeetMotion, Floats, float]:
    places = np.array([[1.0, 0], [-1.0, 0]]) * random.uniform(0.08, 0.26) + random.uniform(-0.1, 0.1, (2, 1)) * [0, 1]
    return _feet(random, shape, places), *_weight(random, 0.08, 0.945)


def _stride(random: np.random.Generator, shape: FeetShape) -> tuple[FeetMotion, Floats, float]:
    length, fore = random.uniform(0.15, 0.4), random.choice([1.0, -1.0])
    places = np.array([[0.0, -fore], [0.0, fore]]) * length + np.array([[1.0, 0], [-1.0, 0]]) * random.uniform(0, 0.04)
    heels = np.where(places[:, 1] > 0, random.uniform(0.25, 0.75) * length / 0.4, 0.0)  # of the foot behind
    ground, reach = _weight(random, 0.02, 0.965)
    ground[1] -= fore * random.uniform(-0.3, 0.3) * length
    return _feet(random, shape, places, heels=heels), ground, reach


def _lift(random: np.random.Generator, shape: FeetShape) -> tuple[FeetMotion, Floats, float]:
    side = int(random.integers(2))
    places, lifted, heels = np.zeros((2, 2)), np.zeros(2), np.zeros(2)
    height = float(random.uniform(0.05, 0.38))
    lifted[side] = height
    # ahead as of a step up; sometimes behind, the shin hanging back
    behind = random.random() < 0.25
    lifted[side] = 0.6 * height if behind else height
    places[side] = (0.0, random.uniform(0.25, 0.4) if behind else -random.uniform(0.02, 0.3))
    heels[side] = random.uniform(0.6, 1.0) if behind else random.uniform(0.0, 0.4)
    outwards = 1.0 if side == 0 else -1.0
    places[side, 0] = outwards * random.uniform(0.0, 0.08)
    ground = np.array([-outwards * 0.07, 0.0])  # over the foot that stands
    return _feet(random, shape, places, lifted=lifted, heels=heels), ground, float(random.uniform(0.97, _STRAIGHT))


def _weight(random: np.random.Generator, aside: float, lowest: float) -> tuple[Floats, float]:
    """Return the ground under the pelvis [2] [m], and how far the legs may stretch: who bends the knees sits back."""
    reach = float(random.uniform(lowest, _STRAIGHT))
    return np.array([random.uniform(-aside, aside), 1.3 * (_STRAIGHT - reach)]), reach


_STEPS: dict[str, Step] = {"stand": _stand, "stride": _stride, "straddle": _straddle, "lift a knee": _lift}


def _feet(
    random: np.random.Generator,
    shape: FeetShape,
    places: Floats,
    *,
    lifted: Floats | None = None,
    heels: Floats | None = None,
) -> FeetMotion:
    """Return feet moved from where they stand in the T-pose.

    Args:
        random: Where chance comes from.
        shape: The feet.
        places: Shift over the ground [2, 2] [m].
        lifted: Height over the ground [2] [m].
        heels: How far each foot is rolled over its ball [2] [rad].
    """
    up = np.zeros(2) if lifted is None else lifted
    rolled = np.zeros(2) if heels is None else heels
    outwards = np.radians(random.uniform(2, 16, 2)) * [1, -1]
    flat = turn_z(outwards)
    rotations = flat @ turn_x(rolled)
    footprints = shape.ball + np.concatenate([places, up[:, None]], axis=1)
    ankles = shape.ankles_at(footprints, rotations)
    toes = np.where((up > 0)[:, None, None], rotations, flat)
    return FeetMotion(ankles[None].astype(float), rotations[None], toes[None], (up == 0)[None])
