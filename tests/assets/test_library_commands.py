from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dressform.__main__ import main
from dressform.assets.library import Library

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys, tmp_path, monkeypatch) -> Run:
    monkeypatch.setenv("DRESSFORM_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["library", *(str(argument) for argument in arguments)])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def published(run, make_draft, clean_report, tmp_path) -> Path:
    """A library with tee 1.0.0 and 1.1.0."""
    library = Library.open()
    for variants in ({}, {"navy": {"materials": {"cotton": {"base_color": [0, 0, 0.2, 1]}}}}):
        draft = make_draft(tmp_path / "draft", variants=variants, title="Plain tee")
        library.publish(draft, clean_report(draft))
    return tmp_path / "library"


def test_list(run, published, tmp_path):
    code, out, _ = run("list", "--json")
    assert code == 0
    row = {"name": "tee", "version": "1.1.0", "category": "tee", "sizes": ["M"], "variants": ["navy"]}
    assert json.loads(out) == {"templates": [{**row, "bodies": ["anny"]}]}
    assert run("list")[1].split() == [
        "template",
        "version",
        "category",
        "sizes",
        "variants",
        "bodies",
        *["tee", "1.1.0", "tee", "M", "navy", "anny"],
    ]
    code, out, err = run("list", "--library", tmp_path / "new")
    assert (code, out) == (0, "")
    assert "is empty; publish with" in err
    assert not (tmp_path / "new").exists()


def test_show(run, published):
    _, out, _ = run("show", "tee@1.0.0")
    assert "Plain tee  ·  tee@1.0.0" in out
    assert "40 points, 64 triangles" in out
    assert "--wear tee" in out
    assert "`dressform library export tee@1.0.0 -o tee`" in " ".join(out.replace("│", " ").split())
    assert "sizes/M/garment.glb" not in out
    assert "sizes/M/garment.glb" in run("show", "tee@1.0.0", "--files")[1]
    _, out, _ = run("show", "tee", "--json")
    shown = json.loads(out)
    assert shown["manifest"]["version"] == "1.1.0"
    assert shown["versions"] == [{"version": "1.0.0", "yanked": None}, {"version": "1.1.0", "yanked": None}]


def test_resolve(run, published):
    assert run("resolve", "tee@^1", "tee/navy") == (0, "tee@^1 → tee@1.1.0:M\ntee/navy → tee@1.1.0:M/navy\n", "")
    code, out, err = run("resolve", "tee@~1.0", "tee/navy")
    assert (code, out) == (1, "")
    assert "fits both tee@~1.0 and tee/navy; 1.0.0: no variant navy (it has only its own look); 1.1.0: not in" in err
    assert "no rig for the body smplx" in run("resolve", "tee", "--body", "smplx")[2]
    code, out, err = run("resolve", "tea")
    assert (code, out) == (1, "")
    assert err == f"dressform: no template 'tea' in {published}; there are tee; did you mean 'tee'?\n"
    assert run("resolve", "../tee")[0] == 2


def test_diff(run, published):
    code, out, err = run("diff", "tee@1.0.0", "tee@1.1.0")
    assert (code, err) == (0, "")
    assert out.splitlines()[:2] == ["tee@1.0.0 → 1.1.0: a minor step", "minor: variant navy was added"]
    assert run("diff", "tee@1.0.0", "tee@1.0.0")[1] == "tee@1.0.0 → 1.0.0: the content is the same\n"
    told = json.loads(run("diff", "tee@1.1.0", "tee@1.0.0", "--json")[1])
    assert told["changes"] == [{"level": "major", "what": "variant navy was removed", "part": "looks"}]
    assert (told["bump"], told["least"], told["pictures"]) == ("major", "2.0.0", [])
    assert "back from the later" in run("diff", "tee@1.1.0", "tee@1.0.0")[1]


def test_diff_with_a_draft(run, published, make_draft, tmp_path, edit):
    """What the next number will be, before anything is published."""
    draft = make_draft(tmp_path / "next", rig_seed=6, variants={"navy": {"materials": {}}}, title="Plain tee")
    out = run("diff", "tee", draft)[1].splitlines()
    assert out[:3] == [
        *("tee@1.1.0 → the draft: a minor step, 1.2.0 or higher", "minor: the rig of body family anny changed"),
        "minor: the look of variant navy changed",
    ]
    assert any(line.startswith("  rig, anny: points whose weights changed 100 %") for line in out)
    edit(draft, name="vest")
    assert "are two templates" in run("diff", "tee", draft)[1]


def test_log(run, published):
    run("yank", "tee@1.0.0", "--reason", "no navy")
    code, out, _ = run("log", "tee")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("tee@1.1.0  minor after 1.0.0  sha256 ")
    assert lines[1] == "  minor: variant navy was added"
    assert lines[2].startswith("tee@1.0.0  the first  sha256 ")
    assert lines[2].endswith(", yanked: no navy")
    told = json.loads(run("log", "tee", "--json")[1])
    assert [(v["version"], v["base"], v["bump"], v["yanked"]) for v in told["versions"]] == [
        *(("1.1.0", "1.0.0", "minor", None), ("1.0.0", None, None, "no navy")),
    ]
    assert run("log", "tea")[0] == 1


def test_search(run, published, tmp_path, monkeypatch):
    monkeypatch.setenv("DRESSFORM_CACHE", str(tmp_path / "cache"))
    code, out, err = run("search", "plain", "tee", "--category", "tee", "--size", "M", "--color", "#00007c")
    assert (code, err) == (0, "")
    assert "tee@1.1.0/navy" in out
    told = json.loads(run("search", "--json")[1])
    assert [hit["name"] for hit in told["templates"]] == ["tee"]
    assert run("search", "silk", "--rebuild")[1:] == ("", "nothing was found; see all with `dressform library list`\n")
    assert run("search", "--category", "hats")[0] == 2


def test_yank(run, published):
    assert run("yank", "tee@1.1.0", "--reason", "wrong navy") == (0, "yanked tee@1.1.0: wrong navy\n", "")
    assert run("resolve", "tee")[1] == "tee → tee@1.0.0:M\n"
    assert run("yank", "tee", "--reason", "x")[0] == 2


def test_verify(run, published):
    assert run("verify")[:2] == (0, "2 versions sound, 0 errors\n")
    Library.open().resolve("tee").files["preview.png"].write_bytes(b"damaged")
    code, out, _ = run("verify", "--json")
    assert code == 1
    assert json.loads(out)["summary"]["errors"] == 3  # the blob, and both versions that hold it
    assert run("verify")[0] == 1


def test_lock(run, published, tmp_path):
    file = tmp_path / "dressform.lock"
    code, out, _ = run("lock", "tee@^1", "-o", file)
    assert (code, out) == (0, "tee@^1 → tee@1.1.0:M\n")
    assert json.loads(file.read_text())["templates"][0]["version"] == "1.1.0"
    assert run("lock", "--check", "-o", file)[0] == 0
    Library.open().yank("tee", "1.1.0", "wrong navy")
    assert run("lock", "--check", "-o", file)[1] == "tee@^1 → tee@1.1.0:M (yanked: wrong navy)\n"
    assert run("lock", "--update", "-o", file)[1] == "tee@^1 → tee@1.0.0:M\n"
    assert run("lock", "--check", "--update", "-o", file)[0] == 2
    run("lock", "tee@1.1.0", "-o", file)
    file.write_text(file.read_text().replace('"1.1.0"', '"1.0.0"'))
    code, _, err = run("lock", "--check", "-o", file)
    assert code == 1
    assert "is not the locked one" in err
    assert run("lock")[0] == 2


def test_export_and_import(run, published, tmp_path):
    assert run("export", "tee@1.0.0", "-o", tmp_path / "out")[:2] == (0, f"exported tee@1.0.0 to {tmp_path / 'out'}\n")
    other = ("--library", tmp_path / "other")
    assert run("import", tmp_path / "out", *other)[:2] == (0, "imported tee@1.0.0\n")
    assert run("resolve", "tee", *other)[1] == "tee → tee@1.0.0:M\n"


def test_publish(run, make_draft, tmp_path, monkeypatch, clean_report):
    draft = make_draft(tmp_path / "draft")
    monkeypatch.setattr("dressform.validators.engine.validate", lambda target, **_: clean_report(target))
    code, out, _ = run("publish", draft)
    assert (code, out) == (0, f"published tee@1.0.0 (for anny) to {tmp_path / 'library'}\n")
    code, out, _ = run("publish", draft)
    assert (code, out) == (0, "tee@1.0.0 is already there with the same content; nothing was published\n")
    (draft / "preview.png").write_bytes(b"other")
    code, out, _ = run("publish", draft, "--json")
    result = json.loads(out)
    assert (result["version"], result["created"]) == ("1.0.1", True)
    assert result["changes"] == [{"level": "patch", "what": "preview.png was changed", "part": "files"}]
    (draft / "preview.png").write_bytes(b"third")
    code, _, err = run("publish", draft, "--version", "1.0.1")
    assert code == 1
    assert err.startswith("dressform: tee@1.0.1 is there already with other content")


def test_publish_refuses_a_draft_with_errors(run, make_draft, tmp_path):
    """With the real rules: no step has run on this draft."""
    code, out, err = run("publish", make_draft(tmp_path / "draft"))
    assert (code, out) == (1, "")
    assert "the step `rig` has not run" in err
    assert err.splitlines()[-1].endswith("is not published: mend the errors first")
    assert not (tmp_path / "library").exists()


def test_help_has_an_example(run):
    for command in [
        "list",
        "show",
        "search",
        "log",
        "publish",
        "resolve",
        "verify",
        "diff",
        "yank",
        "lock",
        "export",
        "import",
    ]:
        code, out, _ = run(command, "--help")
        assert code == 0
        assert f"Example: dressform library {command}" in " ".join(out.split())
