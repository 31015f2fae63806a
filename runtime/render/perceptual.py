"""LPIPS in plain torch: how different two pictures look, by the features of a network that learnt to name things.

Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", version 0.1: features of
five layers, each pixel's brought to length 1, squared differences weighed by channel, mean over the picture, sum over
layers.
The weights are a pinned model file: `dressform models fetch lpips_alexnet.ckpt`.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch.nn.functional import conv2d, max_pool2d, relu

from dressform.assets.models import model_path
from dressform.schemas.errors import ModelFileError

NETWORKS = {"alex": "lpips_alexnet.ckpt", "vgg": "lpips_vgg16.ckpt"}
_LEAST_SIDE = {"alex": 31, "vgg": 16}  # [px]; below it a layer would be empty
_MEAN = (-0.030, -0.088, -0.188)
_DEVIATION = (0.458, 0.448, 0.450)
_ALEX_PADDING = (2, 2, 1, 1, 1)
_VGG_POOL_BEFORE = (2, 4, 7, 10)
_VGG_FEATURES = (1, 3, 6, 9, 12)

Layer = tuple[torch.Tensor, torch.Tensor]


class Lpips:
    """The distance. Weights are constants; pictures carry gradients.

    Args:
        network: "alex" (Krizhevsky et al. 2012; the one to judge with) or "vgg" (Simonyan and Zisserman 2015, 16
            layers; smoother gradients, slower).
        layers: Kernel [C_out, C_in, K, K] and bias [C_out] of each convolution.
        weights: Weight of each channel of the five features, [1, C, 1, 1].
    """

    def __init__(self, network: Literal["alex", "vgg"], layers: list[Layer], weights: list[torch.Tensor]) -> None:
        if network not in NETWORKS:
            raise ValueError(f"network must be {' or '.join(NETWORKS)}, got {network!r}")
        self.network = network
        self._layers, self._weights = layers, weights

    @classmethod
    def load(cls, network: Literal["alex", "vgg"] = "alex", *, device: str = "cpu") -> Lpips:
        """Read the pinned weights.

        Raises:
            ModelFileError: When they are not on this machine.
        """
        if network not in NETWORKS:
            raise ValueError(f"network must be {' or '.join(NETWORKS)}, got {network!r}")
        path = model_path(NETWORKS[network])
        tree = read_checkpoint(path.read_bytes(), str(path))
        convolutions = tree["AlexNet_0" if network == "alex" else "VGG16_0"]
        layers = [
            (_kernel(each["kernel"], device), torch.from_numpy(np.array(each["bias"], np.float32)).to(device))
            for each in (convolutions[f"Conv_{i}"] for i in range(len(convolutions)))
        ]
        weights = [_kernel(tree[f"NetLinLayer_{i}"]["Conv_0"]["kernel"], device) for i in range(5)]
        return cls(network, layers, weights)

    def __call__(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Return distances [B] of pictures [B, 3, H, W], sRGB scaled to [-1, 1]; differentiable."""
        least = _LEAST_SIDE[self.network]
        if first.ndim != 4 or first.shape[1] != 3 or first.shape != second.shape or min(first.shape[2:]) < least:
            raise ValueError(
                f"pictures must be [B, 3, H, W] of one shape with sides of {least} or more, "
                f"got {list(first.shape)}, {list(second.shape)}"
            )
        total = first.new_zeros(len(first))
        for one, other, weight in zip(self._features(first), self._features(second), self._weights, strict=True):
            difference = (_unit(one) - _unit(other)) ** 2
            total = total + (weight * difference).sum(dim=1).mean(dim=(1, 2))
        return total

    def _features(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        mean, deviation = (pictures.new_tensor(values)[:, None, None] for values in (_MEAN, _DEVIATION))
        here, found = (pictures - mean) / deviation, []
        for index, (kernel, bias) in enumerate(self._layers):
            if self.network == "alex":
                if index in (1, 2):
                    here = max_pool2d(here, 3, 2)
                stride = 4 if index == 0 else 1
                here = relu(conv2d(here, kernel, bias, stride=stride, padding=_ALEX_PADDING[index]))
                found.append(here)
            else:
                if index in _VGG_POOL_BEFORE:
                    here = max_pool2d(here, 2)
                here = relu(conv2d(here, kernel, bias, padding=1))
                if index in _VGG_FEATURES:
                    found.append(here)
        return found


def read_checkpoint(data: bytes, where: str) -> Mapping[str, Any]:
    """Read nested dictionaries of arrays from a pickle, without running anything that it may name.

    Raises:
        ModelFileError: When it holds anything else.
    """
    try:
        tree = _ArraysOnly(io.BytesIO(data)).load()
    except Exception as error:  # a broken pickle fails in many ways
        raise ModelFileError(f"{where} is not a checkpoint of arrays ({error}); run `dressform models fetch`") from None
    if not isinstance(tree, dict):
        raise ModelFileError(f"{where} must hold a dictionary, got {type(tree).__name__}; run `dressform models fetch`")
    return tree


class _ArraysOnly(pickle.Unpickler):
    """Admits NumPy arrays, and Flax's frozen dictionaries as plain ones."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("flax.core.frozen_dict", "FrozenDict"):
            return dict
        if (module.replace("numpy.core", "numpy._core"), name) in _ADMITTED:
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        raise pickle.UnpicklingError(f"it names {module}.{name}")


_ADMITTED = {
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}


def _kernel(values: Any, device: str) -> torch.Tensor:
    """Turn a kernel [K, K, C_in, C_out] to torch's order."""
    return torch.from_numpy(np.ascontiguousarray(np.asarray(values, np.float32).transpose(3, 2, 0, 1))).to(device)


def _unit(features: torch.Tensor) -> torch.Tensor:
    """Bring each pixel's features [B, C, H, W] to length 1."""
    # under the root, so that features of zero have a gradient of zero
    length = (features * features).sum(dim=1, keepdim=True).clamp(min=1e-20).sqrt()
    return features / (length + 1e-10)
