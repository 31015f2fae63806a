from __future__ import annotations

import numpy as np

from dressform.authoring.steps._pack import Flat, pack
from dressform.runtime.geometry.uv_measures import overlapping_triangles

SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
FACES = np.array([[0, 1, 2], [0, 2, 3]])


def rectangle(width: float, height: float, x: float = 0.0) -> Flat:
    return Flat(np.arange(4), FACES, SQUARE * (width, height) + (x, -3.0), np.arange(2))


def test_charts_lie_apart_at_one_scale_turned_by_quarters_at_most() -> None:
    random = np.random.default_rng(0)
    charts = [rectangle(*random.uniform(0.02, 0.8, 2), x) for x in range(9)]
    placed, side = pack(charts)
    for chart, uv in zip(charts, placed, strict=True):
        assert uv.min() >= 0
        assert uv.max() <= 1
        turned, drawn = (uv - uv[0]) * side, chart.flat - chart.flat[0]
        quarters = [np.array([[c, s], [-s, c]]) for c, s in ((1, 0), (0, 1), (-1, 0), (0, -1))]
        assert any(np.allclose(turned, drawn @ turn, atol=1e-12) for turn in quarters), "turned, never mirrored"
    joined = np.concatenate(placed).astype(np.float32)
    faces = np.concatenate([FACES + 4 * k for k in range(9)]).astype(np.int32)
    # grown by two texels of 1024 on every side, they still share none
    grown = np.concatenate([uv + np.sign(uv - uv.mean(axis=0)) * 2 / 1024 for uv in placed]).astype(np.float32)
    assert len(overlapping_triangles(joined, faces)) == 0
    pairs = overlapping_triangles(np.clip(grown, 0, 1), faces)
    assert (pairs[:, 0] // 2 == pairs[:, 1] // 2).all()
    area = sum(float(np.ptp(c.flat, axis=0).prod()) for c in charts)
    assert area / side**2 > 0.5


def test_one_chart_fills_the_square() -> None:
    placed, side = pack([rectangle(0.5, 0.5)])
    assert 0.5 < side < 0.56
    assert np.ptp(placed[0], axis=0).min() > 0.9
