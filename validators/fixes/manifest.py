"""Fixes of template.json: how things are spelled, not what they say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from dressform.validators.rules.manifest import figures_of

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


def name_own_meshes(piece: Workpiece) -> Iterator[Mended]:
    """Let each size name the mesh in its own folder."""
    sizes = piece.manifest.get("sizes")
    for size, entry in sorted(sizes.items()) if isinstance(sizes, dict) else ():
        own = f"sizes/{size}/garment.glb"
        if isinstance(entry, dict) and entry.get("garment") != own and (piece.folder / own).is_file():
            before = str(entry.get("garment"))
            entry["garment"] = own
            yield Mended("named the mesh of the size", f"template.json $.sizes.{size}.garment", before, own)


def choose_default_size(piece: Workpiece) -> Iterator[Mended]:
    """Make the only size the default one; of several a person chooses."""
    sizes, default = piece.manifest.get("sizes"), piece.manifest.get("default_size")
    if isinstance(sizes, dict) and len(sizes) == 1 and default not in sizes:
        (piece.manifest["default_size"],) = sizes
        yield Mended("made the only size the default", "template.json $.default_size", str(default), *sizes)


def name_bodies(piece: Workpiece) -> Iterator[Mended]:
    """Name the body families that there are rigs for."""
    bodies, there = piece.manifest.get("bodies"), sorted(piece.rigs)
    if isinstance(bodies, list) and bodies != there:
        piece.manifest["bodies"] = there
        yield Mended("named the bodies that have rigs", "template.json $.bodies", str(bodies), str(there))


def state_figures(piece: Workpiece) -> Iterator[Mended]:
    """State the figures that the mesh has."""
    stated, mesh = piece.manifest.get("mesh"), piece.default_mesh
    if not isinstance(stated, dict) or mesh is None:
        return
    for name, value in figures_of(mesh).items():
        if name in stated and stated[name] != value:
            before, stated[name] = stated[name], value
            yield Mended(f"counted {name} again", f"template.json $.mesh.{name}", str(before), str(value))


def spell_licence(piece: Workpiece) -> Iterator[Mended]:
    """Spell a licence as SPDX does, where it is only its blanks that are not: CC BY 4.0 is CC-BY-4.0."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    licence = piece.manifest.get("licence")
    if not isinstance(licence, str):
        return
    try:
        spelled = canonicalize_license_expression("-".join(licence.split()))
    except InvalidLicenseExpression:
        return
    if spelled != licence:
        piece.manifest["licence"] = str(spelled)
        yield Mended("spelled the licence as SPDX does", "template.json $.licence", licence, str(spelled))


def spelled_name(text: str) -> str:
    """Return a text as a name: lower-case letters, digits and single hyphens, a letter first."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    spelled = "-".join(re.findall(r"[a-z0-9]+", plain))
    return (spelled if spelled[:1].isalpha() else f"garment-{spelled}")[:64].strip("-")


FIXES = (
    Fix("manifest.schema", ("manifest",), "spell name, category and authors as the schema asks", spell_names),
    Fix("manifest.spdx", ("manifest",), "spell the licence as SPDX does", spell_licence),
    Fix("manifest.sizes", ("manifest",), "name the sizes that have a mesh", name_sizes),
    Fix("manifest.size-file", ("manifest",), "let each size name its own mesh", name_own_meshes),
    Fix("manifest.default-size", ("manifest",), "make the only size the default", choose_default_size),
    Fix("manifest.bodies", ("manifest", "rig"), "name the bodies that have rigs", name_bodies),
    Fix("manifest.figures", ("manifest", "mesh"), "state the figures that the mesh has", state_figures),
)
