from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dressform.assets.files.garment import SourceSkin
from dressform.authoring.formats.skeleton_map import canonical_joints_of, canonical_weights
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.joints import CANONICAL_JOINTS, JOINT_INDEX


def skeleton(text: str) -> tuple[list[str], NDArray[np.int64]]:
    """Read `parent > child > grandchild` lines; a line starts at a joint that is there already."""
    names: list[str] = []
    parents: list[int] = []
    for line in text.split("\n"):
        above = -1
        for name in filter(None, (word.strip() for word in line.split(">"))):
            if name not in names:
                names.append(name)
                parents.append(above)
            above = names.index(name)
    return names, np.array(parents)


def both(text: str, left: str, right: str) -> str:
    return text.replace("@", left) + "\n" + text.replace("@", right)


# each: joints, and what pelvis spine1 spine2 spine3 neck head, collar … wrist, hip … foot (left) must be
CONVENTIONS: dict[str, tuple[str, str]] = {
    "mixamo": (
        "mixamorig:Hips > mixamorig:Spine > mixamorig:Spine1 > mixamorig:Spine2 > mixamorig:Neck > mixamorig:Head"
        " > mixamorig:HeadTop_End\n"
        + both(
            "mixamorig:Spine2 > mixamorig:@Shoulder > mixamorig:@Arm > mixamorig:@ForeArm > mixamorig:@Hand"
            " > mixamorig:@HandThumb1 > mixamorig:@HandThumb2\n"
            "mixamorig:Hips > mixamorig:@UpLeg > mixamorig:@Leg > mixamorig:@Foot > mixamorig:@ToeBase"
            " > mixamorig:@Toe_End",
            "Left",
            "Right",
        ),
        "mixamorig:{Hips Spine Spine1 Spine2 Neck Head LeftShoulder LeftArm LeftForeArm LeftHand LeftUpLeg LeftLeg "
        "LeftFoot LeftToeBase}",
    ),
    "ready player me": (
        "Armature > Hips > Spine > Spine1 > Spine2 > Neck > Head > LeftEye\n"
        + both(
            "Spine2 > @Shoulder > @Arm > @ForeArm > @Hand > @HandIndex1\nHips > @UpLeg > @Leg > @Foot > @ToeBase",
            "Left",
            "Right",
        ),
        "{Hips Spine Spine1 Spine2 Neck Head LeftShoulder LeftArm LeftForeArm LeftHand LeftUpLeg LeftLeg LeftFoot "
        "LeftToeBase}",
    ),
    "three.js and sketchfab rename": (
        "mixamorigHips_01 > mixamorigSpine_02 > mixamorigSpine1_03 > mixamorigSpine2_04 > mixamorigNeck_05"
        " > mixamorigHead_06\n"
        + both(
            "mixamorigSpine2_04 > mixamorig@Shoulder_08 > mixamorig@Arm_09 > mixamorig@ForeArm_010"
            " > mixamorig@Hand_011\n"
            "mixamorigHips_01 > mixamorig@UpLeg_055 > mixamorig@Leg_056 > mixamorig@Foot_057 > mixamorig@ToeBase_058",
            "Left",
            "Right",
        ),
        "mixamorig{Hips_01 Spine_02 Spine1_03 Spine2_04 Neck_05 Head_06 LeftShoulder_08 LeftArm_09 LeftForeArm_010 "
        "LeftHand_011 LeftUpLeg_055 LeftLeg_056 LeftFoot_057 LeftToeBase_058}",
    ),
    "vroid": (
        "Root > J_Bip_C_Hips > J_Bip_C_Spine > J_Bip_C_Chest > J_Bip_C_UpperChest > J_Bip_C_Neck > J_Bip_C_Head"
        " > J_Adj_L_FaceEye\nJ_Bip_C_UpperChest > J_Sec_L_Bust1\n"
        + both(
            "J_Bip_C_UpperChest > J_Bip_@_Shoulder > J_Bip_@_UpperArm > J_Sec_@_TopsUpperArm\n"
            "J_Bip_@_UpperArm > J_Bip_@_LowerArm > J_Bip_@_Hand > J_Bip_@_Index1\n"
            "J_Bip_C_Hips > J_Bip_@_UpperLeg > J_Bip_@_LowerLeg > J_Bip_@_Foot > J_Bip_@_ToeBase",
            "L",
            "R",
        ),
        "J_Bip_{C_Hips C_Spine C_Chest C_UpperChest C_Neck C_Head L_Shoulder L_UpperArm L_LowerArm L_Hand L_UpperLeg "
        "L_LowerLeg L_Foot L_ToeBase}",
    ),
    "unity humanoid": (
        "hips > spine > chest > upperChest > neck > head > jaw\n"
        + both(
            "upperChest > @Shoulder > @UpperArm > @LowerArm > @Hand\nhips > @UpperLeg > @LowerLeg > @Foot > @Toes",
            "left",
            "right",
        ),
        "{hips spine chest upperChest neck head leftShoulder leftUpperArm leftLowerArm leftHand leftUpperLeg "
        "leftLowerLeg leftFoot leftToes}",
    ),
    "unreal 5": (
        "root > pelvis > spine_01 > spine_02 > spine_03 > spine_04 > spine_05 > neck_01 > neck_02 > head\n"
        "root > ik_foot_root > ik_foot_l\nroot > ik_hand_root > ik_hand_gun > ik_hand_l\n"
        + both(
            "spine_05 > clavicle_@ > upperarm_@ > upperarm_twist_01_@\n"
            "upperarm_@ > lowerarm_@ > lowerarm_twist_01_@\nlowerarm_@ > hand_@ > index_metacarpal_@ > index_01_@\n"
            "pelvis > thigh_@ > thigh_twist_01_@\nthigh_@ > calf_@ > foot_@ > ball_@",
            "l",
            "r",
        ),
        "{pelvis spine_02 spine_04 spine_05 neck_01 head clavicle_l upperarm_l lowerarm_l hand_l thigh_l calf_l foot_l "
        "ball_l}",
    ),
    "rigify, deforming": (
        "DEF-spine > DEF-spine.001 > DEF-spine.002 > DEF-spine.003 > DEF-spine.004 > DEF-spine.005 > DEF-spine.006\n"
        "root > ORG-spine > MCH-spine.001\nroot > hand_ik.L\nroot > upper_arm_fk.L\n"
        + both(
            "DEF-spine > DEF-pelvis.@\nDEF-spine.003 > DEF-breast.@\n"
            "DEF-spine.003 > DEF-shoulder.@ > DEF-upper_arm.@ > DEF-upper_arm.@.001 > DEF-forearm.@ > DEF-forearm.@.001"
            " > DEF-hand.@ > DEF-palm.01.@ > DEF-f_index.01.@\n"
            "DEF-spine > DEF-thigh.@ > DEF-thigh.@.001 > DEF-shin.@ > DEF-shin.@.001 > DEF-foot.@ > DEF-toe.@",
            "L",
            "R",
        ),
        "DEF-{spine spine.001 spine.002 spine.003 spine.004 spine.006 shoulder.L upper_arm.L forearm.L hand.L thigh.L "
        "shin.L foot.L toe.L}",
    ),
    "blender by hand": (
        "pelvis > spine > chest > neck > head\n"
        + both(
            "chest > shoulder.@ > upper_arm.@ > forearm.@ > hand.@\npelvis > thigh.@ > shin.@ > foot.@ > toe.@",
            "L",
            "R",
        ),
        "{pelvis spine - chest neck head shoulder.L upper_arm.L forearm.L hand.L thigh.L shin.L foot.L toe.L}",
    ),
    "smpl": (
        "pelvis > spine1 > spine2 > spine3 > neck > head\n"
        + both(
            "spine3 > @_collar > @_shoulder > @_elbow > @_wrist > @_index1 > @_index2\n"
            "pelvis > @_hip > @_knee > @_ankle > @_foot",
            "left",
            "right",
        ),
        "{pelvis spine1 spine2 spine3 neck head left_collar left_shoulder left_elbow left_wrist left_hip left_knee "
        "left_ankle left_foot}",
    ),
    "smpl in maya": (
        "m_avg_root > m_avg_Pelvis > m_avg_Spine1 > m_avg_Spine2 > m_avg_Spine3 > m_avg_Neck > m_avg_Head\n"
        + both(
            "m_avg_Spine3 > m_avg_@_Collar > m_avg_@_Shoulder > m_avg_@_Elbow > m_avg_@_Wrist > m_avg_@_Hand\n"
            "m_avg_Pelvis > m_avg_@_Hip > m_avg_@_Knee > m_avg_@_Ankle > m_avg_@_Foot",
            "L",
            "R",
        ),
        "m_avg_{Pelvis Spine1 Spine2 Spine3 Neck Head L_Collar L_Shoulder L_Elbow L_Wrist L_Hip L_Knee L_Ankle L_Foot}",
    ),
    "makehuman game engine": (
        "Root > pelvis > spine_01 > spine_02 > spine_03 > neck_01 > head\n"
        + both(
            "spine_03 > clavicle_@ > upperarm_@ > lowerarm_@ > hand_@ > thumb_01_@\n"
            "pelvis > thigh_@ > calf_@ > foot_@ > ball_@",
            "l",
            "r",
        ),
        "{pelvis spine_01 spine_02 spine_03 neck_01 head clavicle_l upperarm_l lowerarm_l hand_l thigh_l calf_l foot_l "
        "ball_l}",
    ),
    "character creator": (
        "RL_BoneRoot > CC_Base_Hip > CC_Base_Pelvis\n"
        "CC_Base_Hip > CC_Base_Waist > CC_Base_Spine01 > CC_Base_Spine02 > CC_Base_NeckTwist01 > CC_Base_NeckTwist02"
        " > CC_Base_Head > CC_Base_JawRoot\n"
        + both(
            "CC_Base_Spine02 > CC_Base_@_Clavicle > CC_Base_@_Upperarm > CC_Base_@_UpperarmTwist01\n"
            "CC_Base_@_Upperarm > CC_Base_@_Forearm > CC_Base_@_ElbowShareBone\n"
            "CC_Base_@_Forearm > CC_Base_@_Hand > CC_Base_@_Index1\nCC_Base_Spine02 > CC_Base_@_RibsTwist"
            " > CC_Base_@_Breast\n"
            "CC_Base_Pelvis > CC_Base_@_Thigh > CC_Base_@_Calf > CC_Base_@_KneeShareBone\n"
            "CC_Base_@_Calf > CC_Base_@_Foot > CC_Base_@_ToeBase > CC_Base_@_BigToe1",
            "L",
            "R",
        ),
        "CC_Base_{Pelvis Waist Spine01 Spine02 NeckTwist01 Head L_Clavicle L_Upperarm L_Forearm L_Hand L_Thigh L_Calf "
        "L_Foot L_ToeBase}",
    ),
    "biped": (
        "Bip01 > Bip01 Pelvis > Bip01 Spine > Bip01 Spine1 > Bip01 Spine2 > Bip01 Neck > Bip01 Head > Bip01 HeadNub\n"
        + both(
            "Bip01 Neck > Bip01 @ Clavicle > Bip01 @ UpperArm > Bip01 @ Forearm > Bip01 @ ForeTwist\n"
            "Bip01 @ Forearm > Bip01 @ Hand > Bip01 @ Finger0 > Bip01 @ Finger0Nub\n"
            "Bip01 Spine > Bip01 @ Thigh > Bip01 @ Calf > Bip01 @ Foot > Bip01 @ Toe0 > Bip01 @ Toe0Nub",
            "L",
            "R",
        ),
        "Bip01 {Pelvis Spine1 - Spine2 Neck Head L_Clavicle L_UpperArm L_Forearm L_Hand L_Thigh L_Calf L_Foot L_Toe0}",
    ),
    "humanik": (
        "man:Character1_Reference > man:Character1_Hips > man:Character1_Spine > man:Character1_Spine1"
        " > man:Character1_Spine2 > man:Character1_Neck > man:Character1_Head\n"
        + both(
            "man:Character1_Spine2 > man:Character1_@Shoulder > man:Character1_@Arm > man:Character1_@ForeArm"
            " > man:Character1_@Hand\nman:Character1_@ForeArm > man:Character1_@ForeArmRoll\n"
            "man:Character1_Hips > man:Character1_@UpLeg > man:Character1_@Leg > man:Character1_@Foot"
            " > man:Character1_@ToeBase",
            "Left",
            "Right",
        ),
        "man:Character1_{Hips Spine Spine1 Spine2 Neck Head LeftShoulder LeftArm LeftForeArm LeftHand LeftUpLeg "
        "LeftLeg LeftFoot LeftToeBase}",
    ),
    "daz genesis 8": (
        "hip > pelvis\nhip > abdomenLower > abdomenUpper > chestLower > chestUpper > neckLower > neckUpper > head\n"
        + both(
            "chestUpper > @Collar > @ShldrBend > @ShldrTwist > @ForearmBend > @ForearmTwist > @Hand > @Thumb1\n"
            "pelvis > @ThighBend > @ThighTwist > @Shin > @Foot > @Metatarsals > @Toe > @SmallToe4",
            "l",
            "r",
        ),
        "{pelvis abdomenUpper chestLower chestUpper neckLower head lCollar lShldrBend lForearmBend lHand lThighBend "
        "lShin lFoot lToe}",
    ),
    "all small letters": (
        "hips > spine > chest > neck > head\n"
        + both("chest > @clavicle > @upperarm > @forearm > @hand\nhips > @thigh > @calf > @foot > @toe", "l", "r"),
        "{hips spine - chest neck head lclavicle lupperarm lforearm lhand lthigh lcalf lfoot ltoe}",
    ),
}
EXPECTED = [
    "pelvis",
    "spine1",
    "spine2",
    "spine3",
    "neck",
    "head",
    "left_collar",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "left_hip",
    "left_knee",
    "left_ankle",
    "left_foot",
]


