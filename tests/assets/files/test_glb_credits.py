"""What a GLB says about its makers and what may be done with it."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from dressform.assets.files.glb import glb_bytes
from dressform.assets.files.glb_credits import credits_in, credits_packet
from dressform.authoring.steps.export import export
from dressform.authoring.steps.import_mesh import ImportOptions, import_mesh

MANIFEST: dict[str, Any] = {
    "name": "tee",
    "title": "Tee",
    "licence": "CC0-1.0",
    "authors": ["Ada", "Bo"],
    "permissions": {"use": "everyone", "commercial_use": "corporation", "redistribution": True},
}


def document_of(glb: bytes) -> dict[str, Any]:
    (length,) = struct.unpack_from("<I", glb, 12)
    document = json.loads(glb[20 : 20 + length])
    assert isinstance(document, dict)
    return document


def test_a_glb_carries_what_the_manifest_says(parts: Any) -> None:
    document = document_of(glb_bytes(parts.mesh, manifest=MANIFEST))
    packet = document["extensions"]["KHR_xmp_json_ld"]["packets"][
        document["asset"]["extensions"]["KHR_xmp_json_ld"]["packet"]
    ]
    assert "KHR_xmp_json_ld" in document["extensionsUsed"]
    assert packet["dc:creator"] == {"@list": ["Ada", "Bo"]}
    assert packet["dc:rights"]["rdf:_1"]["@value"] == "CC0-1.0"
    assert packet["xmpRights:WebStatement"] == "https://creativecommons.org/publicdomain/zero/1.0/"
    assert packet["vrm:avatarPermission"] == "everyone"
    assert credits_in(document) == {key: MANIFEST[key] for key in ("title", "licence", "authors", "permissions")}


def test_a_garment_that_names_nobody_has_no_packet(parts: Any) -> None:
    assert credits_packet({"name": "tee", "licence": "LicenseRef-unstated", "authors": []}) is None
    assert "extensions" not in document_of(glb_bytes(parts.mesh))["asset"]


@pytest.mark.parametrize(
    "packet",
    [
        "text",
        {"dc:creator": 3, "dc:rights": {"rdf:_1": 4}, "dc:title": ""},
        {"vrm:avatarPermission": "whoever", "vrm:allowRedistribution": "yes", "vrm:commercialUsage": ["corporation"]},
    ],
)
def test_what_is_not_understood_is_left_out(packet: object) -> None:
    document = {
        "asset": {"extensions": {"KHR_xmp_json_ld": {"packet": 0}}},
        "extensions": {"KHR_xmp_json_ld": {"packets": [packet]}},
    }
    assert credits_in(document) == {}
    assert credits_in({"asset": {}}) == {}


def test_credits_survive_export_and_import(tmp_path: Path, parts: Any) -> None:
    source = tmp_path / "tee.glb"
    source.write_bytes(glb_bytes(parts.mesh, manifest=MANIFEST))
    draft = import_mesh(source, tmp_path / "draft", ImportOptions())
    assert draft.manifest["authors"] == ["Ada", "Bo"]
    assert draft.manifest["permissions"] == MANIFEST["permissions"]
    again = export(draft, tmp_path / "again.glb")
    told = credits_in(document_of(again.read_bytes()))
    assert (told["licence"], told["permissions"]) == ("CC0-1.0", MANIFEST["permissions"])
