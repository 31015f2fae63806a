"""What a field is trained on: features of every simulated pose, and how the cloth differs from where it is carried."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.assets.files.field import Field
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.body.skinning import skin
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.field_base import FieldBase, carry, displacements, field_base
from dressform.runtime.garment.field_features import PoseFeatures, body_features, size_ratio
from dressform.runtime.garment.fitting import fit_garments, skins
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.geometry.normals import vertex_normals
from dressform.schemas.errors import InputError
from dressform.schemas.progress import Progress, silent

from .mirror import PointMirror, mirrored_pose
from .samples import Sample, Samples, SampleSet

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Gathered:
    """The training samples of a garment, each followed later by its mirror image where the garment has one.

    Attributes:
        base: What carries the cloth.
        ratios: Each size's girth over the default size's.
        features: float32 [N, D] in the order of `FEATURES`.
        displacements: float32 [N, P, 3] in the frame of each carried point [m].
        normals: float32 [N, P, 3] of the simulated cloth, unit, in the same frames.
        rest: float32 [P, 3] the base's points at rest in the default size [m].
        faces: int32 [F, 3] the triangles between them.
        of_sample: int [N] which simulated sample each comes from: a mirror image has its original's number.
        of_body: int [N] which body each is on.
        plain_errors: float64 [N] sum over points of the squared distance from the simulation of the garment at its real
            size, skinned [m²].
        farthest: Furthest that a simulated point is from there [m].
        joints: float32 [N_samples, 22] rotation of each canonical joint from the T-pose [rad].
        measures: Each body's measures by name [m or kg], by body.
        mirrored: Whether mirror images were added.
    """

    base: FieldBase
    ratios: dict[str, float]
    features: Floats
    displacements: Floats
    normals: Floats
    rest: Floats
    faces: NDArray[np.int32]
    of_sample: NDArray[np.intp]
    of_body: NDArray[np.intp]
    plain_errors: NDArray[np.float64]
    farthest: float
    joints: Floats
    measures: dict[str, dict[str, float]]
    mirrored: bool


def gather(samples: SampleSet, progress: Progress = silent) -> Gathered:
    """Read the training samples of a set.

    Raises:
        InputError: It has fewer than two of them.
    """
    chosen = samples.samples.of("train")
    if len(chosen) < 2:
        raise InputError(f"{samples.folder}: at least 2 training samples are needed, found {len(chosen)}")
    garment, default = samples.garment, samples.meshes[samples.garment.default_size]
    base = field_base(DressedGarment(garment.name, default, garment.rig, garment.layer), canonical_rest().body)
    ratios = {size: size_ratio(mesh.points, default.points, mesh.faces) for size, mesh in samples.meshes.items()}
    mirror = PointMirror.of(default, base.points)
    row_of = np.full(len(default.points), -1, np.int32)
    row_of[base.points] = np.arange(len(base.points))
    faces = row_of[default.faces]
    rows: list[tuple[Floats, Floats, Floats, Floats, float, float, Floats]] = []
    bodies: list[str] = []
    for body, size, part in _of_one_body(chosen):
        fitted = _Fitted.of(samples, samples.rest(body), size)
        of_body = body_features(fitted.rest, ratios[size])
        for sample in part:
            rows.append(_row(fitted, sample, base, of_body, default.faces))
            bodies.append(sample.body)
            progress(len(rows) / len(chosen), f"read {len(rows)} of {len(chosen)} samples")
    features, images, moves, normals, plain, farthest, joints = (np.stack(column) for column in zip(*rows, strict=True))
    twice = (lambda one, other: np.concatenate([one, other])) if mirror.is_whole else (lambda one, _: one)
    names = sorted(set(bodies))
    numbers = np.array([names.index(body) for body in bodies])
    return Gathered(
        base=base,
        ratios=ratios,
        features=twice(features, images),
        displacements=twice(moves, mirror.image(moves)),
        normals=twice(normals, mirror.image(normals)),
        rest=default.points[base.points],
        faces=faces[(faces >= 0).all(axis=1)],
        of_sample=twice(np.arange(len(rows)), np.arange(len(rows))),
        of_body=twice(numbers, numbers),
        plain_errors=twice(plain, plain),
        farthest=float(farthest.max()),
        joints=joints,
        measures={name: samples.rest(name).measures().as_dict() for name in names},
        mirrored=mirror.is_whole,
    )


class Dressed:
    """A set's garment, over what is worn under it, on a body.

    Args:
        samples: The set.
        rest: The body.
        size: The garment's size.
        field: The garment's, or None for plain skinning of all that is worn.

    Attributes:
        rest: The body.
        size: The garment's size.
        outfit: What is worn.
    """

    def __init__(self, samples: SampleSet, rest: RestBody, size: str, field: Field | None = None) -> None:
        self.rest = rest
        self.size = size
        garments = _garments(samples, size, field, real_size=field is not None)
        self.outfit = Outfit(self.rest, garments)
        self._out = wp.zeros(sum(self.outfit.vertex_counts), dtype=wp.vec3, device="cpu")

    @property
    def rest_points(self) -> Floats:
        """The garment fitted to the body, float32 [V, 3], rest frame [m]."""
        return self.outfit.rest_points[-1]

    def posed(self, transforms: Floats, *, push_out: bool = True) -> Floats:
        """Return the garment as a frame shows it, float32 [V, 3], world [m].

        Args:
            transforms: Rest → world of the body's joints [J, 4, 4].
            push_out: False leaves it as it is before push-out.
        """
        return self.worn(transforms, push_out=push_out)[-1]

    def worn(self, transforms: Floats, *, push_out: bool = True) -> list[Floats]:
        """Return all garments, from the inside, as `posed` returns the outermost."""
        self.outfit.pose(transforms, self._out, push_out=push_out)
        return [points.copy() for points in self.outfit.split(self._out.numpy())[1:]]


def dressed_groups(samples: SampleSet, chosen: Samples) -> Iterator[tuple[Dressed, Samples]]:
    """Yield the samples of each body and size together, with the garment on that body by plain skinning."""
    for body, size, part in _of_one_body(chosen):
        yield Dressed(samples, samples.rest(body), size), part


def _of_one_body(chosen: Samples) -> Iterator[tuple[str, str, Samples]]:
    """Yield the samples of each body and size together."""
    start = 0
    for (body, size), entries in itertools.groupby(chosen.entries, key=lambda entry: (entry.body, entry.size)):
        count = len(list(entries))
        yield body, size, chosen[start : start + count]
        start += count


def _garments(samples: SampleSet, size: str, field: Field | None, *, real_size: bool) -> list[DressedGarment]:
    """Return what is worn, from the inside.

    Args:
        samples: The set.
        size: Of the garment that it is about.
        field: Of that garment.
        real_size: Whether what has a field is worn as such: that garment at its real size, those below with theirs.
    """
    fields = (samples.below_fields or [None] * len(samples.below)) if real_size else [None] * len(samples.below)
    worn = [(each, each.size_like(size), own) for each, own in zip(samples.below, fields, strict=True)]
    last = len(worn)
    return [
        DressedGarment(
            each.name,
            each.meshes[own_size],
            each.rig_of(own_size),
            layer,
            field=own,
            size=own_size,
            fabric=each.fabric,
            keeps_size=own is not None or (real_size and layer == last),
        )
        for layer, (each, own_size, own) in enumerate([*worn, (samples.garment, size, field)])
    ]


class _Fitted(NamedTuple):
    """A set's garment at its real size on a body, as a field starts from it."""

    rest: RestBody
    points: Floats  # [V, 3] in the rest frame [m]
    joint_indices: NDArray[np.int32]  # [V, K]
    joint_weights: Floats  # [V, K]

    @classmethod
    def of(cls, samples: SampleSet, rest: RestBody, size: str) -> _Fitted:
        garments = _garments(samples, size, None, real_size=True)
        return cls(rest, fit_garments(rest, garments)[-1], *skins(rest.body, garments)[-1])


