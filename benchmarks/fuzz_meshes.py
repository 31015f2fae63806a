"""Small garments in every mesh format that is read, with all that each format can say."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dressform.assets.files.garment import GarmentMesh, Layer, MorphTarget, Part, SourceSkin, Variant
from dressform.assets.files.glb import write_glb
from dressform.authoring.formats.obj_write import write_obj
from dressform.authoring.formats.usd_write import write_usd
from dressform.validators.examples.builder import picture, tube

_MTL = (
    b"newmtl fabric\nKd 0.5 0.4 0.3\nKs 0 0 0\nNs 20\nd 0.9\nPr 0.8\n"
    b"map_Kd -o 0 0 0 cloth.png\nmap_Bump -bm 0.5 cloth.png\n"
)
_MHMAT = (
    b"# MakeHuman material\nname cloth\ndiffuseColor 0.5 0.4 0.3\nspecularColor 0.1 0.1 0.1\nshininess 0.2\nopacity 1\n"
    b"backfaceCull False\ndiffuseTexture cloth.png\nnormalmapTexture cloth.png\nshaderConfig diffuse True\n"
)
_MHCLO = (
    "# author a tailor\n# license CC0\nbasemesh hm08\nname tube\nuuid 1\nobj_file tube.obj\n"
    "material tube.mhmat\ntag top\n"
    "x_scale 5399 11998 1.4\ny_scale 791 881 2.4\nz_scale 962 5320 1.9\nz_depth 50\nmax_pole 8\n"
    "verts 0\n"
)

Records = list[tuple[str, list[Any], list[Any]]]  # of an FBX file: name, values, records inside


def detailed(mesh: GarmentMesh) -> GarmentMesh:
    """Return a garment with polygons, parts, layers, a shape, a skin, two looks and extras."""
    count, faces = len(mesh.points), mesh.faces
    colour = Layer("paint", "color", np.full((count, 4), 0.5, np.float32), faces)
    normal = Layer("normal", "normal", np.tile(np.array([0, 0, 1], np.float32), (count, 1)), faces)
    joints = np.zeros((count, 4), np.int32)
    joints[:, 1] = 1
    weights = np.tile(np.array([0.5, 0.5, 0, 0], np.float32), (count, 1))
    rest = np.tile(np.eye(4, dtype=np.float32), (2, 1, 1))
    skin = SourceSkin(("hip", "chest"), np.array([-1, 0], np.int32), rest, joints, weights)
    cloth = replace(
        mesh.materials[0],
        name="cloth",
        normal_image=picture((8, 8)),
        record={"alphaMode": "MASK", "alphaCutoff": 0.4, "emissiveFactor": [0.1, 0.0, 0.0]},
    )
    half = (np.arange(len(faces)) >= len(faces) // 2).astype(np.int32)
    return replace(
        mesh,
        materials=(cloth, replace(cloth, name="trim", record={})),
        material_ids=half,
        polygons=np.arange(len(faces), dtype=np.int32) // 2,
        parts=(Part("body"), Part("button", rigid=True)),
        part_ids=half,
        layers=(colour, normal),
        morphs=(MorphTarget("wide", mesh.points * np.float32(0.1), 0.2),),
        skin=skin,
        variants=(Variant("dark", (1, 0)),),
        extras={"season": "winter"},
    )


def mesh_files(folder: Path) -> list[tuple[str, dict[str, bytes]]]:
    """Return main files, each with all files that it comes with; those that most bring stand there more than once.

    Args:
        folder: A new folder to write in meanwhile.
    """
    folder.mkdir(parents=True)
    plain = tube(rings=4, around=6)
    plain = replace(plain, materials=(replace(plain.materials[0], base_color_image=picture((8, 8))),))
    rich = detailed(plain)
    write_obj(folder / "tube.obj", plain)
    write_glb(folder / "tube.glb", rich)
    obj = {"tube.mtl": _MTL, "cloth.png": picture((8, 8))}
    text = "\n".join(line for line in (folder / "tube.obj").read_text().splitlines() if not line.startswith("mtllib"))
    obj["tube.obj"] = f"mtllib tube.mtl\n{text}\n".encode()
    rows = [f"{547 * k} {547 * k + 3} {547 * k + 7} 0.5 0.3 0.2 0.01 0 0.01" for k in range(text.count("\nv "))]
    clothes = _MHCLO + "\n".join(rows) + "\ndelete_verts\n10 - 20 30 31\n"
    found = {
        "tube.obj": obj,
        "tube.mhclo": {**obj, "tube.mhmat": _MHMAT, "tube.mhclo": clothes.encode()},
        "tube.glb": {"tube.glb": (folder / "tube.glb").read_bytes()},
        "other.gltf": _gltf(plain),
        "tube.ply": {"tube.ply": _ply(plain), "cloth.png": picture((8, 8))},
        "packed.ply": {"packed.ply": _packed_ply(plain)},
        "tube.stl": {"tube.stl": _stl(plain)},
        "text.stl": {"text.stl": _text_stl(plain)},
        "tube.fbx": {"tube.fbx": _fbx(plain)},
        "packed.fbx": {"packed.fbx": _packed_fbx(plain)},
    }
    # USD's own library parses these, which takes longer than all the rest
    write_usd(folder / "tube.usda", plain)
    held = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")}
    found["tube.usda"] = {"tube.usda": (folder / "tube.usda").read_bytes(), **held}
    heavier = {"tube.obj": 4, "tube.mhclo": 3, "tube.glb": 4, "other.gltf": 2}
    return [(name, files) for name, files in found.items() for _ in range(heavier.get(name, 1))]


def _gltf(mesh: GarmentMesh) -> dict[str, bytes]:
    """Return a garment as other tools write it: nodes below nodes, a skin, a sparse shape, an embedded buffer."""
    points = (mesh.points[:, [0, 2, 1]] * np.array([1, 1, -1], np.float32)).astype("<f4")
    count = len(points)
    arrays = [
        points,
        mesh.faces.astype("<u2"),
        np.zeros((count, 2), "<f4"),
        np.tile(np.array([0, 1, 0, 0], np.uint8), (count, 1)),
        np.tile(np.array([128, 127, 0, 0], np.uint8), (count, 1)),
        np.tile(np.eye(4, dtype="<f4"), (2, 1, 1)),
        np.arange(4, dtype="<u2"),
        np.ones((4, 3), "<f4"),
    ]
    views, binary = [], b""
    for array in arrays:
        binary += bytes(-len(binary) % 4)
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": array.nbytes})
        binary += array.tobytes()
    sparse = {
        "count": 4,
        "indices": {"bufferView": 6, "componentType": 5123},
        "values": {"bufferView": 7},
    }
    low, high = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    attributes = {"POSITION": 0, "TEXCOORD_0": 2, "JOINTS_0": 3, "WEIGHTS_0": 4}
    primitive = {"attributes": attributes, "indices": 1, "material": 0, "targets": [{"POSITION": 6}]}
    texture = {"index": 0, "extensions": {"KHR_texture_transform": {"scale": [2, 2], "rotation": 0.1}}}
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "by hand", "copyright": "CC0 a tailor"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [
            {"name": "root", "scale": [1, 1, 1], "rotation": [0, 0, 0, 1], "children": [1, 2]},
            {"name": "cloth", "mesh": 0, "skin": 0},
            {"name": "hip", "translation": [0, 1, 0], "children": [3]},
            {"name": "chest", "matrix": np.eye(4).ravel().tolist()},
        ],
        "skins": [{"joints": [2, 3], "inverseBindMatrices": 5, "skeleton": 2}],
        "meshes": [{"name": "cloth", "primitives": [primitive], "weights": [0.2], "extras": {"targetNames": ["wide"]}}],
        "materials": [
            {
                "name": "cloth",
                "pbrMetallicRoughness": {"baseColorFactor": [1, 0.5, 0.5, 1], "baseColorTexture": texture},
                "normalTexture": {"index": 0, "scale": 0.5},
                "alphaMode": "BLEND",
                "extensions": {"KHR_materials_sheen": {"sheenColorFactor": [0.1, 0.1, 0.1]}},
            }
        ],
        "textures": [{"source": 0, "sampler": 0}],
        "samplers": [{"wrapS": 10497, "wrapT": 33071}],
        "images": [{"uri": "cloth.png"}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": count, "type": "VEC3", "min": low, "max": high},
            {"bufferView": 1, "componentType": 5123, "count": mesh.faces.size, "type": "SCALAR"},
            {"bufferView": 2, "componentType": 5126, "count": count, "type": "VEC2"},
            {"bufferView": 3, "componentType": 5121, "count": count, "type": "VEC4"},
            {"bufferView": 4, "componentType": 5121, "count": count, "type": "VEC4", "normalized": True},
            {"bufferView": 5, "componentType": 5126, "count": 2, "type": "MAT4"},
            {"componentType": 5126, "count": count, "type": "VEC3", "sparse": sparse},
        ],
        "bufferViews": views,
        "buffers": [{"byteLength": len(binary), "uri": "other.bin"}],
        "extensionsUsed": ["KHR_materials_sheen", "KHR_texture_transform"],
    }
    return {"other.gltf": json.dumps(document).encode(), "other.bin": binary, "cloth.png": picture((8, 8))}


def _ply(mesh: GarmentMesh) -> bytes:
    head = (
        f"ply\nformat ascii 1.0\ncomment TextureFile cloth.png\nelement vertex {len(mesh.points)}\nproperty float x\n"
        "property float y\nproperty float z\nproperty uchar red\nproperty uchar green\nproperty uchar blue\n"
        f"element face {len(mesh.faces)}\nproperty list uchar int vertex_indices\n"
        "property list uchar float texcoord\nend_header\n"
    )
    rows = [f"{x:.6g} {y:.6g} {z:.6g} 200 100 0" for x, y, z in mesh.points.tolist()]
    rows += [f"3 {a} {b} {c} 6 0 0 1 0 0 1" for a, b, c in mesh.faces.tolist()]
    return (head + "\n".join(rows) + "\n").encode()


def _packed_ply(mesh: GarmentMesh) -> bytes:
    head = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(mesh.points)}\nproperty float x\nproperty float y\n"
        f"property float z\nelement face {len(mesh.faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    faces = b"".join(struct.pack("<B3i", 3, *face) for face in mesh.faces.tolist())
    return head.encode() + mesh.points.astype("<f4").tobytes() + faces


def _stl(mesh: GarmentMesh) -> bytes:
    corners = mesh.points[mesh.faces].reshape(-1, 9).tolist()
    rows = b"".join(struct.pack("<12fH", 0, 0, 0, *row, 0) for row in corners)
    return bytes(80) + struct.pack("<I", len(corners)) + rows


def _text_stl(mesh: GarmentMesh) -> bytes:
    facets = "".join(
        "facet normal 0 0 0\nouter loop\n"
        + "".join(f"vertex {x:.6g} {y:.6g} {z:.6g}\n" for x, y, z in face)
        + "endloop\nendfacet\n"
        for face in mesh.points[mesh.faces].tolist()
    )
    return f"solid tube\n{facets}endsolid tube\n".encode()


def _fbx_records(mesh: GarmentMesh) -> Records:
    """Return the records of a garment with UVs, a material, a skin and a shape: name, values, records inside."""
    points = mesh.points.astype("<f8").ravel()
    ends = mesh.faces.astype("<i4")
    ends[:, 2] = -ends[:, 2] - 1
    uv: Records = [
        ("Name", ["map"], []),
        ("MappingInformationType", ["ByPolygonVertex"], []),
        ("ReferenceInformationType", ["IndexToDirect"], []),
        ("UV", [np.zeros(4, "<f8")], []),
        ("UVIndex", [np.zeros(mesh.faces.size, "<i4")], []),
    ]
    geometry: Records = [
        ("Vertices", [points], []),
        ("PolygonVertexIndex", [ends.ravel()], []),
        ("LayerElementUV", [0], uv),
    ]
    first = np.arange(4, dtype="<i4")
    shape: Records = [("Indexes", [first], []), ("Vertices", [np.ones(12)], [])]
    matrix = np.eye(4).ravel()
    cluster: Records = [("Indexes", [first], []), ("Weights", [np.ones(4)], []), ("Transform", [matrix], [])]
    units: Records = [
        ("P", ["UpAxis", "int", "Integer", "", 1], []),
        ("P", ["UnitScaleFactor", "double", "Number", "", 100.0], []),
    ]
    turned: Records = [("P", ["Lcl Scaling", "Lcl Scaling", "", "A", 1.0, 1.0, 1.0], [])]
    objects: Records = [
        ("Geometry", [10, "cloth\0\1Geometry", "Mesh"], geometry),
        ("Model", [20, "cloth\0\1Model", "Mesh"], [("Properties70", [], turned)]),
        (
            "Material",
            [30, "cloth\0\1Material", ""],
            [("Properties70", [], [("P", ["Diffuse", "Vector3D", "Vector", "", 0.5, 0.4, 0.3], [])])],
        ),
        ("Deformer", [40, "skin\0\1Deformer", "Skin"], []),
        ("Deformer", [41, "hip\0\1SubDeformer", "Cluster"], [*cluster, ("TransformLink", [matrix], [])]),
        ("Model", [42, "hip\0\1Model", "LimbNode"], []),
        ("Deformer", [50, "shapes\0\1Deformer", "BlendShape"], []),
        ("Deformer", [51, "wide\0\1SubDeformer", "BlendShapeChannel"], []),
        ("Geometry", [52, "wide\0\1Geometry", "Shape"], shape),
    ]
    pairs = [(10, 20), (20, 0), (30, 20), (40, 10), (41, 40), (42, 41), (42, 0), (50, 10), (51, 50), (52, 51)]
    return [
        ("FBXHeaderExtension", [], [("FBXVersion", [7400], [])]),
        ("GlobalSettings", [], [("Properties70", [], units)]),
        ("Objects", [], objects),
        ("Connections", [], [("C", ["OO", child, parent], []) for child, parent in pairs]),
    ]


def _fbx(mesh: GarmentMesh) -> bytes:
    """Return the text form."""

    def value(each: Any) -> str:
        if isinstance(each, np.ndarray):
            return f"*{each.size} {{ a: {','.join(f'{v:.9g}' for v in each.tolist())} }}"
        if isinstance(each, str):
            name, _, kind = each.partition("\0\1")
            return f'"{kind}::{name}"' if kind else f'"{each}"'
        return str(each)

    def lines(records: Records) -> str:
        return "".join(
            f"{name}: {', '.join(map(value, values))}" + (f" {{\n{lines(inner)}}}\n" if inner else "\n")
            for name, values, inner in records
        )

    return ("; FBX 7.4.0 project file\n" + lines(_fbx_records(mesh))).encode()


def _packed_fbx(mesh: GarmentMesh) -> bytes:
    """Return the binary form."""

    def value(each: Any) -> bytes:
        if isinstance(each, np.ndarray):
            kind = b"d" if each.dtype == np.float64 else b"i"
            return kind + struct.pack("<III", each.size, 0, each.nbytes) + each.tobytes()
        if isinstance(each, str):
            return b"S" + struct.pack("<I", len(each)) + each.encode()
        return b"D" + struct.pack("<d", each) if isinstance(each, float) else b"L" + struct.pack("<q", each)

    def packed(records: Records, at: int) -> bytes:
        out = b""
        for name, values, inner in records:
            held = b"".join(map(value, values))
            start = at + len(out) + 13 + len(name) + len(held)
            below = packed(inner, start) + bytes(13) if inner else b""
            head = struct.pack("<IIIB", start + len(below), len(values), len(held), len(name))
            out += head + name.encode() + held + below
        return out

    head = b"Kaydara FBX Binary  \x00\x1a\x00" + struct.pack("<I", 7400)
    return head + packed(_fbx_records(mesh), len(head)) + bytes(13)
