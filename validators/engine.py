"""Runs every rule over drafts, versions and libraries and weighs what they find by a profile."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dressform.assets.draft_digest import draft_digest
from dressform.schemas.progress import Progress, silent
from dressform.schemas.report import NotTested, Report, Severity, SubjectEntry

from .baseline import Baseline
from .catalogue import Card, all_cards, cards_of
from .changed import changed_since
from .parallel import SHARED_FROM, Work, check_all, check_here
from .profile import DEFAULT, Profile, load_profile
from .result_cache import ResultCache
from .rule import Rule
from .targets import find_all, is_draft
from .weighing import weigh


@dataclass(frozen=True)
class Options:
    """How a validation runs.

    Attributes:
        profile: What garments are held to.
        publishing: Whether a step that has not run is an error, as it is before publishing, instead of *not tested*.
        sweep: Whether garments are moved over poses and bodies too, which takes seconds for each.
        baseline: Findings that do not fail.
        library: Where `NAME@RANGE` is looked up; the default library when None.
        changed_since: Commit, branch or tag; what did not change since is left out.
        jobs: Processes at once.
        cache: Where outcomes are kept between runs; None for nowhere.
        today: Decides which ignores have ended; the day of the run when None.
        prepare: Called in each process before its first rule; a function at the top of a module.
    """

    profile: Profile = field(default_factory=Profile)
    publishing: bool = False
    sweep: bool = False
    baseline: Baseline | None = None
    library: Path | None = None
    changed_since: str | None = None
    jobs: int = 1
    cache: ResultCache | None = None
    today: datetime.date | None = None
    prepare: Callable[[], None] | None = None

    @property
    def sweeps(self) -> bool:
        """Whether garments are moved."""
        return self.sweep or self.profile.sweep


def validate(
    target: Path | str,
    *,
    publishing: bool = False,
    sweep: bool = False,
    rules: Sequence[Rule] | None = None,
    profile: str | Path = DEFAULT,
) -> Report:
    """Validate a draft, a library (every version in it), an exported version, or a folder of any of them.

    Args:
        target: The folder, or `NAME@RANGE` in the default library.
        publishing: Whether a step that has not run is an error, as it is before publishing, instead of *not tested*.
        sweep: Whether the garment is moved over poses and bodies too, which takes seconds for each.
        rules: The rules to run; all when None.
        profile: Name of a profile that ships, or a team's own YAML file.

    Raises:
        AssetError: When there is nothing at the target that can be validated.
        UsageError: When there is no such profile.
    """
    options = Options(load_profile(profile), publishing, sweep)
    return validate_all([target], options, rules=rules)


def validate_all(
    targets: Sequence[Path | str],
    options: Options,
    *,
    rules: Sequence[Rule] | None = None,
    progress: Progress = silent,
) -> Report:
    """Validate several targets into one report; two runs over the same content give the same.

    Args:
        targets: As for `validate`.
        options: How it runs.
        rules: The rules to run; all when None. Chosen ones run in this process and are not kept.
        progress: Told after every draft or version that was not known from an earlier run.

    Raises:
        AssetError: When a target holds nothing that can be validated.
        UsageError: When the profile names a rule or budget that there is not, or git knows no such reference.
    """
    profile = options.profile
    cards = all_cards(options.cache) if rules is None else cards_of(rules)
    profile.check_rules((card.code, card.name) for card in cards)
    found = find_all(targets, options.library)
    if options.changed_since is not None:
        found = changed_since(options.changed_since, found)
    found = [replace(each, subject=replace(each.subject, budgets=profile.budgets)) for each in found]
    report = Report(", ".join(str(target) for target in targets), profile=profile.name)
    report.subjects = [SubjectEntry(each.subject.name, each.subject.kind, str(each.folder)) for each in found]
    if len(targets) == 1 and is_draft(Path(targets[0])):
        report.draft_digest = draft_digest(Path(targets[0]))
    running = _running(cards, options, report)
    if rules is None:
        outcomes = check_all(found, _work(options, running), options.cache, progress)
    else:
        chosen = [rule for rule in rules if rule.code in running]
        outcomes = [check_here(each, chosen, publishing=options.publishing) for each in found]
    named = zip((each.subject.name for each in found), outcomes, strict=True)
    weigh(report, named, profile, options.baseline, options.today or datetime.date.today())
    return report


def _running(cards: Iterable[Card], options: Options, report: Report) -> frozenset[str]:
    """Return the codes of the rules that run, and tell the report of those that do not."""
    running = set()
    for card in cards:
        if options.profile.severity(card.code, card.name, Severity(card.severity)) is None:
            reason = f"it is off in the profile {options.profile.name}"
        elif card.slow and not options.sweeps:
            reason = "no sweep was asked for (--sweep)"
        else:
            running.add(card.code)
            continue
        report.not_tested.append(NotTested(card.code, card.name, reason))
    return frozenset(running)


def _work(options: Options, running: frozenset[str]) -> Work:
    shared_from = 2 if options.sweeps else SHARED_FROM
    return Work(running, options.publishing, options.jobs, shared_from, options.prepare)
