"""A waistband keeps the length it was cut with, however large its wearer is."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.assets.library import Library
from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.fitting import band_of, fit_garments
from dressform.runtime.garment.shape_transfer import Binding, transfer
from dressform.runtime.garment.waistband import BELOW, drawn_in
from dressform.runtime.geometry.adjacency import ring_length
from dressform.runtime.geometry.distance import Surface

AROUND, ROWS, STEP = 64, 30, 0.01
ANGLE = 2 * np.pi * np.arange(AROUND) / AROUND


def tube(radius: float, gap: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the points [V, 3] and outward triangles [F, 3] of an upright tube; its upper ring comes last."""
    ring = np.column_stack([np.cos(ANGLE), np.sin(ANGLE)]) * (radius + gap)
    points = np.concatenate([np.column_stack([ring, np.full(AROUND, k * STEP)]) for k in range(ROWS)])
    k, j = np.meshgrid(np.arange(ROWS - 1), np.arange(AROUND), indexing="ij")
    a, b = k * AROUND + j, k * AROUND + (j + 1) % AROUND
    quads = np.stack([a, b, b + AROUND, a, b + AROUND, a + AROUND], axis=-1)
    return points.astype(np.float32), quads.reshape(-1, 3).astype(np.int32)


@pytest.mark.parametrize(("cut", "comes_to"), [(0.18, 0.18), (0.1, 0.155), (0.25, 0.2)])
def test_a_band_comes_in_to_its_length_and_no_nearer_than_the_gap(cut: float, comes_to: float) -> None:
    skin, cloth = tube(0.15), tube(0.2)
    band = np.arange((ROWS - 1) * AROUND, ROWS * AROUND)
    gap = np.full(len(cloth[0]), 0.005, np.float32)
    length = ring_length(tube(cut)[0][band])
    drawn = drawn_in(cloth[0], cloth[1], band, length, Surface(*skin), gap)
    radii = np.linalg.norm(drawn[:, :2], axis=1).reshape(ROWS, AROUND)
    assert np.allclose(radii[-1], comes_to, atol=5e-4)
    far = int(ROWS - 1 - BELOW / STEP)
    assert np.array_equal(drawn[: far * AROUND], cloth[0][: far * AROUND]), "cloth further down stays"
    assert (np.diff(radii.mean(axis=1)) <= 1e-5).all(), "and the nearer to the band the more it comes in"


def _garment(name: str, size: str) -> DressedGarment:
    version = Library.embedded().resolve(f"{name}:{size}")
    return DressedGarment(name, version.mesh(), version.rig(), 0)


def test_trousers_lie_closer_on_a_stout_wearer() -> None:
    garment = _garment("trousers", "L")
    band = band_of(garment, canonical_rest())
    rest = canonical_rest().body.rest({**CANONICAL_SHAPE, "gender": 1.0, "weight": 0.9})
    (fitted,) = fit_garments(rest, [garment])
    rig = garment.rig
    binding = Binding(rig.binding_triangles, rig.binding_barycentrics, rig.binding_offsets)
    carried = transfer(
        binding, garment.mesh.faces, canonical_rest().vertices, rest.vertices, rest.body.faces, stiff=garment.stiff
    )
    skin = Surface(rest.vertices, rest.body.faces)
    own, stretched, kept = (ring_length(points[band]) for points in (garment.mesh.points, carried, fitted))
    assert stretched > 1.02 * own
    assert kept < 0.5 * own + 0.5 * stretched
    heights = [skin.closest(points[band]).distances for points in (carried, fitted)]
    assert np.median(heights[1]) < 0.7 * np.median(heights[0])
    assert heights[1].min() > 0.004


def test_on_the_body_that_it_was_made_on_nothing_moves() -> None:
    garment, rest = _garment("trousers", "L"), canonical_rest()
    band = band_of(garment, canonical_rest())
    gap = np.full(len(garment.mesh.points), 0.005, np.float32)
    skin = Surface(rest.vertices, rest.body.faces)
    length = ring_length(garment.mesh.points[band])
    assert np.array_equal(drawn_in(garment.mesh.points, garment.cloth, band, length, skin, gap), garment.mesh.points)


def test_what_hangs_from_the_shoulders_has_no_waistband() -> None:
    assert len(band_of(_garment("tee", "M"), canonical_rest())) == 0
    assert len(band_of(_garment("dress", "M"), canonical_rest())) == 0
