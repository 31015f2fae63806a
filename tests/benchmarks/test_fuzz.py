"""Changed files come in by every door, briefly; files that once broke a promise come in again."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dressform.benchmarks.fuzz_case import Case, make_case
from dressform.benchmarks.fuzz_containers import _joined, _members, change_cloth, change_file
from dressform.benchmarks.fuzz_doors import enter
from dressform.benchmarks.fuzz_seeds import SHARES, Seed, make_seeds

Seeds = dict[str, list[Seed]]
Change = Callable[[Any], object]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Seeds:
    return make_seeds(tmp_path_factory.mktemp("seeds") / "made", every=30)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cases") / "case"


def test_unchanged_files_are_taken(seeds: Seeds, place: Path) -> None:
    assert set(seeds) == set(SHARES)
    for seed in {(seed.kind, seed.name): seed for own in seeds.values() for seed in own}.values():
        Case(seed.kind, seed.name, (), seed.main, seed.files).write(place)
        assert enter(seed.kind, place, seed.main) == "taken", (seed.kind, seed.name)


@settings(max_examples=40, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False))
def test_whatever_comes_in_ends_in_a_result_or_a_line(seeds: Seeds, place: Path, random: Random) -> None:
    case = make_case(seeds, random)
    case.write(place)
    assert enter(case.kind, place, case.main) in ("taken", "told")


def test_a_case_is_the_same_whenever_its_number_is(seeds: Seeds) -> None:
    for number in range(30):
        assert make_case(seeds, Random(f"5/{number}")) == make_case(seeds, Random(f"5/{number}"))


@pytest.mark.parametrize("kind", ["draft", "mesh", "bundle"])
def test_changes_go_deep_enough_to_be_read(seeds: Seeds, place: Path, kind: str) -> None:
    ends = []
    for number in range(80 if kind == "bundle" else 20):
        case = make_case(seeds, Random(f"5/{number}"), [kind])
        case.write(place)
        ends.append(enter(kind, place, case.main))
    assert ends.count("taken") >= 2
    assert ends.count("told") >= (0 if kind == "draft" else 2)  # a draft's report tells what is wrong with it


@pytest.mark.parametrize("kind", ["worn", "clip"])
def test_what_is_worn_is_damaged_and_told(seeds: Seeds, place: Path, kind: str) -> None:
    ends = []
    for number in range(6):
        case = make_case(seeds, Random(f"5/{number}"), [kind])
        case.write(place)
        ends.append(enter(kind, place, case.main))
    assert "told" in ends


def test_clips_are_changed_behind_their_header_too(seeds: Seeds) -> None:
    data = seeds["clip"][0].files["a.cloth"]
    (size,) = struct.unpack_from("<I", data, 8)
    changed = [change_cloth(data, Random(number)) for number in range(30)]
    assert sum(each[12 : 12 + size] == data[12 : 12 + size] and len(each) == len(data) for each in changed) > 5


def test_a_bundle_is_put_together_as_it_was(seeds: Seeds) -> None:
    data = seeds["bundle"][0].files["a.bundle"]
    assert _joined(_members(data)) == data
    assert all(change_file("a.bundle", data, Random(number)) for number in range(50))


PROGRAM = """
import json, os, signal, sys, time
from pathlib import Path
from dressform.benchmarks import fuzz_child

def bad(number):
    how = (None, "hang", "crash", "memory", "read", "write", None)[number]
    said = "taken"
    try:
        if how == "hang": time.sleep(30)
        if how == "crash": os.kill(os.getpid(), signal.SIGSEGV)
        if how == "memory": bytearray(2**31)
        if how == "read": open("/etc/hostname").read()
        if how == "write": (folder.parent / "outside").mkdir()
    except MemoryError:
        said = "memory"
    return fuzz_child.Ending(number, said)

folder = Path(sys.argv[1]) / "case"
folder.mkdir()
os.environ["DRESSFORM_CACHE"] = sys.argv[1] + "/cache"
fuzz_child.HANG_S = 1.0
at, ends = 0, []
while at < 7:
    for ending in fuzz_child._batch(bad, range(at, 7), folder):
        ends.append(ending.how)
        at = ending.number + 1
print(json.dumps(ends))
"""


def test_what_goes_wrong_is_noticed(tmp_path: Path) -> None:
    # in a process of its own: it forks, which a process with torch's threads should not
    done = subprocess.run([sys.executable, "-c", PROGRAM, tmp_path], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["taken", "hang", "crash", "memory", "escape", "escape", "taken"]
