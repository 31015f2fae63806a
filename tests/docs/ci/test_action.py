"""The GitHub Action's steps run as a runner runs them, with a stand-in for the actions that it calls."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import ROOT, Repository

pytestmark = pytest.mark.slow
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]


def action() -> dict[str, Any]:
    document = yaml.safe_load((ROOT / "action.yml").read_text())
    assert isinstance(document, dict)
    return document


@dataclass
class Runner:
    """Runs a composite action: expressions, environment, outputs and conditions as its documentation has them.

    Attributes:
        repository: The checkout.
        inputs: Of the action, its defaults filled in.
        temp: The runner's folder for temporary files.
        called: The actions that were called, with what they were given.
        outputs: What steps wrote, by their id.
    """

    repository: Repository
    inputs: dict[str, str]
    temp: Path
    called: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    log: str = ""

    def run(self) -> int:
        """Run the steps up to the first that fails and return its exit code."""
        for step in action()["runs"]["steps"]:
            if "if" in step and self.value(EXPRESSION.sub(r"\1", step["if"])) != "true":
                continue
            if "uses" in step:
                self.called.append((step["uses"], {k: self.filled(v) for k, v in step.get("with", {}).items()}))
                continue
            done = self.script(step)
            self.log += done.stdout + done.stderr
            if done.returncode:
                return done.returncode
        return 0

    def script(self, step: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        assert step["shell"] == "bash"
        assert not EXPRESSION.search(step["run"]), "inputs reach a script through its environment, never as its text"
        output = self.temp / "output"
        output.write_text("")
        given = {key: self.filled(value) for key, value in step.get("env", {}).items()}
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(self.temp / "summary.md")}
        done = self.repository.run(step["run"], SHELL, **given, **files)
        if "id" in step:
            lines = [line.partition("=")[::2] for line in output.read_text().splitlines()]
            self.outputs[step["id"]] = dict(lines)
        return done

    def filled(self, text: str) -> str:
        return EXPRESSION.sub(lambda found: self.value(found[1]), str(text))

    def value(self, expression: str) -> str:
        """Return what an expression of this action's kinds means."""
        parts = [part.strip() for part in expression.split("&&")]
        if len(parts) > 1:
            return "true" if all(self.value(part) == "true" for part in parts) else "false"
        if (compared := re.fullmatch(r"(\S+) (==|!=) '(.*)'", expression)) is not None:
            return "true" if (self.value(compared[1]) == compared[3]) is (compared[2] == "==") else "false"
        if expression.startswith("inputs."):
            return self.inputs[expression.removeprefix("inputs.")]
        if (output := re.fullmatch(r"steps\.(\w+)\.outputs\.(\w+)", expression)) is not None:
            return self.outputs.get(output[1], {}).get(output[2], "")
        return {"github.action_path": str(ROOT), "runner.temp": str(self.temp)}[expression]


@pytest.fixture
def runner(repository: Repository, tmp_path: Path) -> Callable[..., Runner]:
    def make(**given: str) -> Runner:
        inputs = {name: str(entry.get("default", "")) for name, entry in action()["inputs"].items()}
        stated = {name.replace("_", "-"): value for name, value in given.items()}
        assert set(stated) <= set(inputs)
        temp = tmp_path / "runner"
        temp.mkdir(exist_ok=True)
        return Runner(repository, {**inputs, **stated}, temp)

    return make


def test_a_pull_request_is_gated_on_what_it_changes(
    repository: Repository, runner: Callable[..., Runner], pip_calls: Callable[[], list[str]]
) -> None:
    base = repository.git("rev-parse", "HEAD")
    repository.add_broken("broken one")
    repository.commit("Add a broken garment")
    job = runner(targets="garments", changed_since=base, upload_sarif="true", profile="web")
    assert job.run() == 1, job.log
    assert "DF-MESH-002" in job.log
    assert pip_calls() == [f"-m pip install --constraint {ROOT}/constraints.txt {ROOT}"]
    reports = Path(job.outputs["validate"]["reports"])
    assert job.outputs["validate"]["status"] == "1"
    assert sorted(path.name for path in reports.iterdir()) == ["junit.xml", "report.html", "report.sarif", "report.txt"]
    sarif = json.loads((reports / "report.sarif").read_text())
    assert {result["ruleId"] for result in sarif["runs"][0]["results"]} >= {"DF-MESH-002"}
    assert "sound" not in (reports / "junit.xml").read_text()  # it has not changed
    assert "DF-MESH-002" in (job.temp / "summary.md").read_text()
    names = [name.split("@")[0] for name, _ in job.called]
    assert names == ["actions/setup-python", "github/codeql-action/upload-sarif", "actions/upload-artifact"]
    assert job.called[1][1]["sarif_file"] == f"{reports}/report.sarif"


def test_a_sound_repository_passes(runner: Callable[..., Runner], pip_calls: Callable[[], list[str]]) -> None:
    job = runner(artifact="", install="dressform==9")
    assert job.run() == 0, job.log
    assert pip_calls() == ["-m pip install dressform==9"]
    assert [name.split("@")[0] for name, _ in job.called] == ["actions/setup-python"]
    assert job.outputs["validate"]["status"] == "0"


def test_wrong_use_fails_and_uploads_no_findings(
    runner: Callable[..., Runner], pip_calls: Callable[[], list[str]]
) -> None:
    job = runner(targets="$(touch hacked)", upload_sarif="true")
    assert job.run() == 1
    assert "$(touch: no such file" in job.log
    assert not (job.repository.folder / "hacked").exists()  # an input is a name, not a command
    assert "github/codeql-action/upload-sarif" not in [name.split("@")[0] for name, _ in job.called]


def test_every_input_is_told_and_used() -> None:
    text = (ROOT / "action.yml").read_text()
    for name, entry in action()["inputs"].items():
        assert entry["description"]
        assert f"inputs.{name} " in text or f"inputs.{name} }}}}" in text, name
