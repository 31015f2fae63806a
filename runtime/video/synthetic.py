"""What every file with a picture of a person says of itself."""

from __future__ import annotations

SYNTHETIC = "Synthetic video: computer-generated try-on made with dressform; not a recording of a real event."
SYNTHETIC_PICTURE = "Synthetic picture: computer-generated try-on made with dressform; not a photo of a real event."
