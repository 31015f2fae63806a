from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from dressform.authoring.patterns._outline import first_crossing, signed_area
from dressform.authoring.patterns.export_dxf import write_dxf
from dressform.authoring.patterns.export_svg import write_svg
from dressform.authoring.patterns.pattern import Mark
from dressform.schemas.errors import InputError

from .sewing_samples import apron, darted, line, pattern, polygon, rectangle, skirt

SVG = "{http://www.w3.org/2000/svg}"


def numbers(text):
    return np.array(re.findall(r"-?\d+\.?\d*", text), np.float64).reshape(-1, 2)


def read_svg(path):
    """Lines in mm by (panel, size, class), in the panel's own way up."""
    root = ElementTree.parse(path).getroot()
    lines = {}
    for panel in root.findall(f"{SVG}g"):
        for size in panel.findall(f"{SVG}g"):
            for drawn in size.findall(f"{SVG}path"):
                key = panel.get("id"), size.get("data-size"), drawn.get("class")
                lines.setdefault(key, []).append(numbers(drawn.get("d")) * [1, -1])
    return root, lines


def read_dxf(path):
    """Lines and points in mm by (block, layer), and the entities of the page."""
    groups = path.read_bytes().decode("ascii").split("\r\n")
    pairs = list(zip((int(code) for code in groups[:-1:2]), groups[1::2], strict=True))
    blocks, inserts, name, drawn = {}, [], None, None
    for k, (code, value) in enumerate(pairs):
        entity = dict(itertools.takewhile(lambda pair: pair[0], pairs[k + 1 : k + 12]))
        if (code, value) == (0, "BLOCK"):
            name = entity[2]
        elif code == 0 and value == "ENDBLK":
            name = None
        elif code == 0 and value == "INSERT":
            inserts.append((entity[2], float(entity[10]), float(entity[20])))
        elif code == 0 and value == "POLYLINE":
            drawn = blocks.setdefault((name, entity[8]), [])
            drawn.append([])
        elif code == 0 and value == "VERTEX":
            drawn[-1].append((float(entity[10]), float(entity[20])))
        elif code == 0 and value in ("POINT", "LINE"):
            blocks.setdefault((name, entity[8]), []).append((float(entity[10]), float(entity[20])))
    return blocks, inserts


def test_an_svg_has_its_true_size(tmp_path):
    write_svg(tmp_path / "skirt.svg", [skirt()])
    root, lines = read_svg(tmp_path / "skirt.svg")
    width, height = (float(root.get(key).removesuffix("mm")) for key in ("width", "height"))
    assert root.get("viewBox") == f"0 0 {root.get('width')[:-2]} {root.get('height')[:-2]}"
    everything = np.concatenate([points for drawn in lines.values() for points in drawn]) * [1, -1]
    assert everything.min() > 0
    assert (everything < [width, height]).all()
    (sew,), (cut,) = lines["front", "M", "sew"], lines["front", "M", "cut"]
    assert np.ptp(sew, axis=0) == pytest.approx([440, 300], abs=0.1)
    assert np.ptp(cut, axis=0) == pytest.approx([440 + 2 * 10, 300 + 10 + 30], abs=0.1)  # the hem is turned by 3 cm
    assert sew[:, 1].min() - cut[:, 1].min() == pytest.approx(30, abs=0.1)
    square = next(e for e in root.iter(f"{SVG}path") if e.get("id") == "test-square")
    assert square.get("d").endswith("h100v100h-100z")
    texts = [e.text for e in root.iter(f"{SVG}text")]
    assert {"10 cm", "front", "size M", "cut 1, rib"} <= set(texts)


def test_notches_of_a_seam_meet(tmp_path):
    write_svg(tmp_path / "skirt.svg", [skirt()])
    _, lines = read_svg(tmp_path / "skirt.svg")
    front = np.array([notch[0] for notch in lines["front", "M", "notch"]])
    right = lines["front", "M", "cut"][0][:, 0].max()
    along = np.sort(front[np.abs(front[:, 0] - right) < 0.1][:, 1]) - lines["front", "M", "sew"][0][:, 1].min()
    assert along == pytest.approx([75, 150, 225], abs=0.1)
    band = np.array([notch[0] for notch in lines["band", "M", "notch"]])
    below = band[np.abs(band[:, 1] - lines["band", "M", "cut"][0][:, 1].min()) < 0.1]
    middle = lines["band", "M", "sew"][0][:, 0].mean()
    assert np.abs(below[:, 0] - middle).min() < 0.1  # where front and back meet


