"""A published version as a draft again: for a step that was left out, such as its field."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from dressform.assets.template_version import TemplateVersion
from dressform.schemas.template import DraftManifest

from .draft import Draft
from .learn.learn import BODY
from .learn.specimen import Specimen

_WORKED_OUT = ("bodies", "metres_per_uv")  # when a draft is published
_OF_ALL = ("clean", "unwrap", "place", "rig", "preview")  # steps without which nothing is published


def reopen(version: TemplateVersion, folder: Path) -> Draft:
    """Make a draft that publishes to what a version holds.

    What a version does not keep, it lacks: the source, the overrides and the record of the steps before.

    Args:
        version: The version.
        folder: Where the draft goes.

    Raises:
        UsageError: The folder holds something else.
        AssetError: A file of the version is missing or damaged.
    """
    known = set(DraftManifest.__annotations__) - {"schema", *_WORKED_OUT}
    manifest: dict[str, Any] = {
        "schema": "dressform/draft/1",
        **{key: value for key, value in cast("dict[str, Any]", version.manifest).items() if key in known},
    }
    files = {path: version.file(path) for path in version.manifest["files"]}
    draft = Draft.create(folder)
    draft = draft.commit_step("import", {"version": version.label}, {}, manifest=manifest, files=files)
    for step in (*_OF_ALL, *(["lod"] if any(entry.get("lods") for entry in manifest["sizes"].values()) else [])):
        draft = draft.commit_step(step, {"version": version.label}, {}, stands=(*_OF_ALL, "import"))
    return draft


def keep_field(version: TemplateVersion, draft: Draft) -> Draft:
    """Return a draft with the field of a version, unless what that was learned from has changed since.

    Args:
        version: An earlier build of the same garment.
        draft: The garment built anew.
    """
    paths = [f"field.{BODY}.safetensors", f"field.{BODY}.json"]
    if not all(path in version.manifest["files"] for path in paths):
        return draft
    if Specimen.of(version, BODY).digest != Specimen.of(draft, BODY).digest:
        return draft
    return draft.commit_step(
        "learn", {"version": version.label}, {}, files={path: version.file(path) for path in paths}
    )
