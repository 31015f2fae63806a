"""Every file that once crashed a reader, a rule or a report; each must end in a result or in one line."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dressform.benchmarks.fuzz_case import Case
from dressform.benchmarks.fuzz_doors import enter
from dressform.benchmarks.fuzz_seeds import Seed, make_seeds

Change = Callable[[Any], object]
DEEP = b"[" * 3000 + b"]" * 3000
GLB = "sizes/M/garment.glb"


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Seed]]:
    return make_seeds(tmp_path_factory.mktemp("seeds") / "made", every=1000)


def record(glb: dict[str, Any]) -> dict[str, Any]:
    """Return what the toolkit keeps in a mesh's extras."""
    found: dict[str, Any] = glb["meshes"][0]["extras"]["dressform"]
    return found


def edited(data: bytes, change: Change) -> bytes:
    document = json.loads(data)
    change(document)
    return json.dumps(document).encode()


def edited_glb(data: bytes, change: Change) -> bytes:
    (size,) = struct.unpack_from("<I", data, 12)
    text = edited(data[20 : 20 + size], change)
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text + data[20 + size :]
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def come_in(seed: Seed, folder: Path, files: dict[str, bytes]) -> str:
    Case(seed.kind, seed.name, (), seed.main, {**seed.files, **files}).write(folder)
    return enter(seed.kind, folder, seed.main)


def named(seeds: dict[str, list[Seed]], kind: str, name: str) -> Seed:
    return next(seed for seed in seeds[kind] if seed.name == name)


ENDS = ("taken", "told")  # anything else is raised

MANIFESTS: list[Change] = [
    lambda d: d.update(sizes=None),
    lambda d: d.update(sizes=7),
    lambda d: d.update(sizes={"M": "sizes/M/garment.glb"}),
    lambda d: d.update(source=[]),
    lambda d: d.update(title="\ud800"),
    lambda d: d.update(layer=10**309),
]


@pytest.mark.parametrize("change", MANIFESTS)
def test_manifests(seeds: dict[str, list[Seed]], tmp_path: Path, change: Change) -> None:
    for name in ("sound", "rich"):
        seed = named(seeds, "draft", name)
        assert come_in(seed, tmp_path / "case", {"template.json": edited(seed.files["template.json"], change)}) in ENDS


CARDS: list[Change] = [
    lambda d: d["held_out"]["poses"].update(bending_ratio=10**309),
    lambda d: d["range"].update(bound_mm=10**309),
]


@pytest.mark.parametrize("change", CARDS)
def test_cards(seeds: dict[str, list[Seed]], tmp_path: Path, change: Change) -> None:
    seed = named(seeds, "draft", "field")
    assert come_in(seed, tmp_path / "case", {"field.anny.json": edited(seed.files["field.anny.json"], change)}) in ENDS


@pytest.mark.parametrize("path", ["template.json", "steps.json", "field.anny.json"])
def test_documents_that_are_too_deep(seeds: dict[str, list[Seed]], tmp_path: Path, path: str) -> None:
    assert come_in(named(seeds, "draft", "field"), tmp_path / "case", {path: b'{"schema": ' + DEEP + b"}"}) in ENDS


GARMENTS: list[Change] = [
    lambda d: record(d)["source_skin"].update(parents=[-1, [0]]),
    lambda d: record(d)["source_skin"].update(parents=[-1, 2**40]),
    lambda d: record(d)["source_skin"].update(parents=["a", "b"]),
    lambda d: record(d).update(parts=[{}, {"name": 3, "rigid": "yes", "more": 1}]),
    lambda d: d["meshes"][0].update(weights=3),
    lambda d: d["meshes"][0].update(weights=[2**64]),
    lambda d: [each.update(targets={"POSITION": 0}) for each in d["meshes"][0]["primitives"]],
    lambda d: d["meshes"][0]["primitives"][0]["extensions"]["KHR_materials_variants"]["mappings"][0].update(variants=4),
]


@pytest.mark.parametrize("change", GARMENTS)
def test_garments(seeds: dict[str, list[Seed]], tmp_path: Path, change: Change) -> None:
    seed = named(seeds, "draft", "rich")
    assert come_in(seed, tmp_path / "case", {GLB: edited_glb(seed.files[GLB], change)}) in ENDS


