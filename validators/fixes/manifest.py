"""Fixes of template.json: how things are spelled, not what they say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from .fix import Fix, Mended
from .workpiece import Workpiece

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def spell_names(piece: Workpiece) -> Iterator[Mended]:
    """Spell the name as names are spelled and keep the old spelling as the title; trim texts and the category."""
    manifest = piece.manifest
    name = manifest.get("name")
    if isinstance(name, str) and not _NAME.fullmatch(name):
        spelled = spelled_name(name)
        if not manifest.get("title") and name.strip():
            manifest["title"] = name.strip()
        manifest["name"] = spelled
        yield Mended("spelled the name in lower case with hyphens", "template.json $.name", repr(name), repr(spelled))
    category = manifest.get("category")
    if isinstance(category, str) and category != category.strip().lower():
        manifest["category"] = category.strip().lower()
        yield Mended("spelled the category in lower case", "template.json $.category", repr(category),
                     repr(manifest["category"]))  # fmt: skip
    authors = manifest.get("authors")
    if isinstance(authors, list) and all(isinstance(author, str) for author in authors):
        kept = list(dict.fromkeys(author.strip() for author in authors if author.strip()))
        if kept != authors:
            manifest["authors"] = kept
            yield Mended("trimmed the authors", "template.json $.authors", repr(authors), repr(kept))


def name_sizes(piece: Workpiece) -> Iterator[Mended]:
    """Name the sizes that have a mesh; one that is named without a mesh is left for a person."""
    sizes = piece.manifest.get("sizes")
    if not isinstance(sizes, dict):
        return
    for path in sorted(piece.folder.glob("sizes/*/garment.glb")):
        size = path.parent.name
        if size not in sizes:
            sizes[size] = {"garment": f"sizes/{size}/garment.glb"}
            yield Mended(f"named size {size}", "template.json $.sizes", "not named", f"sizes/{size}/garment.glb")


def spelled_name(text: str) -> str:
    """Return a text as a name: lower-case letters, digits and single hyphens, a letter first."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    spelled = "-".join(re.findall(r"[a-z0-9]+", plain))
    return (spelled if spelled[:1].isalpha() else f"garment-{spelled}")[:64].strip("-")


FIXES = (
    Fix("manifest.schema", ("manifest",), "spell name, category and authors as the schema asks", spell_names),
    Fix("manifest.sizes", ("manifest",), "name the sizes that have a mesh", name_sizes),
)
