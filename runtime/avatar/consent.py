"""Consent to make an avatar of a person: who agreed, to what, until when. No photo is opened without it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dressform.schemas.errors import ConsentError

SELF_PURPOSE = "virtual try-on on this machine"
SELF_DAYS = 365  # how long an avatar made with `--consent self` may be kept
MAX_FILE_BYTES = 1_000_000
CURE = "give --consent self for your own photo, or a JSON file with who, for and until (YYYY-MM-DD)"


@dataclass(frozen=True)
class Consent:
    """What the person in the photo agreed to.

    Attributes:
        who: The person, or "self".
        purpose: What for (the key `for` in files).
        until: Last day on which the avatar may be kept and used.
    """

    who: str
    purpose: str
    until: dt.date


def read_consent(consent: str | Path, *, today: dt.date | None = None) -> Consent:
    """Read `self` or a consent file.

    Args:
        consent: "self", or the path of a JSON file `{"who": …, "for": …, "until": "YYYY-MM-DD"}`.
        today: The day to compare with; the clock's when None.

    Raises:
        ConsentError: It is missing, unreadable, incomplete or has expired.
    """
    today = today or dt.date.today()
    if not str(consent).strip():
        raise ConsentError(f"no consent given; {CURE}")
    if str(consent) == "self":
        return Consent("self", SELF_PURPOSE, today + dt.timedelta(days=SELF_DAYS))
    path = Path(consent)
    data = _read_object(path)
    for key in ("who", "for", "until"):
        if not isinstance(data.get(key), str) or not data[key].strip():
            raise ConsentError(f"{path}: {key!r} must be a text, found {json.dumps(data.get(key))}; {CURE}")
    try:
        until = dt.date.fromisoformat(data["until"])
    except ValueError:
        raise ConsentError(f"{path}: 'until' must be a date YYYY-MM-DD, found {data['until']!r}; {CURE}") from None
    if until < today:
        raise ConsentError(f"{path}: the consent of {data['who']!r} ended on {until}; ask for a new one")
    return Consent(data["who"], data["for"], until)


def _read_object(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConsentError(f"{path}: is too large for a consent file; {CURE}")
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConsentError(f"{path}: no such consent file; {CURE}") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ConsentError(f"{path}: is not a readable JSON file ({error}); {CURE}") from None
    if not isinstance(data, dict):
        raise ConsentError(f"{path}: must hold one JSON object, found {type(data).__name__}; {CURE}")
    return data
