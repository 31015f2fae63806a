"""Every fix there is, in the order in which they run: the rig first, which a mesh is written with, figures last."""

from __future__ import annotations

from . import manifest, material, mesh, skin, texture
from .fix import Fix

FIXES: tuple[Fix, ...] = (*skin.FIXES, *mesh.FIXES, *material.FIXES, *texture.FIXES, *manifest.FIXES)
