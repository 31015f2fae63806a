from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest

from dressform.assets.files.digests import (
    arrays_digest,
    looks_digest,
    rig_contract_digest,
    rig_digest,
    shape_digest,
    topology_digest,
    uv0_digest,
    uv1_digest,
)

MESH_DIGESTS = (topology_digest, shape_digest, uv0_digest, uv1_digest, looks_digest)


def test_digest_is_over_name_type_shape_and_bytes():
    array = np.array([[1.5, -2.0]], np.float32)
    want = hashlib.sha256(b"a:<f4:[1, 2]\n" + array.astype("<f4").tobytes()).hexdigest()
    assert arrays_digest(a=array) == want
    # neither layout, byte order nor the sign of zero matters
    assert arrays_digest(a=np.asfortranarray(array.astype(">f4"))) == want
    assert arrays_digest(a=np.float32([0.0])) == arrays_digest(a=np.float32([-0.0]))
    assert arrays_digest(a=array) != arrays_digest(a=array.T)


@pytest.mark.parametrize(
    ("changed", "change"),
    [
        (shape_digest, lambda m: {"points": m.points + 1}),
        (topology_digest, lambda m: {"faces": m.faces[:, [1, 2, 0]]}),
        (uv0_digest, lambda m: {"uv0": m.uv0 * np.float32(1.01)}),
        (uv1_digest, lambda m: {"uv1_faces": m.uv1_faces[:, [1, 2, 0]]}),
        (looks_digest, lambda m: {"material_ids": 1 - m.material_ids}),
        (looks_digest, lambda m: {"materials": (dataclasses.replace(m.materials[0], roughness=0.1), m.materials[1])}),
    ],
)
def test_each_part_has_its_own_digest(tube, changed, change):
    other = dataclasses.replace(tube, **change(tube))
    different = {digest for digest in MESH_DIGESTS if digest(tube) != digest(other)}
    assert different == {changed}


def test_absent_uvs_have_no_digest(make_tube):
    assert uv0_digest(make_tube(seams=False)) is None


def test_rig_contract_is_apart_from_its_weights(rig):
    painted = dataclasses.replace(rig, joint_weights=rig.joint_weights[::-1])
    assert rig_contract_digest(painted) == rig_contract_digest(rig)
    assert rig_digest(painted) != rig_digest(rig)
    renamed = dataclasses.replace(rig, joints=("hip", *rig.joints[1:]))
    assert rig_contract_digest(renamed) != rig_contract_digest(rig)
    assert rig_digest(renamed) == rig_digest(rig)
