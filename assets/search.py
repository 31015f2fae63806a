"""Search in a library: by words, category, tag, body family, colour and size.

What is searched is an SQLite file in the user's cache, made from the manifests and the garments' textures. It holds the
newest version of every template and is brought up to date before every search: a version that is in it already is not
read again. It can be deleted at any time, and a damaged one is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.documents import schema
from dressform.schemas.errors import DressformError, UsageError
from dressform.schemas.library import TemplateEntry
from dressform.schemas.progress import Progress, silent

from .cache import cache_dir
from .cloth_colors import NEAR, color_name, look_colors, wanted_color
from .library import Library
from .resolve import newest
from .template_version import TemplateVersion

_VERSION = 1  # of the tables; a file of another one is made anew
_TABLES = """
CREATE TABLE template (
    name TEXT PRIMARY KEY, manifest TEXT NOT NULL, version TEXT NOT NULL, title TEXT NOT NULL, category TEXT NOT NULL,
    words TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE member (
    name TEXT NOT NULL REFERENCES template ON DELETE CASCADE, kind TEXT NOT NULL, place INTEGER NOT NULL,
    value TEXT NOT NULL, PRIMARY KEY (name, kind, place)
) WITHOUT ROWID;
CREATE TABLE color (
    name TEXT NOT NULL REFERENCES template ON DELETE CASCADE, look TEXT NOT NULL, place INTEGER NOT NULL,
    called TEXT NOT NULL, share REAL NOT NULL, l REAL NOT NULL, a REAL NOT NULL, b REAL NOT NULL,
    PRIMARY KEY (name, look, place)
) WITHOUT ROWID;
"""
_KINDS = ("size", "variant", "tag", "body")


@dataclass(frozen=True)
class Query:
    """What is looked for; everything stated has to hold.

    Attributes:
        text: Words that stand in the name, title, description, tags, category, cloth, authors or colourways.
        category: Such as "tee".
        tags: Tags that it has, all of them.
        bodies: Body families that can wear it, all of them.
        color: A colour that a tenth of the cloth has in some look: a name such as "navy", or "#rrggbb".
        size: A size that it has.
    """

    text: str = ""
    category: str | None = None
    tags: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    color: str | None = None
    size: str | None = None

    def __post_init__(self) -> None:
        categories = schema("common")["$defs"]["category"]["enum"]
        if self.category is not None and self.category not in categories:
            raise UsageError(f"--category {self.category!r} is unknown; needed one of {', '.join(categories)}")


@dataclass(frozen=True)
class Hit:
    """A template that was found, at its newest version.

    Attributes:
        name: The template.
        version: Its newest version that is not yanked; a pre-release only where there is no release.
        title: For people; the name where none is stated.
        category: Such as "tee".
        sizes: All it has.
        variants: Its colourways.
        tags: Its tags.
        bodies: Body families that can wear it.
        looks: The looks that have the colour asked for, "" its own; empty where none was asked for.
    """

    name: str
    version: str
    title: str
    category: str
    sizes: tuple[str, ...]
    variants: tuple[str, ...]
    tags: tuple[str, ...]
    bodies: tuple[str, ...]
    looks: tuple[str, ...] = ()


def search(library: Library, query: Query, *, rebuild: bool = False, progress: Progress = silent) -> list[Hit]:
    """Return the templates that a query describes: those whose name holds the text first, then by name.

    Args:
        library: Where to search.
        query: What is looked for.
        rebuild: Whether the index is made anew from the manifests.
        progress: Told how far the index is.

    Raises:
        UsageError: When the colour is none.
        AssetError: When a version that has to be read is damaged.
    """
    wanted = None if query.color is None else wanted_color(query.color)
    with contextlib.closing(_index(library, rebuild=rebuild, progress=progress)) as table:
        names = _matching(table, query)
        looks = {name: () if wanted is None else tuple(_looks(table, name, *wanted)) for name in names}
        return [_hit(table, name, looks[name]) for name in names if wanted is None or looks[name]]


def index_path(library: Library) -> Path:
    """Return where the index of a library lies, present or not."""
    key = "\n".join(str(store.folder.resolve()) for store in library.stores())
    return cache_dir("search") / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.sqlite"


def _index(library: Library, *, rebuild: bool, progress: Progress) -> sqlite3.Connection:
    """Return the index, up to date; made anew where it is damaged, in memory where the cache cannot be written."""
    try:
        path = index_path(library)
        if rebuild:
            _remove(path)
        try:
            return _updated(_opened(path), library, progress)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            _remove(path)
            return _updated(_opened(path), library, progress)
    except (OSError, sqlite3.OperationalError):
        return _updated(_opened(None), library, progress)


def _opened(path: Path | None) -> sqlite3.Connection:
    """Open an index, with tables where it had none or those of another version."""
    table = sqlite3.connect(":memory:" if path is None else path, timeout=30.0, isolation_level=None)
    try:
        table.execute("PRAGMA foreign_keys = ON")
        if _tables(table) != _VERSION:
            with _transaction(table):
                if _tables(table) != _VERSION:  # another process may have been first
                    for name in ("color", "member", "template"):
                        table.execute(f"DROP TABLE IF EXISTS {name}")
                    for statement in _TABLES.split(";"):
                        table.execute(statement)
                    table.execute(f"PRAGMA user_version = {_VERSION}")
    except BaseException:  # an interrupt too must leave the file free: the caller may remove it
        table.close()
        raise
    return table


def _tables(table: sqlite3.Connection) -> int:
    (version,) = table.execute("PRAGMA user_version").fetchone()
    return int(version)


@contextlib.contextmanager
def _transaction(table: sqlite3.Connection) -> Iterator[None]:
    """Write all of a block, or nothing of it."""
    table.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:  # an interrupt too: half of a block must not wait to be committed with the next one
        table.execute("ROLLBACK")
        raise
    table.execute("COMMIT")


def _updated(table: sqlite3.Connection, library: Library, progress: Progress) -> sqlite3.Connection:
    """Return the index after it was brought up to date."""
    try:
        _update(table, library, progress)
    except BaseException:  # as in _opened
        table.close()
        raise
    return table


def _remove(path: Path) -> None:
    for each in (path, *(path.with_name(path.name + end) for end in ("-journal", "-wal", "-shm"))):
        each.unlink(missing_ok=True)


def _update(table: sqlite3.Connection, library: Library, progress: Progress) -> None:
    """Make the index hold exactly the newest versions; all of it or, when something stops it, nothing."""
    newest_versions = dict(_newest(library))
    held = dict(table.execute("SELECT name, manifest FROM template"))
    stale = [name for name in newest_versions if held.get(name) != newest_versions[name][1]]
    gone = [name for name in held if name not in newest_versions]
    if not stale and not gone:
        return
    records = []
    for number, name in enumerate(stale):
        progress(number / len(stale), f"reading {name}")
        records.append(library.resolve(f"{name}@{newest_versions[name][0]}"))
    with _transaction(table):
        table.executemany("DELETE FROM template WHERE name = ?", [(name,) for name in [*stale, *gone]])
        for number, version in enumerate(records):
            progress(number / len(records), f"looking at {version.name}")
            _insert(table, version)
    progress(1.0, "indexed")


def _newest(library: Library) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the number and the manifest's sha256 of every template's newest version."""
    entries: dict[str, TemplateEntry] = {}
    for store in reversed(library.stores()):
        entries.update(store.index())
    for name, entry in sorted(entries.items()):
        number = newest(entry)
        if number is not None:
            yield name, (str(number), entry["versions"][str(number)]["manifest"])


def _insert(table: sqlite3.Connection, version: TemplateVersion) -> None:
    manifest = version.manifest
    members: Mapping[str, Sequence[str]] = {
        "size": list(manifest["sizes"]),
        "variant": list(manifest["variants"]),
        "tag": manifest.get("tags", []),
        "body": manifest["bodies"],
    }
    titles = [variant.get("title", "") for variant in manifest["variants"].values()]
    words = [version.name, manifest.get("title", ""), manifest.get("description", ""), manifest["category"]]
    words += [manifest.get("fabric", {}).get("name", ""), *manifest["authors"], *titles, *members["variant"]]
    stated = (version.name, version.digest, version.version, manifest.get("title", version.name), manifest["category"])
    searched = _plain(" ".join([*words, *members["tag"]]))
    table.execute("INSERT INTO template VALUES (?, ?, ?, ?, ?, ?)", (*stated, searched))
    for kind, values in members.items():
        members_of = [(version.name, kind, place, value) for place, value in enumerate(values)]
        table.executemany("INSERT INTO member VALUES (?, ?, ?, ?)", members_of)
    for look in (None, *manifest["variants"]):
        try:
            colors = look_colors(version.mesh(variant=look))
        except (DressformError, OSError, ValueError):
            continue  # a picture that cannot be read has no colour; `library verify` and the validators say why
        for place, (lab, share) in enumerate(colors):
            row = (version.name, look or "", place, color_name(lab), share, *lab.tolist())
            table.execute("INSERT INTO color VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def _matching(table: sqlite3.Connection, query: Query) -> list[str]:
    """Return the names of the templates that have all that is asked for but the colour."""
    words = _plain(query.text).split()
    where, values = ["1"], list[str]()
    for word in words:
        where.append("instr(words, ?)")
        values.append(word)
    if query.category is not None:
        where.append("category = ?")
        values.append(query.category)
    stated = [("tag", tag) for tag in query.tags] + [("body", body) for body in query.bodies]
    stated += [("size", query.size)] if query.size is not None else []
    for kind, value in stated:
        where.append("EXISTS (SELECT 1 FROM member m WHERE m.name = template.name AND m.kind = ? AND m.value = ?)")
        values += [kind, value]
    found = [str(name) for (name,) in table.execute(f"SELECT name FROM template WHERE {' AND '.join(where)}", values)]
    return sorted(found, key=lambda name: (not all(word in _plain(name) for word in words), name))


def _looks(
    table: sqlite3.Connection, name: str, called: Sequence[str], lab: NDArray[np.float64] | None
) -> Iterator[str]:
    """Yield the looks of a template that have a colour: by its name, or near a place in CIELAB."""
    seen = set()
    for look, own, *place in table.execute(
        "SELECT look, called, l, a, b FROM color WHERE name = ? ORDER BY look, place", (name,)
    ):
        near = own in called if lab is None else float(np.linalg.norm(np.array(place) - lab)) <= NEAR
        if near and look not in seen:
            seen.add(look)
            yield look


def _hit(table: sqlite3.Connection, name: str, looks: tuple[str, ...]) -> Hit:
    stated = table.execute("SELECT version, title, category FROM template WHERE name = ?", (name,)).fetchone()
    version, title, category = map(str, stated)
    members = {
        kind: tuple(
            value
            for (value,) in table.execute(
                "SELECT value FROM member WHERE name = ? AND kind = ? ORDER BY place", (name, kind)
            )
        )
        for kind in _KINDS
    }
    return Hit(
        name=name,
        version=version,
        title=title,
        category=category,
        sizes=members["size"],
        variants=members["variant"],
        tags=members["tag"],
        bodies=members["body"],
        looks=looks,
    )


def _plain(text: str) -> str:
    """Return text as it is compared: without case, hyphens as spaces."""
    return text.casefold().replace("-", " ")
