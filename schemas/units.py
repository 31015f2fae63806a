"""Units of length that files come in; inside, everything is metres."""

from __future__ import annotations

METRES_PER_UNIT = {"mm": 0.001, "cm": 0.01, "dm": 0.1, "m": 1.0, "inch": 0.0254}
HEIGHTS_M, MASSES_KG = (1.2, 2.4), (30.0, 250.0)  # of adults; who is beyond is not fitted
