"""BT.709, limited range: Y in 16..235, Cb and Cr in 16..240 around 128 (ITU-R BT.709-6, items 3.2 to 3.5)."""

from __future__ import annotations

import numpy as np

from dressform.schemas.units import LUMINANCE

_KR, _, _KB = LUMINANCE
_KG = 1.0 - _KR - _KB
# From sRGB in 0..255 to luma above 16, and to both chromas around 128.
LUMA = np.array([[_KR, _KG, _KB]]) * (219.0 / 255.0)
CHROMA = np.array(
    [
        [-_KR / (2.0 * (1.0 - _KB)), -_KG / (2.0 * (1.0 - _KB)), 0.5],
        [0.5, -_KG / (2.0 * (1.0 - _KR)), -_KB / (2.0 * (1.0 - _KR))],
    ]
) * (224.0 / 255.0)