def test_a_dart_is_not_cut_out(tmp_path):
    write_svg(tmp_path / "dart.svg", [darted()])
    _, lines = read_svg(tmp_path / "dart.svg")
    (cut,) = lines["front", "M", "cut"]
    assert first_crossing(cut) is None
    bare = signed_area(line((0, 0), (320, 0), (320, 220), (0, 220)))
    assert 0.95 * bare < signed_area(cut) <= bare + 1


def test_sizes_lie_over_each_other(tmp_path):
    sizes = [skirt(0.40, size="S"), skirt(), skirt(0.48, size="L")]
    write_svg(tmp_path / "skirt.svg", sizes)
    write_dxf(tmp_path / "skirt.dxf", sizes)
    _, lines = read_svg(tmp_path / "skirt.svg")
    middles = [lines["front", size, "sew"][0][:, 0].mean() for size in "SML"]
    assert middles == pytest.approx([middles[0]] * 3)
    assert [np.ptp(lines["front", size, "sew"][0][:, 0]) for size in "SML"] == pytest.approx([400, 440, 480], abs=0.1)
    blocks, inserts = read_dxf(tmp_path / "skirt.dxf")
    assert [np.ptp(np.array(blocks[f"FRONT_{size}", "14"][0])[:, 0]) for size in "SML"] == [400, 440, 480]
    assert len(inserts) == 9
    assert len({(x, y) for _, x, y in inserts}) == 3


def test_a_dxf_has_the_layers_of_a_cutting_room(tmp_path):
    front = rectangle(
        "front", 0.2, 0.3, marks=(Mark("stitch", line((0, 0.1), (0.05, 0.1))), Mark("button", line((0, 0.2))))
    )
    sample = pattern([front, rectangle("back", 0.2, 0.3)])
    write_dxf(tmp_path / "one.dxf", [sample])
    blocks, inserts = read_dxf(tmp_path / "one.dxf")
    assert [name for name, *_ in inserts] == ["FRONT_M", "BACK_M"]
    cut, sew = (np.array(blocks["FRONT_M", layer][0]) for layer in ("1", "14"))
    assert np.ptp(sew, axis=0) == pytest.approx([200, 300], abs=0.1)
    assert np.ptp(cut, axis=0) == pytest.approx([220, 320], abs=0.1)
    assert blocks["FRONT_M", "8"] == [[(0.0, 100.0), (50.0, 100.0)]]
    assert blocks["FRONT_M", "13"] == [(0.0, 200.0)]
    assert len(blocks["FRONT_M", "2"]) == 4
    assert ("FRONT_M", "7") in blocks
    text = (tmp_path / "one.dxf").read_text("ascii")
    assert "AC1009" in text
    assert "UNITS: METRIC" in text
    assert "PIECE NAME: front" in text
    write_dxf(tmp_path / "two.dxf", [sample])
    assert (tmp_path / "two.dxf").read_bytes() == (tmp_path / "one.dxf").read_bytes()


def test_notches_of_a_dxf_lie_on_the_cut_line(tmp_path):
    write_dxf(tmp_path / "skirt.dxf", [skirt()])
    blocks, _ = read_dxf(tmp_path / "skirt.dxf")
    right = [point for point in blocks["FRONT_M", "4"] if point[0] > 0 and 0 < point[1] < 299]
    assert np.array(sorted(right)) == pytest.approx(np.array([(230, 75), (230, 150), (230, 225)]))


def test_sharp_corners_are_cut_off(tmp_path):
    spike = polygon("front", [(0, 0), (0.3, 0), (0, 0.03)], ["hem", "long", "side"])
    write_svg(tmp_path / "spike.svg", [pattern([spike])])
    _, lines = read_svg(tmp_path / "spike.svg")
    (cut,), (sew,) = lines["front", "M", "cut"], lines["front", "M", "sew"]
    assert cut[:, 0].max() - sew[:, 0].max() < 25
    assert first_crossing(cut) is None


def test_other_panels_are_refused(tmp_path):
    with pytest.raises(InputError, match="has not the same panels as M"):
        write_svg(tmp_path / "a.svg", [skirt(), apron()])
    with pytest.raises(InputError, match="needed at least one pattern"):
        write_dxf(tmp_path / "a.dxf", [])
    crossed = polygon("front", [(0, 0), (0.2, 0), (0.05, 0.2), (0.05, -0.1)], ["hem", "right", "top", "left"])
    with pytest.raises(InputError, match="cross"):
        write_dxf(tmp_path / "a.dxf", [pattern([crossed])])
    assert not list(tmp_path.iterdir())
