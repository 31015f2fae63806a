import numpy as np
import pytest
import torch
import warp as wp

from dressform.runtime.body import _reference
from dressform.runtime.body.skinning import Skinner, skin

wp.config.quiet = True


def devices():
    return ["cpu", *(["cuda:0"] if wp.is_cuda_available() else [])]


def case(vertices, joints, slots, seed=7):
    rng = np.random.default_rng(seed)
    weights = rng.random((vertices, slots)).astype(np.float32)
    weights[:, -1] *= rng.random(vertices) > 0.5  # some unused slots
    weights /= weights.sum(axis=1, keepdims=True)
    return (
        rng.normal(size=(vertices, 3)).astype(np.float32),
        rng.integers(0, joints, (vertices, slots)).astype(np.int32),
        weights,
        rng.normal(size=(joints, 4, 4)).astype(np.float32) * np.array([[1], [1], [1], [0]]) + np.diag([0, 0, 0, 1]),
    )


def reference(points, indices, weights, transforms):
    arrays = [
        torch.tensor(points),
        torch.tensor(indices, dtype=torch.int64),
        torch.tensor(weights),
        torch.tensor(transforms),
    ]
    return _reference.skin_points(*[a.float() if a.is_floating_point() else a for a in arrays])


@pytest.mark.parametrize("device", devices())
@pytest.mark.parametrize(("vertices", "joints", "slots"), [(1, 1, 1), (257, 5, 3), (1000, 104, 9)])
def test_kernel_and_numpy_match_the_reference(device, vertices, joints, slots):
    arrays = case(vertices, joints, slots)
    want = reference(*arrays).numpy()
    out = wp.zeros(vertices + 3, dtype=wp.vec3, device=device)
    skinner = Skinner(*arrays[:3], device=device)
    skinner.launch(arrays[3].astype(np.float32), out, 2)
    got = out.numpy()
    np.testing.assert_allclose(got[2:-1], want, atol=1e-5)
    assert not got[:2].any()
    assert not got[-1].any()
    np.testing.assert_allclose(skin(arrays[0], arrays[1], arrays[2], arrays[3].astype(np.float32)), want, atol=1e-5)


def test_shapes_are_checked():
    points, indices, weights, transforms = case(10, 3, 2)
    with pytest.raises(ValueError, match="must be \\[10, K\\]"):
        Skinner(points, indices[:5], weights[:5])
    skinner = Skinner(points, indices, weights)
    with pytest.raises(ValueError, match="3 joints or more, got 1"):
        skinner.launch(transforms[:1], wp.zeros(10, dtype=wp.vec3, device="cpu"))
    with pytest.raises(ValueError, match="12 points or more, got 10"):
        skinner.launch(transforms, wp.zeros(10, dtype=wp.vec3, device="cpu"), 2)
