"""Rules on version numbers: what a number promises against what changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from dressform.assets.changes import compare, level_of
from dressform.assets.semver import parse_version
from dressform.schemas.documents import document_errors, load_json
from dressform.schemas.errors import InputError
from dressform.schemas.report import Severity
from dressform.schemas.template import TemplateManifest
from dressform.validators.rule import Defect, NotTestableError, Rule
from dressform.validators.subject import Subject

_PATH = "template.json $.version"


def promises_enough(subject: Subject) -> Iterator[Defect]:
    """Versions whose number promises a smaller change than was made."""
    if subject.previous is None:
        return  # a first version breaks nobody's work
    try:
        before = load_json(subject.previous)
    except InputError as error:
        raise NotTestableError(f"the release before it cannot be read: {error}") from error
    for which, manifest in (("it", subject.manifest), ("the release before it", before)):
        if document_errors("template", manifest):
            raise NotTestableError(f"template.json of {which} is not valid")
    old, new = cast("TemplateManifest", before), cast("TemplateManifest", subject.manifest)
    changes = compare(old, new)
    level = level_of(changes) or "patch"
    least = parse_version(old["version"]).bumped(level)
    if parse_version(new["version"]).release < least:
        why = changes[0].what if changes else "nothing changed"
        more = f" (and {len(changes) - 1} more changes)" if len(changes) > 1 else ""
        found = f"{new['version']} follows {old['version']}, needed {least} or higher, a {level} release: {why}{more}"
        yield Defect(found, _PATH, len(changes))


RULES = (
    Rule("DF-VERSION-001", "version.bump", Severity.ERROR, ("version",),
         "yank the version and publish it again without --version, which takes the number that the changes ask for",
         promises_enough),
)  # fmt: skip
