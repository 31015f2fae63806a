from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from dressform.assets.files.garment import GarmentMesh, Part
from dressform.authoring.draft import Draft
from dressform.authoring.steps._rig_mask import sample_mask
from dressform.authoring.steps._rig_overrides import COPY, INPAINT, Corrections, orders_of, read_regions
from dressform.authoring.steps._rig_weights import Origin
from dressform.authoring.steps.rig import RigOptions, kept_corrections, new_corrections, rig, rig_mesh
from dressform.commands.garment import garment
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.schemas.errors import UsageError

PLAIN = RigOptions(tune=False, sweep="none")


@pytest.fixture(scope="module")
def rest() -> RestBody:
    return canonical_rest()


@pytest.fixture
def draft(tmp_path: Path, trousers: GarmentMesh) -> Draft:
    manifest = {"name": "trousers", "category": "trousers"}
    return Draft.create(tmp_path / "draft").commit_step("import", {}, {}, mesh=trousers, manifest=manifest)


def png(pixels: Any) -> bytes:
    done, data = cv2.imencode(".png", np.asarray(pixels, np.uint8))
    assert done
    return bytes(data.tobytes())


def halves() -> NDArray[np.uint8]:
    """White in the left half, black in the right one."""
    return np.repeat(np.where(np.arange(64) < 32, 255, 0)[None], 64, axis=0).astype(np.uint8)


def dense(
    mesh: GarmentMesh, rest: RestBody, *regions: dict[str, Any], mask: bytes | None = None
) -> NDArray[np.float64]:
    made, _ = rig_mesh(mesh, rest, PLAIN, corrections=Corrections(regions, mask))
    rows = np.zeros((len(mesh.points), len(made.joints)))
    np.add.at(rows, (np.arange(len(rows))[:, None], made.joint_indices), made.joint_weights)
    return rows


def test_a_mask_is_read_over_the_uvs(trousers: GarmentMesh) -> None:
    assert trousers.uv0 is not None
    assert trousers.uv0_faces is not None
    said = sample_mask(png(halves()), trousers, 0, "mask")
    left = np.ones(len(said), bool)
    right = np.ones(len(said), bool)
    np.logical_and.at(left, trousers.faces.ravel(), (trousers.uv0[:, 0] < 0.5)[trousers.uv0_faces.ravel()])
    np.logical_and.at(right, trousers.faces.ravel(), (trousers.uv0[:, 0] > 0.5)[trousers.uv0_faces.ravel()])
    assert left.any()
    assert right.any()
    assert (said[left] == COPY).all()
    assert (said[right] == INPAINT).all()


@pytest.mark.parametrize(
    ("pixel", "meaning"),
    [
        ((0, 200, 0), COPY), ((0, 0, 220), INPAINT), ((128, 128, 128), 0), ((255, 255, 255), COPY),
        ((0, 0, 0), INPAINT), ((255, 255, 255, 0), 0), ((0, 0, 0, 255), INPAINT),
    ],
)  # fmt: skip
def test_colours_of_a_mask(trousers: GarmentMesh, pixel: tuple[int, ...], meaning: int) -> None:
    picture = png(np.tile(np.array(pixel, np.uint8), (8, 8, 1)))
    assert (sample_mask(picture, trousers, 1 if trousers.uv1 is not None else 0, "mask") == meaning).all()


def test_a_mask_survives_moved_points(trousers: GarmentMesh) -> None:
    moved = replace(trousers, points=trousers.points + np.float32(0.02))
    mask = png(halves())
    assert np.array_equal(sample_mask(mask, trousers, 0, "mask"), sample_mask(mask, moved, 0, "mask"))


def test_regions_of_every_kind_reach_their_points(rest: RestBody, trousers: GarmentMesh) -> None:
    ids = (trousers.points[trousers.faces].mean(axis=1)[:, 2] > 1.0).astype(np.int32)
    mesh = replace(trousers, parts=(Part("legs"), Part("band")), part_ids=ids)
    knee = rest.canonical_joints()[4].tolist()
    regions = read_regions(
        [
            {"part": "band", "rigid": "pelvis"},
            {"sphere": {"center": knee, "radius": 0.15}, "inpaint": True},
            {"box": {"low": [-1, -1, 0], "high": [0, 1, 0.3]}, "copy": True},
            {"joint": "right_knee", "smooth": 0.05},
        ],
        "here",
    )
    orders = orders_of(Corrections(regions), mesh, rest)
    band = np.unique(mesh.faces[ids == 1])
    root = rest.rig.leaders[0]
    assert (orders.fixed[band, root] == 1).all()
    near = np.linalg.norm(mesh.points - np.array(knee), axis=1) < 0.15
    assert (orders.match[near] == INPAINT).all()
    assert (orders.match[(mesh.points[:, 0] <= 0) & (mesh.points[:, 2] <= 0.3)] == COPY).all()
    shin = (mesh.points[:, 2] > 0.15) & (mesh.points[:, 2] < 0.4)
    assert (orders.smooth[shin & (mesh.points[:, 0] < 0)] == 0.05).all()
    assert not orders.smooth[shin & (mesh.points[:, 0] > 0)].any()


def test_weights_rigid_and_exclude_have_the_last_word(rest: RestBody, trousers: GarmentMesh) -> None:
    hem = {"box": {"low": [-1, -1, -1], "high": [1, 1, 0.2]}}
    inside = trousers.points[:, 2] <= 0.2
    names = list(rest.body.joint_names)
    rows = dense(trousers, rest, {**hem, "weights": {"upperleg02.L": 3, "lowerleg01.L": 1}})
    assert np.allclose(rows[inside][:, names.index("upperleg02.L")], 0.75, atol=1e-6)
    rows = dense(trousers, rest, {**hem, "rigid": "lowerleg01.R"})
    assert np.allclose(rows[inside][:, names.index("lowerleg01.R")], 1, atol=1e-6)
    before = dense(trousers, rest)
    rows = dense(trousers, rest, {**hem, "exclude": ["left_knee", "left_ankle"]})
    shins = rest.rig.segment_of_bone == 4
    assert before[inside][:, shins].max() > 0.5
    assert not rows[inside][:, shins].any()
    assert np.allclose(rows.sum(axis=1), 1, atol=1e-5)


