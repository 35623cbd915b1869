"""Who may see the page: whoever has shown the gateway's own token, in a browser that asked for it by its address."""

import secrets
import time
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Send

from casecraft.errors import AuthenticationError
from casecraft.gateway.access import OWN, Access

LIFETIME = 12 * 3600.0
"""Seconds for which a browser stays let in."""

MOST_SESSIONS = 64
LARGEST_FORM = 64 * 1024
FORM_TOKEN = "form_token"  # noqa: S105  # the name of a field

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

_LOCAL = ("127.0.0.1", "localhost", "::1")
_TOO_LARGE, _FORBIDDEN = 413, 403


class Sessions:
    """The browsers that were let in, each under a random name that is worth nothing elsewhere or after a restart."""

    def __init__(self) -> None:
        self._sessions: dict[str, tuple[float, str]] = {}

    def begin(self) -> str:
        """Let a browser in; its name. The oldest goes where there are too many."""
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        name = secrets.token_urlsafe(32)
        self._sessions[name] = (time.monotonic() + LIFETIME, secrets.token_urlsafe(32))
        return name

    def end(self, name: str) -> None:
        """Let it in no more."""
        self._sessions.pop(name, None)

    def form_token(self, name: str) -> str | None:
        """What the forms of this browser bring back; None for one that was not let in."""
        until, token = self._sessions.get(name, (0.0, ""))
        if until > time.monotonic():
            return token
        self.end(name)
        return None


def opens(access: Access, token: str) -> bool:
    """Is this the gateway's own token? Those of single clients' keys do not open the page: it shows everyone's work."""
    try:
        return access.name_of({"x-api-key": token}, {}) == OWN
    except AuthenticationError:
        return False


def cookie_name(request: Request) -> str:
    """The name of the cookie: cookies are shared by all ports of a machine, and there may be a second gateway."""
    server = request.scope.get("server")
    return f"casecraft-{server[1] if server else 0}"


def may_be_asked_as(host_header: str, listens_at: str) -> bool:
    """Is this an address that the gateway listens at? Any other name is of somebody whose site points here, so that
    the browser takes us for it.
    """
    try:
        named = urlsplit(f"//{host_header}").hostname or ""
    except ValueError:
        return False
    own = listens_at.strip("[]").lower()
    if named in {*_LOCAL, own}:
        return True
    # At a wildcard it listens at every address of the machine; these cannot be pointed elsewhere, as names can.
    return own in {"0.0.0.0", "::"} and _is_address(named)  # noqa: S104  # it is only compared with


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def read_form(request: Request, form_token: str | None = None) -> Mapping[str, list[str]]:
    """The fields of a form that this page has shown. Raises `HTTPException` for one from elsewhere.

    `form_token` is what it must bring; None for the one form that is there before anybody is let in.
    """
    _refuse_foreign(request)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise HTTPException(_TOO_LARGE, "The form is too large.")
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=1000)
    given = fields.pop(FORM_TOKEN, [""])[0]
    if form_token is not None and not secrets.compare_digest(form_token.encode(), given.encode("utf-8", "replace")):
        raise HTTPException(_FORBIDDEN, "The form is not from this page, or from before it was opened anew.")
    return fields


def _refuse_foreign(request: Request) -> None:
    """Browsers say where a form was; a page without a referrer sends its forms from the origin "null"."""
    origin, site = request.headers.get("origin", "null"), request.headers.get("sec-fetch-site", "same-origin")
    own = {"null", f"http://{request.headers.get('host')}", f"https://{request.headers.get('host')}"}
    if origin not in own or site not in {"same-origin", "none"}:
        raise HTTPException(_FORBIDDEN, "The form is from another site.")


def with_headers(send: Send) -> Send:
    """Sends answers with the headers that keep a browser from mixing the page with anything else."""

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return guarded
