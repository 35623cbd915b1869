"""How long a vendor asks us to wait.

Sources: RFC 9110 section 10.2.3 (`Retry-After`, in seconds or as a date); `retry-after-ms` of OpenAI and Azure;
`x-ratelimit-remaining-*` and `x-ratelimit-reset-*` of OpenAI and those who copy it, with durations such as `6m0s`.
"""

import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

# A plain number beyond this is no duration but the Unix time at which the limit is lifted.
UNIX_TIME = 1_000_000_000
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
DURATION = re.compile(rf"(?:{PART.pattern})+")


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, never negative, or None where the headers (lower-case names) do not say."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    after = headers.get("retry-after")
    if after is not None:
        seconds = _number(after)
        return seconds if seconds is not None else _seconds_until(after, headers.get("date"))
    return _until_reset(headers)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return max(value, 0.0) if math.isfinite(value) else None


def _seconds_until(date: str, server_now: str | None) -> float | None:
    """Seconds until an HTTP date, by the server's own clock where it says what that shows."""
    then = _timestamp(date)
    if then is None:
        return None
    now = _timestamp(server_now) if server_now else None
    return max(then - (now if now is not None else time.time()), 0.0)


def _timestamp(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def _until_reset(headers: Mapping[str, str]) -> float | None:
    """The longest wait among the limits that are used up."""
    waits = [
        wait
        for suffix in ("", "-requests", "-tokens")
        if headers.get(f"x-ratelimit-remaining{suffix}", "").strip() == "0"
        and (wait := _duration(headers.get(f"x-ratelimit-reset{suffix}", ""))) is not None
    ]
    return max(waits, default=None)


def _duration(text: str) -> float | None:
    seconds = _number(text)
    if seconds is not None:
        return max(seconds - time.time(), 0.0) if seconds > UNIX_TIME else seconds
    text = text.strip()
    if not DURATION.fullmatch(text):
        return None
    return sum(float(amount) * UNITS[unit] for amount, unit in PART.findall(text))
