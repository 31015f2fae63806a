from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from dressform.assets.files.digests import rig_digest, topology_digest
from dressform.assets.library import Library
from dressform.assets.lock import make_lock, read_lock, resolve_lock, write_lock
from dressform.assets.semver import parse_version
from dressform.schemas.documents import check_document
from dressform.schemas.errors import AssetError, InputError, UsageError
from dressform.schemas.report import Finding, Report, Severity


def test_publish_and_read_back(library, publish, draft, tube, rig):
    published = publish(draft)
    assert published.label == "tee@1.0.0"
    assert published.created
    assert list(tube.points.shape) == [published.manifest["mesh"]["points"], 3]
    version = library.resolve("tee")
    np.testing.assert_array_equal(version.mesh().points, tube.points)
    assert topology_digest(version.mesh()) == version.manifest["digests"]["topology"]
    assert rig_digest(version.rig("anny")) == rig_digest(rig) == version.manifest["digests"]["rig"]["anny"]
    check_document("template", version.manifest, "manifest")
    assert set(version.files) == {*version.manifest["files"], "template.json"}
    assert all(path.is_file() for path in version.files.values())
    assert [vars(s) for s in library.list()] == [
        {
            "name": "tee",
            "version": "1.0.0",
            "category": "tee",
            "sizes": ("M",),
            "variants": (),
            "bodies": ("anny",),
        }
    ]
    with pytest.raises(AssetError, match=r"no rig for the body 'smplx'; it has anny"):
        version.rig("smplx")


def test_metres_per_uv_is_the_scale_of_the_cloth(publish, make_draft, tmp_path, make_tube):
    tube = make_tube()
    # one UV unit is two metres: lay the triangles flat at that scale
    flat = dataclasses.replace(
        tube, points=np.pad(tube.uv1 * 2, ((0, 0), (0, 1))).astype(np.float32), faces=tube.uv1_faces
    )
    version = publish(make_draft(tmp_path / "flat", mesh=flat))
    assert version.manifest["metres_per_uv"]["uv1"] == pytest.approx(2.0, abs=1e-5)


def test_same_content_is_the_same_version(library, publish, draft, snapshot):
    first = publish(draft)
    before = snapshot(library.folder)
    again = publish(draft)
    assert not again.created
    assert again.digest == first.digest
    assert publish(draft, "1.0.0").created is False
    assert snapshot(library.folder) == before
    # unless another number is asked for
    assert publish(draft, "5.0.0").created
    assert library.resolve("tee").version == "5.0.0"


@pytest.mark.parametrize(
    ("change", "version", "words"),
    [
        (lambda d, m, e: m(d, mesh="topology"), "2.0.0", "the topology changed"),
        (lambda d, m, e: m(d, mesh="uv0"), "2.0.0", "UV0 changed"),
        (lambda d, m, e: m(d, mesh="uv1"), "1.1.0", "the atlas (UV1) changed"),
        (lambda d, m, e: m(d, mesh="looks"), "1.1.0", "the looks of size M changed"),
        (lambda d, m, e: m(d, mesh="shape"), "1.1.0", "the shape of size M changed"),
        (lambda d, m, e: m(d, rig_seed=6), "1.1.0", "the rig of body family anny changed"),
        (lambda d, m, e: m(d, sizes=("M", "L")), "1.1.0", "size L was added"),
        (lambda d, m, e: m(d, sizes=("L",)), "2.0.0", "size M was removed"),
        (lambda d, m, e: e(d, variants={"red": {"materials": {}}}), "1.1.0", "variant red was added"),
        (lambda d, m, e: e(d, layer=33), "1.1.0", "layer: 30 → 33"),
        (lambda d, m, e: e(d, title="A better tee"), "1.0.1", 'title: none → "A better tee"'),
        (lambda d, m, e: e(d, licence="MIT"), "1.0.1", 'licence: "CC0-1.0" → "MIT"'),
        (lambda d, m, e: e(d, tags=["summer"]), "1.0.1", 'tags: none → ["summer"]'),
        (lambda d, m, e: e(d, fabric={"weight": 0.2}), "1.1.0", 'fabric: none → {"weight": 0.2}'),
        (lambda d, m, e: (d / "preview.png").write_bytes(b"other"), "1.0.1", "preview.png was changed"),
    ],
)
def test_the_changes_ask_for_the_number(publish, draft, make_draft, make_tube, edit, change, version, words):
    publish(draft)
    tube = make_tube()
    meshes = {
        "topology": {"faces": tube.faces[:, [1, 2, 0]]},
        "uv0": {"uv0": tube.uv0 * np.float32(0.5)},
        "uv1": {"uv1": tube.uv1 * np.float32(0.5)},
        "looks": {"materials": tube.materials[::-1]},
        "shape": {"points": tube.points * np.float32(1.1)},
    }

    def again(folder: Path, mesh: str | None = None, **options: object) -> None:
        for glb in folder.rglob("*.glb"):
            glb.unlink()
        make_draft(folder, mesh=dataclasses.replace(tube, **meshes[mesh]) if mesh else None, **options)

    change(draft, again, edit)
    published = publish(draft)
    assert published.version == version
    assert words in [each.what for each in published.changes]