def named(mapping: dict[str, int], joints: list[str]) -> dict[str, str]:
    return {name: joints[index] for name, index in mapping.items()}


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_real_skeletons_are_told_by_their_names(convention: str) -> None:
    text, wanted = CONVENTIONS[convention]
    joints, parents = skeleton(text)
    head, _, tail = wanted.partition("{")
    words = tail.rstrip("}").split()
    expected = {name: head + word for name, word in zip(EXPECTED, words, strict=True) if word != "-"}
    if convention == "biped":
        expected = {name: word.replace("_", " ") for name, word in expected.items()}
    found = named(canonical_joints_of(joints, parents), joints)
    assert {name: found.get(name) for name in expected} == expected
    assert len(found) == len(expected) + 8, "the right side as well, and nothing that is not there"
    for name in EXPECTED:
        if name.startswith("left") and name in found:
            left, right = found[name], found[name.replace("left", "right")]
            assert left != right
            assert [a for a in zip(left, right, strict=False) if a[0] != a[1]], "sides are kept apart"
    order = np.random.default_rng(1).permutation(len(joints))  # neither order nor parents coming first are needed
    place = np.argsort(order)
    shuffled = [joints[k] for k in order]
    moved = np.array([-1 if parents[k] < 0 else place[parents[k]] for k in order])
    assert named(canonical_joints_of(shuffled, moved), shuffled) == found


