"""A drape seen from four sides."""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.authoring.steps.preview import Stage
from dressform.runtime.body.protocol import RestBody

SIDES = (0.0, math.pi / 2, math.pi, -math.pi / 2)
_BLUE = (0.12, 0.22, 0.45, 1.0)  # linear: folds show on it


def drape_picture(
    points: NDArray[np.floating], faces: NDArray[np.integer], rest: RestBody, *, size: tuple[int, int] = (360, 540)
) -> bytes:
    """Return front, both sides and back of a garment on the body in a row, as PNG.

    Args:
        points: [P, 3] [m]; what is not a number is drawn at the origin.
        faces: [F, 3].
        rest: The body.
        size: (width, height) of a view [px].
    """
    mesh = GarmentMesh(
        points=np.nan_to_num(np.asarray(points, np.float32), posinf=0.0, neginf=0.0),
        faces=np.asarray(faces, np.int32),
        uv0=None,
        uv0_faces=None,
        uv1=None,
        uv1_faces=None,
        materials=(Material(base_color=_BLUE),),
        material_ids=np.zeros(len(faces), np.int32),
    )
    stage = Stage(mesh, rest, None, size)
    file = io.BytesIO()
    Image.fromarray(np.concatenate([stage.view(side) for side in SIDES], axis=1)).save(file, "PNG")
    return file.getvalue()
