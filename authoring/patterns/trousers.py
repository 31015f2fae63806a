"""Trousers drafted around a body: jeans or chinos, straight or slim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import RestBody
from dressform.schemas.errors import UsageError

from ._trousers_panels import lay_out
from ._trousers_shape import Cut, fork_height, lower_body, trousers_grid
from ._trousers_texture import Cloth, paint

FITS = {"slim": 0.36, "straight": 0.39}  # [m] girth of the hem
WEAVES = ("denim", "twill")
COLORS: dict[str, tuple[str, tuple[int, int, int]]] = {
    "indigo": ("denim", (46, 60, 92)),
    "stone": ("denim", (104, 128, 160)),
    "black": ("denim", (38, 38, 42)),
    "sand": ("twill", (178, 156, 122)),
    "olive": ("twill", (92, 94, 68)),
    "navy": ("twill", (40, 48, 72)),
    "grey": ("twill", (112, 114, 118)),
}


@dataclass(frozen=True)
class TrousersOptions:
    """What the pattern leaves open.

    Attributes:
        color: A name of `COLORS` or sRGB as "#rrggbb".
        weave: "denim" or "twill"; None takes the colour's own ("twill" for "#rrggbb").
        fit: "slim" or "straight".
        hip_ease: Distance of the cloth from the seat [m]; waist, thigh and knee follow in proportion.
        rise: Height of the waistband above the hip joint, as a fraction of stature.
        texture_pixels: Side of the base colour picture.
    """

    color: str = "indigo"
    weave: str | None = None
    fit: str = "straight"
    hip_ease: float = 0.013
    rise: float = 0.052
    texture_pixels: int = 2048

    def __post_init__(self) -> None:
        if self.fit not in FITS:
            raise UsageError(f"--fit {self.fit!r} is unknown; needed one of {', '.join(FITS)}")
        if self.weave is not None and self.weave not in WEAVES:
            raise UsageError(f"--weave {self.weave!r} is unknown; needed one of {', '.join(WEAVES)}")
        if not 0.004 <= self.hip_ease <= 0.05:
            raise UsageError(f"the hip ease needs 0.004 to 0.05 m, found {self.hip_ease:g}")
        if not 0.03 <= self.rise <= 0.09:
            raise UsageError(f"the rise needs 0.03 to 0.09 of the stature, found {self.rise:g}")
        if not 256 <= self.texture_pixels <= 8192:
            raise UsageError(f"the texture needs 256 to 8192 pixels, found {self.texture_pixels}")
        self.cloth()

    def cloth(self) -> Cloth:
        """Return how the cloth looks."""
        if self.color in COLORS:
            weave, values = COLORS[self.color]
        else:
            weave, values = "twill", _from_hex(self.color)
        red, green, blue = (value / 255 for value in values)
        weave = self.weave or weave
        if weave == "denim":
            stitch = (0.74, 0.56, 0.31) if self.color != "black" else (0.34, 0.33, 0.33)
        else:
            stitch = (red * 0.80 + 0.03, green * 0.80 + 0.03, blue * 0.80 + 0.03)
        return Cloth(weave, (red, green, blue), stitch)


_STANDARD = TrousersOptions()


def make_trousers(rest: RestBody, options: TrousersOptions = _STANDARD) -> GarmentMesh:
    """Draft trousers around a body at rest.

    The panels are laid out in metres, upright and without overlap, so UV1 is UV0.

    Args:
        rest: The body; the canonical one for a template.
        options: Fit and cloth.
    """
    points, faces = lower_body(rest)
    joints = rest.canonical_joints()
    stature = float(np.ptp(rest.vertices[:, 2]))
    hip = float(joints[JOINT_INDEX["left_hip"], 2])
    ease = options.hip_ease
    cut = Cut(
        rise=hip + options.rise * stature,
        fork=fork_height(points, faces) - 0.012,
        hem=float(joints[JOINT_INDEX["left_ankle"], 2]) + 0.002,
        waist_ease=0.6 * ease,
        hip_ease=ease,
        thigh_ease=1.1 * ease,
        knee_ease=1.35 * ease,
        hem_girth=FITS[options.fit] * stature / 1.84,
    )
    grid = trousers_grid(rest, cut)
    layout = lay_out(grid)
    cloth = options.cloth()
    color, normal = paint(layout, cloth, options.texture_pixels)
    material = Material(
        name=cloth.weave,
        base_color=(1.0, 1.0, 1.0, 1.0),
        base_color_image=color,
        normal_image=normal,
        roughness=0.88 if cloth.weave == "denim" else 0.82,
        sheen=(0.03, 0.03, 0.035),
    )
    return GarmentMesh(
        points=grid.points.astype(np.float32),
        faces=grid.faces,
        uv0=layout.uv,
        uv0_faces=layout.uv_faces,
        uv1=layout.uv.copy(),
        uv1_faces=layout.uv_faces.copy(),
        materials=(material,),
        material_ids=np.zeros(len(grid.faces), np.int32),
    )


def _from_hex(text: str) -> tuple[int, int, int]:
    digits = text.removeprefix("#")
    try:
        value = int(digits, 16) if len(digits) == 6 else None
    except ValueError:
        value = None
    if value is None:
        raise UsageError(f"--color {text!r} is unknown; needed #rrggbb or one of {', '.join(COLORS)}")
    return value >> 16, value >> 8 & 255, value & 255
