"""Which joints of an artist's skeleton are the canonical ones, told by their names and held against the hierarchy.

Skeletons agree on the parts of a body and on little else: Mixamo's `LeftShoulder` is a collarbone and SMPL's
`left_shoulder` an upper arm, `LeftLeg` is a shin beside `LeftUpLeg` and a thigh beside `LeftShin`. So a name is first
split into prefix, side and part, and the ambiguous parts are settled by what else the same side has.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.garment import SourceSkin
from dressform.runtime.body.joints import CANONICAL_JOINTS, JOINT_INDEX

# part of a limb → names of it that mean nothing else
_PLAIN = {
    "collar": ("clavicle", "collar", "collarbone", "scapula"),
    "shoulder": ("upperarm", "uparm", "armupper", "shldr", "shldrbend", "humerus", "bicep"),
    "elbow": ("forearm", "lowerarm", "loarm", "armlower", "forearmbend", "elbow"),
    "wrist": ("hand", "wrist"),
    "hip": ("thigh", "upleg", "upperleg", "legupper", "thighbend", "femur"),
    "knee": ("calf", "shin", "lowerleg", "loleg", "leglower", "knee"),
    "ankle": ("ankle",),
    "foot": ("toe", "toes", "toebase", "ball"),
}
# ambiguous name → the part it is when the side has a plain name of the third, and the part it is otherwise
_EITHER = {
    "shoulder": ("collar", "shoulder", ("shoulder", "arm")),
    "arm": ("elbow", "shoulder", ("shoulder",)),
    "leg": ("knee", "hip", ("hip",)),
    "foot": ("foot", "ankle", ("ankle",)),
    "hip": ("", "hip", ("hip",)),
}
_LIMBS = (("collar", "shoulder", "elbow", "wrist"), ("hip", "knee", "ankle", "foot"))
_PELVIS = ("pelvis", "hips", "hip", "root", "cog")
_CENTRE = {"neck": ("neck", "necktwist", "necklower"), "head": ("head",)}
_PREFIXES = frozenset(
    re.findall(r"\w+", "mixamorig def j bip biped cc base valvebiped valve jnt joint bone bn sk rig armature c f m avg")
)
_SIDES = {"l": "left", "left": "left", "lft": "left", "r": "right", "right": "right", "rgt": "right"}
# what moves, ends, helps or decorates a part is not the part
_NO_PART = re.compile(
    r"twist|roll|share|(?<!b)end$|nub|tip$|ik|fk$|pole|ctrl|control|target|helper|mch|org$|sec$|adj$|prop|weapon|thumb|index|"
    r"middle|ring|pinky|little|finger|metacarpal|metatarsal|hair|eye|jaw|breast|bust|skirt|cloth|attach|socket"
)


def canonical_joints_of(joints: Sequence[str], parents: NDArray[np.integer]) -> dict[str, int]:
    """Return which joint of a skeleton is which canonical joint.

    Args:
        joints: Names in any of the usual conventions: Mixamo, VRM and Unity, Unreal, Rigify, SMPL, MakeHuman and Anny,
            Character Creator, DAZ, Biped, HumanIK; with any prefix, namespace, case and separator.
        parents: int [J], -1 for a root; parents need not come first.

    Returns:
        Canonical joint name → index into `joints`, for those that are found; each hangs below the one it must hang
        below, unless the skeleton has no hierarchy at all.
    """
    if not len(joints):
        return {}
    tree = _Tree(np.asarray(parents, np.int64))
    named = _parts(joints)
    found: dict[str, int] = {}
    for side in ("left", "right"):
        parts = _settled({part: at for (where, part), at in named.items() if where == side})
        for limb in _LIMBS:
            above: int | None = None
            for part in limb:
                held = [k for k in parts.get(part, ()) if above is None or tree.is_flat or tree.is_below(k, above)]
                if held:
                    above = found[f"{side}_{part}"] = min(held, key=lambda k: (tree.depth(k), k))
    found |= _centre(joints, tree, named, found)
    return {name: found[name] for name in CANONICAL_JOINTS if name in found}


def flat_joint(poses: Sequence[NDArray[np.floating]]) -> int | None:
    """Return the first of the poses [J, 4, 4] that squeezes space flat and so has no inverse, or None."""
    stacked = np.asarray(poses, np.float32).astype(np.float64)
    bad = ~(np.abs(np.linalg.det(stacked)) > 1e-12) | ~(np.abs(np.linalg.det(stacked[:, :3, :3])) > 1e-12)
    return int(np.flatnonzero(bad)[0]) if bad.any() else None


def canonical_weights(skin: SourceSkin, mapping: Mapping[str, int]) -> NDArray[np.float32]:
    """Return a skin's weights on the canonical joints, float32 [V, 22]; rows keep their sum.

    What an unmapped joint holds goes to the nearest mapped joint above it, or, above all of them, to the pelvis.

    Args:
        skin: As the file has it.
        mapping: From `canonical_joints_of`; not empty.
    """
    own = {joint: JOINT_INDEX[name] for name, joint in mapping.items()}
    tree = _Tree(skin.parents.astype(np.int64))
    top = JOINT_INDEX[min(mapping, key=lambda name: (tree.depth(mapping[name]), JOINT_INDEX[name]))]
    target = np.array(
        [next((own[k] for k in tree.upwards(joint) if k in own), top) for joint in range(len(skin.joints))], np.int64
    )
    count = len(skin.indices)
    flat = np.arange(count)[:, None] * len(CANONICAL_JOINTS) + target[skin.indices]
    sums = np.bincount(flat.reshape(-1), skin.weights.astype(np.float64).reshape(-1), count * len(CANONICAL_JOINTS))
    return np.asarray(sums.reshape(count, len(CANONICAL_JOINTS)), np.float32)


class _Tree:
    """A hierarchy of joints; what is cyclic counts as a root."""

    def __init__(self, parents: NDArray[np.int64]) -> None:
        self._parents = parents
        self.is_flat = bool((parents < 0).all())

    def upwards(self, joint: int) -> Iterator[int]:
        """Yield the joint, its parent, and so on."""
        seen: set[int] = set()
        while 0 <= joint < len(self._parents) and joint not in seen:
            seen.add(joint)
            yield joint
            joint = int(self._parents[joint])

    def depth(self, joint: int) -> int:
        return sum(1 for _ in self.upwards(joint))

    def is_below(self, joint: int, above: int) -> bool:
        return joint != above and above in self.upwards(joint)

    def meeting(self, first: int, second: int) -> int | None:
        """Return the lowest joint that both hang below or are."""
        line = set(self.upwards(first))
        return next((joint for joint in self.upwards(second) if joint in line), None)


def _parts(joints: Sequence[str]) -> dict[tuple[str, str], list[int]]:
    """Return the joints by side ("left", "right" or "") and part name."""
    split = [_words(name) for name in joints]
    firsts = Counter(words[0] for words in split if len(words) > 1)
    shared = {word for word, count in firsts.items() if count > 0.6 * len(joints) and word not in _SIDES}
    deforming = any(words[0] == "def" for words in split if words)
    named: dict[tuple[str, str], list[int]] = {}
    for index, words in enumerate(split):
        if deforming and words[:1] != ["def"]:
            continue
        while len(words) > 1 and (words[0] in _PREFIXES or words[0] in shared):
            words = words[1:]
        side, key = _side_and_part(words)
        is_neck = key.startswith("neck")
        if key and (is_neck or not any(_NO_PART.search(word) for word in [*words, key])):
            named.setdefault((side, key), []).append(index)
    return named


def _words(name: str) -> list[str]:
    """Split a joint's name into lower-case words without namespace and numbers."""
    plain = re.sub(r"[^A-Za-z]+", " ", re.split(r"[:|/]", name)[-1])
    plain = re.sub(r"([a-z])([A-Z])", r"\1 \2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", plain))
    return re.sub(r"\b(left|right)(?=[a-z])", r"\1 ", plain.lower()).split()


