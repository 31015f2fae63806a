"""Errors that reach a user as one clear line.

Every message says what is wrong and where, what was needed, what was found, and the cure.
"""

from __future__ import annotations

import re

# What ends a line, steers a terminal, turns the direction of text or fits no encoding: names out of files hold it.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LONGEST = 2000  # characters that are shown


class DressformError(Exception):
    """Base of every error a user can cause; `exit_code` is what the command line returns.

    Its text is one line that any terminal can show, whatever a file that it quotes holds.
    """

    exit_code = 1

    def __str__(self) -> str:
        """Return the line."""
        line = _UNPRINTABLE.sub("\ufffd", super().__str__())
        return line if len(line) <= _LONGEST else f"{line[: _LONGEST // 2]} … {line[-_LONGEST // 4 :]}"


class UsageError(DressformError):
    """A wrong argument or option."""

    exit_code = 2


class InputError(DressformError):
    """A file or array that cannot be used as given."""


class AssetError(DressformError):
    """A template, draft or library that is broken or not found."""


class ConsentError(UsageError):
    """A photo without a valid consent."""


class ModelFileError(DressformError):
    """A pinned model file that is absent or does not match its sha256."""
