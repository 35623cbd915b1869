"""Details of errors of Google's APIs: why, and how long to wait.

Source: https://google.aip.dev/193 (`google.rpc.ErrorInfo`, `google.rpc.RetryInfo`).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")


def read_reasons(error: Mapping[str, Any]) -> tuple[str, ...]:
    """What the details give as reasons, such as `API_KEY_INVALID`: more exact than the error's status."""
    reasons = (detail.get("reason") for detail in _details(error))
    return tuple(reason for reason in reasons if isinstance(reason, str) and reason)


def read_retry_delay(error: Mapping[str, Any]) -> float | None:
    """Seconds to wait, or None where the details do not say."""
    for detail in _details(error):
        delay = detail.get("retryDelay")
        found = SECONDS.fullmatch(delay) if isinstance(delay, str) else None
        if found:
            return float(found[1])
    return None


def _details(error: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    details = error.get("details")
    return (each for each in details if isinstance(each, dict)) if isinstance(details, list) else iter(())
