"""What kinds of contact there are, and which points of a mesh a push-out has to move for them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.geometry.adjacency import averaging_matrix, neighbours

from .push_out import Fade

Integers = NDArray[np.int32]

SKIN_GAP = 0.0025  # [m] least height of cloth over skin in every pose but the rest pose
CLOTH_GAP = 0.002  # [m] least height of cloth over the layer below


class Contact(NamedTuple):
    """One kind of contact: see `Side` and `find_candidates`."""

    gap: float
    fade: Fade
    facing: bool
    reach: float


# cloth on skin; skin before cloth, such as an arm beside the chest; cloth on the layer below; that layer before cloth
LYING = Contact(SKIN_GAP, Fade(0.028, 0.058, 0.1), facing=True, reach=0.08)
TOUCHING = Contact(0.002, Fade(0.018, 0.068, 0.09), facing=False, reach=0.06)
LAYERED = Contact(CLOTH_GAP, Fade(0.012, 0.028, 0.025), facing=True, reach=0.08)
BETWEEN = Contact(0.001, Fade(0.012, 0.028, 0.006), facing=False, reach=0.006)
SQUEEZING = TOUCHING._replace(reach=0.03)
BODY_PASSES = (4, 2)
LAYER_PASSES = (4,)
SQUEEZED_PASSES = (2,)


class Stage(NamedTuple):
    """One push: of consecutive meshes out of others, by the kinds of contact between them.

    `squeezed` concerns only the points that there is contact with on both sides.
    """

    movers: range
    obstacles: range
    contacts: tuple[Contact, ...]
    passes: tuple[int, ...]
    squeezed: bool = False


def stages(garments: int) -> list[Stage]:
    """Return the pushes of a frame, in order, for so many garments over a body; mesh 0 is the body, 1 the innermost."""
    everyone = range(1, garments + 1)
    if not everyone:
        return []
    contacts = (LAYERED, BETWEEN)
    layers = [Stage(range(outer, outer + 1), range(1, outer), contacts, LAYER_PASSES) for outer in everyone[1:]]
    # what the layer below has pushed into what faces it, as a jacket into the arm above its armpit, comes out again
    outer = [Stage(everyone[1:], range(1), (LYING, SQUEEZING), SQUEEZED_PASSES, squeezed=True)] if layers else []
    return [Stage(everyone, range(1), (LYING, TOUCHING), BODY_PASSES), *layers, *outer]


def movable(meeting: NDArray[np.bool_], faces: Integers, passes: int) -> tuple[Integers, Integers, Integers]:
    """Leave out the points that neither meet anything nor are within some edges of one that does.

    Returns:
        The points that stay int32 [M], and their neighbours among them in compressed rows.
    """
    averaging = averaging_matrix(faces, len(meeting))
    near: NDArray[np.float64] = np.asarray(meeting, np.float64)
    for _ in range(passes):
        near = np.asarray(near + averaging @ near)
    stays = np.asarray(near > 0)
    moved = np.flatnonzero(stays).astype(np.int32)
    number = np.full(len(meeting), -1, np.int32)
    number[moved] = np.arange(len(moved))
    kept = number[faces[stays[faces].all(axis=1)]]
    starts, around = neighbours(kept, len(moved))
    return moved, starts, around
