"""A pattern worn on the canonical body, and garments that cannot be worn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dressform.authoring.patterns.flat_mesh import FlatMesh
from dressform.authoring.patterns.pattern import EdgeRef, Hold
from dressform.authoring.simulate import drape as drape_module
from dressform.authoring.simulate import fall
from dressform.authoring.simulate.arrange import arrange
from dressform.authoring.simulate.cloth import Cloth
from dressform.authoring.simulate.drape import Drape, drape
from dressform.authoring.simulate.fall import DrapeOptions, Piece, let_fall
from dressform.authoring.simulate.figures import openings
from dressform.authoring.simulate.membrane import flat_corners
from dressform.authoring.simulate.parts import laid_flat
from dressform.authoring.simulate.relax import follow, relax
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.geometry.distance import Surface
from dressform.schemas.errors import InputError, UsageError

from .conftest import top_pattern


@pytest.fixture(scope="module")
def worn(top: FlatMesh, rest: RestBody) -> Drape:
    return drape(top, rest)


def test_a_top_is_worn_as_a_tailor_wants_it(worn: Drape, top: FlatMesh, rest: RestBody) -> None:
    report = worn.report
    assert report["settled"]
    assert report["attempt"] == 1
    assert report["stretch_p95_percent"] <= 6
    assert report["penetrating_percent"] == 0
    assert report["crossing_triangles"] == 0
    assert report["symmetry_mm"] < 3
    assert worn.points.dtype == np.float32
    assert len(worn.points) == top.point_count
    assert Surface(rest.vertices, rest.body.faces).signed_distance(worn.points).min() > 0.002


def test_openings_are_named_and_the_hem_is_level(worn: Drape) -> None:
    named = {entry["name"]: entry for entry in worn.report["openings"]}
    assert set(named) == {
        "front.hem+back.hem",
        "front.neck+back.neck",
        "front.armhole_left+back.armhole_right",
        "front.armhole_right+back.armhole_left",
    }
    assert named["front.hem+back.hem"]["level_mm"] < 60  # straight panels: the bust lifts the front
    assert named["front.neck+back.neck"]["height"] > 1.5


def test_holds_name_points_and_heights(top: FlatMesh, rest: RestBody) -> None:
    pattern = top_pattern()
    held = replace(
        pattern,
        panels=(pattern.panels[0], replace(pattern.panels[1], formed=True)),
        holds=(Hold(EdgeRef("front", "hem"), height=1.0), Hold(EdgeRef("front", "neck"))),
    )
    mesh = replace(top, pattern=held)
    start = arrange(mesh, rest)
    piece, kept = drape_module._piece(mesh, flat_corners(mesh), start, {"main": {"weight": 0.3}}, None)
    assert set(kept.tolist()) == set(top.points[top.panel_ids == 0].tolist())
    heights = dict(zip(kept[piece.held].tolist(), piece.heights.tolist(), strict=True))
    hem, neck = top.points[top.edges["front", "hem"]], top.edges["front", "neck"]
    assert {heights[point] for point in hem.tolist()} == {1.0}
    assert [heights[point] for point in top.points[neck].tolist()] == pytest.approx(
        (1.575 + top.flat[neck, 1]).tolist()
    )
    assert piece.cloths[0].density == 0.3


def test_formed_panels_follow_their_neighbours(top: FlatMesh, rest: RestBody) -> None:
    worn = relax(top, arrange(top, rest), rest)
    front = np.unique(top.points[top.panel_ids == 0]).astype(np.intp)
    moved = worn.copy()
    moved[front] += (0.0, 0.0, 0.03)
    followed = follow(top, moved, front, rest)
    assert np.array_equal(followed[front], moved[front])
    back = np.setdiff1d(np.arange(top.point_count), front)
    assert np.median(followed[back, 2] - worn[back, 2]) == pytest.approx(0.03, abs=0.015)
    assert Surface(rest.vertices, rest.body.faces).signed_distance(followed[back]).min() > -0.002


def ring(radius: float, height: float, rings: int = 5, around: int = 40) -> Piece:
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    level = np.repeat(height + 0.03 * np.arange(rings), around)
    points = np.stack([radius * np.tile(np.sin(angle), rings), -radius * np.tile(np.cos(angle), rings), level], axis=1)
    a = np.arange((rings - 1) * around)
    b = a // around * around + (a + 1) % around
    faces = np.concatenate([np.stack([a, b, b + around], 1), np.stack([a, b + around, a + around], 1)]).astype(np.int32)
    kinds = np.zeros(len(faces), np.int32)
    return Piece(laid_flat(points, faces), faces, points, (Cloth.of(None),), kinds, openings(faces))


def test_a_hoop_that_falls_to_the_floor_is_refused_with_a_picture(
    rest: RestBody, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fall, "ATTEMPTS", fall.ATTEMPTS[:1])
    picture = tmp_path / "drape_failed.png"
    with pytest.raises(InputError, match=r"the hoop does not drape: it (fell to the floor|slides off)") as caught:
        let_fall(ring(0.45, 0.9), rest, DrapeOptions(frames=60), name="the hoop", picture=picture)
    assert str(picture) in str(caught.value)
    with Image.open(picture) as image:
        assert image.size == (4 * 360, 540)


def test_what_went_wrong_is_named() -> None:
    good = {
        "openings": [{"name": "waist", "drop_mm": 5.0}],
        "lowest": 0.4,
        "drop_mm": 4.0,
        "stretch_p95_percent": 3.0,
        "penetrating_percent": 0.0,
        "settled": True,
        "frames": 80,
    }
    said = {
        "slides off: waist sank by 30.0 cm": {"openings": [{"name": "waist", "drop_mm": 300.0}]},
        "fell to the floor": {"lowest": 0.0, "drop_mm": 700.0},
        "stretched by 14.0 %": {"stretch_p95_percent": 14.0},
        "2.0 % of it is inside the body": {"penetrating_percent": 2.0},
        "did not come to rest in 80 frames": {"settled": False},
    }
    assert fall._unwearable(good, DrapeOptions()) is None
    for words, change in said.items():
        assert words in (fall._unwearable({**good, **change}, DrapeOptions()) or "")


@pytest.mark.parametrize("wrong", [{"frames": 0}, {"gap": -0.1}])
def test_options_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="needed"):
        DrapeOptions(**wrong)  # type: ignore[arg-type]
