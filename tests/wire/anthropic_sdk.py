"""Anthropic's own SDK, answered by bytes."""

from contextlib import contextmanager
from typing import Any

import anthropic
import httpx2

ASKED: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}


@contextmanager
def answered_by(body: bytes, *, status: int = 200, content_type: str = "application/json"):
    """A client whose every request gets this body; it holds answers against its types."""
    headers = {"content-type": content_type}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, content=body, headers=headers))
    with (
        httpx2.Client(transport=transport) as http,
        anthropic.Anthropic(
            api_key="k", base_url="http://x", http_client=http, max_retries=0, _strict_response_validation=True
        ) as client,
    ):
        yield client


def ask(body: bytes, **how: Any) -> anthropic.types.Message:
    """What the SDK makes of a whole answer."""
    with answered_by(body, **how) as client:
        return client.messages.create(**ASKED)


def ask_stream(body: bytes) -> anthropic.types.Message:
    """What the SDK puts together from a streamed answer."""
    with answered_by(body, content_type="text/event-stream") as client, client.messages.stream(**ASKED) as stream:
        return stream.get_final_message()


def parts_of(message: anthropic.types.Message) -> list[tuple[Any, ...]]:
    """What a message of the SDK says, block by block, without what the vendor's own tools did."""
    return [part for block in message.content if (part := _part(block)) is not None]


def _part(block: Any) -> tuple[Any, ...] | None:
    match block.type:
        case "text":
            return ("text", block.text)
        case "thinking":
            return ("thinking", block.thinking, block.signature)
        case "redacted_thinking":
            return ("redacted", block.data)
        case "tool_use":
            return ("call", block.id, block.name, block.input)
    return None
