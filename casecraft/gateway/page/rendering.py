"""What all parts of the page share: the gateway that they show, the browsers let in, and the templates."""

import asyncio
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from casecraft.gateway.gateway import Gateway
from casecraft.gateway.page import wording
from casecraft.gateway.page.guard import FORM_TOKEN, Sessions

HTML = "text/html; charset=utf-8"
EVERY = 2
"""Seconds between two looks of a browser at what changes."""


@dataclass(frozen=True)
class Page:
    """The page of one gateway."""

    gateway: Gateway
    sessions: Sessions = field(default_factory=Sessions)

    def form_token(self, request: Request) -> str | None:
        """What the forms of this browser bring back; None where it was not let in."""
        return self.sessions.form_token(getattr(request.state, "session", ""))

    async def render(self, request: Request, template: str, status: int = 200, **facts: Any) -> Response:
        """A page of facts, which nobody changes any more: it is written in a thread of its own."""
        facts |= {
            "path": request.url.path,
            "form_token": self.form_token(request),
            "form_token_name": FORM_TOKEN,
            "every": EVERY,
        }
        return Response(await asyncio.to_thread(_write, template, facts), status, media_type=HTML)


def _write(template: str, facts: dict[str, Any]) -> bytes:
    # What came from a client may be no text that can be encoded.
    return _templates().get_template(template).render(facts).encode("utf-8", "backslashreplace")


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("casecraft.gateway.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("money", "amounts", "short", "duration", "moment", "iso", "counted"):
        templates.filters[name] = getattr(wording, name)
    return templates
