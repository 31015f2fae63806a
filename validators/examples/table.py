"""Every example there is, by the name of its rule, and how one is written to disk."""

from __future__ import annotations

from pathlib import Path

from dressform.assets.library import Library
from dressform.schemas.report import Report
from dressform.validators.budgets import Budgets
from dressform.validators.engine import Options, validate, validate_all
from dressform.validators.profile import Profile
from dressform.validators.rules.table import RULES

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
from .broken import EXAMPLES, Example
from .builder import sound_parts

# importing them registers their examples
MODULES = (
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


def write_broken(rule: str, folder: Path) -> Path:
    """Write what breaks a rule: a draft, or a library with a version that was tampered with.

    Args:
        rule: The rule's name.
        folder: A new folder.

    Returns:
        What to validate.
    """
    example = EXAMPLES[rule]
    parts = sound_parts()
    if example.prepare:
        example.prepare(parts)
    if example.change:
        example.change(parts)
    draft = parts.write(folder / "draft")
    if example.tamper is None:
        return draft
    library = Library.open(folder / "library")
    example.tamper(library.publish(draft, validate(draft, publishing=True)))
    return folder / "library"


def write_sound(rule: str, folder: Path) -> Path:
    """Write what a rule is tested on and holds for, in the same way."""
    example = EXAMPLES[rule]
    parts = sound_parts()
    if example.prepare:
        example.prepare(parts)
    draft = parts.write(folder / "draft")
    if example.tamper is None:
        return draft
    Library.open(folder / "library").publish(draft, validate(draft, publishing=True))
    return folder / "library"


def validate_example(rule: str, target: Path) -> Report:
    """Validate what `write_broken` or `write_sound` wrote; a rule that moves the garment has one body and one pose."""
    slow = [each for each in RULES if each.name == rule and each.slow]
    if not slow:
        return validate(target)
    budgets = Budgets(sweep_bodies=(sweep.POSE["body"],), sweep_poses=(sweep.POSE["pose"],))
    return validate_all([target], Options(Profile("example", budgets), sweep=True), rules=slow)


__all__ = ["EXAMPLES", "MODULES", "Example", "validate_example", "write_broken", "write_sound"]
