"""A garment worn at its real size: cloth keeps the lengths it was cut with, whatever body is inside.

Carrying a garment to another body stretches it with the skin. Here its cloth is let go from there: every triangle
wants the size that it has in the garment's own shape, turned to fit best, and the body is in the way. Local and global
steps alternate as in "Projective Dynamics" (Bouaziz et al. 2014), each contact pulling its point back to its height
over the skin, until membrane, bending, weight and contact balance. What the contacts pull with is the pressure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from dressform.runtime.geometry.adjacency import averaging_matrix, boundary_vertices, components, cotangent_laplacian
from dressform.schemas.template import Fabric

from .skin_contact import Contact, Skin
from .stiff import kept_stiff
from .under import NONE, Under, followed

Floats = NDArray[np.float64]
Points = NDArray[np.float32]
Reals = NDArray[np.floating]
Integers = NDArray[np.int32]

GRAVITY = 9.81  # [m/s²]
# Membrane that is solved for [N/m]. The body is rigid here, so that it alone says how far tight cloth is stretched;
# the fabric's own stiffness says what that takes, and pressures are scaled to it.
MEMBRANE = 400.0
BENDING = 2e-4  # [N·m] of a firm woven: the finest folds that triangles of 15 mm carry
JERSEY: Fabric = {"weight": 0.16, "stretch_warp": 300.0, "stretch_weft": 150.0}  # where a garment states no fabric
# What holds a point that touches nothing where it is, as a share of the membrane's stiffness: little, so that lengths
# even out over the whole garment and it can come down onto the shoulders.
LOOSE = 0.0005
# What pulls a point that touches to its height over the skin, and for how many rounds: softly at first, so that cloth
# slides to where it belongs, then firmly, so that it does not sink into the skin.
STAGES = ((0.01, 24), (0.12, 16))
# What pulls a waistband's points back to their height, in the same terms; a belt lets it slip so far at most.
BAND, SLIP = 0.015, 0.008  # the latter in [m]
LOOK_AGAIN = 8  # rounds after which contacts are looked for again
LEAST_PIECE = 0.02  # share of the cloth's points from which a connected piece is cloth of its own; less is trim
SMOOTHING = 3  # averagings of the pressure over the cloth


@dataclass(frozen=True)
class Worn:
    """A garment at its real size on a body.

    Attributes:
        points: float32 [V, 3] in the body's rest frame [m].
        pressure: float32 [V] on the skin [Pa]; 0 where cloth does not touch, and on what is no soft cloth.
        moving_mm: How far the last round still moved the point that moved most [mm].
    """

    points: Points
    pressure: Points
    moving_mm: float


class RealSize:
    """The soft cloth of one garment with the lengths of its own cut.

    Args:
        points: The garment in its own shape [V, 3]: its edges are the cut [m].
        cloth: Its triangles int32 [F, 3] that are held up by the skin, without linings and what is folded over.
        stiff: Points of each piece that keeps its shape and goes with the cloth beside it.
        under: The points that keep their place on that cloth.
        trims: Those of buttons and the like, on the cloth and on what keeps its place on it.
        fabric: Weight and stretch; jersey's where it states none.
    """

    def __init__(
        self,
        points: Points,
        cloth: Integers,
        *,
        stiff: Sequence[NDArray[np.int64]] = (),
        under: Under = NONE,
        trims: Under = NONE,
        fabric: Fabric | None = None,
    ) -> None:
        known: Any = {**JERSEY, **(fabric or {})}
        self._stiffness = (float(known["stretch_warp"]) + float(known["stretch_weft"])) / 2
        self._under, self._trims, self._count = under, trims, len(points)
        self._points, trim = _soft(cloth, len(points), stiff)
        self._trim = [*stiff, *trim]
        number = np.full(len(points), -1, np.int32)
        number[self._points] = np.arange(len(self._points), dtype=np.int32)
        numbered = number[cloth]
        self.faces: Integers = numbered[(numbered >= 0).all(axis=1)]
        if not len(self.faces):
            return
        own = points[self._points].astype(np.float64)
        gradient, areas = _gradient(own, self.faces)
        weighted = gradient.T @ sparse.diags(MEMBRANE * np.tile(areas, 2))
        curvature, bend = _bending(own, self.faces)
        self._curved = np.linalg.norm(curvature @ own, axis=1, keepdims=True).astype(np.float32)
        # Bending is under 2 % of what the membrane resists the finest folds with: its forces are taken as they are, so
        # that the system has few entries.
        self._matrix = sparse.csc_matrix(weighted @ gradient, dtype=np.float32)
        self._gradient, self._weighted, self._curvature, self._bend = (
            sparse.csr_matrix(operator, dtype=np.float32) for operator in (gradient, weighted, curvature, bend)
        )
        self._hold = float(self._matrix.diagonal().mean())
        self._areas = np.bincount(self.faces.reshape(-1), np.repeat(areas / 3, 3), len(own)).astype(np.float32)
        self._weight = np.zeros((len(own), 3), np.float32)
        self._weight[:, 2] = -float(known["weight"]) * GRAVITY * self._areas
        self._averaging = averaging_matrix(self.faces, len(own))

    @property
    def soft(self) -> NDArray[np.bool_]:
        """Which of the garment's points can give way [V]."""
        mask = np.zeros(self._count, np.bool_)
        mask[self._points] = True
        return mask

    @property
    def is_soft(self) -> bool:
        """Whether there is any cloth that can give way; a hat has none."""
        return len(self.faces) > 0

    def worn(
        self,
        start: Points,
        body: NDArray[np.floating],
        body_faces: Integers,
        *,
        band: NDArray[np.integer] | None = None,
    ) -> Worn:
        """Let the cloth find its own lengths on a body.

        Args:
            start: The garment as carried to the body and settled clear of it [V, 3] [m].
            body: Rest vertices [B, 3] [m].
            body_faces: [F, 3].
            band: The garment's points that stay near their height, as a waistband does that would slide down; or None.
        """
        pressure = np.zeros(len(start), np.float32)
        if not self.is_soft:
            return Worn(start, pressure, 0.0)
        skin = Skin(body, body_faces)
        points = start[self._points].astype(np.float32)
        kept = np.zeros(len(points), np.bool_)
        kept[np.isin(self._points, [] if band is None else band)] = True
        height = points[kept, 2]
        before = points
        for share, rounds in STAGES:
            for k in range(rounds):
                if k % LOOK_AGAIN == 0:
                    contact = Contact.of(points, self.faces, skin)
                    held = contact.touching(points) | kept
                    hold = np.float32(self._hold) * np.where(held, np.float32(share), np.float32(LOOSE))
                    solve = _solver(sparse.csc_matrix(self._matrix + sparse.diags(hold)))
                ahead = points + np.float32(k / (k + 3)) * (points - before)  # Nesterov's momentum, anew in every stage
                lift = contact.lift(ahead)[:, None] * contact.normals
                slipped = ahead[kept, 2] + lift[kept, 2] - height
                lift[kept, 2] = height + (1 - BAND / share) * np.clip(slipped, -SLIP, SLIP) - ahead[kept, 2]
                before, points = points, ahead + solve(self._pull(ahead) + hold[:, None] * lift + self._weight)
        push = hold * contact.lift(points) / self._areas
        for _ in range(SMOOTHING):
            push = 0.5 * push + 0.5 * (self._averaging @ push)
        pressure[self._points] = push * self._stiffness / MEMBRANE
        moved = start.copy()
        moved[self._points] = contact.cleared(points)
        still = 1e3 * float(np.linalg.norm(points - before, axis=1).max())
        whole = followed(kept_stiff(start, moved, self._trim), self._under)
        return Worn(followed(whole, self._trims), pressure, still)

    def _pull(self, points: Points) -> Points:
        """Return what pulls triangles to their own size and folds to their own depth, turned to fit best [V, 3] [N]."""
        shape = self._gradient @ points  # how each triangle lies in space: ∂x/∂u, then ∂x/∂v of its own plane
        along_u, along_v = np.split(shape, 2)
        a, b, c = _metric(along_u, along_v)
        # the inverse of the metric's square root, in closed form: the polar factor is that times the shape
        root = np.sqrt(np.maximum(a * c - b * b, 1e-12))
        scale = 1.0 / (root * np.sqrt(a + c + 2 * root))
        turned = np.empty_like(shape)
        half = len(a)
        turned[:half] = (scale * (c + root))[:, None] * along_u - (scale * b)[:, None] * along_v
        turned[half:] = (scale * (a + root))[:, None] * along_v - (scale * b)[:, None] * along_u
        curved = self._curvature @ points
        depth = np.sqrt(np.einsum("vx,vx->v", curved, curved))[:, None]
        unfolded = (self._curved / np.maximum(depth, 1e-9) - 1) * curved
        return np.asarray(self._weighted @ (turned - shape) + self._bend @ unfolded)


