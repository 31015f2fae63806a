"""Names of a garment's pieces: the artist's where they say something, else what the shape says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.adjacency import boundary_loops, ring_length

from ._detect import category_from_shape

Points = NDArray[np.float64]

_GENERIC = re.compile(
    "(unnamed|default|mesh|object|obj|group|grp|poly|surface|polysurface|shape|geometry|geo|node|root|scene|cube|plane|"
    "sphere|cylinder|circle|grid|none|null|material|mat|lambert|phong|initial|shading|initialshadinggroup|fabric|cloth|"
    "untitled|garment|model|g|o|m|sg)?[0-9]*"
)
_STIFF = ("hat", "glasses")  # what moves with the head as one, whatever it is made of
_HARD = (
    "button",
    "buckle",
    "zip",
    "zipper",
    "sole",
    "heel",
    "rivet",
    "snap",
    "eyelet",
    "clasp",
    "hook",
    "badge",
    "pin",
)
_WORDS = re.compile(r"[a-z]+")
# [m] sizes of trims
_BUTTON, _TRIM, _LACE, _ZIP = 0.035, 0.08, 0.012, 0.045
_POCKET = (0.05, 0.35)
_PATCH_AREA = 0.002  # [m²]
_MAIN = 0.2  # of the garment's surface: a larger piece is a garment of its own


@dataclass(frozen=True)
class Piece:
    """One connected piece and what is known of it.

    Attributes:
        faces: int64 [F] the mesh's triangles.
        area: Surface [m²].
        center: [3] [m].
        extents: [3] lengths along its main axes, largest first [m].
        height: Lowest and highest z [m].
        girths: Length of every border loop [m], longest first.
        given: The artist's name for it, or "".
        inner: It is an inner shell.
    """

    faces: NDArray[np.int64]
    area: float
    center: Points
    extents: Points
    height: tuple[float, float]
    girths: tuple[float, ...]
    given: str
    inner: bool


@dataclass(frozen=True)
class Named:
    """A piece's name.

    Attributes:
        name: Unique, lower-case words with hyphens.
        rigid: It moves as one.
        reason: How the name was found.
    """

    name: str
    rigid: bool
    reason: str


def describe_piece(
    points: Points, faces: NDArray[np.int64], rows: NDArray[np.int64], given: str, *, inner: bool
) -> Piece:
    """Measure a piece: the triangles `rows` [N] of the faces [F, 3]."""
    used, local = np.unique(faces[rows], return_inverse=True)
    own, own_faces = points[used], local.reshape(-1, 3)
    corners = own[own_faces]
    areas = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    center = np.average(corners.mean(axis=1), axis=0, weights=np.maximum(areas, 1e-15))
    _, axes = np.linalg.eigh(np.cov((own - center).T))
    extents = np.sort(np.ptp((own - center) @ axes, axis=0))[::-1]
    rings = [own[loop] for loop in boundary_loops(own_faces)]
    girths = sorted(map(ring_length, rings), reverse=True)
    low, high = float(own[:, 2].min()), float(own[:, 2].max())
    return Piece(rows, float(areas.sum()), center, extents, (low, high), tuple(girths), given, inner)


def name_pieces(pieces: Sequence[Piece], points: Points, faces: NDArray[np.int64], category: str | None) -> list[Named]:
    """Name pieces, given largest first."""
    total = sum(piece.area for piece in pieces)
    low, high = min(p.height[0] for p in pieces), max(p.height[1] for p in pieces)
    middle_y = float(np.average([p.center[1] for p in pieces], weights=[p.area for p in pieces]))
    bases: list[tuple[str, bool, str]] = []
    for piece in pieces:
        stated = slug(piece.given)
        if stated:
            hard = any(word in _HARD for word in _WORDS.findall(stated))
            bases.append((stated, hard and bool(max(piece.extents) < 0.4), "the artist's name"))
            continue
        if piece.area >= _MAIN * total and not (category == "shoes" and max(piece.extents) < 0.4):
            word = category_from_shape(points, faces[piece.faces]).value
            if category and len([p for p in pieces if p.area >= _MAIN * total and not p.inner]) == 1:
                word = category
            bases.append((word, False, "a garment by its openings"))
            continue
        word, rigid = _shoe_part(piece, low, high) if category == "shoes" else _trim(piece, low, high, middle_y)
        bases.append((word, rigid, "its shape and place"))
    stiff = category in _STIFF
    return [
        Named(name, rigid or stiff, reason)
        for name, (_, rigid, reason) in zip(_unique(bases, pieces), bases, strict=True)
    ]


def slug(text: str) -> str:
    """Turn an artist's name into lower-case words with hyphens; "" when it is what a tool gives unasked."""
    last = re.split(r"[/|:]", text)[-1]
    plain = re.sub(r"[^a-z0-9]+", "-", re.sub(r"([a-z])([A-Z])", r"\1-\2", last).lower()).strip("-")[:48].strip("-")
    return "" if all(_GENERIC.fullmatch(word) for word in plain.split("-")) else plain