def _side_and_part(words: list[str]) -> tuple[str, str]:
    sides = [word for word in words if word in _SIDES]
    key = "".join(word for word in words if word not in _SIDES)
    key = re.sub(r"(?<=.)joint$|(?<=.)jnt$|(?<=.)bone$", "", key)
    if sides:
        return _SIDES[sides[0]], key
    known = {name for names in _PLAIN.values() for name in names} | set(_EITHER)
    for letter, side in (("l", "left"), ("r", "right")):
        for rest in (key.removeprefix(letter), key.removesuffix(letter)):
            if rest != key and rest in known:
                return side, rest
    return "", key


def _settled(named: dict[str, list[int]]) -> dict[str, list[int]]:
    """Return the joints of one side by part, ambiguous names settled by the others."""
    parts = {part: [k for name in names for k in named.get(name, ())] for part, names in _PLAIN.items()}
    plain = {part for part, held in parts.items() if held} | ({"arm"} if "arm" in named else set())
    for name, (beside, alone, others) in _EITHER.items():
        part = beside if plain.intersection(others) else alone
        if name in named and part and not parts[part]:
            parts[part] = list(named[name])
    return parts


def _centre(
    joints: Sequence[str], tree: _Tree, named: dict[tuple[str, str], list[int]], limbs: dict[str, int]
) -> dict[str, int]:
    """Return pelvis, spine, neck and head."""

    def first(names: Sequence[str]) -> int | None:
        held = (k for name in names for k in sorted(named.get(("", name), ()), key=lambda k: (tree.depth(k), k)))
        return next(held, None)

    found = {part: k for part, names in _CENTRE.items() if (k := first(names)) is not None}
    spine = sorted(named.get(("", "spine"), ()), key=lambda k: (tree.depth(k), joints[k]))
    hips = [limbs[name] for name in ("left_hip", "right_hip") if name in limbs]
    pelvis = first(_PELVIS)
    if "neck" not in found and "head" not in found and len(spine) > 4:  # Rigify calls everything up to the head spine
        found["neck"], found["head"] = spine[-3] if len(spine) > 6 else spine[-2], spine[-1]
        pelvis = spine[0] if pelvis is None or not named.get(("", "pelvis")) else pelvis
    elif pelvis is None and len(hips) == 2:
        pelvis = tree.meeting(*hips)
    if pelvis is not None:
        found["pelvis"] = pelvis
    above = found.get("neck", found.get("head"))
    if above is None:
        collars = [limbs[k] for k in ("left_collar", "left_shoulder", "right_collar", "right_shoulder") if k in limbs]
        meeting = tree.meeting(collars[0], collars[-1]) if len(collars) > 1 else None
        line = [] if meeting is None else list(tree.upwards(meeting))
    else:
        line = list(tree.upwards(above))[1:]
    if pelvis is not None:
        below = set(tree.upwards(hips[0])) if hips else set()
        chain = [k for k in line if k != pelvis and k not in below and k not in tree.upwards(pelvis)][::-1]
        found |= _spine(spine if tree.is_flat else chain)
    return found


def _spine(chain: Sequence[int]) -> dict[str, int]:
    """Share the joints between pelvis and neck out to the three canonical ones; the lowest of many is the pelvis's."""
    count = len(chain)
    if count == 0:
        return {}
    if count == 1:
        return {"spine2": chain[0]}
    if count == 2:
        return {"spine1": chain[0], "spine3": chain[1]}
    places = (0, 1, 2) if count == 3 else (1, (count + 1) // 2, count - 1)
    return {f"spine{n + 1}": chain[k] for n, k in enumerate(places)}