def principal_strain(own: NDArray[np.floating], worn: NDArray[np.floating], faces: Integers) -> Floats:
    """Return the larger principal stretch less 1 of each triangle [F]; below zero where it is slack all ways.

    Args:
        own: Points in the garment's own shape [V, 3] [m].
        worn: The same as worn [V, 3] [m].
        faces: [F, 3].
    """
    operator, _ = _gradient(np.asarray(own, np.float64), faces)
    along_u, along_v = np.split(operator @ np.asarray(worn, np.float64), 2)
    a, b, c = _metric(along_u, along_v)
    return np.asarray(np.sqrt((a + c) / 2 + np.hypot((a - c) / 2, b)) - 1.0)


def _metric(along_u: Reals, along_v: Reals) -> tuple[Reals, Reals, Reals]:
    """Return the entries uu, uv and vv of each triangle's metric [F], from its gradients [F, 3]."""
    pairs = ((along_u, along_u), (along_u, along_v), (along_v, along_v))
    uu, uv, vv = (np.einsum("fx,fx->f", one, other) for one, other in pairs)
    return uu, uv, vv


def _soft(
    cloth: Integers, count: int, stiff: Sequence[NDArray[np.int64]]
) -> tuple[NDArray[np.intp], list[NDArray[np.int64]]]:
    """Return the points of the cloth proper, ascending, and those of each small loose piece, such as a belt loop."""
    used = np.zeros(count, np.bool_)
    used[cloth.reshape(-1)] = True
    for piece in stiff:
        used[piece] = False
    _, label = components(cloth, count)
    sizes = np.bincount(label[used], minlength=int(label.max()) + 1)
    large = sizes >= max(LEAST_PIECE * used.sum(), 4)
    trim = [np.flatnonzero(used & (label == k)) for k in np.flatnonzero((sizes > 2) & ~large)]
    return np.flatnonzero(used & large[label]), trim


