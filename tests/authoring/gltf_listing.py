"""GLBs as other tools write them, and a reader that lists what a GLB holds; neither uses dressform's own codec."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib as gltf
from numpy.typing import NDArray
from PIL import Image

from dressform.runtime.geometry.rotations import quat_to_matrix

Array = NDArray[Any]
Listing = dict[str, Any]
DTYPES = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
BOOKKEEPING = {"_POINT", "_UV0", "_UV1"}  # dressform's own notes in its files


class Builder:
    """A GLB as some other tool would write it."""

    def __init__(self, seed: int) -> None:
        self.file = gltf.GLTF2(asset=gltf.Asset(version="2.0", generator="another tool"), scene=0)
        self.file.scenes = [gltf.Scene(nodes=[])]
        self.data = bytearray()
        self.random = np.random.default_rng(seed)

    def view(self, data: bytes) -> int:
        self.data.extend(b"\0" * (-len(self.data) % 4))
        self.file.bufferViews.append(gltf.BufferView(buffer=0, byteOffset=len(self.data), byteLength=len(data)))
        self.data.extend(data)
        return len(self.file.bufferViews) - 1

    def add(self, array: Array, kind: str, **more: Any) -> int:
        component = next(code for code, dtype in DTYPES.items() if dtype == array.dtype)
        view = self.view(np.ascontiguousarray(array).tobytes())
        self.file.accessors.append(
            gltf.Accessor(bufferView=view, componentType=component, count=len(array), type=kind, **more)
        )
        return len(self.file.accessors) - 1

    def floats(self, *shape: int) -> NDArray[np.float32]:
        return self.random.uniform(-1, 1, shape).astype(np.float32)

    def units(self, count: int) -> NDArray[np.float32]:
        values = self.random.normal(size=(count, 3))
        return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)

    def texture(self, color: str, **sampler: int) -> int:
        file = io.BytesIO()
        Image.new("RGB", (3, 5), color).save(file, "PNG")
        self.file.images.append(gltf.Image(bufferView=self.view(file.getvalue()), mimeType="image/png"))
        texture = gltf.Texture(source=len(self.file.images) - 1)
        if sampler:
            self.file.samplers.append(gltf.Sampler(**{"wrapS": None, "wrapT": None, **sampler}))
            texture.sampler = len(self.file.samplers) - 1
        self.file.textures.append(texture)
        return len(self.file.textures) - 1

    def primitive(self, base: tuple[float, float, float], *, material: int | None = 0, uvs: int = 1, colors: int = 0,
                  normals: bool = True, tangents: bool = False, influences: int = 0, joints: int = 1, targets: int = 0,
                  custom: bool = False, side: int = 4) -> gltf.Primitive:  # fmt: skip
        """Add a bent patch of cloth, 0.6 m high."""
        u, v = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side), indexing="ij")
        n = side * side
        points = np.stack([0.5 * u, 0.6 * v, 0.1 * np.sin(3 * u)], -1).reshape(-1, 3) + base
        a = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
        faces = np.concatenate([np.stack([a, a + side, a + 1], 1), np.stack([a + 1, a + side, a + side + 1], 1)])
        attributes = gltf.Attributes(POSITION=self.add(points.astype(np.float32), "VEC3"))

        def have(name: str, array: Array, kind: str, **more: Any) -> None:
            setattr(attributes, name, self.add(array, kind, **more))

        for k in range(uvs):
            have(f"TEXCOORD_{k}", self.floats(n, 2) * (k + 1), "VEC2")
        for k in range(colors):
            have(f"COLOR_{k}", self.random.integers(0, 256, (n, 4), np.uint8), "VEC4", normalized=True)
        if normals:
            have("NORMAL", self.units(n), "VEC3")
        if tangents:
            signs = np.where(self.random.random(n) < 0.5, -1, 1)
            have("TANGENT", np.column_stack([self.units(n), signs]).astype(np.float32), "VEC4")
        if custom:
            have("_WEARINESS", self.floats(n), "SCALAR")
            have("_FLOW", self.floats(n, 3), "VEC3")
        if influences:
            weights = self.random.dirichlet(np.ones(influences), n).astype(np.float32)
            indices = np.stack([self.random.permutation(joints)[:influences] for _ in range(n)]).astype(np.uint8)
            for k in range(influences // 4):
                have(f"JOINTS_{k}", np.ascontiguousarray(indices[:, 4 * k : 4 * k + 4]), "VEC4")
                have(f"WEIGHTS_{k}", np.ascontiguousarray(weights[:, 4 * k : 4 * k + 4]), "VEC4")
        given_targets = []
        for _ in range(targets):
            target = {"POSITION": self.add(self.floats(n, 3) * 0.1, "VEC3")}
            if normals:
                target["NORMAL"] = self.add(self.floats(n, 3) * 0.1, "VEC3")
            if tangents:
                target["TANGENT"] = self.add(self.floats(n, 3) * 0.1, "VEC3")
            given_targets.append(gltf.Attributes(**target))
        indices_at = self.add(faces.astype(np.uint16).ravel(), "SCALAR")
        return gltf.Primitive(attributes=attributes, indices=indices_at, material=material, targets=given_targets)

    def node(self, parent: int | None = None, **what: Any) -> int:
        self.file.nodes.append(gltf.Node(**what))
        number = len(self.file.nodes) - 1
        if parent is None:
            self.file.scenes[0].nodes.append(number)
        else:
            self.file.nodes[parent].children = [*(self.file.nodes[parent].children or []), number]
        return number

    def write(self, path: Path) -> Path:
        self.file.buffers = [gltf.Buffer(byteLength=len(self.data))]
        self.file.set_binary_blob(bytes(self.data))
        path.write_bytes(b"".join(self.file.save_to_bytes()))
        return path


class Walker:
    """Lists a GLB: what each material's corners have, in world space, and all that is said beside it."""

    def __init__(self, path: Path) -> None:
        self.file = gltf.GLTF2().load(str(path))
        self.json = json.loads(self.file.to_json())
        self.blob = self.file.binary_blob()
        self.parents = {c: k for k, n in enumerate(self.json["nodes"]) for c in n.get("children", [])}

    def array(self, index: int) -> Array:
        accessor = self.json["accessors"][index]
        view = self.json["bufferViews"][accessor["bufferView"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        width, dtype = WIDTHS[accessor["type"]], np.dtype(DTYPES[accessor["componentType"]])
        flat = np.frombuffer(self.blob, dtype, accessor["count"] * width, start).reshape(-1, width)
        return flat.astype(np.float64) / (np.iinfo(dtype).max if accessor.get("normalized") else 1)

    def world(self, node: int) -> Array:
        it = self.json["nodes"][node]
        local = np.eye(4)
        if "matrix" in it:
            local = np.array(it["matrix"]).reshape(4, 4).T
        else:
            local[:3, :3] = quat_to_matrix(np.array(it.get("rotation", (0, 0, 0, 1)), float))
            local[:3, :3] *= np.array(it.get("scale", (1, 1, 1)))
            local[:3, 3] = it.get("translation", (0, 0, 0))
        return self.world(self.parents[node]) @ local if node in self.parents else local

    def order(self) -> list[int]:
        """Nodes depth first, as every tool lists them."""
        found, stack = [], list(reversed(self.json["scenes"][0]["nodes"]))
        while stack:
            found.append(stack.pop())
            stack += reversed(self.json["nodes"][found[-1]].get("children") or [])
        return found

    def material_name(self, index: int | None) -> str:
        return "(none)" if index is None else str(self.json["materials"][index]["name"])

    def listing(self) -> Listing:
        rows: dict[str, list[Array]] = {}
        out: Listing = {}
        for number in self.order():
            node = self.json["nodes"][number]
            if "mesh" not in node:
                continue
            mesh = self.json["meshes"][node["mesh"]]
            names = mesh.get("extras", {}).get("targetNames", [])
            for name, weight in zip(names, node.get("weights") or mesh.get("weights") or [], strict=True):
                out[f"morph {name}: weight"] = np.array([weight])
            for primitive in mesh["primitives"]:
                label = self.material_name(primitive.get("material"))
                for what, values in self.corners(number, node, primitive, names):
                    rows.setdefault(f"{label}: {what}", []).append(values)
                for mapping in primitive.get("extensions", {}).get("KHR_materials_variants", {}).get("mappings", []):
                    for variant in mapping["variants"]:
                        name = self.json["extensions"]["KHR_materials_variants"]["variants"][variant]["name"]
                        out[f"variant {name} of {label}"] = self.material_name(mapping["material"])
        out |= {key: np.concatenate(values) for key, values in rows.items()}
        for material in self.json.get("materials", []):
            out |= dict(self.material(material))
        for skin in self.json.get("skins", []):
            for joint in skin["joints"]:
                name = self.json["nodes"][joint]["name"]
                out[f"joint {name}: rest"] = self.world(joint).ravel()
                above = self.parents.get(joint)
                while above is not None and above not in skin["joints"]:
                    above = self.parents.get(above)
                out[f"joint {name}: parent"] = None if above is None else self.json["nodes"][above]["name"]
        return out

    def corners(self, number: int, node: dict[str, Any], primitive: dict[str, Any], names: list[str]) -> Iterator[Any]:
        attributes = {name: self.array(index) for name, index in primitive["attributes"].items() if index is not None}
        n = len(attributes["POSITION"])
        moves = np.tile(self.world(number), (n, 1, 1))
        held = np.zeros((n, len(self.json["nodes"])))
        if "skin" in node and "JOINTS_0" in attributes:
            skin = self.json["skins"][node["skin"]]
            inverse = self.array(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
            for k in range(2):
                if f"JOINTS_{k}" in attributes:
                    joints = np.array(skin["joints"])[attributes[f"JOINTS_{k}"].astype(int)]
                    np.add.at(held, (np.arange(n)[:, None], joints), attributes[f"WEIGHTS_{k}"])
            matrices = np.zeros((len(self.json["nodes"]), 4, 4))
            for joint, bind in zip(skin["joints"], inverse, strict=True):
                matrices[joint] = self.world(joint) @ bind
            moves = np.einsum("vj,jab->vab", held, matrices)
        order = self.array(primitive["indices"]).astype(int).reshape(-1, 3)
        if np.linalg.det(moves[0][:3, :3]) < 0:
            order = order[:, ::-1]
        order = order.ravel()
        turn, normal = moves[:, :3, :3], np.linalg.inv(moves[:, :3, :3]).transpose(0, 2, 1)
        mirror = np.sign(np.linalg.det(turn))

        def unit(matrix: Array, values: Array) -> Array:
            turned = np.einsum("vij,vj->vi", matrix, values)
            return np.asarray(turned / np.linalg.norm(turned, axis=1, keepdims=True))

        point = np.einsum("vij,vj->vi", turn, attributes["POSITION"]) + moves[:, :3, 3]
        found: dict[str, Array] = {"POSITION": point}
        for name, values in attributes.items():
            if name == "NORMAL":
                found[name] = unit(normal, values)
            elif name == "TANGENT":
                found[name] = np.column_stack([unit(turn, values[:, :3]), values[:, 3] * mirror])
            elif name not in BOOKKEEPING and not name.startswith(("POSITION", "JOINTS", "WEIGHTS")):
                found[name] = values
        for joint in np.flatnonzero(held[order].any(axis=0)):
            found[f"weight on {self.json['nodes'][joint]['name']}"] = held[:, [joint]]
        for name, target in zip(names, primitive.get("targets", []), strict=True):
            moved = {key: self.array(index) for key, index in target.items() if index is not None}
            found[f"morph {name}: POSITION"] = np.einsum("vij,vj->vi", turn, moved["POSITION"])
            if "NORMAL" in moved:  # as it looks when the target is fully on
                found[f"morph {name}: NORMAL"] = unit(normal, attributes["NORMAL"] + moved["NORMAL"])
            if "TANGENT" in moved:
                found[f"morph {name}: TANGENT"] = unit(turn, attributes["TANGENT"][:, :3] + moved["TANGENT"])
        for name, values in found.items():
            yield name, values[order]

    def material(self, material: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        pbr = {"baseColorFactor": [1, 1, 1, 1], "metallicFactor": 1, "roughnessFactor": 1}
        whole = {"alphaMode": "OPAQUE", "doubleSided": False, "emissiveFactor": [0, 0, 0], **material}
        whole["pbrMetallicRoughness"] = {**pbr, **material.get("pbrMetallicRoughness", {})}
        yield from self.flat(f"material {material['name']}", whole)

    def flat(self, path: str, value: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict):
            if path.endswith("Texture"):
                transform = value.get("extensions", {}).get("KHR_texture_transform", {})
                texture = self.json["textures"][value["index"]]
                view = self.json["bufferViews"][self.json["images"][texture["source"]]["bufferView"]]
                start = view.get("byteOffset", 0)
                image = hashlib.sha256(self.blob[start : start + view["byteLength"]]).hexdigest()[:12]
                sampler = self.json["samplers"][texture["sampler"]] if "sampler" in texture else {}
                repeat = {"wrapS": 10497, "wrapT": 10497}
                yield f"{path} image", image
                yield f"{path} sampler", {**repeat, **{k: v for k, v in sampler.items() if v is not None}}
                yield f"{path} reads", transform.get("texCoord", value.get("texCoord", 0))
                value = {k: v for k, v in value.items() if k not in ("index", "texCoord")}
            if path.endswith("KHR_texture_transform"):
                value = {k: v for k, v in value.items() if k != "texCoord"}
            if not value:
                yield path, "is there"
            for key, item in value.items():
                yield from self.flat(f"{path} {key}", item)
        elif value is not None:
            yield path, np.array(value, float) if isinstance(value, list | float | int) else value
