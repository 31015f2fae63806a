"""A garment's learned deformation field on one body, posed every frame after plain skinning and before push-out."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.assets.files.field import Field
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.simd.code import lanes_on
from dressform.runtime.geometry.upload import Upload
from dressform.schemas.errors import AssetError

from ._kernels_field import Block, confide, move_cloth, near_centres, project_support, sum_modes, weigh_modes
from .blocks import blocked, zeroed_blocks
from .field_features import FEATURES, POSE_FEATURES, PoseFeatures, body_features
from .launches import KEPT_BUFFERS
from .wrinkle_texels import WrinkleTexels
from .wrinkles import Relief, WrinklesOnBody

_AGAIN = "run `dressform garment learn` on its draft and publish it again"


class FieldOnBody:
    """Moves a garment's cloth, in a buffer of all vertices, from where plain skinning put it to where its field says.

    Args:
        field: The garment's, for the body's family.
        rest: The body.
        size: The garment's size.
        rest_buffer: Warp vec3 array of all vertices fitted to the body, body's rest frame [m].
        start: The garment's first vertex in the buffers.
        transforms: Warp mat44 array [J] that holds rest → world of the body's joints when `launch` is called.
        name: The garment, for messages.
        texels: Where its wrinkles are painted, and its first texel among those of all garments; None paints none.
        device: Warp device.

    Raises:
        AssetError: When the field is for another body, size or set of features.
    """

    def __init__(
        self,
        field: Field,
        rest: RestBody,
        size: str,
        rest_buffer: Any,
        start: int,
        transforms: Any,
        *,
        name: str,
        texels: tuple[WrinkleTexels, int] | None = None,
        device: str = "cpu",
    ) -> None:
        check_usable(field, rest, size, name)
        self.device = device
        model = field.model
        number = {joint: index for index, joint in enumerate(rest.body.joint_names)}
        joints = np.array([number[joint] for joint in field.joints], np.int32)

        def floats(values: NDArray[Any]) -> Any:
            return wp.array(np.ascontiguousarray(values, np.float32), dtype=wp.float32, device=device)

        def integers(values: NDArray[Any]) -> Any:
            return wp.array(np.ascontiguousarray(values, np.int32), dtype=wp.int32, device=device)

        self._pose_features = PoseFeatures(rest)
        self._raw = np.concatenate([np.zeros(len(POSE_FEATURES), np.float32), body_features(rest, field.sizes[size])])
        self._low, self._high, self._shift, self._scale = model.low, model.high, model.shift, model.scale
        self._features = Upload((2, len(FEATURES)), wp.float32, device)
        self._centres = floats(model.centres)
        self._near = floats(np.zeros((2, len(model.centres))))
        self._linear, self._radial = floats(model.linear.T), floats(model.coefficients.T)
        self._limits = [floats(model.offset), floats(model.lowest), floats(model.highest)]
        self._support = floats(model.support.T)
        self._known = floats(np.zeros(model.support.shape[1]))
        self._doubts = [model.doubt_full, model.doubt_none]
        self._doubt_reach = model.doubt_reach
        self._coefficients, self._confidence = floats(np.zeros(len(field.modes))), floats(np.zeros(1))
        self._displacements, displacements = zeroed_blocks(len(field.points), device)
        self._mean = wp.array(blocked(field.mean[None])[:, 0], dtype=Block, device=device)
        self._modes = wp.array(blocked(field.modes), dtype=Block, device=device)
        order = np.argsort(-field.joint_weights, axis=1, kind="stable")
        self._carried = [
            rest_buffer,
            integers(field.points + start),
            integers(np.take_along_axis(joints[field.joint_indices], order, axis=1)),
            floats(np.take_along_axis(field.joint_weights, order, axis=1)),
            transforms,
            displacements,
            self._confidence,
            field.bound,
        ]
        self._wrinkles, share = None, 0.0
        if field.wrinkles is not None and texels is not None:
            self._wrinkles = WrinklesOnBody(field.wrinkles, *texels, self._coefficients, device=device)
            share = field.wrinkles.share
        self._lanes = lanes_on(device)
        self._carried += [share, self._lanes]
        self._no_turns = wp.zeros(0, dtype=wp.vec4, device=device)
        self._count = len(field.points)
        self._read = self._record_reading()
        self._moves: dict[tuple[int, int], Any] = {}

    @property
    def acting(self) -> Any:
        """Warp array [1] that holds the confidence, for what follows on the device."""
        return self._confidence

    @property
    def confidence(self) -> float:
        """Share in [0, 1] with which the field acted when it was last launched; reading it waits for the device."""
        return float(self._confidence.numpy()[0])

    @property
    def coefficients(self) -> NDArray[np.float32]:
        """Coefficients of the modes float32 [K] when it was last launched; reading them waits for the device."""
        return np.array(self._coefficients.numpy())

    def launch(self, transforms: NDArray[np.float32], points: Any, relief: Relief | None = None) -> None:
        """Move the cloth in this Warp vec3 buffer, which holds the plain skinned vertices [m].

        Args:
            transforms: The same rest → world transforms [J, 4, 4] that the Warp array holds, in numpy.
            points: The buffer; the first call with each prepares its launch.
            relief: What is shaded by, to write too.
        """
        self._raw[: len(POSE_FEATURES)] = self._pose_features.of_transforms(transforms)
        rows = self._features.values
        np.clip(self._raw, self._low, self._high, out=rows[0])
        rows[1] = self._raw
        rows -= self._shift
        rows *= self._scale
        self._features.send()
        for command in self._read:
            command.launch()
        wrinkled = relief is not None and self._wrinkles is not None
        turns = relief.turns if relief is not None and wrinkled else self._no_turns
        key = points.ptr, turns.ptr if wrinkled else 0
        if key not in self._moves:
            if len(self._moves) == KEPT_BUFFERS:
                self._moves.clear()
            self._moves[key] = self._command(move_cloth, -(-self._count // self._lanes), self._carried, [points, turns])
        self._moves[key].launch()
        if relief is not None and self._wrinkles is not None:
            self._wrinkles.launch(relief)

    def _record_reading(self) -> list[Any]:
        return [
            self._command(
                near_centres,
                len(self._centres),
                [self._features.array, self._centres, self._doubt_reach],
                [self._near],
            ),
            self._command(
                weigh_modes,
                len(self._coefficients),
                [self._features.array, self._near, self._linear, self._radial, *self._limits],
                [self._coefficients],
            ),
            self._command(project_support, len(self._known), [self._near, self._support], [self._known]),
            self._command(confide, 1, [self._known, *self._doubts], [self._confidence]),
            self._command(
                sum_modes,
                len(self._displacements),
                [self._mean, self._modes, self._coefficients],
                [self._displacements],
            ),
        ]

    def _command(self, kernel: Any, dim: int, inputs: list[Any], outputs: list[Any]) -> Any:
        return wp.launch(kernel, dim=dim, inputs=inputs, outputs=outputs, device=self.device, record_cmd=True)


def check_usable(field: Field, rest: RestBody, size: str, name: str) -> None:
    """Raise an AssetError unless a field can be used on a body, for a size."""
    body = rest.body
    if (field.body, field.body_digest) != (body.family, body.topology_digest):
        found = f"{field.body} ({field.body_digest[:12]})"
        raise AssetError(
            f"{name}: its field is for the body {found}, needed {body.family} ({body.topology_digest[:12]}); {_AGAIN}"
        )
    missing = set(field.joints) - set(body.joint_names)
    if missing:
        raise AssetError(
            f"{name}: its field names the joint {min(missing)}, which the {body.family} body lacks; {_AGAIN}"
        )
    if size not in field.sizes:
        raise AssetError(f"{name}: its field knows the sizes {', '.join(field.sizes)}, not {size}; {_AGAIN}")
    if field.features != FEATURES:
        raise AssetError(f"{name}: its field was trained on other features of pose and body; {_AGAIN}")
