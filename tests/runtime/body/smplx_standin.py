"""Open stand-ins for an SMPL-X model file: Anny's surface, shapes and skin on SMPL-X's joint tree."""

import numpy as np

from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Pose
from dressform.runtime.geometry.rotations import quat_from_rotvec

# SMPL-X's tree: 22 body joints, jaw, eyes, 15 joints a hand (index, middle, pinky, ring, thumb)
BODY_PARENTS = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15]
HANDS = [(wrist, start) for wrist, start in ((20, 25), (21, 40))]
PARENTS = BODY_PARENTS + [
    wrist if bone == 0 else start + 3 * finger + bone - 1
    for wrist, start in HANDS
    for finger in range(5)
    for bone in range(3)
]
FINGERS = (2, 3, 5, 4, 1)  # Anny's numbers of index, middle, pinky, ring, thumb
SHAPES = [{"gender": 1.0}, {"height": 0.7}, {"weight": 1.0}, {"muscle": 1.0}, {"proportions": 1.0}]

# taller and heavier, and its joints lie where another rigger might have put them [m]
OTHER_SHAPE = {"gender": 0.3, "height": 0.58, "weight": 0.9, "muscle": 0.55, "measure-waist-circ-incr": 0.4}
OTHER_JOINTS = {
    "pelvis": (0, 0, 0.02),
    "spine1": (0, 0.01, -0.02),
    "spine2": (0, 0, 0.03),
    "spine3": (0, 0.01, -0.03),
    "neck": (0, 0.01, 0.01),
    "left_hip": (-0.015, 0, -0.015),
    "right_hip": (0.015, 0, -0.015),
    "left_shoulder": (-0.01, 0.005, 0.01),
    "right_shoulder": (0.01, 0.005, 0.01),
}


def other_pose():
    """A rest pose that is not the T-pose: arms 15 degrees down and 6 forward, legs apart."""
    turns = np.zeros((22, 3))
    for side, sign in (("left", 1), ("right", -1)):
        turns[JOINT_INDEX[f"{side}_shoulder"]] = np.radians([0, 15 * sign, -6 * sign])
        turns[JOINT_INDEX[f"{side}_hip"]] = np.radians([0, -5 * sign, 0])
    return Pose(quat_from_rotvec(turns).astype(np.float32), np.zeros(3, np.float32))


def _joint_of_bone(rest):
    """SMPL-X joint [104] that each Anny bone becomes."""
    joints = rest.rig.segment_of_bone.copy()
    for bone, name in enumerate(rest.body.joint_names):
        side = 1 if name.endswith(".R") else 0
        if name.startswith("eye"):
            joints[bone] = 23 + side
        if name.startswith("finger"):
            finger, knuckle = int(name[6]), int(name[8])
            joints[bone] = 25 + 15 * side + 3 * FINGERS.index(finger) + knuckle - 1
    return joints


def _joints(rest, pose, shifts):
    """Positions [55, 3] of SMPL-X's joints in a pose."""
    transforms = rest.skin_transforms(pose)
    heads = np.einsum("jab,jb->ja", transforms[:, :3, :3], rest.joint_poses[:, :3, 3]) + transforms[:, :3, 3]
    places = np.zeros((55, 3), dtype=np.float32)
    places[:22] = rest.posed_joints(pose)
    names = rest.body.joint_names
    for name, shift in shifts.items():
        places[JOINT_INDEX[name]] += np.float32(shift)
    places[22] = places[15] + [0, -0.02, 0.0]
    for side, end in enumerate("LR"):
        places[23 + side] = heads[names.index(f"eye.{end}")]
        for finger, number in enumerate(FINGERS):
            for knuckle in range(3):
                bone = names.index(f"finger{number}-{knuckle + 1}.{end}")
                places[25 + 15 * side + 3 * finger + knuckle] = heads[bone]
    return places


def _regressor(vertices, joints):
    """Weights [55, V], each row summing to 1 over the nearest vertices and giving its joint exactly."""
    regressor = np.zeros((len(joints), len(vertices)))
    for row, joint in zip(regressor, joints, strict=True):
        near = np.argsort(np.linalg.norm(vertices - joint, axis=1))[:60]
        system = np.concatenate([vertices[near].T, np.ones((1, len(near)))])
        even = np.full(len(near), 1 / len(near))
        row[near] = even + np.linalg.pinv(system) @ (np.append(joint, 1) - system @ even)
    return regressor


def write_other_standin(path):
    """Write a model file of other proportions, rest pose and joints, with the same triangles."""
    write_standin(path, OTHER_SHAPE, other_pose(), OTHER_JOINTS)


def write_standin(path, shape=None, pose=None, joint_shifts=None):
    """Write the model file.

    Args:
        path: The .npz.
        shape: Of Anny, the template's.
        pose: The template's; the T-pose when None.
        joint_shifts: Added to some canonical joints [m].
    """
    body, shape, pose = load_anny(), shape or {}, pose or Pose.t_pose()
    rest = body.rest(shape)
    template, joints = rest.posed_vertices(pose), _joints(rest, pose, joint_shifts or {})
    count = len(template)
    to_file = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=np.float32)  # z up → y up
    weights = np.zeros((count, 55))
    np.add.at(weights, (np.arange(count)[:, None], _joint_of_bone(rest)[body.joint_indices]), body.joint_weights)
    directions = np.zeros((count, 3, 20), dtype=np.float32)
    for k, change in enumerate(SHAPES):
        changed = body.rest({**shape, **change}).posed_vertices(pose)
        directions[:, :, k] = 0.3 * (changed - template) @ to_file.T
    rng = np.random.default_rng(0)
    bends = rng.normal(0, 2e-3, (3, 9 * 54)).astype(np.float32)[None] * np.ones((count, 1, 1), dtype=np.float32)
    bends *= np.sin(9 * template[:, 2])[:, None, None]  # some smooth pattern over the body
    relaxed = rng.normal(0, 0.15, (2, 45))
    parents = np.array(PARENTS)
    np.savez(
        path,
        v_template=template @ to_file.T,
        f=body.faces.astype(np.uint32),
        shapedirs=directions,
        posedirs=bends,
        J_regressor=_regressor(template @ to_file.T, joints @ to_file.T),
        weights=weights,
        kintree_table=np.array([parents, range(55)]),
        vt=body.uv,
        ft=body.uv_faces,
        hands_componentsl=np.eye(45),
        hands_componentsr=np.eye(45),
        hands_meanl=relaxed[0],
        hands_meanr=relaxed[1],
        lmk_faces_idx=np.arange(51),
        lmk_bary_coords=np.full((51, 3), 1 / 3),
        dynamic_lmk_faces_idx=np.zeros((79, 17), dtype=np.int64),
        dynamic_lmk_bary_coords=np.full((79, 17, 3), 1 / 3),
        joint2num=np.array({"pelvis": 0}, dtype=object),  # real files hold such a pickled entry
    )
