"""A short run of the program that kills and hinders what writes to a library."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

# in a process of its own: it forks, which a process with torch's threads should not
PROGRAM = """
import json
from dressform.benchmarks.crash import run
print(json.dumps(run(kills=20, stride=40, races=3, reading_s=1.0)))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_library_survives() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["broken"] == []
    for job in ("publish", "gc", "import", "index"):
        assert figures[f"{job}_killed_at_random"]["killed"] == 20
        assert figures[f"{job}_killed_at_each_operation"].keys() == {"killed"}
        assert figures[f"{job}_without_rights"] == {"told": 1}
    assert figures["publish_with_little_room"] == {"told": 2}
    assert figures["same_version_twice"] == {"done": 3, "told": 3}
    assert figures["reads_while_writing"]["reads"] >= figures["reads_while_writing"]["readers"]
