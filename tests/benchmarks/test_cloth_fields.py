"""The bars of the public set, and the page about fields."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from dressform.benchmarks import cloth_fields, cloth_fields_page
from dressform.benchmarks.cloth_set import recipe
from dressform.schemas.documents import dump_json
from dressform.schemas.field import PushOut, Scores, Simulated, Spread


def _scores(error: float = 5.0, *, after: float = 0.01, bending: float = 1.0) -> Scores:
    return Scores(
        samples=12,
        error_mm=Spread(mean=error, p95=15.0),
        plain_error_mm=Spread(mean=40.0, p95=60.0),
        penetrating_percent=PushOut(before=1.0, after=after),
        stretch_percent=Spread(mean=1.0, p95=5.0),
        crossing_pairs=0.5,
        bending_ratio=bending,
        simulated=Simulated(stretch_percent=Spread(mean=0.9, p95=4.0), crossing_pairs=0.2, penetrating_percent=0.0),
    )


def _judged(name: str = "loose-tee", **inside: float) -> cloth_fields.Judged:
    scores = {"poses": _scores(**inside), "bodies": _scores(), "outside": _scores(39.0)}
    return cloth_fields.Judged(name, SimpleNamespace(label="tee@1.0.0"), scores, 0.5, 1.2)


def test_every_garment_of_the_set_has_bars() -> None:
    assert set(cloth_fields.ERRORS) == {row["name"] for row in recipe()["garments"]}


def test_a_good_field_misses_no_bar() -> None:
    assert cloth_fields.document([_judged()])["loose-tee"]["missed"] == []


@pytest.mark.parametrize(
    ("inside", "missed"),
    [
        ({"error": 7.6}, ["poses: error [mm]"]),
        ({"error": 10.1}, ["poses: error [mm]", "poses: error over plain skinning's"]),
        ({"after": 0.06}, ["poses: penetrating after push-out [%]"]),
        ({"bending": 0.69}, ["poses: bending over the simulation's"]),
        ({"bending": 1.51}, ["poses: bending over the simulation's"]),
    ],
)
def test_what_is_missed_is_said(inside: dict[str, float], missed: list[str]) -> None:
    judged = _judged(**inside)
    assert cloth_fields.document([judged])["loose-tee"]["missed"] == missed
    assert sum("**missed**" in line for line in cloth_fields.table([judged])) == len(missed)


def test_the_page_shows_every_garment_and_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloth_fields_page, "sheet", lambda samples, version: np.zeros((8, 8, 3), np.uint8))
    judged = _judged()
    rows = [(judged.name, judged.version, judged.scores)]
    card = tmp_path / "card.json"
    card.write_bytes(dump_json({"held_out": {"bodies": _scores(3.5)}}))
    dress = SimpleNamespace(name="dress", file=lambda path: card)
    samples = {"loose-tee": None, "dress": None}
    cloth_fields_page.write_page(tmp_path / "fields.md", rows, samples, cloth_fields.table([judged]), [dress])
    text = (tmp_path / "fields.md").read_text()
    assert "![Loose tee: plain skinning, field, simulation](images/fields/loose-tee.jpg)" in text
    assert "| loose-tee | outside | 12 | 39.0 / 15.0 | 40.0 / 60.0 |" in text
    assert "| dress | bodies | 12 | 3.5 / 15.0 | 40.0 / 60.0 |" in text
    assert (tmp_path / "images" / "fields" / "dress.jpg").stat().st_size > 0
    assert (tmp_path / "images" / "fields" / "loose-tee.jpg").stat().st_size > 0


def test_a_folder_without_the_set_is_refused_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(cloth_fields.main, ["--set", str(tmp_path)])
    assert result.exit_code == 1
    assert "needs a finished set of samples" in result.output
    assert "Traceback" not in result.output
