"""Garments on one body: fitted to its shape once, posed with it every frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from dressform.assets.derived import Arrays, derived_arrays
from dressform.assets.files.field import Field
from dressform.runtime.body.protocol import Body, RestBody
from dressform.runtime.body.skinning import Skinner, skin
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals
from dressform.runtime.geometry.upload import Upload

from .candidates import Posed, find_candidates, sample_transforms
from .contacts import Stage, movable, stages
from .dressed import DressedGarment
from .facing import Underlay
from .field import FieldOnBody
from .fitting import fit_garments, off_the_floor, skins, template_body
from .hide import Cover, hidden_cloth, hidden_faces
from .kept_fit import fit_key
from .penetration import NOTHING, PenetrationReport, body_penetration, layer_penetration
from .push_out import PushOut, Side
from .strain_limit import StrainLimit, moved_faces
from .turn_up import is_footed
from .under import Followers
from .wrinkle_texels import WrinkleTexels, wrinkle_texels
from .wrinkles import Relief

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


class Outfit:
    """Garments fitted to one shaped body.

    Attributes:
        rest: The body.
        garments: In layer order.
        faces: int32 [F, 3] of the body, then of each garment, each counted from its own first vertex.
        vertex_counts: Of the body, then of each garment.
        rest_points: float32 [V, 3] of each garment in the body's rest frame, settled [m].
        hidden_body_faces: bool [F_body] body triangles that cloth covers in every pose; sheer cloth covers nothing.

    Args:
        rest: The body to dress.
        garments: Any order.
        shod: The body's vertices with its feet as wide as the shoes that it wears [V, 3], rest frame [m]. Cloth stays
            clear of them unless some goes round a foot, and what would reach below the floor is turned up. None: a bare
            body in the air.
        device: Warp device.
        keep: Whether the fit is kept in the cache, so that the next process finds it there; for people who come again.
    """

    def __init__(
        self,
        rest: RestBody,
        garments: Sequence[DressedGarment],
        *,
        shod: Floats | None = None,
        device: str = "cpu",
        keep: bool = False,
    ) -> None:
        self.rest = rest
        self._shod = shod
        self.device = device
        self.garments = tuple(sorted(garments, key=lambda garment: garment.layer))
        body = rest.body
        self.faces: tuple[Integers, ...] = (body.faces, *(garment.mesh.faces for garment in self.garments))
        self._samples = sample_transforms(rest)
        kept = keep and len(self.garments) > 0
        made_on = template_body(body)
        self._key = fit_key(rest, self.garments, made_on, self._samples, shod, device) if kept else None
        fit = self._derived("fit", self._fit)
        self.rest_points: tuple[Floats, ...] = tuple(fit[f"{k}"] for k in range(len(self.garments)))
        self.vertex_counts = (len(rest.vertices), *(len(points) for points in self.rest_points))
        self._offsets = tuple(int(start) for start in np.cumsum((0, *self.vertex_counts)))
        indices, weights = _joint_tables(body, self.garments)
        self._transforms = Upload(len(body.joint_names), wp.mat44, device)
        # a sock is under the shoe, and shoes that are worn are not under others
        worn = zip(self.rest_points, self.garments, strict=True)
        bare = shod is None or any(is_footed(points, garment.cloth) for points, garment in worn)
        rest_all = np.concatenate([rest.vertices if bare else shod, *self.rest_points])
        self._rest_buffer = wp.array(rest_all, dtype=wp.vec3, device=device)
        self._skinner = Skinner(self._rest_buffer, indices, weights, device)
        starts = self._offsets[1 : len(self.garments) + 1]
        self._texels = self._wrinkle_texels()
        moved = [(k, garment.field) for k, garment in enumerate(self.garments) if garment.field is not None]
        self._fields = [self._field(number, field) for number, field in moved]
        self._limits = [
            self._limit(number, field, on_body.acting)
            for (number, field), on_body in zip(moved, self._fields, strict=True)
        ]
        found = self._derived("contacts", lambda: self._contacts(rest_all, indices, weights))
        self.hidden_body_faces: NDArray[np.bool_] = found["hidden"]
        self._slides = [found[f"slide{k}"] for k in range(len(self.garments))]
        self._pushes = [
            stage for stage in (self._push_out(found, stage) for stage in stages(len(self.garments))) if stage
        ]
        parts = [(garment.under, start) for garment, start in zip(self.garments, starts, strict=True)]
        trims = [(garment.trims, start) for garment, start in zip(self.garments, starts, strict=True)]
        # a button may sit on a collar, which goes with what it lies on: in that order
        self._followers = (Followers(parts, device), Followers(trims, device))

    @property
    def transforms(self) -> Any:
        """Warp mat44 array [J], rest → world, of what was posed last."""
        return self._transforms.array

    @property
    def wrinkle_sides(self) -> tuple[int, ...]:
        """Texels along a side of each garment's wrinkles, in layer order; 0 of a garment without."""
        return tuple(self._texels[k].side if k in self._texels else 0 for k in range(len(self.garments)))

    def relief(self, vertices: int = 0) -> Relief:
        """Return buffers for what wrinkles are shaded by.

        Args:
            vertices: Of all that is drawn, where that is more than body and garments.
        """
        texels = sum(side * side for side in self.wrinkle_sides)
        return Relief.empty(max(vertices, self._offsets[-1]) if texels else 0, texels, self.device)

    def pose(
        self,
        skin_transforms: Floats,
        out: Any,
        *,
        fields: bool = True,
        push_out: bool = True,
        relief: Relief | None = None,
    ) -> None:
        """Write the world vertices of body and garments into `out`, clear of each other.

        Args:
            skin_transforms: Rest → world [J, 4, 4], from `RestBody.skin_transforms`.
            out: Warp vec3 array with room for all vertices, body first; the same one every frame costs nothing anew.
            fields: False leaves the learned fields out, to measure what they do.
            push_out: False leaves the garments as skinned, to measure what the push-out does.
            relief: What wrinkles are shaded by, from the method of that name, to write too.
        """
        self._skin(skin_transforms, out, fields=fields, relief=relief)
        if push_out:
            for stage in self._pushes:
                stage.launch(out)
        for followers in self._followers:
            followers.launch(out)

    def lay(
        self,
        skin_transforms: Floats,
        garments: Sequence[Floats],
        shift: Floats,
        out: Any,
        *,
        relief: Relief | None = None,
    ) -> None:
        """Write the posed body, and garments that are already posed, such as simulated ones, into `out`.

        Args:
            skin_transforms: Rest → world [J, 4, 4], from `RestBody.skin_transforms`.
            garments: World points [V, 3] of each garment, in layer order [m].
            shift: What is added to them [3] [m].
            out: As of `pose`.
            relief: As of `pose`; simulated cloth has all of its wrinkles already.
        """
        if relief is not None:
            relief.turns.zero_()
        self._skinner.launch(self._transforms.fill(skin_transforms), out, count=self.vertex_counts[0])
        points = self._given.numpy()
        np.concatenate(garments, out=points)
        points += shift
        wp.copy(out, self._given, dest_offset=self.vertex_counts[0])

    def penetration(self, vertices: Floats) -> PenetrationReport:
        """Measure all garments in the posed body; `vertices` [V, 3] are those `pose` wrote [m]."""
        parts = self.split(vertices)
        body = Surface(parts[0], self.faces[0])
        reports = (
            body_penetration(points, faces, body) for points, faces in zip(parts[1:], self.faces[1:], strict=True)
        )
        return sum(reports, NOTHING)

    def layer_penetration(self, vertices: Floats) -> PenetrationReport:
        """Measure each garment in every garment below it; `vertices` [V, 3] are those `pose` wrote [m]."""
        parts = self.split(vertices)
        report = NOTHING
        for outer in range(2, len(parts)):
            for inner in range(1, outer):
                report += layer_penetration(parts[outer], self.faces[outer], parts[inner], self.faces[inner])
        return report

    def hidden_cloth(self) -> list[NDArray[np.bool_]]:
        """Return which triangles [F] of each garment others cover in every pose; sheer cloth covers nothing."""
        shown = [
            Cover(points, garment.cloth, slide)
            for garment, points, slide in zip(self.garments, self.rest_points, self._slides, strict=True)
        ]
        opaque = [_hides(garment) for garment in self.garments]
        return [
            hidden_cloth(cover, garment.mesh.faces, [shown[k] for k in range(own + 1, len(shown)) if opaque[k]])
            for own, (garment, cover) in enumerate(zip(self.garments, shown, strict=True))
        ]

    def split(self, vertices: Floats) -> list[Floats]:
        """Return the views of the concatenated vertices [V, 3]: the body's, then each garment's."""
        return [vertices[a:b] for a, b in zip(self._offsets, self._offsets[1:], strict=False)]

    @cached_property
    def _given(self) -> Any:
        """The host's buffer for the points of all garments, which `lay` copies to the device."""
        return wp.zeros(sum(self.vertex_counts[1:]), dtype=wp.vec3, device="cpu")

    def _skin(self, skin_transforms: Floats, out: Any, *, fields: bool, relief: Relief | None = None) -> None:
        """Write plain skinned vertices, and move cloth from there to where its field says."""
        self._skinner.launch(self._transforms.fill(skin_transforms), out, 0)
        if fields:
            for field, limit in zip(self._fields, self._limits, strict=True):
                field.launch(skin_transforms, out, relief)
                limit.launch(out)
        elif relief is not None:
            relief.turns.zero_()

    def _derived(self, kind: str, make: Callable[[], Arrays]) -> Arrays:
        return make() if self._key is None else derived_arrays(kind, self._key, make)

    def _fit(self) -> Arrays:
        """Return the points of each garment at rest, by its number."""
        fitted = fit_garments(self.rest, self.garments)
        if self._shod is not None:
            worn = zip(fitted, self.garments, strict=True)
            fitted = tuple(off_the_floor(own, each) for each, own in worn)
        return {f"{k}": points for k, points in enumerate(fitted)}

    def _wrinkle_texels(self) -> dict[int, WrinkleTexels]:
        """Return where the wrinkles of each garment that has some are painted, by its number."""
        found = {}
        for number, garment in enumerate(self.garments):
            if garment.field is None or (wrinkles := garment.field.wrinkles) is None:
                continue
            texels = wrinkle_texels(garment.whole or garment.mesh, wrinkles.points)
            if texels is not None:
                found[number] = texels
        return found

    def _field(self, number: int, field: Field) -> FieldOnBody:
        garment, texels = self.garments[number], self._texels.get(number)
        first = sum(side * side for side in self.wrinkle_sides[:number])
        return FieldOnBody(
            field,
            self.rest,
            garment.size,
            self._rest_buffer,
            self._offsets[number + 1],
            self._transforms.array,
            name=garment.name,
            texels=None if texels is None else (texels, first),
            device=self.device,
        )

    def _limit(self, number: int, field: Field, acting: Any) -> StrainLimit:
        cut, start = self.garments[number].mesh, self._offsets[number + 1]
        faces = moved_faces(cut, field)
        return StrainLimit(faces, cut.points, self.rest_points[number], start, acting, device=self.device)

    def _contacts(self, rest_all: Floats, indices: Integers, weights: Floats) -> Arrays:
        """Return what the garments can meet in each stage, see `_meetings`, and what they hide of the body.

        `slide` of each garment: how far its field moves each point from plain skinning, at most [V] [m].
        """
        poses = self._samples if self.garments else []
        samples = [self.split(skin(rest_all, indices, weights, transforms)) for transforms in poses]
        slides = [np.zeros(count, np.float32) for count in self.vertex_counts[1:]]
        if self._fields:  # cloth meets what its field brings it to; candidates are told apart at rest
            for number, transforms in enumerate(poses[1:], start=1):
                moved = self._moved_by_fields(transforms)
                for slide, there, plain in zip(slides, moved[1:], samples[number][1:], strict=True):
                    np.maximum(slide, np.linalg.norm(there - plain, axis=1), out=slide)
                samples[number] = moved
        everyone = range(1, len(self.faces))
        normals = [{k: vertex_normals(parts[k], self.garments[k - 1].unfolded) for k in everyone} for parts in samples]
        covers = [
            (garment.rig.hide, Cover(points, garment.unfolded, slide))
            for garment, points, slide in zip(self.garments, self.rest_points, slides, strict=True)
            if _hides(garment)
        ]
        body = self.rest.vertices, self.faces[0]
        hidden = hidden_faces([mask for mask, _ in covers], *body, [cover for _, cover in covers])
        found = {
            f"{stage.movers.start}.{stage.obstacles.start}.{name}": values
            for stage in stages(len(self.garments))
            for name, values in self._meetings(samples, normals, stage).items()
        }
        return {**found, "hidden": hidden, **{f"slide{k}": slide for k, slide in enumerate(slides)}}

    def _moved_by_fields(self, transforms: Floats) -> list[Floats]:
        """Return all vertices [V, 3] in a pose with cloth where its field puts it, by mesh."""
        out = wp.zeros(sum(self.vertex_counts), dtype=wp.vec3, device=self.device)
        self._skin(transforms, out, fields=True)
        return self.split(out.numpy().copy())

    def _meetings(self, samples: list[list[Floats]], normals: list[dict[int, Floats]], stage: Stage) -> Arrays:
        """Return which points of some consecutive meshes move, their neighbours, and what they meet of some others."""
        movers, obstacles = stage.movers, stage.obstacles
        obstacle_faces = self._faces_of(obstacles) - self._offsets[obstacles.start]
        posed = [
            Posed(
                np.concatenate([parts[k] for k in movers]),
                np.concatenate([own[k] for k in movers]),
                Underlay(np.concatenate([parts[k] for k in obstacles]), obstacle_faces),
            )
            for parts, own in zip(samples, normals, strict=True)
        ]
        found = [find_candidates(posed, facing=contact.facing, reach=contact.reach) for contact in stage.contacts]
        left_alone = np.concatenate([_left_alone(self.garments[k - 1]) for k in movers])
        for candidates in found:
            candidates[left_alone] = -1
        shift = {k: self._offsets[k] - self._offsets[movers.start] for k in movers}
        mover_faces = np.concatenate([self.garments[k - 1].unfolded + shift[k] for k in movers])
        met_at_all = np.array([(candidates >= 0).any(axis=1) for candidates in found])
        meeting = np.asarray(met_at_all.all(axis=0) if stage.squeezed else met_at_all.any(axis=0))
        for candidates in found:
            candidates[~meeting] = -1
        if not meeting.any():
            return {name: np.zeros(0, np.int32) for name in ("moved", "starts", "around")}
        moved, starts, around = movable(meeting, mover_faces, max(stage.passes))
        met = {f"met{number}": candidates[moved] for number, candidates in enumerate(found)}
        return {"moved": moved, "starts": starts, "around": around, **met}

    def _faces_of(self, meshes: range) -> Integers:
        """Return the triangles that others lie on [F, 3]: of a garment its outer cloth, as hems face the other way."""
        own = [self.faces[0], *(garment.cloth for garment in self.garments)]
        return np.concatenate([own[k] + self._offsets[k] for k in meshes])

    def _push_out(self, found: Arrays, stage: Stage) -> PushOut | None:
        """Prepare the push of one stage: out of what is below, then of what faces it. None where nothing can meet."""
        own = f"{stage.movers.start}.{stage.obstacles.start}."
        moved, starts, around = (found[own + name] for name in ("moved", "starts", "around"))
        if not len(moved):
            return None
        sliding = {k: self.garments[k - 1].field is not None for k in (*stage.movers, *stage.obstacles) if k}
        beneath = any(sliding[k] for k in stage.obstacles if k)
        counts = [self.vertex_counts[k] for k in stage.movers]
        slides = np.repeat([beneath or sliding[k] for k in stage.movers], counts)[moved]
        sides = [
            Side(found[f"{own}met{k}"], contact.gap, contact.fade, slides) for k, contact in enumerate(stage.contacts)
        ]
        return PushOut(
            self._offsets[stage.movers.start] + moved,
            sides[0],
            sides[1] if len(sides) > 1 else None,
            self._faces_of(stage.obstacles),
            starts,
            around,
            passes=stage.passes,
            device=self.device,
        )


def _hides(garment: DressedGarment) -> bool:
    """Say whether what is under a garment cannot be seen through it."""
    return all(material.alpha_mode == "OPAQUE" for material in garment.mesh.materials)


def _left_alone(garment: DressedGarment) -> NDArray[np.bool_]:
    """Return [V] what is not pushed: a hat goes with its bone; a button, a hem and a collar go with their cloth."""
    alone = np.full(len(garment.mesh.points), garment.is_stiff)
    alone[garment.trims.points] = True
    alone[garment.under.points] = True
    return alone


def _joint_tables(body: Body, garments: Sequence[DressedGarment]) -> tuple[Integers, Floats]:
    """Return the skin of body and garments over the body's own joints: indices [V, K] and weights [V, K]."""
    tables = [(body.joint_indices, body.joint_weights), *skins(body, garments)]
    width = max(indices.shape[1] for indices, _ in tables)

    def widened(table: NDArray[Any]) -> NDArray[Any]:
        return np.pad(table, ((0, 0), (0, width - table.shape[1])))

    return (
        np.concatenate([widened(indices) for indices, _ in tables]).astype(np.int32),
        np.concatenate([widened(weights) for _, weights in tables]).astype(np.float32),
    )
