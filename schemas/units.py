"""Units of length that files come in, inside everything is metres; and figures that several parts hold to."""

from __future__ import annotations

METRES_PER_UNIT = {"mm": 0.001, "cm": 0.01, "dm": 0.1, "m": 1.0, "inch": 0.0254}
LARGEST_SIDE = 16384  # of a picture [px]
LUMINANCE = (0.2126, 0.7152, 0.0722)  # of linear sRGB and BT.709 (IEC 61966-2-1, ITU-R BT.709-6)
HEIGHTS_M, MASSES_KG = (1.2, 2.4), (30.0, 250.0)  # of adults; who is beyond is not fitted
