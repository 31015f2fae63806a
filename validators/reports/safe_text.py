"""Text that any report may hold: messages quote names and values out of files that nobody has vouched for."""

from __future__ import annotations

import re

# What XML 1.0 forbids (section 2.2) and what would steer a terminal or turn the direction of a line.
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]"
)
REPLACEMENT = "\ufffd"


def safe_text(text: str) -> str:
    """Return the text with every character replaced that XML, a terminal or UTF-8 cannot carry as plain text."""
    return _FORBIDDEN.sub(REPLACEMENT, text)


def one_line(text: str) -> str:
    """Return the safe text on one line."""
    return " ".join(safe_text(text).split())
