"""What docs/validate-in-ci.md shows is what the action, the hooks, the template and the profiles have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from dressform.validators.profile import load_profile

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/validate-in-ci.md").read_text()


def block_with(text: str) -> dict[str, Any]:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if text in block]
    document = yaml.safe_load(found)
    assert isinstance(document, dict)
    return document


def test_the_workflow_gives_inputs_that_the_action_has() -> None:
    steps = block_with("runs-on")["jobs"]["validate"]["steps"]
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert set(steps[1]["with"]) <= set(action["inputs"])
    assert steps[0]["with"]["fetch-depth"] == 0


def test_the_hook_is_one_of_ours() -> None:
    ids = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert {hook["id"] for hook in block_with("repos:")["repos"][0]["hooks"]} <= ids
    assert set(re.findall(r"id: (dressform-\S+)", PAGE)) == ids


def test_the_variables_are_the_template_s() -> None:
    template = yaml.safe_load((ROOT / "docs/ci/dressform.gitlab-ci.yml").read_text())
    assert set(block_with("include:")["variables"]) <= set(template["variables"])


def test_the_profile_can_be_used(tmp_path: Path) -> None:
    file = tmp_path / "garments.yaml"
    file.write_text(yaml.safe_dump(block_with("budgets:")))
    profile = load_profile(file)
    assert (profile.budgets.triangles, profile.budgets.uv_charts) == (20_000, load_profile("web").budgets.uv_charts)
