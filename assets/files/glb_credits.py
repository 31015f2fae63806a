"""Title, authors, licence and permissions inside a GLB, as the extension KHR_xmp_json_ld has them.

Dublin Core names the work and its makers, XMP's rights namespace says how it may be used, and what VRM 1.0 calls `meta`
says what the author lets an avatar do in it. template.json is the truth; a GLB repeats it for whoever holds only that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dressform.schemas.documents import schema

EXTENSION = "KHR_xmp_json_ld"
_CONTEXT = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "vrm": "https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/meta.md#",
}
_LICENCE_PAGES = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
}
# our names → VRM's
VRM_NAMES = {
    "use": "avatarPermission",
    "commercial_use": "commercialUsage",
    "modification": "modification",
    "credit": "creditNotation",
    "redistribution": "allowRedistribution",
    "violent_use": "allowExcessivelyViolentUsage",
    "sexual_use": "allowExcessivelySexualUsage",
    "political_or_religious_use": "allowPoliticalOrReligiousUsage",
    "antisocial_or_hate_use": "allowAntisocialOrHateUsage",
}


def credits_packet(manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the XMP packet for a draft's or version's template.json; None where it names neither author nor licence.

    Args:
        manifest: As read.
    """
    licence, authors = manifest.get("licence"), list(manifest.get("authors", ()))
    stated = licence is not None and not licence.startswith("LicenseRef-unstated")
    if not stated and not authors:
        return None
    packet: dict[str, Any] = {"@context": dict(_CONTEXT), "@id": ""}
    packet["dc:title"] = _text(str(manifest.get("title", manifest["name"])))
    if "description" in manifest:
        packet["dc:description"] = _text(str(manifest["description"]))
    if authors:
        packet["dc:creator"] = {"@list": authors}
    if stated:
        packet["dc:rights"] = _text(str(licence))
        packet["xmpRights:Marked"] = "False" if licence == "CC0-1.0" else "True"  # False: in the public domain
        if licence in _LICENCE_PAGES:
            packet["xmpRights:WebStatement"] = _LICENCE_PAGES[licence]
    for name, value in sorted(manifest.get("permissions", {}).items()):
        packet[f"vrm:{VRM_NAMES[name]}"] = value
    return packet


def credits_in(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the packet of a glTF document's asset says: any of title, authors, licence, permissions.

    Args:
        document: The glTF JSON of any tool; what is not understood is left out.
    """
    try:
        number = document["asset"]["extensions"][EXTENSION]["packet"]
        packet = document["extensions"][EXTENSION]["packets"][number]
    except (KeyError, IndexError, TypeError):
        return {}
    if not isinstance(packet, dict):
        return {}
    found: dict[str, Any] = {}
    for name, key in (("title", "dc:title"), ("licence", "dc:rights")):
        text = _plain(packet.get(key))
        if text:
            found[name] = text
    creators = packet.get("dc:creator")
    listed = creators.get("@list", creators.get("@set")) if isinstance(creators, dict) else [creators]
    authors = [name for name in listed if isinstance(name, str) and name] if isinstance(listed, list) else []
    if authors:
        found["authors"] = authors
    permissions = {
        ours: packet[f"vrm:{vrm}"] for ours, vrm in VRM_NAMES.items() if _allowed(ours, packet.get(f"vrm:{vrm}"))
    }
    if permissions:
        found["permissions"] = permissions
    return found


def _allowed(name: str, value: object) -> bool:
    """Say whether a permission has a value that template.json takes."""
    rule = schema("common")["$defs"]["permissions"]["properties"][name]
    return value in rule["enum"] if "enum" in rule else isinstance(value, bool)


def _text(value: str) -> dict[str, Any]:
    """Write a language alternative, as XMP types titles and rights."""
    return {"@type": "rdf:Alt", "rdf:_1": {"@language": "x-default", "@value": value}}


def _plain(value: object) -> str | None:
    """Read a language alternative, or a plain string as some tools write it."""
    if isinstance(value, dict):
        value = value.get("rdf:_1", value.get("@value"))
    if isinstance(value, dict):
        value = value.get("@value")
    return value if isinstance(value, str) and value else None
