"""`dressform.fit`: does this garment fit this person, and in which size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dressform.assets.library import Library
from dressform.assets.wear import parse_wear
from dressform.runtime.avatar.avatar_file import Avatar
from dressform.runtime.fit.cut import Cut
from dressform.runtime.fit.fit import fit_garment
from dressform.runtime.fit.report import GarmentFit
from dressform.runtime.garment.worn import worn_versions
from dressform.schemas.progress import Progress, silent


def fit(
    avatar: Avatar | Path | str,
    wear: str,
    *,
    sizes: Sequence[str] = (),
    library: Library | Path | str | None = None,
    lock: Path | str | None = None,
    progress: Progress = silent,
) -> GarmentFit:
    """Try the sizes of a garment on a person: ease, stretch and pressure by region, and which size to take.

    Every size keeps the lengths that it is cut with; nothing grows with the body.

    Args:
        avatar: The person, or a path of an avatar file.
        wear: The template as `NAME[@RANGE]`; with `:SIZE` only that size is tried.
        sizes: Those to try; all when empty.
        library: Where the template is; a path, or the default library when None.
        lock: File of a lock that names the version.
        progress: Told after every size.

    Raises:
        UsageError: When `wear` or a size is not one.
        AssetError: When there is no such template, or none with a rig for the avatar's body family.
        InputError: When the garment goes round no part of the body, such as a hat.
    """
    person = avatar if isinstance(avatar, Avatar) else Avatar.load(Path(avatar))
    (version,) = worn_versions([wear], library, lock, person.family)
    asked = list(sizes) or ([version.size] if parse_wear(wear).size else [])
    return fit_garment(person.rest(), Cut.of(version, person.family), asked, progress=progress)
