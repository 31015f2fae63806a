"""What `dressform validate` can list: rules and profiles."""

from __future__ import annotations

import json
from dataclasses import asdict

from dressform.schemas.errors import UsageError


def rules_listed(form: str) -> str:
    """Return every rule, as text or JSON."""
    from dressform.validators.rules.table import RULES

    if _is_json(form):
        keys = ("code", "name", "severity", "cure")
        return json.dumps(
            [dict(zip(keys, (r.code, r.name, r.severity.value, r.cure), strict=True)) for r in RULES], indent=2
        )
    width = max(len(rule.name) for rule in RULES)
    return "\n".join(
        f"{rule.code:16} {rule.name:{width}} {rule.severity.value:8} {(rule.check.__doc__ or '').splitlines()[0]}"
        for rule in RULES
    )


def profiles_listed(form: str) -> str:
    """Return the limits of every profile that ships, as a table or JSON."""
    from dressform.validators.profile import load_profile, shipped

    profiles = [load_profile(name) for name in shipped()]
    limits = [asdict(profile.budgets) for profile in profiles]
    if _is_json(form):
        rows = [
            {"name": profile.name, "sweep": profile.sweep, "budgets": budgets, "severities": dict(profile.severities)}
            for profile, budgets in zip(profiles, limits, strict=True)
        ]
        return json.dumps(rows, indent=2)
    table = [["", *(profile.name for profile in profiles)]]
    table += [[name, *(_cell(budgets[name]) for budgets in limits)] for name in limits[0]]
    table.append(["moves garments", *("yes" if profile.sweep else "no" for profile in profiles)])
    for rule in sorted({rule for profile in profiles for rule in profile.severities}):
        table.append([rule, *(profile.severities.get(rule, "") for profile in profiles)])
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return "\n".join(
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )


def _cell(value: object) -> str:
    return f"{len(value)} of them" if isinstance(value, tuple) else str(value)


def _is_json(form: str) -> bool:
    if form not in ("text", "json"):
        raise UsageError(f"--format {form} is for reports; lists come as text or json")
    return form == "json"