def test_annys_own_joints_are_what_anny_says_they_are() -> None:
    body = load_anny()
    found = named(canonical_joints_of(body.joint_names, body.joint_parents), list(body.joint_names))
    assert len(found) == 22
    assert found["pelvis"] == "root"
    assert [found[f"spine{k}"] for k in (1, 2, 3)] == ["spine04", "spine02", "spine01"]
    assert (found["left_collar"], found["left_shoulder"], found["right_wrist"]) == (
        "clavicle.L",
        "upperarm01.L",
        "wrist.R",
    )


def test_a_flat_list_of_names_is_enough() -> None:
    joints, parents = skeleton(CONVENTIONS["smpl"][0])
    assert canonical_joints_of(joints, np.full(len(joints), -1)) == canonical_joints_of(joints, parents)


def test_what_hangs_in_the_wrong_place_is_no_part_of_a_limb() -> None:
    joints, parents = skeleton(CONVENTIONS["unity humanoid"][0] + "\nhips > sheath > leftHand.001")
    parents[joints.index("leftHand")] = joints.index("hips")
    found = canonical_joints_of(joints, parents)
    assert "left_wrist" not in found
    assert joints[found["right_wrist"]] == "rightHand"


@pytest.mark.parametrize("joints", [[], ["a"], ["bone", "bone.001", "bone.002"], ["wheel_l", "wheel_r", "chassis"]])
def test_skeletons_that_are_no_body_map_to_nothing(joints: list[str]) -> None:
    assert canonical_joints_of(joints, np.arange(-1, len(joints) - 1)) == {}


