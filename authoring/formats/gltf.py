"""glTF 2.0 and GLB: everything the default scene's objects say, in world space, with a record of what became of it.

The JSON is read in `gltf_document` and not through a glTF class library, because every count, offset and reference of
an untrusted file has to be held against the bytes that are really there before an array is made.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dressform.assets.files.garment import SourceSkin
from dressform.assets.files.glb import GENERATOR
from dressform.assets.files.glb_buffer import Y_UP, turned
from dressform.assets.files.glb_credits import EXTENSION as XMP
from dressform.assets.files.glb_read import read_glb
from dressform.schemas.errors import DressformError, InputError

from .gltf_credits import told_by
from .gltf_document import Document, open_document, read_accessor
from .gltf_join import join_pieces
from .gltf_materials import VARIANTS, MaterialSlots
from .gltf_pieces import read_pieces
from .gltf_scene import INSTANCING, read_scene
from .gltf_skins import Skeletons
from .raw import Conversion, RawMesh, check_size

_READABLE = {"KHR_texture_transform", "KHR_mesh_quantization", VARIANTS, INSTANCING}
_READABLE_PREFIXES = ("KHR_materials_", "EXT_texture_")
_CURES = {
    "KHR_draco_mesh_compression": "export without Draco compression",
    "EXT_meshopt_compression": "export without meshopt compression",
    "KHR_texture_basisu": "export the textures as PNG or JPEG",
}


def read_gltf(path: Path) -> RawMesh:
    """Read a .glb or .gltf file."""
    check_size(path)
    try:
        return _read(path)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        missing = isinstance(error, KeyError)
        reason = f"{error} is missing where it is needed" if missing else "a value is not of the kind that it must be"
        raise InputError(f"{path} is not valid glTF ({reason}); export the mesh again") from error


def _read(path: Path) -> RawMesh:
    document = open_document(path)
    required = {
        name
        for name in document.data.get("extensionsRequired") or []
        if name not in _READABLE and not str(name).startswith(_READABLE_PREFIXES)
    }
    if required:
        cure = "; ".join(_CURES.get(name, f"export without {name}") for name in sorted(required))
        raise InputError(f"{path} needs the glTF extension {', '.join(sorted(required))}, which is not read; {cure}")
    if document.data["asset"].get("generator") == GENERATOR and (own := _own(document)) is not None:
        return own
    scene = read_scene(document)
    skeletons, slots = Skeletons(document, scene), MaterialSlots(document)
    pieces = read_pieces(document, scene, skeletons, slots.number)
    if not pieces:
        elsewhere = next((f"; {c.what}: {c.why}" for c in document.record.values() if c.what.startswith("scene")), "")
        raise InputError(f"{path} holds no triangles in its scene; export the garment's mesh{elsewhere}")
    _say_the_rest(document)
    return join_pieces(document, scene, pieces, skeletons, slots)


def _say_the_rest(document: Document) -> None:
    """Note what has no place in a garment."""
    for kind, why in (("animations", "a garment is moved by the body it is on"), ("cameras", "a garment has none")):
        for number, item in enumerate(document.items(kind)):
            document.say(f"{kind[:-1]} {item.get('name') or number}", "dropped", f"{why}; see the source")
    extensions = document.data.get("extensions") or {}
    for light in (extensions.get("KHR_lights_punctual") or {}).get("lights") or []:
        document.say(f"light {light.get('name') or light.get('type')}", "dropped", "a garment has none; see the source")
    known = {*_READABLE, "KHR_lights_punctual", XMP}
    for name in sorted({*extensions, *(document.data.get("extensionsUsed") or [])} - known):
        if not str(name).startswith(_READABLE_PREFIXES):
            document.say(f"extension {name}", "dropped", "it is not about shape or look; see the source")


def _own(document: Document) -> RawMesh | None:
    """Return what `write_glb` wrote, or None when another tool had a hand in it since."""
    try:
        mesh = read_glb(document.path)
    except DressformError:
        return None
    why = "as this program wrote it"
    skin = mesh.skin
    record = [Conversion("the whole garment", "kept", why)]
    if skin is not None:
        skin = replace(skin, rest=np.asarray(Y_UP @ skin.rest, np.float32))
        record.append(Conversion("the skin of its first source", "kept", why))
    elif document.data.get("skins"):
        skin = _rig_as_skin(document)
        record.append(Conversion("rig", "converted", "evidence for the rig step; `import --update` keeps it as is"))
    credits = told_by(document)
    return RawMesh(
        points=turned(mesh.points).astype(np.float64),
        faces=mesh.faces.astype(np.int64),
        materials=mesh.materials,
        material_ids=mesh.material_ids.astype(np.int64),
        part_names=tuple(part.name for part in mesh.parts) or ("garment",),
        part_ids=np.zeros(len(mesh.faces), np.int64) if mesh.part_ids is None else mesh.part_ids.astype(np.int64),
        uv0=None if mesh.uv0 is None else mesh.uv0.astype(np.float64),
        uv0_faces=None if mesh.uv0_faces is None else mesh.uv0_faces.astype(np.int64),
        uv1=None if mesh.uv1 is None else mesh.uv1.astype(np.float64),
        uv1_faces=None if mesh.uv1_faces is None else mesh.uv1_faces.astype(np.int64),
        metres_per_unit=1.0,
        unit_reason="glTF is in metres",
        up="y",
        up_reason="glTF is y up",
        polygons=None if mesh.polygons is None else mesh.polygons.astype(np.int64),
        layers=tuple(_y_up(layer) for layer in mesh.layers),
        morphs=tuple(
            replace(morph, offsets=turned(morph.offsets), layers=tuple(_y_up(layer) for layer in morph.layers))
            for morph in mesh.morphs
        ),
        skin=skin,
        variants=mesh.variants,
        extras=dict(mesh.extras),
        parts=mesh.parts,
        licence=credits.licence,
        authors=credits.authors,
        permissions=credits.permissions,
        record=tuple(record),
    )


def _y_up(layer: Any) -> Any:
    return replace(layer, values=turned(layer.values)) if layer.kind in ("normal", "tangent") else layer


def _rig_as_skin(document: Document) -> SourceSkin | None:
    """Return the rig's weights in our own file, by welded point."""
    scene = read_scene(document)
    attributes = document.item("meshes", 0)["primitives"][0]["attributes"]
    point = read_accessor(document, attributes["_POINT"], "SCALAR").astype(np.int64).ravel()
    skeletons = Skeletons(document, scene)
    joints, weights, _ = skeletons.influences(scene.placements[0], attributes, len(point))
    skin = skeletons.skin([(len(point), joints, weights)])
    if skin is None:
        return None
    _, first = np.unique(point, return_index=True)
    return replace(skin, indices=skin.indices[first], weights=skin.weights[first])
