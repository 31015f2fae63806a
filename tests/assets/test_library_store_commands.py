from __future__ import annotations

import json
import os

import pytest

from dressform.__main__ import main
from dressform.assets.library import Library


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("DRESSFORM_LIBRARY", str(tmp_path / "library"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["library", *arguments])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def published(library, publish, draft, edit, make_draft, tmp_path) -> Library:
    """A library with tee 1.0.0 and 1.0.1 and a skirt."""
    publish(draft)
    edit(draft, title="second")
    publish(draft)
    publish(make_draft(tmp_path / "skirt", name="skirt", category="skirt"))
    return library


def versions(folder) -> list[str]:
    return [version.label for version in Library.open(folder).versions()]


def test_bundles(run, published, tmp_path):
    code, out, _ = run("export", "tee", "skirt", "--bundle", "newest.tar")
    assert (code, out) == (0, "exported tee@1.0.1, skirt@1.0.0 to newest.tar (0.0 MiB)\n")
    code, out, _ = run("export", "--all", "--bundle", "all.tar", "--json")
    assert code == 0
    size = (tmp_path / "all.tar").stat().st_size
    labels = ["skirt@1.0.0", "tee@1.0.0", "tee@1.0.1"]
    assert json.loads(out) == {"bundle": "all.tar", "bytes": size, "versions": labels}
    assert run("export", "tee@<1.0.1", "--all", "--bundle", "old.tar")[0] == 0
    assert run("lock", "skirt")[0] == 0
    assert run("export", "--lock", "dressform.lock", "--bundle", "locked.tar")[0] == 0
    held = {"newest": ["skirt@1.0.0", "tee@1.0.1"], "all": labels, "old": ["tee@1.0.0"], "locked": ["skirt@1.0.0"]}
    for name, wanted in held.items():
        assert run("import", f"{name}.tar", "--library", f"to-{name}")[0] == 0
        assert versions(tmp_path / f"to-{name}") == wanted
    code, out, _ = run("import", "newest.tar", "--library", "to-old")
    assert out == "imported skirt@1.0.0\nimported tee@1.0.1\n"
    assert "imported tee@1.0.1 (was there already)\n" in run("import", "all.tar", "--library", "to-old")[1]
    code, out, err = run("import", "dressform.lock", "--library", "to-old")
    assert (code, out) == (1, "")
    assert err.startswith("dressform: dressform.lock: not a bundle; needed a file that `dressform library export")


def test_a_bundle_can_be_looked_into(run, published, tmp_path):
    published.yank("tee", "1.0.0", "left sleeve inside out")
    run("export", "--all", "--bundle", "all.tar")
    code, out, _ = run("import", "all.tar", "--list", "--library", "nowhere")
    assert (code, out.splitlines()[1]) == (0, "tee@1.0.0  sizes M  yanked: left sleeve inside out")
    assert not (tmp_path / "nowhere").exists()
    assert set(json.loads(run("import", "all.tar", "--list", "--json")[1])) == {"schema", "templates", "blobs"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tee"], "give either --output for one version or --bundle for any number"),
        (["tee", "-o", "x", "--bundle", "y"], "give either --output for one version or --bundle"),
        (["tee", "skirt", "-o", "x"], "--output takes one WEAR; use --bundle FILE"),
        (["--bundle", "y"], "name what to bundle: WEARs, --lock FILE, or --all"),
        (["tee@^9", "--all", "--bundle", "y"], "no version is in these ranges"),
    ],
)
def test_wrong_use_of_export(run, published, arguments, message, tmp_path):
    code, out, err = run("export", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert not (tmp_path / "x").exists()
    assert not (tmp_path / "y").exists()


def test_signatures(run, published, tmp_path):
    code, out, _ = run("keygen", "tailor.key")
    assert code == 0
    assert out.startswith("wrote tailor.key (keep it secret) and tailor.key.pub (key ")
    assert run("keygen", "tailor.key")[0] == 2
    code, out, _ = run("verify", "--trusted", "tailor.key.pub")
    assert code == 1
    assert "DF-LIBRARY-008" in out
    for label in ("tee@1.0.0", "tee@1.0.1", "skirt"):
        assert run("sign", label, "--key", "tailor.key")[1].startswith("signed ")
    assert run("sign", "skirt", "--key", "tailor.key")[1].startswith("had signed already: skirt@1.0.0")
    assert run("verify", "--trusted", "tailor.key.pub")[:2] == (0, "3 versions sound, 0 errors\n")
    run("export", "--all", "--bundle", "all.tar")
    assert run("import", "all.tar", "--trusted", "tailor.key.pub", "--library", "other")[0] == 0
    assert run("verify", "--trusted", "tailor.key.pub", "--library", "other")[0] == 0
    run("keygen", "stranger.key")
    code, _, err = run("import", "all.tar", "--trusted", "stranger.key.pub", "--library", "third")
    assert code == 1
    assert "no trusted key signed" in err
    run("export", "skirt", "-o", "plain")
    code, _, err = run("import", "plain", "--trusted", "tailor.key.pub", "--library", "third")
    assert code == 2
    assert "a folder carries no signatures" in err


def test_publish_signs(run, make_draft, clean_report, tmp_path, monkeypatch):
    monkeypatch.setattr("dressform.validators.engine.validate", lambda target, **options: clean_report(target))
    run("keygen", "tailor.key")
    assert run("publish", str(make_draft(tmp_path / "draft")), "--sign", "tailor.key")[0] == 0
    assert run("verify", "--trusted", "tailor.key.pub")[0] == 0
    code, _, err = run("publish", str(tmp_path / "draft"), "--sign", "tailor.key.pub")
    assert code == 1
    assert "not a private key" in err


def test_gc(run, published, tmp_path):
    store = published.stores()[0]
    with store.writing():
        loose = store.blob_path(store.add_bytes(b"left behind"))
    assert run("gc")[1].splitlines()[1] == "1 file younger than 14 days kept"
    os.utime(loose, (1, 1))
    code, out, _ = run("gc", "--dry-run", "--json")
    assert code == 0
    result = json.loads(out)
    assert [row["sha256"] for row in result["removed"]] == [loose.name]
    assert (result["bytes"], result["kept"], result["dry_run"]) == (11, [], True)
    assert run("gc")[1] == f"1 file (0.0 MiB) removed from {tmp_path / 'library'}\n"
    assert not loose.exists()
    assert run("gc", "--grace-days", "-1")[0] == 2
    assert run("gc", "--library", "nowhere")[0] == 1
