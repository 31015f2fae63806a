"""What makes a start quick leaves every frame as it is: threads, kept fits, materials packed ahead."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import dressform as df
from dressform.runtime.avatar.appearance import build_appearance, coarse_appearance, scene_meshes
from dressform.runtime.avatar.avatar_file import Avatar
from dressform.runtime.avatar.consent import Consent
from dressform.runtime.avatar.shoes import build_shoes, shod_vertices
from dressform.runtime.garment import outfit as outfits
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.render.garment_scene import garment_counts, garment_scene
from dressform.runtime.render.renderer import Frame, Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting

SIZE = (128, 128)
WEAR = ["tube@^1:M"]


def arrays(frame: Frame) -> list[np.ndarray]:
    return [values.copy() for values in (frame.rgb, frame.depth, frame.mask, frame.velocity)]


def first(avatar: Path, library: Path) -> list[np.ndarray]:
    return arrays(next(iter(df.TryOn(avatar, WEAR, library=library, size=SIZE).stream("catwalk", fps=10))))


def same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_kept_fit_gives_the_same_frame_and_is_not_made_again(
    tube_library: Path, plain_avatar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    df.TryOn(plain_avatar, library=tube_library, size=SIZE)  # what belongs to the body alone is ready now
    monkeypatch.setenv("DRESSFORM_CACHE", str(tmp_path))
    made = first(plain_avatar, tube_library)
    assert {path.parent.name for path in tmp_path.rglob("*.safetensors")} >= {"fit", "contacts"}

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("fitted again")

    monkeypatch.setattr(outfits, "fit_garments", refuse)
    monkeypatch.setattr(outfits, "find_candidates", refuse)
    assert same(made, first(plain_avatar, tube_library))


def test_nothing_that_follows_from_a_person_is_kept(
    tube_library: Path, plain_avatar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = Avatar.load(plain_avatar)
    person = replace(nobody, consent=Consent("a model", "tests", dt.date(2199, 1, 1)))
    monkeypatch.setenv("DRESSFORM_CACHE", str(tmp_path))

    def frame(who: Avatar) -> list[np.ndarray]:
        return arrays(next(iter(df.TryOn(who, WEAR, library=tube_library, size=SIZE).stream("catwalk", fps=10))))

    def kept() -> set[str]:
        return {path.name for path in (tmp_path / "derived").iterdir()} & {"fit", "contacts", "skin"}

    of_person = frame(person)
    assert kept() == set()
    assert same(of_person, frame(nobody))
    assert kept() == {"fit", "contacts", "skin"}


def test_a_fit_is_kept_only_where_it_is_asked_for(
    tube_library: Path, plain_avatar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worn = df.TryOn(plain_avatar, WEAR, library=tube_library, size=SIZE).outfit
    monkeypatch.setenv("DRESSFORM_CACHE", str(tmp_path))
    again = Outfit(worn.rest, worn.garments, shod=shod_vertices(worn.rest, build_shoes(worn.rest)))
    assert not list(tmp_path.rglob("*.safetensors"))
    for one, other in zip(worn.rest_points, again.rest_points, strict=True):
        assert np.array_equal(one, other)


def test_a_scene_made_side_by_side_is_the_one_made_in_turn(tube_library: Path, plain_avatar: Path) -> None:
    tryon = df.TryOn(plain_avatar, WEAR, library=tube_library, size=SIZE)
    rest, worn, person = tryon.rest, tryon.outfit, tryon.avatar
    look = build_appearance(
        rest, skin_tone=person.skin_tone, hair_color=person.hair_color, gender=person.gender, base_texture=None
    )
    look = coarse_appearance(look, rest.body, person.gender, tryon._tolerance())
    own = Outfit(rest, worn.garments, shod=shod_vertices(rest, build_shoes(rest)))
    body, *parts = scene_meshes(look, rest.body, covered=own.hidden_body_faces)
    meshes, counts = [body], [len(rest.vertices)]
    for garment, covered in zip(own.garments, own.hidden_cloth(), strict=True):
        meshes += garment_scene(garment.mesh, garment.name, covered if covered.any() else None)
        counts += garment_counts(garment.mesh)
    counts += [len(part.points) for part in look.parts]
    renderer = Renderer([*meshes, *parts], counts, size=SIZE)
    vertices = np.concatenate([rest.vertices, *own.rest_points, *(part.points for part in look.parts)])
    camera = Camera.look_at((0.0, -3.0, 1.2), (0.0, 0.0, 0.9), 0.7, SIZE)
    shown = []
    for each in (renderer, tryon._renderer):
        each.set_vertices(vertices)
        each.bake(Lighting.studio())
        shown.append(arrays(each.render(camera, Lighting.studio(), Background.studio())))
    assert same(*shown)
    assert len(np.unique(shown[0][2])) > 3
