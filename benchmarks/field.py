"""What a learned field costs a frame, part by part, and how far the kernels are from their plain twin.

Garments that carry a field are measured with it; the others with one of the size that training makes (64 modes, 400
centres) filled with random numbers: the time does not depend on the values.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import warp as wp

from dressform.assets.files.digests import topology_digest
from dressform.assets.files.field import Field, FieldModel
from dressform.assets.files.field_file import as_written, field_bytes
from dressform.assets.library import Library
from dressform.assets.template_version import TemplateVersion
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.body.skinning import skin
from dressform.runtime.garment._field_reference import moved
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.field import FieldOnBody
from dressform.runtime.garment.field_base import FieldBase, carry, field_base
from dressform.runtime.garment.field_code import read_model
from dressform.runtime.garment.field_features import FEATURES, PoseFeatures, body_features, pose_features
from dressform.runtime.garment.strain_limit import StrainLimit, moved_faces
from dressform.runtime.motion.playback import play
from dressform.runtime.motion.procedural import motion

GARMENTS = ("tee", "trousers", "circle-skirt", "jacket")
MODES, CENTRES, RANK = 64, 400, 64
LAUNCHES, POSES = 300, 8
_SPREAD = 0.002  # [m] of each random mode
_NARROW = 0.1  # scale of random features: near enough to the centres that the field acts


def run(names: tuple[str, ...] = GARMENTS, device: str = "cpu") -> dict[str, Any]:
    """Time the field of each garment on the canonical body, on one thread: median of 300 launches [ms]."""
    rest, library = canonical_rest(), Library.open()
    return {name: _measured(library.resolve(name), rest, device) for name in names}


def _measured(version: TemplateVersion, rest: RestBody, device: str) -> dict[str, Any]:
    garment = DressedGarment(version.name, version.mesh(), version.rig(), 0, size=version.size)
    learned = version.field()
    field = learned or as_written(random_field(garment, rest))
    trial = _Trial(garment, field, rest, device)
    # the same without its modes: what carrying and turning the cloth costs
    bare = dataclasses.replace(
        field,
        modes=field.modes[:1],
        model=dataclasses.replace(field.model, **{
            name: getattr(field.model, name)[..., :1]
            for name in ("coefficients", "linear", "offset", "lowest", "highest")
        }),
    )  # fmt: skip
    base = _Trial(garment, bare, rest, device)
    features = PoseFeatures(rest)
    whole, carried, told = trial.milliseconds(), base.milliseconds(), _median(lambda: features.of_transforms(trial.at))
    return {
        "field": "learned" if learned else "random numbers",
        "points": len(field.points),
        "modes": len(field.modes),
        "centres": len(field.model.centres),
        "megabytes": round(len(field_bytes(field)) / 1e6, 3),
        "whole ms": round(whole, 3),
        "of it features ms": round(told, 3),
        "of it base skin and turning ms": round(carried, 3),
        "of it coefficients and modes ms": round(max(whole - carried, 0.0), 3),
        "strain limit ms": round(trial.limit_milliseconds(), 3),
        "furthest from the plain twin mm": round(1e3 * trial.furthest(), 5),
        "device": wp.get_device(device).name,
    }


def random_field(garment: DressedGarment, rest: RestBody) -> Field:
    """Return a field of the size that training makes, of random numbers."""
    rng = np.random.default_rng(0)
    base, wide = field_base(garment, rest.body), len(FEATURES)

    def some(*shape: int, spread: float = 1.0) -> Any:
        return rng.normal(0, spread, shape).astype(np.float32)

    def flat(count: int, value: float) -> Any:
        return np.full(count, value, np.float32)

    model = FieldModel(
        shift=flat(wide, 0), scale=flat(wide, _NARROW), low=flat(wide, -2), high=flat(wide, 2),
        centres=some(CENTRES, wide, spread=_NARROW), coefficients=some(CENTRES, MODES, spread=0.1),
        linear=some(wide, MODES, spread=0.1), offset=flat(MODES, 0), lowest=flat(MODES, -4), highest=flat(MODES, 4),
        support=some(CENTRES, RANK), doubt_full=0.5, doubt_none=1.0, doubt_reach=1.0,
    )  # fmt: skip
    return Field(
        body=rest.body.family, body_digest=rest.body.topology_digest, topology=topology_digest(garment.mesh),
        joints=base.joints, sizes={garment.size: 1.0}, features=FEATURES, points=base.points,
        joint_indices=base.joint_indices, joint_weights=base.joint_weights,
        mean=some(len(base.points), 3, spread=_SPREAD), modes=some(MODES, len(base.points), 3, spread=_SPREAD),
        model=model, bound=0.2,
    )  # fmt: skip


class _Trial:
    """A field on the canonical body, with the buffers an outfit would give it."""

    def __init__(self, garment: DressedGarment, field: Field, rest: RestBody, device: str) -> None:
        self.garment, self.field, self.rest, self.points = garment, field, rest, garment.mesh.points
        self.device = device
        self.transforms = wp.zeros(len(rest.body.joint_names), dtype=wp.mat44, device=device)
        self.out = wp.zeros(len(self.points), dtype=wp.vec3, device=device)
        buffer = wp.array(self.points, dtype=wp.vec3, device=device)
        self.on = FieldOnBody(
            field, rest, garment.size, buffer, 0, self.transforms, name=garment.name, device=device
        )  # fmt: skip
        self.poses = list(play(motion("catwalk"), rest, POSES, 1.0))
        self.at = rest.skin_transforms(self.poses[0])

    def milliseconds(self) -> float:
        """Return what a launch costs [ms]."""
        self.transforms.assign(self.at)

        def once() -> None:
            self.on.launch(self.at, self.out)
            wp.synchronize()

        return _median(once)

    def limit_milliseconds(self) -> float:
        """Return what limiting the stretch costs after it [ms]."""
        mesh = self.garment.mesh
        faces = moved_faces(mesh, self.field)
        limit = StrainLimit(faces, mesh.points, mesh.points, 0, self.on.acting, device=self.device)
        self.on.launch(self.at, self.out)

        def once() -> None:
            limit.launch(self.out)
            wp.synchronize()

        return _median(once)

    def furthest(self) -> float:
        """Return how far any point of any pose is from the plain twin [m]."""
        field, rig = self.field, self.garment.rig
        base = FieldBase(field.points, field.joints, field.joint_indices, field.joint_weights)
        size, worst = body_features(self.rest, field.sizes[self.garment.size]), 0.0
        for pose in self.poses:
            transforms = self.rest.skin_transforms(pose)
            plain = skin(self.points, rig.joint_indices, rig.joint_weights, transforms)
            self.transforms.assign(transforms)
            self.out.assign(plain)
            self.on.launch(transforms, self.out)
            code = read_model(field.model, np.concatenate([pose_features(self.rest, pose), size]))
            expected = moved(field, code, carry(base, self.points, transforms), plain[field.points])
            worst = max(worst, float(np.abs(self.out.numpy()[field.points] - expected).max()))
        return worst


def _median(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(LAUNCHES):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return 1e3 * float(np.median(taken[LAUNCHES // 10 :]))
