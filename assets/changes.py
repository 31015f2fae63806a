"""What changed between two versions, and the version number that this asks for; no geometry is read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dressform.schemas.documents import dump_json
from dressform.schemas.template import TemplateManifest

LEVELS = ("major", "minor", "patch")


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        level: "major" breaks what was built on the old version, "minor" changes how it looks or moves, "patch" neither.
        what: In words.
    """

    level: str
    what: str


def compare(old: TemplateManifest, new: TemplateManifest) -> list[Change]:
    """Return the differences, the gravest first; empty when the content is the same."""
    before, after = old["digests"], new["digests"]
    changes = [
        *_changed("major", before, after, {"topology": "the topology", "uv0": "UV0"}),
        *_changed("minor", before, after, {"uv1": "the atlas (UV1)"}),
        *_members("size", before["shape"], after["shape"], "the shape of"),
        *_members("size", before["looks"], after["looks"], "the looks of", members=False),
        *_lods(before.get("lods", {}), after.get("lods", {})),
        *_members("body family", before["rig_contract"], after["rig_contract"], "the rig contract of", level="major"),
        *_members("body family", before["rig"], after["rig"], "the rig of", members=False),
        *_members("field", before["field"], after["field"], "the learned field of"),
        *_members("variant", old["variants"], new["variants"], "the look of"),
    ]
    if old["layer"] != new["layer"]:
        changes.append(Change("minor", f"the layer is {new['layer']}, was {old['layer']}"))
    if not changes and content_key(old) != content_key(new):
        changes.append(Change("patch", "metadata or previews changed"))
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


def _lods(before: Mapping[str, str], after: Mapping[str, str]) -> Iterable[Change]:
    """Compare levels of detail: they are a look of the same garment, so having them or not breaks nothing."""
    for size in sorted({*before, *after}):
        if before.get(size) != after.get(size):
            yield Change("minor", f"the levels of detail of size {size} changed")


def _changed(
    level: str, before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[str, str]
) -> Iterable[Change]:
    return [Change(level, f"{words} changed") for key, words in names.items() if before[key] != after[key]]


def _members(
    kind: str,
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
                yield Change("major", f"{kind} {name} was removed")
        elif before[name] != after[name]:
            yield Change(level, f"{words} {kind} {name} changed")
    if members:
        for name in after:
            if name not in before:
                yield Change("minor", f"{kind} {name} was added")