def test_a_version_that_promises_too_much_is_refused(library, publish, draft, edit, snapshot):
    publish(draft)
    edit(draft, variants={"red": {"materials": {}}})
    before = snapshot(library.folder)
    for small in ("1.0.1", "0.9.0", "1.0.1-rc.1"):
        with pytest.raises(AssetError, match=r"too small after 1\.0\.0: variant red.* needed 1\.1\.0"):
            publish(draft, small)
    with pytest.raises(AssetError, match=r"1\.0\.0 is there already with other content.* needed 1\.1\.0"):
        publish(draft, "1.0.0")
    with pytest.raises(UsageError, match="is not a version"):
        publish(draft, "next")
    assert snapshot(library.folder) == before
    assert publish(draft, "3.0.0").version == "3.0.0"


def test_variant_changes_the_material(library, publish, draft, edit):
    look = {"base_color": [0, 0, 0.2, 1], "base_color_image": "preview.png", "roughness": 0.5}
    edit(draft, variants={"navy": {"materials": {"cotton": look}}})
    publish(draft)
    navy, plain = library.resolve("tee/navy").mesh(), library.resolve("tee").mesh()
    assert navy.materials[0].base_color == (0, 0, 0.2, 1)
    assert navy.materials[0].base_color_image == (draft / "preview.png").read_bytes()
    assert navy.materials[0].normal_image == plain.materials[0].normal_image
    assert navy.materials[1] == plain.materials[1]


def test_another_picture_under_the_same_name_is_another_look(publish, draft, edit):
    edit(draft, variants={"navy": {"materials": {"cotton": {"base_color_image": "preview.png"}}}})
    publish(draft)
    (draft / "preview.png").write_bytes(b"another picture")
    published = publish(draft)
    assert published.version == "1.1.0"
    assert [change.what for change in published.changes] == [
        *("the look of variant navy changed", "preview.png was changed"),
    ]


def test_resolve_finds_the_highest_that_fits(library, publish, draft, edit):
    for version in ("1.0.0", "1.2.0", "1.10.0", "2.0.0"):
        edit(draft, title=version)
        publish(draft, version)
    for wear, want in {"tee": "2.0.0", "tee@^1": "1.10.0", "tee@~1.2": "1.2.0", "tee@>=1 <1.10": "1.2.0"}.items():
        assert library.resolve(wear).version == want
    with pytest.raises(
        AssetError, match=r"no version of tee fits tee@\^3; 1\.0\.0, 1\.2\.0, 1\.10\.0, 2\.0\.0: not in \^3"
    ):
        library.resolve("tee@^3")
    with pytest.raises(AssetError, match=r"no template 'tea' in .*; there are tee; did you mean 'tee'\?"):
        library.resolve("tea")
    with pytest.raises(AssetError, match=r"2\.0\.0: no size XS \(it has M\)"):
        library.resolve("tee:XS")
    with pytest.raises(AssetError, match=r"2\.0\.0: no variant navy \(it has only its own look\)"):
        library.resolve("tee/navy")


