"""The rule set: every rule there is, by group."""

from __future__ import annotations

from dressform.validators.rule import Rule

from . import gltf, manifest, material, mesh, picture, place, skin, sweep, texture, uv

RULES: tuple[Rule, ...] = (
    *manifest.RULES,
    *mesh.RULES,
    *uv.RULES,
    *skin.RULES,
    *place.RULES,
    *material.RULES,
    *texture.RULES,
    *picture.RULES,
    *gltf.RULES,
    *sweep.RULES,
)