def _row(
    fitted: _Fitted, sample: Sample, base: FieldBase, of_body: Floats, faces: NDArray[np.int32]
) -> tuple[Floats, Floats, Floats, Floats, float, float, Floats]:
    """Return features, those of the mirror image, displacements, normals, and how far off plain skinning is."""
    transforms = fitted.rest.skin_transforms(sample.pose)
    taken = PoseFeatures(fitted.rest)
    own = taken.of_transforms(transforms)
    image = taken.of_transforms(fitted.rest.skin_transforms(mirrored_pose(sample.pose)))
    carried = carry(base, fitted.points, transforms)
    moves = displacements(carried, sample.points[base.points])
    normals = np.einsum("pab,pa->pb", carried.turns, vertex_normals(sample.points, faces)[base.points])
    plain = skin(fitted.points, fitted.joint_indices, fitted.joint_weights, transforms)
    off = np.linalg.norm(plain[base.points] - sample.points[base.points], axis=1).astype(np.float64)
    turns = 2 * np.arctan2(np.linalg.norm(sample.pose.rotations[:, :3], axis=1), np.abs(sample.pose.rotations[:, 3]))
    return (
        np.concatenate([own, of_body]),
        np.concatenate([image, of_body]),
        moves,
        normals.astype(np.float32),
        float((off**2).sum()),
        float(off.max()),
        turns.astype(np.float32),
    )
