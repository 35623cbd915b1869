"""One request of a client, as it was understood."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from casecraft.errors import InvalidRequestError
from casecraft.gateway.doors import ATTRIBUTION, Door
from casecraft.wire import Dialect, find_dialect
from casecraft.wire.dialect import Asked


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """What came through a door. `headers` have lower-case names; `query` is without the token; `path` as asked."""

    id: str
    door: Door
    path: str
    query: str
    headers: Mapping[str, str]
    client: str
    key: str
    body: Mapping[str, Any]
    asked: Asked
    started: float = field(default_factory=time.time)

    @property
    def dialect(self) -> Dialect:
        """What the client speaks."""
        return find_dialect(self.door.dialect)

    @property
    def model(self) -> str:
        """The model as the client named it."""
        return self.asked.request.model

    @property
    def attribution(self) -> dict[str, str]:
        """The headers that go to every provider, where they are plain text: others would arrive garbled."""
        given = {name: self.headers[name] for name in ATTRIBUTION if name in self.headers}
        return {name: value for name, value in given.items() if value.isascii()}

    @property
    def own_headers(self) -> dict[str, str]:
        """The headers that go to a provider of the same dialect."""
        of_dialect = {name: value for name, value in self.headers.items() if name.startswith(self.door.headers)}
        return {**of_dialect, **self.attribution} if self.door.headers else self.attribution


def parse_body(content: bytes) -> dict[str, Any]:
    """The object that a body holds. Raises `InvalidRequestError`."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InvalidRequestError(f"the body is no JSON: {error}", status=400) from error
    if not isinstance(body, dict):
        raise InvalidRequestError("the body must be a JSON object", status=400)
    return body


def client_of(headers: Mapping[str, str]) -> str:
    """The program that asks, by the beginning of its `User-Agent`: `claude-cli`, `codex_exec`, `OpenAI/Python`."""
    agent = headers.get("user-agent", "").strip()
    words = agent.split(" ")
    name = words[0].rpartition("/")[0] if "/" in words[0] else words[0]
    # The SDKs call themselves `OpenAI/Python 1.2.3`: the version is the second word there.
    if len(words) > 1 and words[0].count("/") == 1 and words[1][:1].isdigit():
        name = words[0]
    return name[:60] or "unknown"
