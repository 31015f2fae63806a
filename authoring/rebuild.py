"""Rebuild: run the steps again that an update or a repair took back, with the options that they ran with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from dressform.schemas.progress import Progress, silent

from .draft import Draft
from .steps.clean import CleanOptions, clean
from .steps.lod import LodOptions, lod
from .steps.place import PlaceOptions, place
from .steps.preview import PreviewOptions, preview
from .steps.rig import RigOptions, rig
from .steps.unwrap import UnwrapOptions, unwrap

T = TypeVar("T")
STEPS = ("clean", "unwrap", "place", "rig", "lod", "preview")


def rebuild(
    draft: Draft, steps: Collection[str], options: Mapping[str, Mapping[str, Any]], progress: Progress = silent
) -> tuple[Draft, list[str]]:
    """Run steps again.

    Args:
        draft: After an update or a repair.
        steps: Those that it took back.
        options: What each step ran with, as `recorded_options` returned it before.
        progress: Told how far all of it is.

    Returns:
        The draft, and the steps that ran; steps that need what a draft does not hold (a model file) do not.
    """
    wanted = [step for step in STEPS if step in steps]
    for number, step in enumerate(wanted):
        progress(number / len(wanted), f"running {step}")
        draft = _runners(draft, options.get(step, {}))[step]()
    progress(1.0, "rebuilt")
    return draft, wanted


def recorded_options(draft: Draft) -> dict[str, dict[str, Any]]:
    """Return the options that each step of a draft ran with."""
    return {str(entry["step"]): dict(entry["options"]) for entry in draft.steps}


def _runners(draft: Draft, options: Mapping[str, Any]) -> dict[str, Callable[[], Draft]]:
    return {
        "clean": lambda: clean(draft, _options(CleanOptions, options)),
        "unwrap": lambda: unwrap(draft, _options(UnwrapOptions, options)),
        "place": lambda: place(draft, PlaceOptions(keep=draft.report("update")["worn"])),
        "rig": lambda: rig(draft, _options(RigOptions, options)),
        "lod": lambda: lod(draft, _options(LodOptions, options)),
        "preview": lambda: preview(draft, _options(PreviewOptions, options)),
    }


def _options(kind: Callable[..., T], recorded: Mapping[str, Any]) -> T:
    """Return the options as they were recorded; JSON has lists where they have tuples."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # every kind is a dataclass
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in recorded.items() if k in known})