def test_empty_library(library):
    assert list(library.list()) == []
    with pytest.raises(AssetError, match=r"the library .* is empty; publish a draft"):
        library.resolve("tee")
    assert not library.folder.exists()


def test_a_yanked_version_is_found_only_by_its_number(library, publish, draft, edit):
    publish(draft)
    edit(draft, title="broken")
    publish(draft)
    library.yank("tee", "1.0.1", "left sleeve inside out")
    assert library.resolve("tee@^1").version == "1.0.0"
    assert library.resolve("tee@1.0.1").yanked == "left sleeve inside out"
    assert library.list()[0].version == "1.0.0"
    # the number is not free again, and its content may be published under a new one
    assert publish(draft).version == "1.0.2"
    with pytest.raises(AssetError, match=r"has no tee@9\.9\.9"):
        library.yank("tee", "9.9.9", "why")
    with pytest.raises(UsageError, match="needs a reason"):
        library.yank("tee", "1.0.0", " ")


def test_publish_wants_a_clean_report_on_this_draft(library, publish, draft, clean_report, tmp_path):
    report = clean_report(draft)
    report.add(Finding("DF-MESH-003", "mesh.loose", Severity.WARNING, "tee", "loose", "clean"))
    error = Finding("DF-SKIN-001", "skin.sum", Severity.ERROR, "tee", "weights sum to 0.93", "rig")
    broken = dataclasses.replace(report, findings=[*report.findings, error])
    with pytest.raises(AssetError, match=r"tee has 1 error, first DF-SKIN-001 weights sum to 0\.93"):
        library.publish(draft, broken)
    forged = {**broken.to_json(), "summary": report.summary()}
    with pytest.raises(AssetError, match="tee has 1 error"):
        library.publish(draft, forged)
    with pytest.raises(AssetError, match="changed since the report was made"):
        library.publish(draft, Report("tee", "0" * 64))
    with pytest.raises(InputError, match=r"report: at \$: 'summary' is a required property"):
        library.publish(draft, {"schema": "dressform/report/1", "target": "tee", "draft_digest": None})  # type: ignore[typeddict-item]
    (draft / "preview.png").write_bytes(b"changed")
    with pytest.raises(AssetError, match="changed since the report was made"):
        library.publish(draft, report)
    assert not library.folder.exists()
    (tmp_path / "report.json").write_text(json.dumps(clean_report(draft).to_json()))
    held = library.publish(draft, tmp_path / "report.json")
    # the report goes with the version, without the path it had on its maker's machine
    assert json.loads(held.file("report.json").read_text())["target"] == "tee"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "../tee"}, r"at \$\.name: '\.\./tee' is not a name"),
        ({"sizes": {"M": {"garment": "../../etc/passwd"}}}, r"at \$\.sizes\.M\.garment"),
        ({"sizes": {"M": {"garment": "/etc/passwd"}}}, "is not a relative path"),
        ({"sizes": {"M": {"garment": "sizes/S/garment.glb"}}}, "named in template.json but is not in the draft"),
        ({"default_size": "XL"}, "default_size is 'XL', needed one of M"),
        ({"schema": "dressform/draft/9"}, "'dressform/draft/1' was expected"),
        ({"variants": {"navy": {"materials": {"cotton": {"normal_image": "no.png"}}}}}, "needs no.png"),
        ({"unknown": 1}, "'unknown' was unexpected"),
    ],
)
def test_unsound_drafts_are_refused(library, publish, draft, change, message, edit):
    edit(draft, **change)
    with pytest.raises((AssetError, InputError), match=message):
        publish(draft)
    assert not library.folder.exists()


