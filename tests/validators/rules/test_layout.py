"""Rules on the layout of UVs read pictures as glTF does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dressform.assets.files.garment import Part
from dressform.runtime.render.garment_scene import transformed_uv
from dressform.validators.examples.builder import Parts, picture
from dressform.validators.examples.layout import CLAMP_TO_EDGE, break_charts
from dressform.validators.rule import Defect, NotTestableError
from dressform.validators.rules.layout import _transformed

Find = Callable[[str, Parts], list[Defect]]
REPEAT = 10497  # glTF 2.0


def with_texture(parts: Parts, info: dict[str, Any]) -> None:
    record = {"pbrMetallicRoughness": {"baseColorTexture": info}}
    parts.change_mesh(materials=(replace(parts.mesh.materials[0], record=record),))


@pytest.mark.parametrize(
    ("wrap", "transform", "bad"),
    [
        ((CLAMP_TO_EDGE, CLAMP_TO_EDGE), {}, True),
        ((REPEAT, CLAMP_TO_EDGE), {}, False),  # it leaves the picture sideways only, where it repeats
        ((CLAMP_TO_EDGE, REPEAT), {}, True),
        ((REPEAT, REPEAT), {}, False),
        ((CLAMP_TO_EDGE, CLAMP_TO_EDGE), {"scale": [0.5, 0.5]}, False),
        ((CLAMP_TO_EDGE, CLAMP_TO_EDGE), {"offset": [-0.2, 0.0]}, False),
    ],
)
def test_uvs_leave_only_what_does_not_repeat(
    parts: Parts, defects: Find, wrap: tuple[int, int], transform: dict[str, Any], bad: bool
) -> None:
    assert parts.mesh.uv0 is not None
    parts.change_mesh(uv0=parts.mesh.uv0 + np.array([0.2, 0.0], np.float32))
    extensions = {"KHR_texture_transform": transform} if transform else {}
    with_texture(parts, {"sampler": {"wrapS": wrap[0], "wrapT": wrap[1]}, "extensions": extensions})
    assert bool(defects("uv.tiling", parts)) is bad


def test_a_texture_transform_moves_uvs_as_the_renderer_does() -> None:
    uv = np.random.default_rng(3).random((20, 2), np.float32)
    info = {"extensions": {"KHR_texture_transform": {"scale": [2.0, 0.5], "offset": [0.1, 0.3], "rotation": 0.4}}}
    ours = _transformed(uv.astype(np.float64), info)
    theirs = transformed_uv(uv, info)
    assert np.allclose(np.stack([ours[:, 0], 1 - ours[:, 1]], axis=1), theirs, atol=1e-5)


def test_a_swatch_needs_no_texels_and_a_repeated_picture_has_more(parts: Parts, defects: Find) -> None:
    parts.change_mesh(materials=(replace(parts.mesh.materials[0], base_color_image=picture((16, 16))),))
    assert defects("uv.texel-density", parts) == []
    parts.change_mesh(materials=(replace(parts.mesh.materials[0], base_color_image=picture((32, 32))),))
    (found,) = defects("uv.texel-density", parts)
    assert found.value == pytest.approx(32 / 1.3918, rel=0.01)
    with_texture(parts, {"extensions": {"KHR_texture_transform": {"scale": [10.0, 10.0]}}})
    assert defects("uv.texel-density", parts) == []


def test_charts_of_buttons_do_not_count(parts: Parts, defects: Find) -> None:
    break_charts(parts)
    assert [found.value for found in defects("uv.charts", parts)] == [224]
    parts.change_mesh(parts=(Part("buttons", rigid=True),), part_ids=np.zeros(224, np.int32))
    assert defects("uv.charts", parts) == []


def test_without_uvs_the_layout_is_not_tested(parts: Parts, defects: Find) -> None:
    parts.change_mesh(uv1=None, uv1_faces=None)
    with pytest.raises(NotTestableError, match="no UV1"):
        defects("uv.gutter", parts)