def _trim(piece: Piece, low: float, high: float, middle_y: float) -> tuple[str, bool]:
    """Tell a small piece by its size; rigid when it is hard."""
    longest, middle, thin = (max(float(x), 1e-6) for x in piece.extents)
    at = (piece.height[0] - low) / max(high - low, 1e-6)
    if longest < _BUTTON and middle > 0.6 * longest:
        flat = piece.area < _PATCH_AREA and thin < 0.03 * longest
        return ("patch", False) if flat else ("button", True)
    central = abs(piece.center[0]) < 0.04 and piece.center[1] < middle_y
    if longest > 6 * middle and middle < _ZIP and central and longest > 0.08 and thin < 0.02:
        return "zip", True
    if longest > 8 * middle and middle < _LACE:
        return "lace", False
    if longest > 4 * middle and middle < 0.12:
        return "strap", False
    if longest < _TRIM:
        return ("patch", False) if thin < 0.1 * longest and len(piece.girths) == 1 else ("buckle", True)
    around = [girth for girth in piece.girths if girth > 0.2]
    if at > 0.8 and len(around) in (1, 2) and piece.height[1] - piece.height[0] < 0.14 and middle > 0.08:
        return "collar", False
    if len(piece.girths) == 1 and _POCKET[0] < longest < _POCKET[1] and thin < 0.35 * longest:
        return "pocket", False
    return "panel", False


def _shoe_part(piece: Piece, low: float, high: float) -> tuple[str, bool]:
    longest, middle, _ = (float(x) for x in piece.extents)
    tall = piece.height[1] - piece.height[0]
    if tall < 0.35 * (high - low) and piece.height[0] < low + 0.1 * (high - low) and longest > 0.15:
        return "sole", True
    if longest < _BUTTON:
        return "eyelet", True
    if longest > 6 * middle:
        return "lace", False
    if piece.center[2] > (low + high) / 2 and len(piece.girths) == 2:
        return "shaft", False
    return "shoe", False


def _unique(bases: Sequence[tuple[str, bool, str]], pieces: Sequence[Piece]) -> list[str]:
    """Part pieces of one name: left and right where two mirror each other, else by number."""
    names = [
        base + ("-inner" if piece.inner and "inner" not in base else "")
        for (base, _, _), piece in zip(bases, pieces, strict=True)
    ]
    found = list(names)
    for base in sorted(set(names)):
        same = [k for k, name in enumerate(names) if name == base]
        if len(same) == 1 and base != "panel":
            continue
        xs = [float(pieces[k].center[0]) for k in same]
        if len(same) == 2 and abs(xs[0] + xs[1]) < 0.25 * abs(xs[0] - xs[1]) and abs(xs[0] - xs[1]) > 0.02:
            for k in same:  # the wearer faces −y, so the left hand is at +x
                found[k] = f"{base}-{'left' if pieces[k].center[0] > 0 else 'right'}"
            continue
        for number, k in enumerate(same, 1):
            found[k] = f"{base}-{number}"
    return _without_clashes(found)


def _without_clashes(names: Sequence[str]) -> list[str]:
    taken: set[str] = set()
    found = []
    for name in names:
        unique, number = name, 2
        while unique in taken:
            unique, number = f"{name}-{number}", number + 1
        taken.add(unique)
        found.append(unique)
    return found
