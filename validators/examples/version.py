"""Examples that break the rules on version numbers."""

from __future__ import annotations

import copy

from dressform.assets.store import Store
from dressform.assets.template_version import TemplateVersion
from dressform.schemas.documents import dump_json

from .broken import tampers


@tampers("version.bump", at="template.json $.version")
def break_bump(version: TemplateVersion) -> None:
    """Other triangles in a patch release."""
    manifest = copy.deepcopy(version.manifest)
    manifest["version"] = "1.0.1"
    manifest["digests"]["topology"] = "0" * 64
    store = Store(version.manifest_path.parents[3])
    with store.writing():
        entry = store.ref(version.name)
        assert entry is not None
        sha256 = store.add_bytes(dump_json(manifest))
        entry["versions"]["1.0.1"] = {**entry["versions"][version.version], "manifest": sha256}
        store.write_ref(version.name, entry)
