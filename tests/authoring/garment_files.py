"""One garment written in every format that artists bring, as plainly as each allows."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Polygons = Sequence[Sequence[int]]
FORMATS = ("obj", "ply", "stl", "gltf", "glb", "fbx", "usda")


def skirt(around: int = 16, rings: int = 5) -> tuple[NDArray[np.float64], list[list[int]]]:
    """An open tube of quads, 0.6 m high, y up, in metres."""
    angle = 2 * np.pi * np.arange(around) / around
    radius = np.linspace(0.22, 0.15, rings)[:, None]
    x, z = radius * np.cos(angle), -radius * np.sin(angle)
    y = np.repeat(np.linspace(0, 0.6, rings), around)
    points = np.stack([x.ravel(), y, z.ravel()], axis=1)
    quads = []
    for ring in range(rings - 1):
        for k in range(around):
            a, b = ring * around + k, ring * around + (k + 1) % around
            quads.append([a, b, b + around, a + around])
    return points, quads


def write(path: Path, points: NDArray[np.float64], polygons: Polygons, *, node: str = "") -> Path:
    """Write a garment by its suffix; `node` is what a node of a scene says besides, in the format's own words."""
    triangles = np.array([[p[0], p[k], p[k + 1]] for p in polygons for k in range(1, len(p) - 1)], np.int64)
    if path.suffix == ".obj":
        path.write_text(
            "".join(f"v {x:.9g} {y:.9g} {z:.9g}\n" for x, y, z in points)
            + "".join("f " + " ".join(str(k + 1) for k in p) + "\n" for p in polygons)
        )
    elif path.suffix == ".ply":
        path.write_text(
            f"ply\nformat ascii 1.0\nelement vertex {len(points)}\nproperty float x\nproperty float y\n"
            f"property float z\nelement face {len(polygons)}\nproperty list uchar int vertex_indices\nend_header\n"
            + "".join(f"{x:.9g} {y:.9g} {z:.9g}\n" for x, y, z in points)
            + "".join(" ".join(map(str, [len(p), *p])) + "\n" for p in polygons)
        )
    elif path.suffix == ".stl":
        corners = points.astype(np.float32)[triangles].reshape(-1, 9)
        rows = b"".join(struct.pack("<12fH", 0, 0, 0, *row, 0) for row in corners.tolist())
        path.write_bytes(b"\0" * 80 + struct.pack("<I", len(triangles)) + rows)
    elif path.suffix in (".gltf", ".glb"):
        _gltf(path, points.astype(np.float32), triangles.astype(np.uint32), node)
    elif path.suffix == ".fbx":
        path.write_text(_fbx(points, polygons, node))
    else:
        path.write_text(_usda(points, polygons, node))
    return path


def _gltf(path: Path, points: NDArray[np.float32], triangles: NDArray[np.uint32], node: str) -> None:
    binary = points.tobytes() + triangles.tobytes()
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "cloth", **(json.loads(node) if node else {})}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": len(points), "type": "VEC3"},
            {"bufferView": 1, "componentType": 5125, "count": triangles.size, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": points.nbytes},
            {"buffer": 0, "byteOffset": points.nbytes, "byteLength": triangles.nbytes},
        ],
        "buffers": [{"byteLength": len(binary)}],
    }
    if path.suffix == ".gltf":
        document["buffers"] = [{"byteLength": len(binary), "uri": f"{path.stem}.bin"}]
        path.with_suffix(".bin").write_bytes(binary)
        path.write_text(json.dumps(document))
        return
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(binary), 0x004E4942) + binary
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body)


def _fbx(points: NDArray[np.float64], polygons: Polygons, node: str) -> str:
    numbers = ",".join(f"{v:.9g}" for v in points.ravel())
    corners = ",".join(str(k if n + 1 < len(p) else -k - 1) for p in polygons for n, k in enumerate(p))
    return f"""; FBX 7.4.0 project file
FBXHeaderExtension:  {{
    FBXVersion: 7400
    Creator: "by hand"
}}
GlobalSettings:  {{
    Properties70:  {{
        P: "UpAxis", "int", "Integer", "",1
        P: "UnitScaleFactor", "double", "Number", "",100
    }}
}}
Objects:  {{
    Geometry: 10, "Geometry::cloth", "Mesh" {{
        Vertices: *{points.size} {{ a: {numbers} }}
        PolygonVertexIndex: *{corners.count(",") + 1} {{ a: {corners} }}
    }}
    Model: 20, "Model::cloth", "Mesh" {{
        Properties70:  {{
            {node}
        }}
    }}
}}
Connections:  {{
    C: "OO",10,20
    C: "OO",20,0
}}
"""


def _usda(points: NDArray[np.float64], polygons: Polygons, node: str) -> str:
    return f"""#usda 1.0
(
    metersPerUnit = 1
    upAxis = "Y"
)
def Mesh "cloth" {{
    {node}
    int[] faceVertexCounts = [{", ".join(str(len(p)) for p in polygons)}]
    int[] faceVertexIndices = [{", ".join(str(k) for p in polygons for k in p)}]
    point3f[] points = [{", ".join(f"({x:.9g}, {y:.9g}, {z:.9g})" for x, y, z in points)}]
}}
"""
