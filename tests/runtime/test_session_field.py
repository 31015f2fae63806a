"""Garments whose version carries a field. It is synthetic, smooth random modes: nothing is learned here."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import numpy as np
import pytest
from click.testing import CliRunner

from dressform.assets.files.field_file import as_written, field_bytes
from dressform.assets.library import Library
from dressform.authoring.steps.rig import rig_mesh
from dressform.cli import cli
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.session import TryOn
from dressform.schemas.errors import AssetError
from dressform.validators.engine import validate
from dressform.validators.examples.builder import Parts, tube
from dressform.validators.examples.field import carry_a_field

from .garment.field_maker import make_field

SIZE = (128, 128)
FIELD, CARD = "field.anny.safetensors", "field.anny.json"


@pytest.fixture(scope="module")
def parts():
    mesh = tube(rings=24, around=64)
    rig, _ = rig_mesh(mesh, canonical_rest())
    manifest = {
        "schema": "dressform/draft/1", "name": "tube", "category": "top", "layer": 20,
        "sizes": {"M": {"garment": "sizes/M/garment.glb"}}, "licence": "CC0-1.0", "authors": ["a tailor"],
    }  # fmt: skip
    return Parts(mesh, rig, manifest, skin=rig)


@pytest.fixture(scope="module")
def field(parts):
    return make_field(canonical_rest(), parts.mesh, parts.rig, amplitude=0.008)


def publish(parts, field, folder):
    """Publish the tube with a field, its card otherwise that of a sound example."""
    content = field_bytes(field)
    own = dataclasses.replace(parts, files={})
    carry_a_field(own)
    card = json.loads(own.files[CARD])
    card["digests"] |= {"field": hashlib.sha256(content).hexdigest()}
    card["megabytes"] = len(content) / 1e6
    own.files |= {FIELD: content, CARD: json.dumps(card).encode()}
    draft = own.write(folder / "draft")
    library = Library.open(folder / "library")
    library.publish(draft, validate(draft, publishing=True))
    return library


@pytest.fixture(scope="module")
def folder(parts, field, tmp_path_factory):
    made = tmp_path_factory.mktemp("fields")
    publish(parts, field, made)
    return made / "library"


@pytest.fixture(scope="module")
def library(folder):
    return Library.open(folder)


def frame(avatar, library, **options):
    tryon = TryOn(avatar, ["tube"], library=library, size=SIZE, **options)
    return tryon, next(iter(tryon.stream("idle", fps=10))).rgb.copy()


def test_a_version_gives_back_the_field_that_was_published(library, field):
    version = library.resolve("tube")
    np.testing.assert_array_equal(version.field("anny").modes, as_written(field).modes)
    assert version.field("smplx") is None
    assert version.manifest["digests"]["field"] == {"anny": version.manifest["files"][FIELD]["sha256"]}


def test_the_field_acts_unless_it_is_switched_off(library, plain_avatar):
    with_field, moved = frame(plain_avatar, library)
    without, plain = frame(plain_avatar, library, field=False)
    assert (with_field.fields, without.fields) == ({"tube": True}, {"tube": False})
    assert np.abs(moved.astype(int) - plain).mean() > 0.2


def test_a_field_of_another_tool_is_left_out_and_said(folder, plain_avatar, tmp_path, monkeypatch):
    monkeypatch.setattr("dressform.runtime.garment.field.FEATURES", ("another",))
    args = ["render", str(plain_avatar), "--wear", "tube", "--library", str(folder), "--size", "64x64"]
    result = CliRunner().invoke(cli, [*args, "--seconds", "0.1", "-o", str(tmp_path / "out.mp4")])
    assert result.exit_code == 0
    assert "posed without its field: tube@1.0.0: its field was trained on other features" in result.stderr


def test_a_field_for_another_mesh_is_not_published(parts, field, tmp_path):
    with pytest.raises(AssetError, match="DF-FIELD-002 it was trained for the mesh 000000000000"):
        publish(parts, dataclasses.replace(field, topology="0" * 64), tmp_path)


def test_a_version_refuses_a_field_that_is_not_its_own(library):
    version = library.resolve("tube")
    digests = {**version.manifest["digests"], "topology": "1" * 64}
    other = dataclasses.replace(version, manifest={**version.manifest, "digests": digests})
    with pytest.raises(AssetError, match=r"tube@1.0.0: field.anny.safetensors is for anny and the mesh"):
        other.field("anny")
