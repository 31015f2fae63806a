from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Layer, Material, Part
from dressform.authoring.formats.obj_write import write_obj
from dressform.authoring.steps.import_mesh import read_mesh


def two_quads() -> GarmentMesh:
    picture = io.BytesIO()
    Image.new("RGB", (4, 6), "green").save(picture, "PNG")
    points = np.array([[0, 0, 1], [0.4, 0, 1], [0.8, 0, 1], [0, 0, 1.61], [0.4, 0.1, 1.6], [0.8, 0, 1.6]], "f4")
    faces = np.array([[0, 1, 4], [0, 4, 3], [1, 2, 5], [1, 5, 4]], "i4")
    return GarmentMesh(
        points,
        faces,
        points[:, [0, 2]] / 3,
        faces,
        None,
        None,
        (
            Material("red wool", (0.25, 0.5, 1, 0.5), picture.getvalue(), roughness=0.3, metallic=0.2),
            Material("lining"),
        ),
        np.array([0, 0, 1, 1], "i4"),
        polygons=np.array([0, 0, 1, 1], "i4"),
        parts=(Part("front panel"), Part("back")),
        part_ids=np.array([0, 0, 1, 1], "i4"),
        layers=(Layer("n", "normal", np.array([[0, -1, 0]], "f4"), faces * 0),),
    )


def test_polygons_groups_and_materials_come_back(tmp_path: Path) -> None:
    mesh = two_quads()
    path = tmp_path / "shirt front.obj"
    write_obj(path, mesh)
    imported = read_mesh(path)
    back = imported.mesh
    np.testing.assert_array_equal(back.points, mesh.points)
    np.testing.assert_array_equal(back.faces, mesh.faces)
    assert back.polygons is not None
    assert back.polygons.tolist() == [0, 0, 1, 1]
    assert back.uv0 is not None
    assert mesh.uv0 is not None
    np.testing.assert_array_equal(back.uv0, mesh.uv0)
    assert [part.name.rpartition(" / ")[2] for part in back.parts] == ["front panel", "back"]
    assert imported.metres_per_unit == 1.0
    assert back.layers[0].values[back.layers[0].faces].reshape(-1, 3).tolist() == [[0, -1, 0]] * 12
    wool = back.materials[back.material_ids[0]]
    assert (wool.name, wool.roughness, wool.metallic) == ("red_wool", 0.3, 0.2)
    assert wool.base_color_image == mesh.materials[0].base_color_image
    assert path.read_text().count("\nf ") == 2


def test_without_uvs_or_normals(tmp_path: Path) -> None:
    mesh = replace(two_quads(), uv0=None, uv0_faces=None, layers=(), materials=(Material(), Material("b")))
    write_obj(tmp_path / "a.obj", mesh)
    back = read_mesh(tmp_path / "a.obj").mesh
    assert back.uv0 is None
    normals = back.layers[0]
    assert normals.kind == "normal"
    np.testing.assert_allclose(np.linalg.norm(normals.values, axis=1), 1, atol=1e-6)
    assert (normals.values[:, 1] < -0.9).all()
