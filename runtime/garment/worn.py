"""What a person wears: which versions of a library, and what they are dressed as."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dressform.assets.files.field import Field
from dressform.assets.library import Library
from dressform.assets.lock import read_lock, resolve_locked
from dressform.assets.template_version import TemplateVersion
from dressform.assets.wear import parse_wear
from dressform.runtime.body.protocol import RestBody
from dressform.schemas.errors import AssetError, InputError, UsageError

from .dressed import DressedGarment
from .field import check_usable


def worn_versions(
    wear: Sequence[str], library: Library | Path | str | None, lock: Path | str | None, family: str
) -> Sequence[TemplateVersion]:
    """Return the versions that are worn: those that a lock names, else the highest that do for the body family.

    Args:
        wear: Templates as `NAME[@RANGE][:SIZE][/VARIANT]`.
        library: Where they are; a path, or the default library when None.
        lock: File of a lock, or None.
        family: Body family that wears them.

    Raises:
        UsageError: When a template is named twice.
        AssetError: When no version will do, or the lock does not hold what is asked for.
    """
    if not wear:
        return []
    names = [parse_wear(text).name for text in wear]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"--wear names {twice} twice; a template is worn once")
    store = library if isinstance(library, Library) else Library.open(library)
    if lock is not None:
        return resolve_locked(store, read_lock(Path(lock)), wear, str(lock))
    return store.resolve_all(wear, [family])


def dressed_garments(
    versions: Sequence[TemplateVersion], rest: RestBody, unusable: dict[str, str], *, field: bool
) -> list[DressedGarment]:
    """Return what is worn, each garment with its field where it has one.

    Args:
        versions: From `worn_versions`.
        rest: The body.
        unusable: Takes up, by the name of garments whose field cannot be used on this body, why not.
        field: False leaves all fields out.
    """
    garments: list[DressedGarment] = []
    for order, version in enumerate(versions):
        layer = int(version.manifest.get("layer", order))
        learned = _field(version, rest, unusable) if field else None
        own = DressedGarment(
            *(version.name, version.mesh(), version.rig(rest.body.family), layer),
            field=learned,
            size=version.size,
            fabric=version.manifest.get("fabric"),
            keeps_size=learned is not None,
        )
        garments.append(own)
    return garments


def _field(version: TemplateVersion, rest: RestBody, unusable: dict[str, str]) -> Field | None:
    """Return a version's field for a body; None where it has none, or one that is noted as unusable."""
    try:
        learned = version.field(rest.body.family)
        if learned is not None:
            check_usable(learned, rest, version.size, version.label)
    except (AssetError, InputError) as error:
        unusable[version.name] = str(error)
        return None
    return learned
