"""A pinhole camera whose every number may carry a gradient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike

from dressform.runtime.geometry.rotations import matrix_to_quat, rotvec_from_quat

from .scene import Camera

LEARNABLE = ("rotation", "position", "focal_px", "center_px")
# As in the kernels: a point in the plane of the eye is taken to be this far before it [m].
_LEAST_DEPTH = 1.0e-6


@dataclass(frozen=True)
class CameraTensors:
    """A pinhole camera of tensors: x right, y down, z forward; pixel centres at half-integers.

    Attributes:
        rotation: Rotation vector (axis × angle) camera → world [rad], shape [3].
        position: The eye in the world [m], shape [3].
        focal_px: Focal length [px], shape [].
        center_px: Principal point (x, y) [px], shape [2].
        size: (width, height) [px].
    """

    rotation: torch.Tensor
    position: torch.Tensor
    focal_px: torch.Tensor
    center_px: torch.Tensor
    size: tuple[int, int]

    @classmethod
    def of(cls, camera: Camera, *, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Self:
        """Return the tensors of a camera."""
        pose = np.asarray(camera.T_world_cam, np.float64)
        rotation = rotvec_from_quat(matrix_to_quat(pose[:3, :3]))

        def tensor(value: ArrayLike) -> torch.Tensor:
            return torch.as_tensor(np.asarray(value, np.float64)).to(device, dtype)

        position, focal, center = tensor(pose[:3, 3]), tensor(camera.focal_px), tensor(camera.center_px)
        return cls(tensor(rotation), position, focal, center, camera.size)

    def learn(self, *names: str) -> Self:
        """Return a copy in which the named tensors are leaves that want a gradient, and the others are constants.

        Raises:
            ValueError: When a name is none of `LEARNABLE`.
        """
        for name in names:
            if name not in LEARNABLE:
                raise ValueError(f"a camera learns {', '.join(LEARNABLE)}, got {name!r}")
        tensors = {name: getattr(self, name).detach().clone().requires_grad_(name in names) for name in LEARNABLE}
        return replace(self, **tensors)

    def to_camera(self) -> Camera:
        """Return the camera of these numbers, without gradients."""
        pose = np.eye(4)
        pose[:3, :3] = rotation_matrix(self.rotation).detach().cpu().double().numpy()
        pose[:3, 3] = self.position.detach().cpu().double().numpy()
        x, y = self.center_px.detach().cpu().double().tolist()
        return Camera(pose, float(self.focal_px.detach()), (x, y), self.size)

    def to_screen(self, points: torch.Tensor) -> torch.Tensor:
        """Project world points [..., 3] [m] to (x px, y px, 1 / depth [1/m]), the same shape."""
        local = (points - self.position) @ rotation_matrix(self.rotation)
        depth = local[..., 2:]
        depth = torch.where(depth.abs() < _LEAST_DEPTH, torch.full_like(depth, _LEAST_DEPTH), depth)
        return torch.cat([self.center_px + self.focal_px * local[..., :2] / depth, 1.0 / depth], dim=-1)

    def toward_eye(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return unit world directions [N, 3] from what is seen at screen positions [N, 2] [px] towards the eye."""
        flat = (pixels - self.center_px) / self.focal_px
        local = torch.cat([flat, torch.ones_like(flat[:, :1])], dim=-1)
        return -torch.nn.functional.normalize(local @ rotation_matrix(self.rotation).T, dim=-1)


def rotation_matrix(rotation: torch.Tensor) -> torch.Tensor:
    """Return the matrix [3, 3] of a rotation vector [3] [rad] (Rodrigues); smooth, and differentiable, at zero too."""
    square = (rotation * rotation).sum()
    small = square < 1.0e-8
    safe = torch.where(small, torch.ones_like(square), square)
    angle = safe.sqrt()
    sine = torch.where(small, 1.0 - square / 6.0, angle.sin() / angle)
    versine = torch.where(small, 0.5 - square / 24.0, (1.0 - angle.cos()) / safe)
    x, y, z = rotation.unbind()
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero]).reshape(3, 3)
    identity = torch.eye(3, dtype=rotation.dtype, device=rotation.device)
    return identity + sine * cross + versine * (cross @ cross)
