"""Every rule finds its defect, names the place, and is silent on a sound draft."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dressform.assets.library import Library
from dressform.schemas.report import Severity
from dressform.validators.engine import validate
from dressform.validators.rules.table import RULES

Break = Callable[[Any], None]
DRAFT_CASES: dict[str, Break] = {}


def case(rule: str) -> Callable[[Break], Break]:
    def register(function: Break) -> Break:
        DRAFT_CASES[rule] = function
        return function

    return register


@case("manifest.schema")
def _(parts: Any) -> None:
    parts.manifest["name"] = "No Spaces Allowed!"


@case("manifest.licence")
def _(parts: Any) -> None:
    parts.manifest["licence"] = "LicenseRef-unstated"


@case("manifest.authors")
def _(parts: Any) -> None:
    parts.manifest["authors"] = []


@case("manifest.sizes")
def _(parts: Any) -> None:
    parts.manifest["sizes"]["L"] = {"garment": "sizes/L/garment.glb"}


@case("manifest.paths")
def _(parts: Any) -> None:
    parts.manifest["files"] = {"../../etc/passwd": {"sha256": "0" * 64, "size": 1}}


def _with_faces(parts: Any, faces: list[list[int]], uv_faces: list[list[int]] | None = None) -> None:
    mesh = parts.mesh
    added = np.array(faces, np.int32)
    corners = np.array(uv_faces or [[0, 1, 2]] * len(faces), np.int32)
    parts.change_mesh(
        faces=np.concatenate([mesh.faces, added]),
        uv0_faces=np.concatenate([mesh.uv0_faces, corners]),
        uv1_faces=np.concatenate([mesh.uv1_faces, corners]),
        material_ids=np.zeros(len(mesh.faces) + len(added), np.int32),
    )


@case("mesh.degenerate")
def _(parts: Any) -> None:
    _with_faces(parts, [[3, 3, 4]])


@case("mesh.duplicate")
def _(parts: Any) -> None:
    _with_faces(parts, [parts.mesh.faces[5].tolist()])


@case("mesh.loose")
def _(parts: Any) -> None:
    faces = parts.mesh.faces
    keep = ~(faces == 0).any(axis=1)
    parts.change_mesh(
        faces=faces[keep],
        uv0_faces=parts.mesh.uv0_faces[keep],
        uv1_faces=parts.mesh.uv1_faces[keep],
        material_ids=parts.mesh.material_ids[keep],
    )


@case("mesh.orientation")
def _(parts: Any) -> None:
    faces = parts.mesh.faces.copy()
    faces[40] = faces[40][::-1]
    parts.change_mesh(faces=faces)


@case("mesh.manifold")
def _(parts: Any) -> None:
    a, b, _ = parts.mesh.faces[40].tolist()
    _with_faces(parts, [[a, b, 100], [b, a, 70]])


@case("mesh.openings")
def _(parts: Any) -> None:
    around, middle = 16, len(parts.mesh.points)
    lid = [[k, middle, (k + 1) % around] for k in range(around)]
    points = np.concatenate([parts.mesh.points, [[0, 0, 0.9]]]).astype(np.float32)
    parts.change_mesh(points=points)
    _with_faces(parts, lid)


@case("mesh.scale")
def _(parts: Any) -> None:
    parts.change_mesh(points=parts.mesh.points * np.float32(0.01))


@case("mesh.budget")
def _(parts: Any) -> None:
    count = 61_000
    _with_faces(parts, parts.mesh.faces[np.arange(count) % len(parts.mesh.faces)].tolist())


@case("mesh.placed")
def _(parts: Any) -> None:
    parts.change_mesh(points=parts.mesh.points + np.array([1, 0, 0], np.float32))


@case("sizes.topology")
def _(parts: Any) -> None:
    parts.manifest["sizes"]["L"] = {"garment": "sizes/L/garment.glb"}
    parts.other_size = True


@case("uv.missing")
def _(parts: Any) -> None:
    parts.change_mesh(uv1=None, uv1_faces=None)


@case("uv.range")
def _(parts: Any) -> None:
    parts.change_mesh(uv1=parts.mesh.uv1 + np.float32(0.2))


@case("uv.flipped")
def _(parts: Any) -> None:
    parts.change_mesh(uv1=(1 - parts.mesh.uv1[:, [0]]) * [1, 0] + parts.mesh.uv1 * [0, 1])
    parts.change_mesh(uv1=parts.mesh.uv1.astype(np.float32))


@case("uv.zero-area")
def _(parts: Any) -> None:
    corners = parts.mesh.uv1_faces.copy()
    corners[7] = corners[7, 0]
    parts.change_mesh(uv1_faces=corners)


@case("uv.overlap")
def _(parts: Any) -> None:
    corners = parts.mesh.uv1_faces.copy()
    corners[60] = corners[20]
    parts.change_mesh(uv1_faces=corners)


@case("uv.stretch")
def _(parts: Any) -> None:
    parts.change_mesh(uv1=(parts.mesh.uv1 * [1, 0.4]).astype(np.float32))


@case("place.confidence")
def _(parts: Any) -> None:
    parts.reports["place"] = {"confidence": 0.31, "reason": "found no opening; it hangs nowhere"}


@case("skin.sum")
def _(parts: Any) -> None:
    weights = parts.rig.joint_weights.copy()
    weights[11] = 0.4
    parts.change_rig(joint_weights=weights)


@case("skin.negative")
def _(parts: Any) -> None:
    weights = parts.rig.joint_weights.copy()
    weights[11, :2] = [1.5, -0.5]
    parts.change_rig(joint_weights=weights)


@case("skin.joints")
def _(parts: Any) -> None:
    parts.change_rig(joints=("tail", *parts.rig.joints[1:]))


@case("skin.body")
def _(parts: Any) -> None:
    parts.change_rig(body_digest="another")


@case("skin.binding")
def _(parts: Any) -> None:
    offsets = parts.rig.binding_offsets.copy()
    offsets[3] = [0, 0, 5]
    parts.change_rig(binding_offsets=offsets)


@case("skin.count")
def _(parts: Any) -> None:
    rig = parts.rig
    names = ["joint_indices", "joint_weights", "binding_triangles", "binding_barycentrics", "binding_offsets"]
    parts.change_rig(**{name: getattr(rig, name)[:-1] for name in names})


@case("texture.size")
def _(parts: Any) -> None:
    material = replace(parts.mesh.materials[0], base_color_image=parts.encode((60, 64)))
    parts.change_mesh(materials=(material,))


@case("texture.readable")
def _(parts: Any) -> None:
    material = replace(parts.mesh.materials[0], base_color_image=parts.encode()[:90])
    parts.change_mesh(materials=(material,))


@case("picture.preview")
def _(parts: Any) -> None:
    parts.files["preview.png"] = parts.encode(blank=True)


# these look at versions only; the library cases below break them
VERSION_RULES = {"manifest.files", "manifest.digests"}


def test_no_rule_is_without_a_failing_case() -> None:
    assert {rule.name for rule in RULES} == set(DRAFT_CASES) | VERSION_RULES


def test_codes_and_names_are_unique() -> None:
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES) >= 25


def test_a_sound_draft_is_clean(parts: Any, tmp_path: Path) -> None:
    report = validate(parts.write(tmp_path / "draft"), publishing=True)
    assert report.findings == []
    assert {skipped.name for skipped in report.not_tested} == VERSION_RULES
    assert report.passed == len(RULES) - len(VERSION_RULES)


@pytest.mark.parametrize("name", sorted(DRAFT_CASES))
def test_the_defect_is_found_and_placed(name: str, parts: Any, encode: Any, tmp_path: Path) -> None:
    parts.encode = encode
    parts.other_size = False
    DRAFT_CASES[name](parts)
    folder = parts.write(tmp_path / "draft")
    if parts.other_size:
        from dressform.assets.files.glb import write_glb

        write_glb(folder / "sizes" / "L" / "garment.glb", replace(parts.mesh, faces=parts.mesh.faces[::-1].copy()))
    report = validate(folder)
    found = [finding for finding in report.findings if finding.name == name]
    rule = next(rule for rule in RULES if rule.name == name)
    assert found, f"found only {[finding.name for finding in report.findings]}"
    assert all(finding.rule == rule.code and finding.severity is rule.severity for finding in found)
    assert all(finding.path.startswith("draft/") and finding.message and finding.cure for finding in found)


def test_places_name_the_faces(parts: Any, tmp_path: Path) -> None:
    DRAFT_CASES["mesh.degenerate"](parts)
    (finding,) = [f for f in validate(parts.write(tmp_path / "d")).findings if f.name == "mesh.degenerate"]
    assert finding.place == {"size": "M", "faces": [len(parts.mesh.faces) - 1]}
    assert finding.value == 1


def test_a_step_not_run_is_not_tested_and_an_error_at_publish(parts: Any, tmp_path: Path) -> None:
    parts.steps.remove("rig")
    folder = parts.write(tmp_path / "draft")
    rules = {rule.name for rule in RULES if "rig" in rule.needs}
    report = validate(folder)
    assert report.findings == []
    assert rules <= {skipped.name for skipped in report.not_tested}
    errors = {f.name for f in validate(folder, publishing=True).findings if f.severity is Severity.ERROR}
    assert errors == rules


def test_an_unreadable_file_is_a_finding_not_a_crash(parts: Any, tmp_path: Path) -> None:
    folder = parts.write(tmp_path / "draft")
    glb = folder / "sizes" / "M" / "garment.glb"
    glb.write_bytes(glb.read_bytes()[:500])
    report = validate(folder)
    assert "DF-FILE-001" in {finding.rule for finding in report.findings}
    assert report.summary()["errors"] == 1
    (folder / "template.json").write_text("{")
    assert "DF-FILE-001" in {finding.rule for finding in validate(folder).findings}


@pytest.mark.parametrize("name", sorted(VERSION_RULES))
def test_a_version_that_was_tampered_with(name: str, parts: Any, tmp_path: Path) -> None:
    folder = parts.write(tmp_path / "draft")
    path = tmp_path / "library"
    library = Library.open(path)
    version = library.publish(folder, validate(folder, publishing=True).to_json())
    assert validate(path).findings == []
    file = version.files["preview.png"]
    file.chmod(0o644)
    if name == "manifest.digests":
        file.write_bytes(file.read_bytes() + b" ")
    else:
        file.unlink()
    found = validate(path).findings
    assert name in {finding.name for finding in found}


def test_reports_are_deterministic_and_serialise(parts: Any, tmp_path: Path) -> None:
    DRAFT_CASES["mesh.orientation"](parts)
    folder = parts.write(tmp_path / "draft")
    first, second = (json.dumps(validate(folder).to_json()) for _ in range(2))
    assert first == second
