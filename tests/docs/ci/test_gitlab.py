"""The GitLab template's job runs as a runner runs it: for a merge request, and for the default branch."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from .conftest import ROOT, Repository

pytestmark = pytest.mark.slow
TEMPLATE = ROOT / "docs/ci/dressform.gitlab-ci.yml"
JOB = "dressform-validate"


def template() -> dict[str, Any]:
    document = yaml.safe_load(TEMPLATE.read_text())
    assert isinstance(document, dict)
    return document


def run_job(repository: Repository, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run before_script and script in one shell that stops at the first failure, with the template's variables."""
    document = template()
    job = document[JOB]
    own = {"CI_PROJECT_DIR": str(repository.folder)}
    given = {**own, **document["variables"], **job["variables"], **variables}
    for name in ("XDG_CACHE_HOME", "PIP_CACHE_DIR"):
        given[name] = given[name].replace("$CI_PROJECT_DIR", str(repository.folder))
    script = "\n".join([*job["before_script"], *job["script"]])
    return repository.run(script, ["bash", "-eo", "pipefail", "-c"], **given)


def test_a_merge_request_is_gated_on_what_it_changes(
    repository: Repository, pip_calls: Callable[[], list[str]]
) -> None:
    base = repository.git("rev-parse", "HEAD")
    repository.git("checkout", "-q", "-b", "new-garment")
    repository.add_broken()
    repository.commit("Add a broken garment")
    done = run_job(repository, CI_MERGE_REQUEST_DIFF_BASE_SHA=base, DRESSFORM_TARGETS="garments")
    assert done.returncode == 1, done.stderr
    assert "DF-MESH-002" in done.stdout
    assert pip_calls() == ["-m pip install dressform"]
    paths = template()[JOB]["artifacts"]
    junit = repository.folder / paths["reports"]["junit"]
    suites = ElementTree.parse(junit).getroot()
    assert any("mesh.duplicate" in (case.get("name") or "") for case in suites.iter("testcase"))
    assert "sound" not in junit.read_text()  # it has not changed
    assert (repository.folder / paths["paths"][0] / "report.html").read_text().startswith("<!doctype html>")


def test_the_default_branch_is_validated_whole(repository: Repository, pip_calls: Callable[[], list[str]]) -> None:
    done = run_job(repository, DRESSFORM_PROFILE="web", DRESSFORM_INSTALL="git+https://example.org/dressform@v1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert pip_calls() == ["-m pip install git+https://example.org/dressform@v1"]
    assert "sound" in (repository.folder / "garment-report/junit.xml").read_text()


def test_wrong_use_fails_the_job_too(repository: Repository, pip_calls: Callable[[], list[str]]) -> None:
    done = run_job(repository, DRESSFORM_TARGETS="no-such-folder")
    assert done.returncode != 0
    assert "no-such-folder" in done.stderr


def test_reports_are_kept_when_the_job_fails() -> None:
    job = template()[JOB]
    assert job["artifacts"]["when"] == "always"
    assert job["variables"]["GIT_DEPTH"] == "0"
    conditions = [rule["if"] for rule in job["rules"]]
    assert conditions == ['$CI_PIPELINE_SOURCE == "merge_request_event"', "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"]
