"""The picture itself: linear light over what is behind it, and its encoded pixels."""

from __future__ import annotations

import warp as wp

from . import _kernels_resolve as kernels
from .backdrop import backdrop_key, paint_backdrop
from .boxes import NOTHING, Box, is_empty, strips
from .scene import Background, Camera


class Canvas:
    """Lays the backdrop, takes colours and encodes them.

    Args:
        size: (width, height) [px].
        samples: Samples per pixel side.
        strip: Pixels of a row that a thread works on.
        device: Warp device.

    Attributes:
        color: vec3 [rows, columns] of samples, linear light, highlights softened.
        backdrop: The same of what is behind.
        rgb: uint8 [H, W, 3], sRGB; `backdrop_rgb` the same of what is behind.
    """

    def __init__(self, size: tuple[int, int], samples: int, strip: int, device: str) -> None:
        width, height = size
        self._samples, self._strip, self._device = samples, strip, device
        with wp.ScopedDevice(device):
            self.color = wp.zeros((height * samples, width * samples), dtype=wp.vec3)
            self.backdrop = wp.zeros_like(self.color)
            self.rgb = wp.zeros((height, width, 3), dtype=wp.uint8)
            self.backdrop_rgb = wp.zeros_like(self.rgb)
        self._key: tuple[object, ...] = ()
        self._background: Background | None = None
        self._written: Box = NOTHING

    def samples_of(self, box: Box) -> Box:
        """Scale a box from pixels to samples."""
        x0, y0, x1, y1 = (side * self._samples for side in box)
        return x0, y0, x1, y1

    def prepare(self, background: Background, camera: Camera, box: Box) -> None:
        """Put the bare backdrop where this picture will be coloured, a box of pixels, and where the one before was."""
        key = backdrop_key(background, camera)
        if key != self._key:
            self.backdrop.assign(paint_backdrop(background, camera, self.backdrop.shape))
            self._key = key
            self._background = background  # keeps its image alive, so that the key's id stays its own
            inputs = [self.backdrop, self._samples]
            wp.launch(
                kernels.encode_backdrop,
                self.rgb.shape[:2],
                inputs,
                outputs=[self.backdrop_rgb],
                device=self._device,
            )
            wp.copy(self.rgb, self.backdrop_rgb)
        self._lay(kernels.lay_backdrop, self.backdrop, self.samples_of(box), self.color)
        self._lay(kernels.lay_encoded_backdrop, self.backdrop_rgb, self._written, self.rgb)
        self._written = box

    def resolve(self, keys: wp.array, across: wp.array, down: wp.array, box: Box) -> None:
        """Encode the pixels of a box.

        Args:
            keys: What is nearest at each sample.
            across: Where silhouettes cross between a sample and the one right of it.
            down: The same of the one below it.
            box: Of pixels.
        """
        if is_empty(box):
            return
        shown, outputs = [self.color, across, down], [self.rgb]
        if self._samples == 1:
            inputs, size = [keys, *shown, wp.vec4i(*box), self._strip], strips(box, self._strip)
            wp.launch(kernels.resolve, size, inputs, outputs=outputs, device=self._device)
        else:
            inputs, size = [*shown, self._samples, wp.vec4i(*box)], (box[3] - box[1], box[2] - box[0])
            wp.launch(kernels.resolve_samples, size, inputs, outputs=outputs, device=self._device)

    def _lay(self, kernel: wp.Kernel, source: wp.array, box: Box, target: wp.array) -> None:
        if not is_empty(box):
            inputs, size = [source, wp.vec4i(*box), self._strip], strips(box, self._strip)
            wp.launch(kernel, size, inputs, outputs=[target], device=self._device)
