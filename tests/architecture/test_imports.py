"""Who may import whom, and what an import may cost."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("dressform", "schemas", "assets", "runtime", "authoring", "validators", "benchmarks")
_RUNTIME = ["geometry", "body", "motion", "garment", "fit", "render", "avatar", "refine", "video"]
ALLOWED: dict[str, set[str]] = {
    "schemas": set(),
    "assets": {"schemas"},
    "runtime.geometry": {"schemas"},
    "runtime.video": {"schemas"},
    "runtime.body": {"schemas", "assets", "runtime.geometry"},
    "runtime.render": {"schemas", "assets", "runtime.geometry"},
    "runtime.motion": {"schemas", "assets", "runtime.geometry", "runtime.body"},
    "runtime.garment": {"schemas", "assets", "runtime.geometry", "runtime.body"},
    "runtime.fit": {"schemas", "assets", "runtime.geometry", "runtime.body", "runtime.garment", "runtime.render"},
    "runtime.avatar": {"schemas", "assets", "runtime.geometry", "runtime.body", "runtime.render"},
    "runtime.refine": {
        "schemas", "assets", "runtime.geometry", "runtime.body", "runtime.motion", "runtime.garment",
    },
    "runtime.session": {"schemas", "assets", *(f"runtime.{unit}" for unit in _RUNTIME)},
    "validators": {
        "schemas", "assets", "runtime.geometry", "runtime.body", "runtime.motion", "runtime.garment", "runtime.fit",
        "runtime.render",
    },
    "authoring": {
        "schemas", "assets", "validators", "runtime.session", *(f"runtime.{unit}" for unit in _RUNTIME),
    },
    "benchmarks": {
        "schemas", "assets", "validators", "authoring", "runtime.session", *(f"runtime.{unit}" for unit in _RUNTIME),
    },
    "dressform": {
        "benchmarks", "schemas", "assets", "validators", "authoring",
        "runtime.session", *(f"runtime.{unit}" for unit in _RUNTIME),
    },
}  # fmt: skip


def sources() -> list[Path]:
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts if parts[0] == "dressform" else ("dressform", *parts))


def unit_of(module: str) -> str:
    """Return the row of the table that a module belongs to."""
    parts = module.split(".")[1:]
    if not parts or parts[0] not in FOLDERS[1:]:
        return "dressform"
    return ".".join(parts[:2]) if parts[0] == "runtime" else parts[0]


def imported(path: Path) -> set[str]:
    """Return our modules that a file imports, at any level and under TYPE_CHECKING too."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{stem}.{alias.name}" for alias in node.names}
    return {name for name in found if name == "dressform" or name.startswith("dressform.")}


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_keep_to_the_table(path: Path) -> None:
    unit = unit_of(module_name(path))
    if unit == "runtime":  # the package docstring only
        assert not imported(path)
        return
    assert unit in ALLOWED, f"{unit} has no row in the import table"
    wrong = {name for name in imported(path) if (other := unit_of(name)) != unit and other not in ALLOWED[unit]}
    # `from dressform import __version__` names the package itself, which holds no code of any unit
    wrong -= {"dressform.__version__"}
    assert not wrong, f"{path.relative_to(ROOT)} ({unit}) must not import {sorted(wrong)}"


def test_within_a_folder_imports_are_relative() -> None:
    wrong = []
    for path in sources():
        folder = module_name(path).rsplit(".", 1)[0] if path.name != "__init__.py" else module_name(path)
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.ImportFrom)
                and not node.level
                and node.module
                and node.module.rsplit(".", 1)[0] == folder
                and folder != "dressform"
            ):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not wrong


def test_packages_in_pyproject_are_the_folders_with_code() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = settings["tool"]["setuptools"]["packages"]
    assert sorted(listed) == sorted({module_name(path.parent / "__init__.py") for path in sources()} - {""})
    assert len(listed) == len(set(listed))


def test_init_files_hold_no_code() -> None:
    for path in sources():
        if path.name == "__init__.py" and path.parent.name != "dressform":
            body = ast.parse(path.read_text()).body
            assert len(body) == 1, f"{path.relative_to(ROOT)} must be a docstring"
            assert isinstance(body[0], ast.Expr)


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


HEAVY = (
    "torch",
    "warp",
    "cv2",
    "scipy",
    "anny",
    "smplx",
    "trimesh",
    "av",
    "xatlas",
    "igl",
    "ai_edge_litert",
    "PIL",
    "OpenEXR",
)


@pytest.mark.parametrize(
    "module", ["dressform", "dressform.cli", "dressform.schemas.errors", "dressform.assets.library"]
)
def test_light_imports(module: str) -> None:
    code = f"import sys, json, {module}; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    assert json.loads(run_python(code)) == []


def test_import_is_fast() -> None:
    code = "import time; t = time.perf_counter(); import dressform; print(time.perf_counter() - t)"
    assert min(float(run_python(code)) for _ in range(3)) < 0.3


def test_the_table_catches_a_wrong_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself can fail: a runtime unit that reaches up is found, even when only types are imported."""
    bad = tmp_path / "runtime" / "geometry" / "bad.py"
    bad.parent.mkdir(parents=True)
    bad.write_text("if False:\n    from dressform.authoring.build import build\n")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    with pytest.raises(AssertionError, match=r"must not import \['dressform.authoring.build.build'\]"):
        test_imports_keep_to_the_table(bad)
    bad.write_text("from dressform.schemas.errors import InputError\n")
    test_imports_keep_to_the_table(bad)
