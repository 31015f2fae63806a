"""Derived arrays are made once, never taken for those of other inputs or code, and never stop a run."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from dressform.assets import atomic, derived
from dressform.assets.derived import Arrays, derived_arrays, derived_key


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRESSFORM_CACHE", str(tmp_path))
    return tmp_path / "derived" / "kind"


def made(value: float, log: list[float]) -> Callable[[], Arrays]:
    def make() -> Arrays:
        log.append(value)
        # a view that is not contiguous, and a small type: both have to come back as they are
        return {"a": np.arange(12, dtype=np.float32).reshape(3, 4).T * value, "b": np.array([1, 2], np.int16)}

    return make


def test_arrays_are_made_once_and_come_back_to_the_bit(cache: Path) -> None:
    log: list[float] = []
    first = derived_arrays("kind", "k", made(0.1, log))
    again = derived_arrays("kind", "k", made(0.1, log))
    assert log == [0.1]
    for name, values in first.items():
        assert again[name].dtype == values.dtype
        assert np.array_equal(again[name], values)
    assert [path.name for path in cache.iterdir()] == ["k.safetensors"]


def test_a_damaged_file_is_made_anew(cache: Path) -> None:
    log: list[float] = []
    derived_arrays("kind", "k", made(1.0, log))
    for damage in (b"", b"nonsense", (cache / "k.safetensors").read_bytes()[:40]):
        (cache / "k.safetensors").write_bytes(damage)
        assert derived_arrays("kind", "k", made(1.0, log))["b"].tolist() == [1, 2]
    assert len(log) == 4


def test_without_a_folder_to_write_to_they_are_made_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DRESSFORM_CACHE", str(tmp_path / "file"))
    log: list[float] = []
    for _ in range(2):
        assert derived_arrays("kind", "k", made(1.0, log))["b"].tolist() == [1, 2]
    assert len(log) == 2


def test_what_nobody_reads_is_deleted_when_something_is_kept(cache: Path) -> None:
    log: list[float] = []
    for key in ("old", "used"):
        derived_arrays("kind", key, made(1.0, log))
        long_ago = time.time() - 40 * 86400
        os.utime(cache / f"{key}.safetensors", (long_ago, long_ago))
    derived_arrays("kind", "used", made(1.0, log))
    derived_arrays("kind", "new", made(1.0, log))
    assert sorted(path.stem for path in cache.iterdir()) == ["new", "used"]


def test_beyond_its_bytes_a_kind_loses_what_was_read_longest_ago(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[float] = []
    for age, key in enumerate(("new", "middle", "old")):
        derived_arrays("kind", key, made(1.0, log))
        then = time.time() - 60 * (age + 1)
        os.utime(cache / f"{key}.safetensors", (then, then))
    size = (cache / "new.safetensors").stat().st_size
    monkeypatch.setattr(derived, "KEPT_BYTES", 3 * size)
    derived_arrays("kind", "newest", made(1.0, log))
    assert sorted(path.stem for path in cache.iterdir()) == ["middle", "new", "newest"]


@dataclass(frozen=True)
class Cloth:
    points: np.ndarray
    name: str = "tee"
    sizes: tuple[float, ...] = (1.0, 2.0)
    record: dict[str, object] = field(default_factory=lambda: {"b": None, "a": [1, True]})


def test_the_key_follows_what_is_nested() -> None:
    points = np.zeros((2, 3), np.float32)
    keys = [
        derived_key([], Cloth(points)),
        derived_key([], Cloth(points, name="vest")),
        derived_key([], Cloth(points, sizes=(1.0,))),
        derived_key([], Cloth(points, record={"a": [1, True], "b": 0})),
        derived_key([], Cloth(points, record={"a": [1, 1], "b": None})),
        derived_key([], [Cloth(points)]),
        derived_key([], "1"),
        derived_key([], 1),
        derived_key([], 1.0),
        derived_key([], np.float32(1.0)),
    ]
    assert len(set(keys)) == len(keys)
    assert derived_key([], Cloth(points, record={"a": [1, True], "b": None})) == keys[0]
    with pytest.raises(TypeError, match="a key follows from"):
        derived_key([], object())


def test_cpp_beside_a_module_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = []
    for text in ("// one", "// two"):
        folder = tmp_path / text[3:]
        folder.mkdir()
        (folder / "launches_cpp.py").write_text("A = 1\n")
        (folder / "kernel.h").write_text(text)
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(sys.modules, "launches_cpp", raising=False)
        importlib.invalidate_caches()
        keys.append(derived_key([importlib.import_module("launches_cpp")], "input"))
    assert keys[0] != keys[1]


def test_a_package_counts_with_every_module_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = []
    for body in ("x = 1", "x = 2"):
        folder = tmp_path / body.replace(" ", "") / "some_package"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("")
        (folder / "inner.py").write_text(body)
        monkeypatch.syspath_prepend(str(folder.parent))
        monkeypatch.delitem(sys.modules, "some_package", raising=False)
        importlib.invalidate_caches()
        keys.append(derived_key([importlib.import_module("some_package")], "input"))
    assert keys[0] != keys[1]


def test_the_key_follows_inputs_types_shapes_and_code() -> None:
    values = np.arange(6, dtype=np.float32)
    keys = [
        derived_key([atomic], values),
        derived_key([atomic], values + 1),
        derived_key([atomic], values.view(np.int32)),
        derived_key([atomic], values.reshape(2, 3)),
        derived_key([derived], values),
        derived_key([atomic, np], values),
        derived_key([atomic], values, "name"),
        derived_key([atomic], values, "na", "me"),
        derived_key([atomic], values, b"other"),
    ]
    assert len(set(keys)) == len(keys)
    assert derived_key([atomic], values[::-1][::-1], "name") == keys[6]