def test_drafts_whose_parts_do_not_fit(publish, draft, make_draft, make_tube, tmp_path, edit):
    other = make_draft(tmp_path / "other", mesh=make_tube(rows=7))
    (draft / "sizes" / "L").mkdir()
    (draft / "sizes" / "L" / "garment.glb").write_bytes((other / "sizes/M/garment.glb").read_bytes())
    edit(draft, sizes={size: {"garment": f"sizes/{size}/garment.glb"} for size in "ML"})
    with pytest.raises(AssetError, match="sizes M and L differ in topology"):
        publish(draft)
    (other / "rig.anny.safetensors").write_bytes((draft / "rig.anny.safetensors").read_bytes())
    with pytest.raises(AssetError, match="rig for anny has 40 points, the mesh 56"):
        publish(other)
    (other / "rig.anny.safetensors").unlink()
    with pytest.raises(AssetError, match="has no rig"):
        publish(other)
    with pytest.raises(AssetError, match="holds no draft"):
        publish(tmp_path)


def test_a_lock_names_exact_versions(library, publish, draft, tmp_path, edit):
    publish(draft)
    lock = make_lock(library, ["tee@^1:M"])
    write_lock(tmp_path / "dressform.lock", lock)
    edit(draft, title="newer")
    publish(draft)
    locked = read_lock(tmp_path / "dressform.lock")
    assert locked == lock
    assert [v.label for v in resolve_lock(library, locked)] == ["tee@1.0.0"]
    locked["templates"][0]["manifest"] = "0" * 64
    with pytest.raises(AssetError, match="is not the locked one"):
        resolve_lock(library, locked)
    library.yank("tee", "1.0.0", "but locks go on working")
    assert [v.label for v in resolve_lock(library, lock)] == ["tee@1.0.0"]


def test_export_and_import(library, publish, draft, clean_report, tmp_path, tube, edit):
    version = publish(draft)
    version.export(tmp_path / "out")
    other = Library.open(tmp_path / "other")
    assert other.import_version(tmp_path / "out").digest == version.digest
    assert other.import_version(tmp_path / "out").digest == version.digest  # twice is once
    np.testing.assert_array_equal(other.resolve("tee").mesh().points, tube.points)
    with pytest.raises(AssetError, match="is not empty"):
        version.export(tmp_path / "out")
    edit(draft, title="other content")
    third = Library.open(tmp_path / "third")
    third.publish(draft, clean_report(draft))
    with pytest.raises(AssetError, match=r"holds another tee@1\.0\.0"):
        third.import_version(tmp_path / "out")
    (tmp_path / "out" / "preview.png").write_bytes(b"damaged")
    with pytest.raises(AssetError, match=r"preview\.png is missing or damaged"):
        Library.open(tmp_path / "fourth").import_version(tmp_path / "out")


def test_open_refuses_what_is_no_library(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.tex").write_text("do not touch")
    for path in (tmp_path / "folder", tmp_path / "folder" / "thesis.tex"):
        with pytest.raises(AssetError, match="is not a library"):
            Library.open(path)
    monkeypatch.setenv("DRESSFORM_LIBRARY", str(tmp_path / "named"))
    assert Library.open().folder == tmp_path / "named"
    monkeypatch.delenv("DRESSFORM_LIBRARY")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    if sys.platform == "linux":
        assert Library.open().folder == tmp_path / "data" / "dressform" / "library"


def test_the_default_library_lies_over_the_starter(
    publish, draft, library, make_draft, clean_report, tmp_path, monkeypatch
):
    publish(draft)
    monkeypatch.setattr("dressform.assets.library.STARTER", library.folder)
    monkeypatch.setenv("DRESSFORM_LIBRARY", str(tmp_path / "user"))
    layered = Library.open()
    assert layered.resolve("tee").manifest_path.is_relative_to(library.folder)
    skirt = make_draft(tmp_path / "skirt", name="skirt", category="skirt")
    layered.publish(skirt, clean_report(skirt))
    assert list(layered.names()) == ["skirt", "tee"]
    assert not layered.covers("skirt")
    assert not layered.covers("tee")
    layered.publish(draft, clean_report(draft))
    assert layered.covers("tee")
    assert list(Library.open(library.folder).names()) == ["tee"]  # the starter itself is never written
    assert parse_version(layered.resolve("skirt").version)
