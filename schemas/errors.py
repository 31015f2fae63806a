"""Errors that reach a user as one clear line.

Every message says what is wrong and where, what was needed, what was found, and the cure.
"""

from __future__ import annotations


class DressformError(Exception):
    """Base of every error a user can cause; `exit_code` is what the command line returns."""

    exit_code = 1


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
