"""One request before all others: is the service there at all?"""

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from casecraft.core.credentials import without_credentials
from casecraft.errors import ConfigurationError, ServiceError

HINT = "Start it, or say where it is with --base-url or CASECRAFT_BASE_URL."


def checked_base_url(url: str) -> str:
    """The URL without a slash at its end. Raises ConfigurationError where it cannot be that of a service."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known:
        found = f"it is {without_credentials(url)!r}" if url else "it is not set"
        raise ConfigurationError(
            f"where the service answers must be said, as in http://127.0.0.1:8000; {found}",
            hint="Say it with --base-url or CASECRAFT_BASE_URL.",
        )
    return url.rstrip("/")


def refuse_absent(base_url: str, headers: Mapping[str, str], *, timeout: float) -> None:
    """Ask the base URL once. Whatever HTTP answer comes will do: what it says is for the cases to judge.

    Raises ServiceError where none comes within `timeout` seconds.
    """
    shown = without_credentials(base_url)
    try:
        with (
            httpx.Client(timeout=timeout, headers=dict(headers)) as client,
            client.stream("GET", base_url),  # its body is not wanted
        ):
            return
    except httpx.TimeoutException as error:
        raise ServiceError(
            f"the service at {shown!r} does not answer within {timeout:g} s",
            hint="See what keeps it, or wait longer with --timeout.",
        ) from error
    except httpx.ConnectError as error:
        raise ServiceError(f"the service is not there: {shown!r}: {error}", hint=HINT) from error
    except (httpx.RequestError, httpx.InvalidURL) as error:
        raise ServiceError(f"what answers at {shown!r} speaks no HTTP: {error}", hint=HINT) from error
