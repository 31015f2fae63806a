from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dressform.assets.library import Library
from dressform.authoring.learn.specimen import Specimen
from dressform.schemas.errors import InputError


@pytest.fixture(scope="module")
def tee() -> Specimen:
    return Specimen.of(Library.embedded().resolve("tee"))


def test_sizes_come_in_order_with_their_own_bindings(tee: Specimen) -> None:
    assert list(tee.meshes) == ["S", "M", "L"]
    assert tee.default_size == "M"
    assert tee.size_like("L") == "L"
    assert tee.size_like("XXL") == "M"
    assert not np.array_equal(tee.rig_of("S").binding_offsets, tee.rig_of("M").binding_offsets)


def test_it_is_read_as_it_was_written(tee: Specimen, tmp_path: Path) -> None:
    tee.write(tmp_path / "garment")
    read = Specimen.read(tmp_path / "garment")
    assert read.digest == tee.digest
    for size, mesh in tee.meshes.items():
        np.testing.assert_array_equal(read.meshes[size].points, mesh.points)
        np.testing.assert_array_equal(read.meshes[size].faces, mesh.faces)
        assert read.meshes[size].parts == mesh.parts
        assert [own.name for own in read.meshes[size].materials] == [own.name for own in mesh.materials]
    assert sum(path.stat().st_size for path in (tmp_path / "garment").iterdir()) < 8_000_000


def test_the_digest_is_of_what_a_simulation_reads(tee: Specimen) -> None:
    mesh = tee.meshes["M"]
    moved = replace(mesh, points=mesh.points + np.float32(0.001))
    assert replace(tee, meshes={**tee.meshes, "M": moved}).digest != tee.digest
    assert tee.fabric is not None
    assert replace(tee, fabric={**tee.fabric, "weight": 0.3}).digest != tee.digest
    assert replace(tee, version="9.9.9").digest == tee.digest


def test_damage_is_found(tee: Specimen, tmp_path: Path) -> None:
    tee.write(tmp_path)
    (tmp_path / "M.glb").write_bytes((tmp_path / "L.glb").read_bytes())
    with pytest.raises(InputError, match="its files are not those"):
        Specimen.read(tmp_path)
    (tmp_path / "garment.json").write_text("{}")
    with pytest.raises(InputError, match="not a sampled garment"):
        Specimen.read(tmp_path)
