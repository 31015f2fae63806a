"""What a glTF file says beside its shape and look: custom properties, who made it, and under which licence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dressform.assets.files.glb_credits import credits_in

from .gltf_document import Document
from .gltf_scene import Scene
from .licences import spdx_of


@dataclass(frozen=True)
class Credits:
    """Who made a file and what may be done with it.

    Attributes:
        licence: SPDX identifier, or None.
        authors: Names.
        permissions: As template.json has them.
    """

    licence: str | None
    authors: tuple[str, ...]
    permissions: Mapping[str, object]


def credits_of(document: Document, scene: Scene) -> tuple[dict[str, Any], Credits]:
    """Return the extras of the objects that are read, and who made them under which licence.

    Properties of meshes stand at the top, as other tools expect them, those of nodes, scene and asset under their name.
    """
    extras: dict[str, Any] = {}
    nodes: dict[str, Any] = {}
    for placement in scene.placements:
        mesh = document.item("meshes", placement.mesh)
        own = {k: v for k, v in _properties(mesh).items() if k != "targetNames"}
        clashes = {k: v for k, v in own.items() if k in extras and extras[k] != v}
        extras |= {k: v for k, v in own.items() if k not in clashes}
        held = {**clashes, **_properties(document.item("nodes", placement.node))}
        if held:
            nodes[placement.name] = held
    asset = document.data["asset"]
    about = _properties(asset)
    shown = document.item("scenes", document.data.get("scene", 0)) if document.items("scenes") else {}
    whole = {
        "nodes": nodes,
        "scene": _properties(shown),
        "asset": {**about, **({"copyright": asset["copyright"]} if asset.get("copyright") else {})},
    }
    extras |= {name: held for name, held in whole.items() if held}
    extras.pop("dressform", None)
    if extras:
        document.say(f"custom properties {', '.join(extras)}", "kept", "in the garment's extras")
    return extras, told_by(document)


def told_by(document: Document) -> Credits:
    """Return what a file says of its licence, authors and permissions: in XMP, in the asset's extras or copyright."""
    asset = document.data["asset"]
    about, told = _properties(asset), credits_in(document.data)
    licence = spdx_of(f"{told.get('licence', '')} {about.get('license', '')} {asset.get('copyright', '')}")
    author = str(about.get("author") or "").split("(http")[0].strip()
    authors = tuple(told.get("authors", [author] if author else []))
    if licence or authors:
        named = ", ".join(authors)
        document.say("licence and author", "kept", f"{licence or 'no licence named'}, {named or 'no author named'}")
    return Credits(licence, authors, told.get("permissions", {}))


def _properties(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item's extras; what is no object stands under "value"."""
    held = item.get("extras")
    if held is None:
        return {}
    return dict(held) if isinstance(held, dict) else {"value": held}
