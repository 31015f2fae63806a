"""`dressform doctor`: what is here, what is missing, and the command that mends it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import rich_click as click

PACKAGES = (
    "torch", "warp-lang", "numpy", "scipy", "anny", "trimesh", "pygltflib", "safetensors", "av",
    "opencv-python-headless", "pillow", "jsonschema", "ai-edge-litert", "xatlas", "libigl", "OpenEXR",
)  # fmt: skip
OPTIONAL = {
    "usd-core": ("USD import", "pip install 'dressform[usd]'"),
    "smplx": ("SMPL-X bodies; licensed for non-commercial research only", "pip install 'dressform[smplx]'"),
}
CODECS = {"h264": "libx264", "hevc": "libx265", "av1": "libsvtav1"}


@dataclass(frozen=True)
class Check:
    """One line of the doctor's list; `cure` is empty when nothing is wrong."""

    group: str
    name: str
    found: str
    cure: str = ""
    essential: bool = True


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def doctor(as_json: bool) -> int:
    """Show versions, devices, caches, model files and codecs; name the cure of what is missing.

    Exits with 1 when something that every job needs is missing.

    Example: dressform doctor
    """
    checks = [*_versions(), *_devices(), *_caches(), *_models(), *_codecs()]
    if as_json:
        click.echo(json.dumps({"checks": [asdict(check) for check in checks]}, indent=2))
    else:
        _print(checks)
    return int(any(check.cure and check.essential for check in checks))


def _print(checks: list[Check]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("", "what", "found", "cure"):
        table.add_column(heading, overflow="fold")
    for check in checks:
        mark = "[green]ok[/]" if not check.cure else "[red]missing[/]" if check.essential else "[yellow]absent[/]"
        table.add_row(mark, f"{check.group} {check.name}", check.found, check.cure)
    Console().print(table)


def _versions() -> list[Check]:
    import platform
    from importlib import metadata

    checks = [Check("python", "", platform.python_version())]
    for name in PACKAGES:
        try:
            checks.append(Check("package", name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            checks.append(Check("package", name, "not installed", f"pip install {name}"))
    for name, (purpose, cure) in OPTIONAL.items():
        try:
            checks.append(Check("package", name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            checks.append(Check("package", name, f"not installed ({purpose})", cure, essential=False))
    return checks


def _devices() -> list[Check]:
    import os

    import torch
    import warp as wp

    wp.init()
    names = ", ".join(device.alias for device in wp.get_devices())
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none (every job runs on the CPU)"
    return [
        Check("device", "warp", names),
        Check("device", "torch gpu", gpu),
        Check("device", "cpu cores", str(os.cpu_count())),
    ]


def _caches() -> list[Check]:
    from dressform.assets.cache import cache_dir

    folder = cache_dir()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return [Check("cache", "", f"{folder} ({size / 1e6:.0f} MB; DRESSFORM_CACHE moves it)")]


def _models() -> list[Check]:
    from dressform.assets.models import model_files, model_path
    from dressform.schemas.errors import ModelFileError

    checks = []
    for name, model in model_files().items():
        try:
            checks.append(Check("model", name, str(model_path(name))))
        except ModelFileError:
            cure = f"dressform models fetch {name}" if model.optional else "dressform models fetch"
            found = "not fetched (optional)" if model.optional else "not fetched"
            checks.append(Check("model", name, found, cure, essential=False))
    return checks


def _codecs() -> list[Check]:
    import av

    checks = []
    for codec, encoder in CODECS.items():
        if encoder in av.codecs_available:
            checks.append(Check("codec", codec, encoder))
        else:
            cure = "pip install --force-reinstall av"
            checks.append(Check("codec", codec, f"{encoder} is not in this PyAV", cure, essential=codec == "h264"))
    return checks
