"""The models that clients are told of, in the form that each dialect lists them."""

from collections.abc import Mapping, Sequence
from typing import Any

# Lists want a time of making; nobody knows it of a route, and clients only sort by it.
_MADE = "2025-01-01T00:00:00Z"
_MADE_UNIX = 1735689600


def openai_list(names: Sequence[str]) -> dict[str, Any]:
    """What `GET /v1/models` of OpenAI gives."""
    return {"object": "list", "data": [openai_model(name) for name in names]}


def openai_model(name: str) -> dict[str, Any]:
    """One of them."""
    return {"id": name, "object": "model", "created": _MADE_UNIX, "owned_by": name.partition("/")[0]}


def anthropic_list(names: Sequence[str]) -> dict[str, Any]:
    """What `GET /v1/models` of Anthropic gives."""
    data = [anthropic_model(name) for name in names]
    ends = {"first_id": names[0] if names else None, "last_id": names[-1] if names else None}
    return {"data": data, "has_more": False, **ends}


def anthropic_model(name: str) -> dict[str, Any]:
    """One of them."""
    return {"id": name, "type": "model", "display_name": name, "created_at": _MADE}


def gemini_list(names: Sequence[str]) -> dict[str, Any]:
    """What `GET /v1beta/models` of Gemini gives."""
    return {"models": [gemini_model(name) for name in names]}


def gemini_model(name: str) -> dict[str, Any]:
    """One of them."""
    methods = ["generateContent", "countTokens"]
    return {"name": f"models/{name}", "displayName": name, "supportedGenerationMethods": methods}


def is_google(headers: Mapping[str, str], query: Mapping[str, str]) -> bool:
    """Whether a client of Gemini asks: its library names its key, or itself, in ways of its own."""
    return "x-goog-api-key" in headers or "x-goog-api-client" in headers or "key" in query


def is_anthropic(headers: Mapping[str, str]) -> bool:
    """Whether a client of Anthropic asks, whose list has another form at the same path."""
    return "anthropic-version" in headers
