"""Ed25519 signatures: who vouches for the bytes of a version, whatever disks and hands it went through.

A signature is over a statement of name, version and the sha256 of template.json, which lists the sha256 of every file.
It says nothing about a yank, which is the library's word and not the maker's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dressform.schemas.errors import InputError, UsageError
from dressform.schemas.library import SignatureEntry, VersionEntry

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PASSPHRASE = "DRESSFORM_KEY_PASSPHRASE"  # the environment's variable, so that no command line shows it
MAX_SIGNATURES = 16  # as library.schema.json has it
_PUBLIC = re.compile(rb"-----BEGIN PUBLIC KEY-----\s.*?-----END PUBLIC KEY-----", re.DOTALL)
_MAX_KEY_FILE = 2**20


class Signer:
    """A private key, to vouch for versions with."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.key = private.public_key().public_bytes_raw().hex()

    @classmethod
    def read(cls, path: Path) -> Signer:
        """Read a private key in PEM (PKCS #8); an encrypted one takes `$DRESSFORM_KEY_PASSPHRASE`.

        Raises:
            InputError: When the file cannot be read or holds something else.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        phrase = os.environ.get(PASSPHRASE)
        try:
            private = load_pem_private_key(_key_file(path), phrase.encode() if phrase else None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            cure = f"make one with `dressform library keygen`; ${PASSPHRASE} opens an encrypted one"
            raise InputError(f"{path}: not a private key that can be read; {cure}") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise InputError(f"{path}: a key of another kind, needed ed25519; make one with `dressform library keygen`")
        return cls(private)

    def sign(self, name: str, version: str, manifest_sha256: str) -> SignatureEntry:
        """Sign a version."""
        signature = self._private.sign(_statement(name, version, manifest_sha256))
        return {"key": self.key, "signature": signature.hex()}


def make_key(path: Path) -> str:
    """Make a key pair: the private key at `path`, readable by its owner only, the public one at `path`.pub.

    The private key is encrypted when `$DRESSFORM_KEY_PASSPHRASE` is set.

    Returns:
        The public key in hexadecimal.

    Raises:
        UsageError: When one of the files is there already; a key is never overwritten.
    """
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public_path = path.with_name(f"{path.name}.pub")
    for each in (path, public_path):
        if each.exists():
            raise UsageError(f"{each} is there already; name another file, a key is never overwritten")
    private = Ed25519PrivateKey.generate()
    phrase = os.environ.get(PASSPHRASE)
    closed = form.BestAvailableEncryption(phrase.encode()) if phrase else form.NoEncryption()
    secret = private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, closed)
    public = private.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for file, data, mode in ((path, secret, 0o600), (public_path, public, 0o644)):
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
                out.write(data)
    except OSError as error:
        raise InputError(f"{error.filename or path}: cannot be written ({error.strerror})") from None
    return private.public_key().public_bytes_raw().hex()


@dataclass(frozen=True)
class TrustedKeys:
    """Public keys whose signatures count.

    Attributes:
        names: Key in hexadecimal → the name of the file that it is from.
    """

    names: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> TrustedKeys:
        """Read public keys in PEM: every one of a file, or of the files `*.pub` and `*.pem` of a folder.

        Raises:
            InputError: When there is none, or one is no ed25519 key.
        """
        files = [path]
        if path.is_dir():
            files = sorted(each for each in path.iterdir() if each.suffix in (".pub", ".pem") and each.is_file())
        names = {key: file.stem for file in files for key in _public_keys(file)}
        if not names:
            raise InputError(
                f"{path}: no public key (*.pub); `dressform library keygen` writes one beside the private key"
            )
        return cls(names)

    def who(self, name: str, version: str, entry: VersionEntry) -> list[str]:
        """Return the names of the trusted keys that a version is truly signed with, sorted."""
        signed = [each for each in entry.get("signatures", []) if each["key"] in self.names]
        return sorted(self.names[each["key"]] for each in signed if holds(each, name, version, entry["manifest"]))


def holds(signature: SignatureEntry, name: str, version: str, manifest_sha256: str) -> bool:
    """Say whether a signature is one of its key over this very version."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature["key"]))
        public.verify(bytes.fromhex(signature["signature"]), _statement(name, version, manifest_sha256))
    except (InvalidSignature, ValueError):
        return False
    return True


def add_signatures(entry: VersionEntry, signatures: Iterable[SignatureEntry]) -> bool:
    """Add to a version's signatures those of further keys, as many as it may have; say whether any was added."""
    held = entry.get("signatures", [])
    keys = {each["key"] for each in held}
    new = [each for each in signatures if each["key"] not in keys][: MAX_SIGNATURES - len(held)]
    if new:
        entry["signatures"] = sorted([*held, *new], key=lambda each: each["key"])
    return bool(new)


def _statement(name: str, version: str, manifest_sha256: str) -> bytes:
    return f"dressform/signature/1\n{name}@{version}\n{manifest_sha256}\n".encode()


def _public_keys(path: Path) -> list[str]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    keys = []
    for block in _PUBLIC.findall(_key_file(path)):
        try:
            public = load_pem_public_key(block)
        except (ValueError, UnsupportedAlgorithm):
            raise InputError(f"{path}: not a public key that can be read; needed ed25519 in PEM") from None
        if not isinstance(public, Ed25519PublicKey):
            raise InputError(f"{path}: a public key of another kind, needed ed25519")
        keys.append(public.public_bytes_raw().hex())
    return keys


def _key_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_KEY_FILE)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
