"""Every example there is, by the name of its rule, and how one is written to disk."""

from __future__ import annotations

from pathlib import Path

from dressform.assets.library import Library
from dressform.validators.engine import validate

from . import manifest, material, mesh, picture, place, skin, texture, uv
from .broken import EXAMPLES, Example
from .builder import sound_parts

MODULES = (manifest, material, mesh, picture, place, skin, texture, uv)  # importing them registers their examples


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


__all__ = ["EXAMPLES", "MODULES", "Example", "write_broken", "write_sound"]
