"""What changed between two versions, and the version number that this asks for; no geometry is read."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dressform.schemas.documents import dump_json
from dressform.schemas.template import TemplateManifest

LEVELS = ("major", "minor", "patch")
# the manifest's own words, by what a change of them asks for: a layer, a cloth or a default size changes what is seen
_KEYS = {
    "layer": "minor", "default_size": "minor", "fabric": "minor",
    "category": "patch", "title": "patch", "description": "patch", "tags": "patch", "licence": "patch",
    "authors": "patch", "permissions": "patch", "source": "patch",
}  # fmt: skip
_SHA256 = re.compile("[0-9a-f]{64}")
_LONG = 60  # characters of a value that are shown


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        level: "major" breaks what was built on the old version, "minor" changes how it looks or moves, "patch" neither.
        what: In words.
        part: Of the template: "topology", "uv", "shape", "looks", "lods", "rig", "field", "metadata" or "files".
    """

    level: str
    what: str
    part: str = "metadata"


def compare(old: TemplateManifest, new: TemplateManifest) -> list[Change]:
    """Return the differences, the gravest first; empty when the content is the same."""
    before, after = old["digests"], new["digests"]
    bodies = ("body family", "rig")
    changes = [
        *_changed("major", "topology", before, after, {"topology": "the topology"}),
        *_changed("major", "uv", before, after, {"uv0": "UV0"}),
        *_changed("minor", "uv", before, after, {"uv1": "the atlas (UV1)"}),
        *_members("size", "shape", before["shape"], after["shape"], "the shape of"),
        *_members("size", "looks", before["looks"], after["looks"], "the looks of", members=False),
        *_lods(before.get("lods", {}), after.get("lods", {})),
        *_members(*bodies, before["rig_contract"], after["rig_contract"], "the rig contract of", level="major"),
        *_members(*bodies, before["rig"], after["rig"], "the rig of", members=False),
        *_members("field", "field", before["field"], after["field"], "the learned field of"),
        *_variants(old, new),
        *_metadata(old, new),
    ]
    changes += _files(old, new, known=bool(changes))
    return sorted(changes, key=lambda change: LEVELS.index(change.level))


def level_of(changes: Iterable[Change]) -> str | None:
    """Return the gravest level, or None without a change."""
    return min((change.level for change in changes), key=LEVELS.index, default=None)


def content_key(manifest: TemplateManifest) -> str:
    """Digest of what a version is, apart from its number, the tool that made it and the report on it."""
    apart: dict[str, Any] = {
        key: value for key, value in manifest.items() if key not in ("version", "tool", "report", "files")
    }
    apart["files"] = {path: entry for path, entry in manifest["files"].items() if path != "report.json"}
    return hashlib.sha256(dump_json(apart)).hexdigest()


def _changed(
    level: str, part: str, before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[str, str]
) -> Iterable[Change]:
    return [Change(level, f"{words} changed", part) for key, words in names.items() if before[key] != after[key]]


def _members(
    kind: str,
    part: str,
    before: Mapping[str, object],
    after: Mapping[str, object],
    words: str,
    *,
    level: str = "minor",
    members: bool = True,
) -> Iterable[Change]:
    """Compare members by name: one less is major, one more is minor, a different one is `level`."""
    for name in before:
        if name not in after:
            if members:
                yield Change("major", f"{kind} {name} was removed", part)
        elif before[name] != after[name]:
            yield Change(level, f"{words} {kind} {name} changed", part)
    if members:
        for name in after:
            if name not in before:
                yield Change("minor", f"{kind} {name} was added", part)


def _lods(before: Mapping[str, str], after: Mapping[str, str]) -> Iterable[Change]:
    """Compare levels of detail: they are a look of the same garment, so having them or not breaks nothing."""
    for size in sorted({*before, *after}):
        if before.get(size) != after.get(size):
            yield Change("minor", f"the levels of detail of size {size} changed", "lods")


def _variants(old: TemplateManifest, new: TemplateManifest) -> Iterable[Change]:
    """Compare colourways; one whose title alone changed looks as before."""
    before, after = old["variants"], new["variants"]
    yield from _members("variant", "looks", _worn(old), _worn(new), "the look of")
    for name in before:
        if name in after and before[name].get("title") != after[name].get("title"):
            titles = _step(before[name].get("title"), after[name].get("title"))
            yield Change("patch", f"the title of variant {name}: {titles}")


def _worn(manifest: TemplateManifest) -> dict[str, object]:
    """Return what each colourway changes, with the digests of its pictures instead of their paths."""
    sha256 = {path: entry["sha256"] for path, entry in manifest["files"].items()}
    return {
        name: {
            material: {key: sha256.get(str(value), value) for key, value in change.items()}
            for material, change in variant["materials"].items()
        }
        for name, variant in manifest["variants"].items()
    }


def _metadata(old: TemplateManifest, new: TemplateManifest) -> Iterable[Change]:
    """Compare the manifest's own words key by key, down to the innermost that differ."""
    before, after = dict[str, Any](old), dict[str, Any](new)
    for key, level in _KEYS.items():
        for path, was, now in _leaves(key, before.get(key), after.get(key)):
            if path == "source.bytes":  # its sha256 says more
                continue
            yield Change(level, f"{path}: {_step(was, now)}")
    for size in old["sizes"]:
        if size in new["sizes"]:
            measures = [each["sizes"][size].get("measures", {}) for each in (old, new)]
            for path, was, now in _leaves(f"sizes.{size}.measures", *measures):
                yield Change("patch", f"{path}: {_step(was, now)}")


def _files(old: TemplateManifest, new: TemplateManifest, *, known: bool) -> Iterable[Change]:
    """Compare the files that no other change speaks of: previews, cards and what else lies in the folder.

    Args:
        old: A version.
        new: A later one.
        known: Whether other changes are known; where none is, any file that differs counts, so that no content
            changes without a change.
    """
    for path in sorted({*old["files"], *new["files"]} - {"report.json"}):
        was, now = old["files"].get(path), new["files"].get(path)
        if was != now and not (known and path.endswith((".glb", ".safetensors"))):
            became = "added" if was is None else "removed" if now is None else "changed"
            yield Change("patch", f"{path} was {became}", "files")


def _leaves(path: str, was: Any, now: Any) -> Iterable[tuple[str, Any, Any]]:
    """Yield the innermost keys whose values differ."""
    if was == now:
        return
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted({*was, *now}):
            yield from _leaves(f"{path}.{key}", was.get(key), now.get(key))
    else:
        yield path, was, now


def _step(was: Any, now: Any) -> str:
    return f"{_shown(was)} → {_shown(now)}"


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and _SHA256.fullmatch(value):
        return f"{value[:12]}…"
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"
