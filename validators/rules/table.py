"""The rule set: every rule there is, by group."""

from __future__ import annotations

from dressform.validators.rule import Rule

from . import looks, manifest, mesh, place, skin, uv

RULES: tuple[Rule, ...] = (*manifest.RULES, *mesh.RULES, *uv.RULES, *skin.RULES, *place.RULES, *looks.RULES)
