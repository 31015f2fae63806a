"""The picture of a rule: what it is tested on when all is well, and beside it what breaks it."""

from __future__ import annotations

import tempfile
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dressform.schemas.report import Finding
from dressform.validators.engine import validate
from dressform.validators.examples.table import write_broken, write_sound
from dressform.validators.rule import Rule
from dressform.validators.subject import Subject
from dressform.validators.targets import find_subjects

from .exhibit import Exhibit, drawing, photograph
from .exhibits import shown_of
from .location import excerpt, locate
from .safe_text import one_line

SIDE = 320  # [px] of each half
_HEAD = 34  # [px] for the line above each half
_INK, _FAINT, _PAPER, _LINE = (40, 42, 46), (96, 101, 110), (250, 250, 249), (222, 223, 226)
_SOUND, _BROKEN = (29, 107, 58), (179, 38, 30)
_SAME = 24.0  # grey levels; encoding and smoothing move pixels by less
_COLUMNS, _ROWS = 34, 13  # characters and lines of a half that holds text

Pixels = NDArray[np.uint8]


def rule_picture(rule: Rule) -> Exhibit | None:
    """Return the picture of a rule's example, or None where the rule cannot be tested on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        broken = write_broken(rule.name, Path(folder) / "broken")
        report = validate(broken, rules=[rule], sweep=rule.slow)
        found = [finding for finding in report.findings if finding.name == rule.name]
        if not found:
            return None
        subjects = find_subjects(broken)
        sound = find_subjects(write_sound(rule.name, Path(folder) / "sound"))[-1]
        return _picture(found[0], subjects, sound)


def _picture(finding: Finding, subjects: list[Subject], sound: Subject) -> Exhibit:
    location = locate(finding, subjects)
    shown = shown_of(finding, location)
    caption = f"sound, and beside it what {finding.name} finds"
    left = shown[0].again(sound) if shown else None
    if shown and not _alike(left, shown[0].pixels):
        pages = [
            _square(left) if left is not None else _written(None, "nothing to find"),
            _square(shown[0].pixels),
        ]
        make = drawing if shown[0].flat else photograph
    else:
        pages = [
            _written(excerpt(replace(location, subject=sound)), "nothing to find"),
            _written(excerpt(location), finding.message),
        ]
        make = drawing
    return make(caption, _beside(pages[0], pages[1]))


def _alike(left: Pixels | None, right: Pixels) -> bool:
    """Return whether two pictures show no difference, as some defects are not to be seen."""
    return left is not None and left.shape == right.shape and float(np.abs(left.astype(float) - right).max()) < _SAME


def _square(pixels: Pixels) -> Pixels:
    image = Image.fromarray(pixels)
    if max(image.size) <= SIDE // 2:
        larger = SIDE // max(image.size)
        image = image.resize((larger * image.width, larger * image.height), Image.Resampling.NEAREST)
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    page = Image.new("RGB", (SIDE, SIDE), _PAPER)
    page.paste(image, ((SIDE - image.width) // 2, (SIDE - image.height) // 2))
    return np.asarray(page)


def _written(passage: str | None, message: str) -> Pixels:
    """Return a half with a passage of a file and what is to be said of it."""
    page = Image.new("RGB", (SIDE, SIDE), _PAPER)
    draw = ImageDraw.Draw(page)
    font, small = ImageFont.load_default(15), ImageFont.load_default(14)
    cut = [part for line in (passage or "").splitlines() for part in _wrapped(line)]
    top = 18
    for line in cut[:_ROWS]:
        text = line.lstrip()
        draw.text((18 + 5 * (len(line) - len(text)), top), text, _INK, font)
        top += 19
    top += 12 if cut else 0
    for line in textwrap.wrap(one_line(message), _COLUMNS)[: _ROWS - min(len(cut), 9)]:
        draw.text((18, top), line, _FAINT, small)
        top += 18
    return np.asarray(page)


def _wrapped(line: str) -> list[str]:
    """Return a line in as many as it takes, its indent kept."""
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(one_line(line), _COLUMNS - len(indent), initial_indent=indent, subsequent_indent=f"{indent}  ")


def _beside(left: Pixels, right: Pixels) -> Pixels:
    page = Image.new("RGB", (2 * SIDE + 1, SIDE + _HEAD), _PAPER)
    page.paste(Image.fromarray(left), (0, _HEAD))
    page.paste(Image.fromarray(right), (SIDE + 1, _HEAD))
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(17)
    draw.text((14, 7), "sound", _SOUND, font)
    draw.text((SIDE + 15, 7), "not sound", _BROKEN, font)
    draw.line((SIDE, 0, SIDE, SIDE + _HEAD), _LINE)
    draw.rectangle((0, 0, page.width - 1, page.height - 1), outline=_LINE)
    return np.asarray(page)