def test_parents_that_run_in_a_circle_or_nowhere_are_survived() -> None:
    joints, parents = skeleton(CONVENTIONS["smpl"][0])
    parents[0] = 5
    parents[3] = 99
    found = canonical_joints_of(joints, parents)
    assert {joints[k] for k in found.values()} <= set(joints)
    assert len(set(found.values())) == len(found)


def test_weights_go_to_the_nearest_joint_above() -> None:
    joints, parents = skeleton(CONVENTIONS["unreal 5"][0])
    mapping = canonical_joints_of(joints, parents)
    at = {name: joints.index(name) for name in joints}
    indices = np.array(
        [
            [at["upperarm_twist_01_l"], at["upperarm_l"], at["clavicle_l"], 0],
            [at["root"], at["pelvis"], at["spine_01"], at["spine_02"]],
            [at["index_01_r"], at["hand_r"], at["lowerarm_twist_01_r"], 0],
            [0, 0, 0, 0],
        ],
        np.int32,
    )
    weights = np.array([[0.25, 0.5, 0.25, 0], [0.1, 0.2, 0.3, 0.4], [0.5, 0.25, 0.25, 0], [0, 0, 0, 0]], np.float32)
    rest = np.tile(np.eye(4, dtype=np.float32), (len(joints), 1, 1))
    skin = SourceSkin(tuple(joints), parents.astype(np.int32), rest, indices, weights)
    found = canonical_weights(skin, mapping)
    expected = np.zeros((4, len(CANONICAL_JOINTS)), np.float32)
    for row, name, weight in (
        (0, "left_shoulder", 0.75),
        (0, "left_collar", 0.25),
        (1, "pelvis", 0.6),
        (1, "spine1", 0.4),
        (2, "right_wrist", 0.75),
        (2, "right_elbow", 0.25),
    ):
        expected[row, JOINT_INDEX[name]] = weight
    np.testing.assert_allclose(found, expected, atol=1e-7)
    assert found.dtype == np.float32
