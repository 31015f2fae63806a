"""The documentation page of all rules, written from the table: `python -m dressform.validators.reports.page`."""

from __future__ import annotations

from dressform.validators.rules.table import RULES


def rules_page() -> str:
    """Return docs/rules.md."""
    rows = []
    for rule in RULES:
        finds = (rule.check.__doc__ or "").splitlines()[0]
        rows.append(f"| {rule.code} | `{rule.name}` | {rule.severity.value} | {finds} | {rule.cure} |")
    return "\n".join(
        [
            "# Validation rules",
            "",
            "Written by `python -m dressform.validators.reports.page > docs/rules.md`. Codes are stable: a code",
            "that is retired is never used again. A file that cannot be read is DF-FILE-001 `file.readable`, and the",
            "rules that need it are *not tested*. On a draft, a step that has not run leaves its rules *not tested*;",
            "before publishing it is an error. `dressform library verify` adds DF-LIBRARY-001 to 005 on the store.",
            "",
            "| code | name | severity | what it finds | cure |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    print(rules_page(), end="")
