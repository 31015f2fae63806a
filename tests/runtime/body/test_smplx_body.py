import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Pose
from dressform.runtime.body.skinning import skin
from dressform.runtime.body.smplx_body import load_smplx
from dressform.runtime.geometry.rotations import quat_from_rotvec
from dressform.schemas.errors import InputError, ModelFileError, UsageError

smplx = pytest.importorskip("smplx", reason="the smplx package is not installed (pip install 'dressform[smplx]')")


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    spec = importlib.util.spec_from_file_location("smplx_standin", Path(__file__).with_name("smplx_standin.py"))
    standin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(standin)
    path = tmp_path_factory.mktemp("smplx") / "SMPLX_NEUTRAL.npz"
    standin.write_standin(path)
    return path


@pytest.fixture(scope="module")
def body(model_file):
    torch.set_num_threads(1)
    return load_smplx(model_file)


@pytest.fixture(scope="module")
def reference(model_file):
    return smplx.SMPLX(str(model_file), ext="npz", use_pca=False, num_betas=10)


def random_pose(seed):
    rng = np.random.default_rng(seed)
    rotations = quat_from_rotvec(rng.normal(0, 0.4, (22, 3))).astype(np.float32)
    return Pose(rotations, rng.normal(0, 0.3, 3).astype(np.float32))


@pytest.mark.parametrize("shape", [{}, {"beta0": 1.2, "beta1": -0.8, "beta2": 2.0}])
@pytest.mark.parametrize("seed", [None, 1, 2])
def test_matches_smplx_forward(body, reference, shape, seed):
    rest = body.rest(shape)
    pose = rest.rest_pose() if seed is None else random_pose(seed)
    values = rest.parameters(pose)
    with torch.no_grad():
        out = reference(
            betas=torch.tensor(values.betas[:10])[None],
            global_orient=torch.tensor(values.global_orient)[None],
            body_pose=torch.tensor(values.body_pose).reshape(1, -1),
            transl=torch.tensor(values.transl)[None],
        )
    want = out.vertices[0].numpy() @ np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=np.float32)
    points = rest.vertices + rest.pose_offsets(pose)
    got = skin(points, body.joint_indices, body.joint_weights, rest.skin_transforms(pose))
    # relaxed hands are baked into the rest body, which is exact but where a vertex follows finger and forearm at once
    weights = reference.lbs_weights.numpy()
    mixed = (weights[:, 25:].sum(axis=1) > 1e-6) & (weights[:, [18, 19]].sum(axis=1) > 1e-6)
    assert mixed.mean() < 0.02
    np.testing.assert_allclose(got[~mixed], want[~mixed], atol=1e-5)
    np.testing.assert_allclose(got[mixed], want[mixed], atol=1e-3)
    joints = out.joints[0, :22].numpy() @ np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=np.float32)
    np.testing.assert_allclose(rest.posed_joints(pose), joints, atol=1e-5)


def test_stands_upright_like_any_body(body):
    rest = body.rest({"beta0": 0.5})
    np.testing.assert_allclose(rest.posed_vertices(rest.rest_pose()), rest.vertices, atol=2e-6)
    vertices, joints = rest.posed_vertices(Pose.t_pose()), rest.posed_joints(Pose.t_pose())
    assert vertices[:, 2].min() == pytest.approx(0, abs=1e-6)
    assert joints[JOINT_INDEX["head"], 2] > joints[0, 2] > joints[JOINT_INDEX["left_knee"], 2]
    assert joints[JOINT_INDEX["left_wrist"], 0] > 0.4
    assert joints[JOINT_INDEX["left_foot"], 1] < joints[JOINT_INDEX["left_ankle"], 1] - 0.05  # faces −y
    np.testing.assert_allclose(joints[JOINT_INDEX["left_knee"], :2], joints[JOINT_INDEX["left_hip"], :2], atol=1e-5)


def test_measures_follow_the_shape(body):
    plain, tall, stout = (body.rest(shape).measures() for shape in ({}, {"beta1": 1.0}, {"beta2": 2.0}))
    assert 1.7 < plain.height < 2.0
    assert tall.height > plain.height + 0.02
    assert stout.waist > plain.waist + 0.02
    assert stout.mass > plain.mass + 3


def test_motion_plays_on_it(body):
    from dressform.runtime.motion.playback import play
    from dressform.runtime.motion.procedural import motion

    rest = body.rest({"beta1": 0.7})
    lowest = [rest.posed_vertices(pose)[:, 2].min() for pose in play(motion("catwalk"), rest, 4.0, 3.0)]
    assert min(lowest) > -0.005
    assert max(lowest) < 0.005


def test_unknown_shape_is_named(body):
    with pytest.raises(UsageError, match="no parameter 'height'; use beta0"):
        body.rest({"height": 0.5})


def test_broken_files_end_in_one_line(tmp_path, model_file, monkeypatch):
    with pytest.raises(InputError, match="no such file"):
        load_smplx(tmp_path / "absent.npz")
    pickled = tmp_path / "model.pkl"
    pickled.write_bytes(b"x")
    with pytest.raises(InputError, match=r"must be an \.npz file, found \.pkl"):
        load_smplx(pickled)
    for name, data in {"empty": b"", "cut": model_file.read_bytes()[:100_000], "text": b"hello"}.items():
        broken = tmp_path / f"{name}.npz"
        broken.write_bytes(data)
        with pytest.raises(InputError) as caught:
            load_smplx(broken)
        assert "\n" not in str(caught.value)
    other = tmp_path / "other.npz"
    np.savez(other, v_template=np.zeros((4, 3)))
    with pytest.raises(InputError, match="f must have 2 dimensions, found none"):
        load_smplx(other)
    monkeypatch.setitem(sys.modules, "smplx", None)
    with pytest.raises(ModelFileError, match=r"dressform\[smplx\]"):
        load_smplx(model_file)


def test_a_pickle_in_the_file_never_runs(tmp_path, model_file):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    with np.load(model_file, allow_pickle=True) as file:
        arrays = {name: file[name] for name in file.files if name != "joint2num"}
    trapped = tmp_path / "trapped.npz"
    np.savez(trapped, **arrays, joint2num=np.array([Trap()], dtype=object))
    load_smplx(trapped)
    assert not (tmp_path / "ran").exists()
