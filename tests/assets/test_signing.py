from __future__ import annotations

import json
import stat
import subprocess

import pytest

from dressform.assets.library import Library
from dressform.assets.sign_version import sign_version
from dressform.assets.signing import MAX_SIGNATURES, Signer, TrustedKeys, add_signatures, holds, make_key
from dressform.assets.verify import verify
from dressform.schemas.errors import InputError, UsageError


@pytest.fixture
def signer(tmp_path):
    make_key(tmp_path / "keys" / "tailor.key")
    return Signer.read(tmp_path / "keys" / "tailor.key")


def rules(library, keys) -> list[str]:
    return [finding.rule for finding in verify(library, trusted=TrustedKeys.read(keys)).findings]


def test_a_key_pair(tmp_path, signer, monkeypatch):
    key = tmp_path / "keys" / "tailor.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert TrustedKeys.read(tmp_path / "keys").names == {signer.key: "tailor.key"}
    assert TrustedKeys.read(tmp_path / "keys" / "tailor.key.pub").names == {signer.key: "tailor.key"}
    with pytest.raises(UsageError, match="is there already"):
        make_key(key)
    monkeypatch.setenv("DRESSFORM_KEY_PASSPHRASE", "needle")
    assert make_key(tmp_path / "closed.key") == Signer.read(tmp_path / "closed.key").key
    monkeypatch.delenv("DRESSFORM_KEY_PASSPHRASE")
    with pytest.raises(InputError, match=r"\$DRESSFORM_KEY_PASSPHRASE opens an encrypted one"):
        Signer.read(tmp_path / "closed.key")


def test_keys_of_openssl_serve(tmp_path):
    key, public = tmp_path / "key.pem", tmp_path / "key.pub"
    commands = (["genpkey", "-algorithm", "ed25519", "-out", key], ["pkey", "-in", key, "-pubout", "-out", public])
    try:
        for command in commands:
            subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs openssl")
    assert list(TrustedKeys.read(public).names) == [Signer.read(key).key]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no public key"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "not a public key that can be read"),
        (
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEAhSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n"
            "-----END PUBLIC KEY-----\n",
            "of another kind, needed ed25519",
        ),
    ],
)
def test_files_that_are_no_keys(tmp_path, content, message):
    path = tmp_path / "k.pub"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        TrustedKeys.read(path)
    with pytest.raises(InputError, match="not a private key"):
        Signer.read(path)
    with pytest.raises(InputError, match="cannot be read"):
        TrustedKeys.read(tmp_path / "none.pub")


def test_a_signature_is_for_one_version_and_one_content(signer):
    signature = signer.sign("tee", "1.0.0", "ab" * 32)
    assert holds(signature, "tee", "1.0.0", "ab" * 32)
    assert not holds(signature, "tee", "1.0.1", "ab" * 32)
    assert not holds(signature, "tea", "1.0.0", "ab" * 32)
    assert not holds(signature, "tee", "1.0.0", "ac" * 32)
    assert not holds({**signature, "key": "ab" * 32}, "tee", "1.0.0", "ab" * 32)
    assert not holds({**signature, "signature": "00" * 64}, "tee", "1.0.0", "ab" * 32)


def test_verify_wants_a_trusted_signature(library, publish, draft, edit, tmp_path, signer):
    version = publish(draft)
    keys = tmp_path / "keys"
    assert rules(library, keys) == ["DF-LIBRARY-008"]
    assert sign_version(library, version, signer)
    assert not sign_version(library, version, signer)
    assert rules(library, keys) == []
    make_key(tmp_path / "other" / "stranger.key")
    assert rules(library, tmp_path / "other") == ["DF-LIBRARY-008"]
    # a new version has no signature of the old one's
    edit(draft, title="second")
    publish(draft)
    assert rules(library, keys) == ["DF-LIBRARY-008"]
    library.yank("tee", "1.0.0", "a yank is not the maker's word")
    assert sign_version(library, library.resolve("tee"), signer)
    assert rules(library, keys) == []


def test_a_signature_moved_to_other_content_is_told(library, publish, draft, edit, tmp_path, signer):
    sign_version(library, publish(draft), signer)
    edit(draft, title="second")
    publish(draft)
    ref = library.folder / "refs/tee.json"
    document = json.loads(ref.read_text())
    versions = document["templates"]["tee"]["versions"]
    versions["1.0.1"]["signatures"] = versions["1.0.0"]["signatures"]
    ref.write_text(json.dumps(document))
    assert rules(library, tmp_path / "keys") == ["DF-LIBRARY-007", "DF-LIBRARY-008"]
    assert [finding.rule for finding in verify(library).findings] == ["DF-LIBRARY-007"]


def test_the_starter_below_needs_no_signature(library, publish, draft, tmp_path, signer, monkeypatch):
    publish(draft)
    monkeypatch.setattr("dressform.assets.library.STARTER", library.folder)
    layered = Library.open(tmp_path / "mine", over_embedded=True)
    assert rules(layered, tmp_path / "keys") == []
    assert verify(layered).summary()["pass"] == 1


def test_no_more_signatures_than_the_schema_allows(signer):
    entry = {"manifest": "ab" * 32, "yanked": None, "sizes": ["M"], "variants": []}
    assert add_signatures(entry, [{"key": f"{i:064x}", "signature": "00" * 64} for i in range(40)])
    assert len(entry["signatures"]) == MAX_SIGNATURES
    assert not add_signatures(entry, [signer.sign("tee", "1.0.0", "ab" * 32)])


def test_a_publish_can_sign(library, draft, clean_report, tmp_path, signer):
    """In the one step that makes the version count."""
    report = clean_report(draft)
    writes = []
    store = library.stores()[0]
    write_ref = store.write_ref
    store.write_ref = lambda name, entry: (writes.append(name), write_ref(name, entry))  # type: ignore[method-assign]
    library.publish(draft, report, signer=signer)
    assert rules(library, tmp_path / "keys") == []
    assert writes == ["tee"]
    make_key(tmp_path / "second.key")
    second = Signer.read(tmp_path / "second.key")
    assert not library.publish(draft, report, signer=second).created  # a second signer of the same content
    assert not library.publish(draft, report, signer=second).created
    signatures = (store.ref("tee") or {})["versions"]["1.0.0"]["signatures"]
    assert {each["key"] for each in signatures} == {signer.key, second.key}
    assert len(writes) == 2
