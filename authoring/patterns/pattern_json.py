"""A pattern as a file that an artist can read, change by hand and sew from again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from dressform.assets.atomic import write_bytes
from dressform.schemas.documents import check_document, dump_json, load_json
from dressform.schemas.errors import InputError
from dressform.schemas.pattern import EdgeDocument, MarkDocument, PanelDocument, PatternDocument, SeamDocument

from .check import check_pattern, ref_name
from .pattern import Edge, EdgeRef, Hold, Mark, Panel, Pattern, Placement, Seam

SCHEMA = "dressform/pattern/1"
_DIGITS = 6  # a micrometre
_ROW = re.compile(rb"\[\s+(-?[\d.e+-]+),\s+(-?[\d.e+-]+)\s+\]")


def pattern_document(pattern: Pattern) -> PatternDocument:
    """Return a pattern as a document; lengths are rounded to a micrometre."""
    return {
        "schema": SCHEMA,
        "name": pattern.name,
        "category": pattern.category,
        "size": pattern.size,
        "measures": _rounded(pattern.measures),
        "finished": _rounded(pattern.finished),
        "panels": [_panel_document(panel) for panel in pattern.panels],
        "seams": [_seam_document(seam) for seam in pattern.seams],
        "holds": [
            {
                "edge": ref_name(hold.edge),
                "height": None if hold.height is None else round(float(hold.height), _DIGITS),
            }
            for hold in pattern.holds
        ],
    }


def pattern_of(document: PatternDocument) -> Pattern:
    """Return the pattern of a document that fits its schema; `check_pattern` says whether it can be sewn."""
    return Pattern(
        name=document["name"],
        category=document["category"],
        size=document["size"],
        measures=dict(document.get("measures", {})),
        finished=dict(document.get("finished", {})),
        panels=tuple(_panel(panel) for panel in document["panels"]),
        seams=tuple(_seam(seam) for seam in document["seams"]),
        holds=tuple(Hold(_ref(hold["edge"]), hold.get("height")) for hold in document.get("holds", [])),
    )


def write_pattern(path: Path, pattern: Pattern) -> None:
    """Write a pattern's file, one point a line."""
    write_bytes(path, _ROW.sub(rb"[\1, \2]", dump_json(pattern_document(pattern))))


def read_pattern(path: Path) -> Pattern:
    """Read a pattern's file and check that it can be cut and sewn; errors name the file and the place in it."""
    document = load_json(path)
    check_document("pattern", document, str(path))
    pattern = pattern_of(cast(PatternDocument, document))
    try:
        check_pattern(pattern)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return pattern


def _rounded(measures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(float(value), _DIGITS) for name, value in measures.items()}


def _rows(points: NDArray[np.float64]) -> list[list[float]]:
    rows = np.round(np.asarray(points, np.float64).reshape(-1, 2), _DIGITS) + 0.0  # no -0.0
    return cast(list[list[float]], rows.tolist())


def _panel_document(panel: Panel) -> PanelDocument:
    place = panel.placement
    return {
        "name": panel.name,
        "slot": panel.slot,
        "layer": panel.layer,
        "formed": panel.formed,
        "placement": {
            "limb": place.limb,
            "angle": round(float(place.angle), _DIGITS),
            "height": round(float(place.height), _DIGITS),
            "clearance": round(float(place.clearance), _DIGITS),
            "fan": round(float(place.fan), _DIGITS),
            "folds": place.folds,
        },
        "edges": [_edge_document(edge) for edge in panel.edges],
        "marks": [_mark_document(mark) for mark in panel.marks],
    }


def _edge_document(edge: Edge) -> EdgeDocument:
    return {
        "name": edge.name,
        "points": _rows(edge.points),
        "turn": round(float(edge.turn), _DIGITS),
        "allowance": round(float(edge.allowance), _DIGITS),
    }


def _mark_document(mark: Mark) -> MarkDocument:
    options: dict[str, Any] = {
        key: value if isinstance(value, str) else round(float(value), _DIGITS) for key, value in mark.options.items()
    }
    return {"kind": mark.kind, "points": _rows(mark.points), "options": options}


def _seam_document(seam: Seam) -> SeamDocument:
    return {
        "first": [ref_name(ref) for ref in seam.first],
        "second": [ref_name(ref) for ref in seam.second],
        "gathers": round(float(seam.gathers), _DIGITS),
        "finish": seam.finish,
    }


def _panel(panel: PanelDocument) -> Panel:
    place = panel["placement"]
    return Panel(
        name=panel["name"],
        edges=tuple(_edge(edge) for edge in panel["edges"]),
        placement=Placement(
            cast(Any, place["limb"]),
            float(place["angle"]),
            float(place["height"]),
            folds=int(place.get("folds", 0)),
            **_lengths(place, "clearance", "fan"),
        ),
        slot=panel.get("slot", "main"),
        marks=tuple(_mark(mark) for mark in panel.get("marks", [])),
        formed=panel.get("formed", False),
        layer=panel.get("layer", 0),
    )


def _lengths(record: Mapping[str, Any], *keys: str) -> dict[str, float]:
    """Return the keys that are there, with their values [m]; the others keep the types' defaults."""
    return {key: float(record[key]) for key in keys if key in record}


def _edge(edge: EdgeDocument) -> Edge:
    points = np.array(edge["points"], np.float64)
    return Edge(edge["name"], points, **_lengths(edge, "turn", "allowance"))


def _mark(mark: MarkDocument) -> Mark:
    return Mark(cast(Any, mark["kind"]), np.array(mark["points"], np.float64), dict(mark.get("options", {})))


def _seam(seam: SeamDocument) -> Seam:
    finish = cast(Any, seam.get("finish", "plain"))
    return Seam(_refs(seam["first"]), _refs(seam["second"]), float(seam.get("gathers", 0.0)), finish)


def _refs(names: Sequence[str]) -> tuple[EdgeRef, ...]:
    return tuple(_ref(name) for name in names)


def _ref(name: str) -> EdgeRef:
    panel, _, edge = name.partition(".")
    return EdgeRef(panel, edge)