def test_smoothing_evens_out_where_it_is_asked_for(rest: RestBody, trousers: GarmentMesh) -> None:
    knee = float(rest.canonical_joints()[4, 2])
    around = {"box": {"low": [-1, -1, knee - 0.15], "high": [1, 1, knee + 0.15]}}
    shins = np.isin(rest.rig.segment_of_bone, (4, 5))
    plain, smooth = (
        dense(trousers, rest, *given)[:, shins].sum(axis=1) for given in ((), ({**around, "smooth": 0.1},))
    )
    inside = np.abs(trousers.points[:, 2] - knee) < 0.15
    assert np.std(smooth[inside]) < 0.9 * np.std(plain[inside])
    assert np.array_equal(smooth[trousers.points[:, 2] < knee - 0.16], plain[trousers.points[:, 2] < knee - 0.16])


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ({"copy": True}, "needs one of part, sphere, box, joint, found none"),
        ({"part": "a", "joint": "head", "copy": True}, "found part and joint"),
        ({"part": "a"}, "says nothing to do"),
        ({"part": "a", "polish": 1, "copy": True}, "no key 'polish'"),
        ({"part": "a", "copy": True, "inpaint": True}, "contradict each other"),
        ({"part": "a", "copy": "yes"}, "needs true or false, found 'yes'"),
        ({"sphere": {"center": [0, 0], "radius": 1}, "copy": True}, "center needs three numbers"),
        ({"sphere": {"center": [0, 0, 0], "radius": 0}, "copy": True}, "radius needs a number above zero"),
        ({"box": {"low": [0, 0, 0]}, "copy": True}, "box: needs low and high"),
        ({"part": "a", "weights": {"head": -1}}, "weights: needs joints with numbers"),
        ({"part": "a", "weights": {"head": 0}}, "one is above zero"),
        ({"part": "a", "smooth": 3}, "smooth: needs a length from 0 to 0.5 m"),
        ({"part": "a", "exclude": "head"}, "exclude: needs a list of joints"),
        (7, "needs an object"),
    ],
)
def test_bad_regions_are_refused_in_one_line(region: object, message: str) -> None:
    with pytest.raises(UsageError) as found:
        read_regions([region], "corrections.json")
    assert message in str(found.value)
    assert str(found.value).startswith("corrections.json: $.regions[0]")
    assert "\n" not in str(found.value)


def test_regions_that_name_nothing_are_refused(rest: RestBody, trousers: GarmentMesh) -> None:
    for region, message in (
        ({"part": "cuff", "copy": True}, "no part 'cuff'"),
        ({"joint": "tail", "copy": True}, "no joint 'tail'"),
        ({"sphere": {"center": [9, 9, 9], "radius": 0.1}, "copy": True}, "no point of the garment lies in it"),
        ({"joint": "left_knee", "rigid": "tail"}, "no joint 'tail'"),
    ):
        with pytest.raises(UsageError, match=message):
            orders_of(Corrections((region,)), trousers, rest)


def test_corrections_are_kept_and_survive_a_new_rig(draft: Draft, tmp_path: Path) -> None:
    (tmp_path / "m.png").write_bytes(png(halves()))
    (tmp_path / "o.json").write_text(json.dumps([{"joint": "left_knee", "rigid": "left_knee"}]))
    made = new_corrections(draft, tmp_path / "m.png", 0, tmp_path / "o.json")
    once = rig(draft, PLAIN, corrections=made)
    kept = kept_corrections(Draft.open(draft.folder))
    assert kept == made
    again = rig(Draft.open(draft.folder), PLAIN)
    assert np.array_equal(again.rig.joint_weights, once.rig.joint_weights)
    assert again.report("rig")["corrected"] > 0.5
    cleared = rig(Draft.open(draft.folder), PLAIN, corrections=new_corrections(draft, None, None, None, reset=True))
    assert cleared.report("rig")["corrected"] == 0
    assert not list((draft.folder / "overrides").iterdir())


def test_the_command_takes_corrections(draft: Draft, tmp_path: Path) -> None:
    run = CliRunner()
    (tmp_path / "o.json").write_text('{"regions": [{"joint": "left_knee", "copy": true}]}')
    words = ["rig", str(draft.folder), "--sweep", "none", "--no-tune", "--override", str(tmp_path / "o.json"), "--json"]
    result = run.invoke(garment, words)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["report"]["corrected"] > 0.1
    for given, message in (
        (["--override", str(tmp_path / "gone.json")], "cannot be read"),
        (["--mask", str(tmp_path / "o.json")], "needs a PNG"),
        (["--sweep", "all"], "use full, quick, none"),
    ):
        result = run.invoke(garment, ["rig", str(draft.folder), *given])
        assert isinstance(result.exception, UsageError)
        assert message in str(result.exception)


def test_the_origin_of_corrected_points_is_told(rest: RestBody, trousers: GarmentMesh) -> None:
    region = {"joint": "left_knee", "copy": True}
    _, report = rig_mesh(trousers, rest, PLAIN, corrections=Corrections((region,)))
    touched = orders_of(Corrections((region,)), trousers, rest).touched
    assert (report.origins[touched] == Origin.CORRECTED).all()
    assert report.corrected == pytest.approx(touched.mean())
