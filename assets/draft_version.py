"""A draft read as the version it would become, so that it can be compared before it is published."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from dressform.schemas.documents import load_document
from dressform.schemas.template import DraftManifest

from .draft_digest import draft_digest, published_files
from .manifest import make_manifest
from .template_version import TemplateVersion

MANIFEST = "template.json"
UNNUMBERED = "0.0.0"
NO_DIGEST = "0" * 64  # of the report, which is made when the draft is published


def is_draft(folder: Path) -> bool:
    """Whether a folder holds a draft."""
    return (folder / MANIFEST).is_file() and (folder / "steps.json").is_file()


def draft_version(folder: Path) -> TemplateVersion:
    """Return the version that a draft would become, numbered 0.0.0; its digest is the draft's.

    Raises:
        InputError: When the draft's template.json cannot be read.
        AssetError: When a file is missing or the sizes do not fit together.
    """
    draft = cast("DraftManifest", load_document("draft", folder / MANIFEST))
    files = published_files(folder)
    path = files.pop(MANIFEST)
    manifest = make_manifest(draft, files, version=UNNUMBERED, report_digest=NO_DIGEST)
    return TemplateVersion(
        name=draft["name"],
        version=UNNUMBERED,
        manifest=manifest,
        manifest_path=path,
        digest=draft_digest(folder),
        files=files,
        size=manifest["default_size"],
    )
