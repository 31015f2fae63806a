"""Signs versions that a library holds already, as a reviewer does who did not publish them."""

from __future__ import annotations

from dressform.schemas.errors import AssetError

from .library import Library
from .signing import MAX_SIGNATURES, Signer, add_signatures
from .template_version import TemplateVersion


def sign_version(library: Library, version: TemplateVersion, signer: Signer) -> bool:
    """Add a signature to a version of a library's writable layer.

    Returns:
        Whether it was added; False when the key had signed the version already.

    Raises:
        AssetError: When that layer does not hold the version, or it has as many signatures as it may.
    """
    store = library.stores()[0]
    with store.writing():
        entry = store.ref(version.name)
        held = entry["versions"].get(version.version) if entry is not None else None
        if entry is None or held is None or held["manifest"] != version.digest:
            raise AssetError(f"{store.folder} does not hold {version.label}; only its own versions can be signed")
        signatures = held.get("signatures", [])
        if any(each["key"] == signer.key for each in signatures):
            return False
        if len(signatures) >= MAX_SIGNATURES:
            raise AssetError(f"{version.label} has {len(signatures)} signatures, as many as a version may have")
        add_signatures(held, [signer.sign(version.name, version.version, version.digest)])
        store.write_ref(version.name, entry)
    return True
