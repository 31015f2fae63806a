"""Bundles carry exact versions, and one that was made or changed by an enemy is refused whole."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dressform.assets.bundle import import_bundle, read_contents, write_bundle
from dressform.assets.library import Library
from dressform.assets.sign_version import sign_version
from dressform.assets.signing import Signer, TrustedKeys, make_key
from dressform.assets.verify import verify
from dressform.schemas.documents import dump_json
from dressform.schemas.errors import AssetError, DressformError, InputError


@pytest.fixture(scope="module")
def made(make_draft, clean_report, edit, tmp_path_factory) -> Path:
    """Two versions of a tee, the first yanked, and a skirt, in a library and in a bundle."""
    folder = tmp_path_factory.mktemp("made")
    library = Library.open(folder / "library")
    draft = make_draft(folder / "draft")
    library.publish(draft, clean_report(draft))
    edit(draft, title="second")
    library.publish(draft, clean_report(draft))
    library.yank("tee", "1.0.0", "left sleeve inside out")
    skirt = make_draft(folder / "skirt", name="skirt", category="skirt")
    library.publish(skirt, clean_report(skirt))
    write_bundle(library, library.versions(), folder / "wardrobe.tar")
    return folder


@pytest.fixture
def library(made, tmp_path) -> Library:
    return Library.open(shutil.copytree(made / "library", tmp_path / "library"))


@pytest.fixture
def bundle(made, tmp_path) -> Path:
    return Path(shutil.copy(made / "wardrobe.tar", tmp_path))


@pytest.fixture
def other(tmp_path) -> Library:
    return Library.open(tmp_path / "other")


def test_a_bundle_carries_versions_as_they_are(library, bundle, other):
    imported = import_bundle(other, bundle)
    assert [(each.name, each.version, each.created) for each in imported] == [
        ("skirt", "1.0.0", True),
        ("tee", "1.0.0", True),
        ("tee", "1.0.1", True),
    ]
    assert [(v.label, v.digest, v.yanked) for v in other.versions()] == [
        (v.label, v.digest, v.yanked) for v in library.versions()
    ]
    assert verify(other).summary() == {"pass": 3, "fail": 0, "not_tested": 0, "errors": 0, "warnings": 0}
    assert not any(each.created for each in import_bundle(other, bundle))


def test_equal_content_is_equal_bytes(library, bundle, other, tmp_path):
    import_bundle(other, bundle)
    write_bundle(other, [*other.versions()][::-1], tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == bundle.read_bytes()
    with tarfile.open(bundle) as archive:  # any tar reads it
        assert archive.getnames()[0] == "bundle.json"
        assert {member.mtime for member in archive} == {0}


def test_shared_files_are_there_once(library, bundle):
    contents = read_contents(bundle)
    assert set(contents["blobs"]) == {path.name for path in library.stores()[0].blobs()}
    assert bundle.stat().st_size == sum(512 + -(-size // 512) * 512 for size in contents["blobs"].values()) + (
        512 + -(-len(dump_json(contents)) // 512) * 512 + 1024
    )


def test_the_layer_below_is_carried_too(library, bundle, tmp_path, monkeypatch):
    monkeypatch.setattr("dressform.assets.library.STARTER", library.folder)
    layered = Library.open(tmp_path / "mine", over_embedded=True)
    write_bundle(layered, [layered.resolve("skirt")], tmp_path / "skirt.tar")
    assert list(read_contents(tmp_path / "skirt.tar")["templates"]) == ["skirt"]


def test_a_bundle_is_not_made_of_damaged_files(library, bundle, tmp_path):
    library.resolve("tee").files["preview.png"].write_bytes(b"damaged")
    before = bundle.read_bytes()
    with pytest.raises(AssetError, match=r"preview\.png is damaged"):
        write_bundle(library, library.versions(), bundle)
    assert bundle.read_bytes() == before


def test_a_version_is_never_replaced(bundle, other, make_draft, clean_report, tmp_path):
    draft = make_draft(tmp_path / "mine", title="another tee of that number")
    mine = other.publish(draft, clean_report(draft))
    with pytest.raises(AssetError, match=r"holds another tee@1\.0\.0; a version is never replaced"):
        import_bundle(other, bundle)
    assert [version.digest for version in other.versions()] == [mine.digest]
    assert verify(other).summary()["fail"] == 0  # not even a loose blob


def test_what_the_library_says_of_its_own_versions_stays(library, bundle, other, tmp_path):
    write_bundle(library, [library.resolve("tee")], tmp_path / "tee.tar")
    import_bundle(other, bundle)
    other.yank("tee", "1.0.1", "here it is")
    import_bundle(other, tmp_path / "tee.tar")
    assert other.resolve("tee@1.0.1").yanked == "here it is"


def test_signatures_go_along_and_can_be_asked_for(library, bundle, other, tmp_path):
    make_key(tmp_path / "k" / "tailor.key")
    trusted = TrustedKeys.read(tmp_path / "k")
    with pytest.raises(AssetError, match=r"no trusted key signed skirt@1\.0\.0"):
        import_bundle(other, bundle, trusted=trusted)
    import_bundle(other, bundle)
    for version in library.versions():
        sign_version(library, version, Signer.read(tmp_path / "k" / "tailor.key"))
    write_bundle(library, library.versions(), bundle)
    import_bundle(other, bundle)  # an untrusted bundle does not sign what is there
    assert verify(other, trusted=trusted).summary()["errors"] == 3
    import_bundle(other, bundle, trusted=trusted)
    assert verify(other, trusted=trusted).summary()["errors"] == 0
    import_bundle(Library.open(tmp_path / "third"), bundle, trusted=trusted)
    assert verify(Library.open(tmp_path / "third"), trusted=trusted).summary()["pass"] == 3


Members = list[tuple[tarfile.TarInfo, bytes]]


def members_of(bundle: Path) -> Members:
    with tarfile.open(bundle) as archive:
        return [(member, archive.extractfile(member).read()) for member in archive]  # type: ignore[union-attr]


def pack(path: Path, members: Members) -> None:
    """Write members as they are, and pad as a bundle is padded."""
    out = io.BytesIO()
    for info, data in members:
        out.write(info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512))
    path.write_bytes(out.getvalue() + bytes(1024))


def named(name: str, data: bytes, type_: bytes = tarfile.REGTYPE) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.type = len(data), type_
    return info, data


def relisted(members: Members, change: Callable[[dict[str, Any]], None]) -> Members:
    """Change bundle.json."""
    contents = json.loads(members[0][1])
    change(contents)
    return [named("bundle.json", dump_json(contents)), *members[1:]]


def renamed(members: Members, at: int, **changes: Any) -> Members:
    info = tarfile.TarInfo(members[at][0].name)
    info.size = members[at][0].size
    for key, value in changes.items():
        setattr(info, key, value)
    return [*members[:at], (info, members[at][1]), *members[at + 1 :]]


def with_stray(members: Members) -> Members:
    data = b"smuggled"
    sha256 = hashlib.sha256(data).hexdigest()
    added = sorted(
        [*members[1:], named(f"blobs/sha256/{sha256[:2]}/{sha256}", data)], key=lambda member: member[0].name
    )
    return relisted([members[0], *added], lambda contents: contents["blobs"].update({sha256: len(data)}))


def entry(contents: dict[str, Any]) -> dict[str, Any]:
    return contents["templates"]["tee"]["versions"]["1.0.1"]


ENEMIES: dict[str, tuple[Callable[[Members], Members], str]] = {
    "a path that leads out": (lambda m: renamed(m, 1, name="../../escape"), r"a file named '\.\./\.\./escape'"),
    "an absolute path": (lambda m: renamed(m, 1, name="/tmp/escape"), "a file named '/tmp/escape'"),
    "a symbolic link": (lambda m: renamed(m, 1, type=tarfile.SYMTYPE, linkname="/etc"), "a symbolic link"),
    "a hard link": (lambda m: renamed(m, 1, type=tarfile.LNKTYPE, linkname="/etc/passwd"), "a hard link"),
    "a character device": (lambda m: renamed(m, 1, type=tarfile.CHRTYPE), "a device"),
    "a block device": (lambda m: renamed(m, 1, type=tarfile.BLKTYPE), "a device"),
    "a pipe": (lambda m: renamed(m, 1, type=tarfile.FIFOTYPE), "a pipe"),
    "a folder": (lambda m: renamed(m, 1, type=tarfile.DIRTYPE), "a folder"),
    "a sparse file": (lambda m: renamed(m, 1, type=tarfile.GNUTYPE_SPARSE), "a sparse file"),
    "an executable": (lambda m: renamed(m, 1, mode=0o4755), "needed the blob"),
    "an owner": (lambda m: renamed(m, 1, uid=1000), "needed the blob"),
    "a member twice": (lambda m: [*m[:2], m[1], *m[2:]], "it is cut off or changed"),
    "a member twice in another's place": (lambda m: [*m[:2], m[1], *m[3:]], "cut off or changed|needed the blob"),
    "another order": (lambda m: [m[0], *m[:0:-1]], "needed the blob"),
    "a member more": (lambda m: [*m, named("extra", b"")], "it is cut off or changed"),
    "a stowaway": (with_stray, "no version needs the blob"),
    "a member less": (lambda m: m[:-1], "it is cut off or changed"),
    "no list": (lambda m: m[1:], "not a bundle"),
    "an absurd size": (
        lambda m: relisted(m, lambda c: c["blobs"].update({next(iter(c["blobs"])): 2**60})),
        "is greater than the maximum",
    ),
    "more than the file holds": (
        lambda m: relisted(m, lambda c: c["blobs"].update({next(iter(c["blobs"])): 2**32})),
        "it is cut off or changed",
    ),
    "a blob name that leads out": (
        lambda m: relisted(m, lambda c: c["blobs"].update({"../../escape": 1})),
        "is not a sha256",
    ),
    "a template name that leads out": (
        lambda m: relisted(m, lambda c: c["templates"].update({"../tee": c["templates"]["tee"]})),
        "is not a name",
    ),
    "another version's number": (
        lambda m: relisted(
            m, lambda c: c["templates"]["tee"]["versions"].update({"9.0.0": c["templates"]["tee"]["versions"]["1.0.1"]})
        ),
        "says otherwise than template.json",
    ),
    "another category": (
        lambda m: relisted(m, lambda c: c["templates"]["tee"].update({"category": "coat"})),
        "says otherwise than template.json",
    ),
    "other sizes": (lambda m: relisted(m, lambda c: entry(c).update({"sizes": ["XXL"]})), "says otherwise"),
    "a manifest that is missing": (
        lambda m: relisted(m, lambda c: entry(c).update({"manifest": "ab" * 32})),
        r"its template\.json is not in the bundle",
    ),
    "a manifest that is none": (
        lambda m: relisted(m, lambda c: entry(c).update({"manifest": max(c["blobs"], key=c["blobs"].get)})),
        "template.json|not a readable JSON|MiB",
    ),
    "a forged signature": (
        lambda m: relisted(m, lambda c: entry(c).update({"signatures": [{"key": "ab" * 32, "signature": "cd" * 64}]})),
        r"a signature of tee@1\.0\.1 is for something else",
    ),
    "a list in another form": (
        lambda m: [named("bundle.json", json.dumps(json.loads(m[0][1])).encode()), *m[1:]],
        "not a bundle",
    ),
    "an unknown key": (lambda m: relisted(m, lambda c: c.update({"run": "rm -rf"})), "'run' was unexpected"),
}


@pytest.mark.parametrize("enemy", ENEMIES)
def test_an_enemys_bundle_is_refused_whole(enemy, bundle, other, tmp_path):
    change, message = ENEMIES[enemy]
    pack(bundle, change(members_of(bundle)))
    with pytest.raises((InputError, AssetError), match=message) as caught:
        import_bundle(other, bundle)
    assert "\n" not in str(caught.value)
    assert list(other.versions()) == []
    assert list(other.stores()[0].blobs()) == []
    assert not any((other.folder / "tmp").glob("*"))
    assert not list(tmp_path.rglob("escape*"))


def test_a_pack_that_is_unchanged_is_taken(bundle, other):
    """So that the cases above are refused for what they change."""
    pack(bundle, relisted(members_of(bundle), lambda contents: None))
    assert len(import_bundle(other, bundle)) == 3


def test_a_wrong_byte_anywhere_is_noticed(bundle, other):
    content = bundle.read_bytes()
    step = len(content) // 60
    for at in range(7, len(content), step):
        bundle.write_bytes(content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :])
        with pytest.raises(DressformError):
            import_bundle(other, bundle)
    for length in (0, 1, 511, 512, 600, len(content) // 2, len(content) - 1):
        bundle.write_bytes(content[:length])
        with pytest.raises(InputError):
            import_bundle(other, bundle)
    assert list(other.versions()) == []


@pytest.mark.parametrize("make", [lambda data: gzip.compress(bytes(2**24)), lambda data: b"PK\3\4" + bytes(600)])
def test_compressed_files_are_not_unpacked(bundle, other, make):
    bundle.write_bytes(make(bundle.read_bytes()))
    with pytest.raises(InputError, match="not a bundle"):
        import_bundle(other, bundle)


def test_what_is_no_file_is_not_opened(other, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(InputError, match="needed a file that"):
            import_bundle(other, path)
    with pytest.raises(InputError, match="cannot be read"):
        import_bundle(other, tmp_path / "none.tar")


def test_a_bundle_that_does_not_fit_is_refused_before_it_is_read(bundle, other, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    with pytest.raises(AssetError, match="MiB needed, 0 MiB free; free some space"):
        import_bundle(other, bundle)