def _gradient(points: Floats, faces: Integers) -> tuple[sparse.csr_matrix, Floats]:
    """Return the operator [2F, V] that takes points to ∂/∂u, then ∂/∂v, in each triangle's plane, and its area [F]."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    along = b - a
    length = np.maximum(np.linalg.norm(along, axis=1), 1e-6)
    normal = np.cross(along, c - a)
    areas = np.maximum(np.linalg.norm(normal, axis=1) / 2, 1e-9)
    across = 2 * areas / length  # height of corner c over the edge from a to b
    foot = np.einsum("fc,fc->f", c - a, along) / length
    count = len(faces)
    zero = np.zeros(count)
    by_u = np.stack([-1 / length, 1 / length, zero], axis=1)
    by_v = np.stack([(foot / length - 1) / across, -foot / (length * across), 1 / across], axis=1)
    values = np.concatenate([by_u, by_v]).reshape(-1)
    columns = np.tile(faces, (2, 1)).reshape(-1)
    rows = np.repeat(np.arange(2 * count), 3)
    return sparse.csr_matrix((values, (rows, columns)), shape=(2 * count, len(points))), areas


def _solver(matrix: sparse.csc_matrix) -> Callable[[Points], Points]:
    """Return what solves a symmetric positive definite system; it needs no pivoting, which is twice as fast."""
    factors = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})

    def solve(right: Points) -> Points:
        return np.asarray(factors.solve(right), np.float32)

    return solve


def _bending(points: Floats, faces: Integers) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Return operators [V, V] from points to the cloth's curvature and from there to forces; borders bend freely.

    "A Quadratic Bending Model for Inextensible Surfaces" (Bergou et al. 2006).
    """
    laplacian, mass = cotangent_laplacian(points, faces)
    free = (~boundary_vertices(faces, len(points))).astype(np.float64)
    return sparse.csr_matrix(laplacian), sparse.csr_matrix(BENDING * laplacian.T @ sparse.diags(free / mass.diagonal()))