def test_a_rig_whose_header_holds_very_long_text(seeds: dict[str, list[Seed]], tmp_path: Path) -> None:
    seed = named(seeds, "draft", "sound")
    data = seed.files["rig.anny.safetensors"]
    (size,) = struct.unpack_from("<Q", data)
    text = edited(data[8 : 8 + size], lambda header: header["hide"].update(dtype="x" * 70_000))
    whole = struct.pack("<Q", len(text)) + text + data[8 + size :]
    assert come_in(seed, tmp_path / "case", {"rig.anny.safetensors": whole}) in ENDS


SCENES: list[tuple[Change, str]] = [
    (lambda d: d.update(extensions={"a\nb": "text"}), "told"),
    (lambda d: d["meshes"][0]["primitives"][0].update(indices=[None] * 1000), "told"),
]


@pytest.mark.parametrize(("change", "end"), SCENES)
def test_scenes(seeds: dict[str, list[Seed]], tmp_path: Path, change: Change, end: str) -> None:
    seed = named(seeds, "mesh", "other.gltf")
    assert come_in(seed, tmp_path / "case", {seed.main: edited(seed.files[seed.main], change)}) == end


def test_a_scene_that_is_too_deep(seeds: dict[str, list[Seed]], tmp_path: Path) -> None:
    seed = named(seeds, "mesh", "other.gltf")
    assert come_in(seed, tmp_path / "case", {seed.main: b'{"asset": ' + DEEP + b"}"}) == "told"


TEXTS: list[tuple[str, bytes, bytes]] = [
    ("tube.ply", b"property float y\n", b"property float x\n"),
    ("packed.ply", b"property float y\n", b"property float x\n"),
    ("tube.usda", b"point3f[] points", b"poinT3f[] points"),
    ("tube.usda", b"point3f[] points", b"string[] points"),
]


NAMES = ["a\0b.png", "\0", "x" * 5000, "\ud800.png", "a/" * 3000]


@pytest.mark.parametrize("odd", NAMES)
def test_names_that_no_file_can_have(seeds: dict[str, list[Seed]], tmp_path: Path, odd: str) -> None:
    text = odd.encode(errors="surrogatepass")
    for name, path, old in (
        ("tube.obj", "tube.obj", b"tube.mtl"),
        ("tube.obj", "tube.mtl", b"cloth.png"),
        ("tube.mhclo", "tube.mhclo", b"tube.obj"),
        ("tube.mhclo", "tube.mhclo", b"tube.mhmat"),
        ("tube.mhclo", "tube.mhmat", b"cloth.png"),
        ("tube.ply", "tube.ply", b"cloth.png"),
    ):
        seed = named(seeds, "mesh", name)
        assert come_in(seed, tmp_path / "case", {path: seed.files[path].replace(old, text)}) in ENDS
    seed = named(seeds, "mesh", "other.gltf")
    for kind in ("images", "buffers"):
        scene = edited(seed.files[seed.main], lambda d, kind=kind: d[kind][0].update(uri=odd))
        assert come_in(seed, tmp_path / "case", {seed.main: scene}) in ENDS


@pytest.mark.parametrize(("name", "old", "new"), TEXTS)
def test_texts(seeds: dict[str, list[Seed]], tmp_path: Path, name: str, old: bytes, new: bytes) -> None:
    seed = named(seeds, "mesh", name)
    assert old in seed.files[name]
    assert come_in(seed, tmp_path / "case", {name: seed.files[name].replace(old, new, 1)}) == "told"


def test_a_texture_of_an_unknown_type_is_left_out(seeds: dict[str, list[Seed]], tmp_path: Path) -> None:
    seed = named(seeds, "mesh", "tube.usda")
    assert b"asset inputs:file" in seed.files["tube.usda"]
    changed = seed.files["tube.usda"].replace(b"asset inputs:file", b"poinT inputs:file")
    assert come_in(seed, tmp_path / "case", {"tube.usda": changed}) == "taken"
