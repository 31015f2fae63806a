"""Every fix there is, in the order in which they run: the rig first, which a mesh is written with."""

from __future__ import annotations

from . import manifest, mesh, skin, texture
from .fix import Fix

FIXES: tuple[Fix, ...] = (*manifest.FIXES, *skin.FIXES, *mesh.FIXES, *texture.FIXES)
