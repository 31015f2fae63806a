"""The rule set: every rule there is, by group."""

from __future__ import annotations

from dressform.validators.rule import Rule

from . import (
    fabric,
    field,
    form,
    gltf,
    layout,
    licence,
    lod,
    manifest,
    material,
    mesh,
    picture,
    place,
    sizes,
    skin,
    sweep,
    texture,
    uv,
    version,
)

RULES: tuple[Rule, ...] = (
    *manifest.RULES,
    *licence.RULES,
    *mesh.RULES,
    *form.RULES,
    *sizes.RULES,
    *lod.RULES,
    *uv.RULES,
    *layout.RULES,
    *skin.RULES,
    *place.RULES,
    *material.RULES,
    *texture.RULES,
    *picture.RULES,
    *gltf.RULES,
    *sweep.RULES,
    *field.RULES,
    *fabric.RULES,
    *version.RULES,
)
