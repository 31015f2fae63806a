from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from dressform.assets.files.glb import read_skin
from dressform.authoring.build import STEPS, BuildOptions, build
from dressform.authoring.draft import Draft
from dressform.authoring.steps.import_mesh import ImportOptions
from dressform.authoring.steps.preview import PreviewOptions
from dressform.authoring.steps.unwrap import UnwrapOptions
from dressform.schemas.errors import AssetError, InputError, UsageError
from dressform.schemas.report import Severity
from dressform.validators.engine import validate

QUICK = PreviewOptions(height=256, turntable=False)


def test_a_part_of_the_steps_and_their_reports(tmp_path: Path, skirt_obj: Path) -> None:
    told: list[float] = []
    options = BuildOptions(unwrap=UnwrapOptions(color="olive"), steps=("unwrap", "clean", "import"))
    result = build(skirt_obj, tmp_path / "draft", options, lambda fraction, message: told.append(fraction))
    assert [s.step for s in result.steps] == ["import", "clean", "unwrap"]
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    shape = result.to_json()
    assert shape["draft"] == str(tmp_path / "draft")
    assert set(shape["steps"][0]) == {"step", "seconds", "report"}
    again = build(skirt_obj, tmp_path / "draft", BuildOptions(steps=("clean",)))
    assert again.draft.has("unwrap"), "cleaning a clean mesh takes nothing back"
    assert again.steps[0].report["points_welded"] == 0


def test_wrong_steps(tmp_path: Path, skirt_obj: Path) -> None:
    with pytest.raises(UsageError, match="--steps 'polish' is unknown"):
        BuildOptions(steps=("clean", "polish"))
    with pytest.raises(UsageError, match="--steps names none"):
        BuildOptions(steps=())
    with pytest.raises(AssetError, match="no such draft"):
        build(skirt_obj, tmp_path / "draft", BuildOptions(steps=("clean",)))


def test_a_failing_step_leaves_the_draft_before_it(tmp_path: Path) -> None:
    # one-sided: fine to read, impossible to orient
    n = 20
    angle = 2 * np.pi * np.arange(n) / n
    rim = [np.stack([(1 + s * np.cos(angle / 2)) * np.cos(angle), (1 + s * np.cos(angle / 2)) * np.sin(angle),
                     s * np.sin(angle / 2)], axis=1) for s in (-0.3, 0.3)]  # fmt: skip
    lines = ["v " + " ".join(f"{x:.5f}" for x in p * 0.3) for p in np.vstack(rim)]
    pairs = [(k + 1, k + 1 + n) for k in range(n)] + [(n + 1, 1)]
    lines += [f"f {a} {c} {d} {b}" for (a, b), (c, d) in itertools.pairwise(pairs)]
    source = tmp_path / "scarf.obj"
    source.write_text("\n".join(lines))
    with pytest.raises(InputError, match="one-sided"):
        build(source, tmp_path / "draft", BuildOptions(source=ImportOptions(category="other", units="m")))
    assert [s["step"] for s in Draft.open(tmp_path / "draft").steps] == ["import"]


def test_the_shirt_becomes_a_template_without_errors(tmp_path: Path, shirt: Path) -> None:
    options = BuildOptions(
        source=ImportOptions(name="tee", category="tee", licence="CC0-1.0", authors=("A",)), preview=QUICK
    )
    result = build(shirt, tmp_path / "tee", options)
    assert tuple(s.step for s in result.steps) == STEPS
    report = validate(tmp_path / "tee")
    assert [f.rule for f in report.findings if f.severity is Severity.ERROR] == []
    skin = read_skin(tmp_path / "tee" / "sizes/M/garment.glb")
    assert skin is not None
    assert len(skin[1]) == 6436
    placed = result.steps[3].report
    assert placed["confidence"] > 0.7


def test_makehuman_clothes_stay_where_they_were_fitted(tmp_path: Path, garments: Path) -> None:
    source = garments / "male_casualsuit04" / "male_casualsuit04.mhclo"
    result = build(source, tmp_path / "suit", BuildOptions(preview=QUICK))
    assert result.steps[3].report["kept"]
    assert result.steps[0].report["hidden_base_vertices"]
    report = validate(tmp_path / "suit")
    assert [f.rule for f in report.findings if f.severity is Severity.ERROR] == []
