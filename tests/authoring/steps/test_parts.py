from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dressform.assets.files.garment import GarmentMesh, Material, Part
from dressform.authoring.steps._parts import slug
from dressform.authoring.steps.clean import clean_mesh


def joined(*pieces: tuple[np.ndarray, np.ndarray]) -> GarmentMesh:
    starts = np.cumsum([0, *(len(points) for points, _ in pieces)])
    points = np.concatenate([points for points, _ in pieces]).astype(np.float32)
    faces = np.concatenate([faces + start for (_, faces), start in zip(pieces, starts, strict=False)]).astype(np.int32)
    return GarmentMesh(points, faces, None, None, None, None, (Material(),), np.zeros(len(faces), np.int32))


def block(size: tuple[float, float, float], at: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / 2 * size + at
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return corners, np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])


def sheet(width: float, height: float, at: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    corners = np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]]) / 2 * (width, 1, height) + at
    return corners, np.array([[0, 1, 2], [0, 2, 3]])


def test_pieces_are_named_by_their_shape(tee: GarmentMesh) -> None:
    mesh = joined(
        (tee.points, tee.faces),
        sheet(0.12, 0.13, (0.08, -0.2, 1.2)),
        block((0.012, 0.003, 0.012), (0, -0.2, 1.3)),
        block((0.012, 0.003, 0.012), (0, -0.2, 1.2)),
        block((0.03, 0.004, 0.4), (0.12, -0.22, 1.2)),
        block((0.03, 0.004, 0.4), (-0.12, -0.22, 1.2)),
    )
    cleaned, report = clean_mesh(mesh, category="tee")
    names = {part.name: part.rigid for part in cleaned.parts}
    assert names == {
        "tee": False, "strap-left": False, "strap-right": False, "pocket": False, "button-1": True, "button-2": True
    }  # fmt: skip
    assert cleaned.part_ids is not None
    button = [part.name for part in cleaned.parts].index("button-1")
    assert (cleaned.part_ids == button).sum() == 12
    row = next(row for row in report.pieces if row["name"] == "button-1")
    assert (row["rigid"], row["inner"], row["triangles"], row["openings"]) == (True, False, 12, 0)


def test_the_artists_names_win(tee: GarmentMesh) -> None:
    mesh = joined(
        (tee.points, tee.faces), block((0.012, 0.003, 0.012), (0, -0.2, 1.3)), sheet(0.1, 0.1, (0, -0.2, 1.1))
    )
    ids = np.concatenate([np.zeros(len(tee.faces)), np.full(12, 1), np.full(2, 2)]).astype(np.int32)
    parts = (Part("Body_Front"), Part("HornButton.001"), Part("polySurface12"))
    cleaned, report = clean_mesh(replace(mesh, parts=parts, part_ids=ids))
    assert [(p.name, p.rigid) for p in cleaned.parts] == [
        ("body-front", False), ("pocket", False), ("horn-button-001", True)
    ]  # fmt: skip
    assert next(row["named_by"] for row in report.pieces) == "the artist's name"


def test_an_empty_group_leaves_no_part(skirt: GarmentMesh) -> None:
    mesh = replace(skirt, parts=(Part("empty"), Part("Hem")), part_ids=np.ones(len(skirt.faces), np.int32))
    cleaned, _ = clean_mesh(mesh)
    assert [part.name for part in cleaned.parts] == ["hem"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/World/shirt", "shirt"), ("Cube.003", ""), ("polySurface12", ""), ("", ""), ("(unnamed)", ""),
        ("g default", ""), ("CollarBand_L", "collar-band-l"), ("Zipper (metal)", "zipper-metal"), ("???", ""),
    ],
)  # fmt: skip
def test_words_that_a_tool_gives_unasked_are_no_names(text: str, expected: str) -> None:
    assert slug(text) == expected
