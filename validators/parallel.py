"""Checks many drafts and versions: what is known from an earlier run is looked up, the rest is shared by processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import repeat

from dressform.schemas.errors import AssetError
from dressform.schemas.progress import Progress

from .checking import Outcome, check, unreadable
from .result_cache import ResultCache, keys
from .rule import Rule
from .targets import Found
from .worker import start

# A process of our own starts in about 2 s, of which it gets a few subjects' worth back.
SHARED_FROM = 8


@dataclass(frozen=True)
class Work:
    """How subjects are checked.

    Attributes:
        codes: Codes of the rules that run.
        publishing: Whether a step that has not run is an error.
        jobs: Processes at once.
        shared_from: Subjects from which on processes are worth their start.
        prepare: Called in each process before its first rule.
    """

    codes: frozenset[str]
    publishing: bool = False
    jobs: int = 1
    shared_from: int = SHARED_FROM
    prepare: Callable[[], None] | None = None


def check_all(found: Sequence[Found], work: Work, cache: ResultCache | None, progress: Progress) -> list[list[Outcome]]:
    """Return what every rule came to on every subject, in the order given, however it was shared."""
    if cache is None:
        return list(_told(_checked(found, work), found, progress))
    threads = max(work.jobs, 1)
    subjects = [each.subject for each in found]
    wanted = keys(subjects, work.codes, publishing=work.publishing, threads=threads)
    outcomes = [cache.read(key) if each.failure is None else None for key, each in zip(wanted, found, strict=True)]
    missing = [index for index, kept in enumerate(outcomes) if kept is None]
    left = [found[index] for index in missing]
    fresh = list(_told(_checked(left, work), left, progress))
    # a file that changed while it was read must not be kept under what it was
    now = keys([each.subject for each in left], work.codes, publishing=work.publishing, threads=threads)
    for index, key, each in zip(missing, now, fresh, strict=True):
        outcomes[index] = each
        if key == wanted[index]:
            cache.write(key, each)
    if missing:
        cache.clean()
    return [each for each in outcomes if each is not None]


def check_here(found: Found, rules: Sequence[Rule], *, publishing: bool) -> list[Outcome]:
    """Return what rules came to on one subject, in this process."""
    if found.failure is not None:
        return unreadable(found.subject.name, found.failure)
    return check(found.subject, rules, publishing=publishing)


def _told(outcomes: Iterator[list[Outcome]], found: Sequence[Found], progress: Progress) -> Iterator[list[Outcome]]:
    for index, each in enumerate(outcomes):
        progress((index + 1) / len(found), found[index].subject.name)
        yield each


def _checked(found: Sequence[Found], work: Work) -> Iterator[list[Outcome]]:
    if work.jobs < 2 or len(found) < max(work.shared_from, 2):
        if found and work.prepare:
            work.prepare()
        yield from (_check_one(each, work) for each in found)
        return
    # started anew, not forked: threads of numerical packages do not survive a fork
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(work.jobs, len(found)), context, start, (work.prepare,))
    try:
        yield from pool.map(_check_one, found, repeat(work))
    except BrokenProcessPool:
        raise AssetError(
            "a process that checked garments was ended from outside, perhaps for lack of memory; "
            "try again with fewer at once (--jobs 1)"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _check_one(found: Found, work: Work) -> list[Outcome]:
    from .rules.table import RULES

    return check_here(found, [rule for rule in RULES if rule.code in work.codes], publishing=work.publishing)
