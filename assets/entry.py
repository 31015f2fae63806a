"""What a ref says of a version, so that a list needs no template.json."""

from __future__ import annotations

from dressform.schemas.library import VersionEntry
from dressform.schemas.template import TemplateManifest


def version_entry(manifest: TemplateManifest, sha256: str) -> VersionEntry:
    """Return the entry of a version that is not yanked and that nobody signed yet.

    Args:
        manifest: Its template.json.
        sha256: Of the file's bytes.
    """
    return {
        "manifest": sha256,
        "yanked": None,
        "sizes": list(manifest["sizes"]),
        "variants": list(manifest["variants"]),
        "bodies": list(manifest["bodies"]),
    }


def differing_keys(entry: VersionEntry, manifest: TemplateManifest) -> list[str]:
    """Return what an entry says otherwise than the version's template.json, whatever the order.

    Entries of older libraries lack `bodies`.
    """
    truth = version_entry(manifest, entry["manifest"])
    pairs = {
        "sizes": (entry["sizes"], truth["sizes"]),
        "variants": (entry["variants"], truth["variants"]),
        "bodies": (entry.get("bodies", manifest["bodies"]), manifest["bodies"]),
    }
    return [key for key, (said, true) in pairs.items() if sorted(said) != sorted(true)]
