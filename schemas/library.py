"""Types of a library's index (library.schema.json) and of a lock file (lock.schema.json)."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class SignatureEntry(TypedDict):
    """Who vouches for a version: an ed25519 public key and its signature, in hexadecimal."""

    key: str
    signature: str


class VersionEntry(TypedDict):
    """One version: the sha256 of its template.json, why it was yanked, and what a list shows of it."""

    manifest: str
    yanked: str | None
    sizes: list[str]
    variants: list[str]
    bodies: NotRequired[list[str]]
    signatures: NotRequired[list[SignatureEntry]]


class TemplateEntry(TypedDict):
    """One template and its versions."""

    category: str
    versions: dict[str, VersionEntry]


class LibraryDocument(TypedDict):
    """What a library holds, or (with one template) what one of its refs holds."""

    schema: str
    templates: dict[str, TemplateEntry]
    refs: NotRequired[str]


class BundleDocument(TypedDict):
    """bundle.json: the versions that a bundle holds, and the size in bytes of each blob by its sha256."""

    schema: str
    templates: dict[str, TemplateEntry]
    blobs: dict[str, int]


class LockEntry(TypedDict):
    """What one `--wear` was resolved to."""

    wear: str
    name: str
    version: str
    size: str
    variant: str | None
    manifest: str


class LockDocument(TypedDict):
    """Exact versions that a project resolved its garments to."""

    schema: str
    bodies: NotRequired[list[str]]
    templates: list[LockEntry]
