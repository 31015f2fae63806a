from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from dressform.authoring.patterns.meshing import mesh_pattern
from dressform.authoring.patterns.pattern import Hold, Mark
from dressform.authoring.patterns.pattern_json import pattern_document, pattern_of, read_pattern, write_pattern
from dressform.schemas.documents import document_errors
from dressform.schemas.errors import InputError

from .sewing_samples import darted, line, rectangle, refs, skirt


@pytest.fixture
def sample():
    made = skirt()
    marks = (
        Mark("stitch", line((0, 0.1), (0.05, 0.1)), {"rows": 2.0, "name": "pocket"}),
        Mark("button", line((0, 0.2)), {"radius": 0.006}),
    )
    front = replace(rectangle("front", 0.44, 0.3, turns={"hem": 0.03}, marks=marks), layer=1)
    band = replace(made.panels[2], formed=True)
    return replace(
        made,
        panels=(front, made.panels[1], band),
        seams=(replace(made.seams[0], finish="twin"), *made.seams[1:]),
        holds=(Hold(refs("band.top")[0]), Hold(refs("band.hem")[0], 1.05)),
    )


def test_a_pattern_comes_back(sample, tmp_path):
    write_pattern(tmp_path / "skirt.json", sample)
    back = read_pattern(tmp_path / "skirt.json")
    assert (back.name, back.category, back.size) == (sample.name, sample.category, sample.size)
    assert back.measures == sample.measures
    assert back.finished == sample.finished
    assert back.seams == sample.seams
    assert back.holds == sample.holds
    for ours, theirs in zip(sample.panels, back.panels, strict=True):
        assert replace(theirs, edges=(), marks=(), placement=ours.placement) == replace(ours, edges=(), marks=())
        assert theirs.placement.angle == pytest.approx(ours.placement.angle, abs=1e-6)
        for a, b in zip(ours.edges, theirs.edges, strict=True):
            assert (a.name, a.turn, a.allowance) == (b.name, b.turn, b.allowance)
            assert b.points == pytest.approx(a.points, abs=1e-6)
        for c, d in zip(ours.marks, theirs.marks, strict=True):
            assert (c.kind, dict(c.options)) == (d.kind, dict(d.options))
            assert d.points == pytest.approx(c.points, abs=1e-6)
    write_pattern(tmp_path / "again.json", back)
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "skirt.json").read_bytes()
    assert (mesh_pattern(back).faces == mesh_pattern(sample).faces).all()


def test_a_document_fits_its_schema(sample):
    assert document_errors("pattern", json.loads(json.dumps(pattern_document(sample)))) == []
    assert document_errors("pattern", json.loads(json.dumps(pattern_document(darted())))) == []


def test_what_is_left_out_takes_its_usual_value():
    document = pattern_document(skirt())
    for panel in document["panels"]:
        for key in ("slot", "layer", "formed", "marks"):
            del panel[key]
        del panel["placement"]["clearance"]
        for edge in panel["edges"]:
            del edge["turn"], edge["allowance"]
    del document["measures"], document["finished"], document["holds"]
    panel = pattern_of(document).panels[2]
    assert (panel.slot, panel.layer, panel.formed, panel.marks, panel.placement.clearance) == (
        "main",
        0,
        False,
        (),
        0.02,
    )
    assert (panel.edges[0].turn, panel.edges[0].allowance) == (0.0, 0.01)


def test_a_point_is_one_line(sample, tmp_path):
    write_pattern(tmp_path / "skirt.json", sample)
    assert "            [-0.22, 0.0],\n" in (tmp_path / "skirt.json").read_text()


def edited(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["panels"][0]["edges"][0].pop("points"), r"at \$\.panels\[0\]\.edges\[0\]: 'points' is a required"),
        (lambda d: d["seams"][0].update(first=["front"]), r"at \$\.seams\[0\]\.first\[0\]: 'front' is not a side as"),
        (lambda d: d["panels"][0]["edges"][1]["points"].__setitem__(1, [0.22, 0.5]), r"edge right ends 20\.00 cm from"),
        (lambda d: d["seams"][0].update(gathers=0.2), r"front\.right is 30\.0 cm with gathers of 20%"),
        (lambda d: d["seams"][0].update(first=["sleeve.cap"]), r"a seam names panel sleeve"),
    ],
)
def test_a_wrong_hand_edit_is_named(sample, tmp_path, change, message):
    path = tmp_path / "skirt.json"
    write_pattern(path, sample)
    edited(path, change)
    with pytest.raises(InputError, match=message) as caught:
        read_pattern(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_changed_panel_is_sewn(sample, tmp_path):
    path = tmp_path / "skirt.json"
    write_pattern(path, sample)

    def longer(document):
        for panel in document["panels"][:2]:
            for edge in panel["edges"]:
                edge["points"] = [[x, -0.1 if y == 0 else y] for x, y in edge["points"]]

    edited(path, longer)
    mesh = mesh_pattern(read_pattern(path))
    assert np.ptp(mesh.flat[mesh.panel_ids == 0], axis=0) == pytest.approx([0.44, 0.4])
