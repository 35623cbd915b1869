"""A page without a server or a browser: what is asked goes straight into the application."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from casecraft.config import Settings
from casecraft.gateway.app import create_app
from casecraft.gateway.gateway import Gateway

TOKEN = "cc-token-of-this-start"
ANNAS_TOKEN = "token-of-anna-0123456789"
HOST = "http://127.0.0.1:4141"


@dataclass
class Asking:
    """A gateway with somebody who asks for its page. `browser` keeps cookies, and follows no redirections."""

    gateway: Gateway
    browser: httpx.AsyncClient

    async def open(self) -> None:
        """Be let in."""
        await self.browser.get("/ui", params={"token": TOKEN})

    async def text(self, path: str) -> str:
        """A page that there must be."""
        answer = await self.browser.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def send(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form as the page has it."""
        found = re.search(r'name="form_token" value="([^"]+)"', await self.text("/ui"))
        assert found is not None
        return await self.browser.post(path, data={"form_token": found[1], **fields})


def asking(settings: Settings, folder: Path) -> Asking:
    """Nobody is let in yet."""
    gateway = Gateway(settings.model_copy(update={"state_dir": folder}), token=TOKEN)
    transport = httpx.ASGITransport(app=create_app(gateway))
    return Asking(gateway, httpx.AsyncClient(transport=transport, base_url=HOST))


def rows_of(page: str, word: str) -> Iterator[str]:
    """The rows of the page's tables that have a word in them."""
    return (row for row in re.findall(r"<tr role=\"row\">.*?</tr>", page, flags=re.DOTALL) if word in row)
