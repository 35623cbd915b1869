"""What of a client's request goes over to a provider of another dialect, and what does not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from casecraft.core.chat import ChatRequest, Loss
from casecraft.errors import InvalidRequestError
from casecraft.wire.dialect import Asked

ANY_OBJECT: Mapping[str, Any] = {"type": "object"}
"""What Chat Completions' older JSON mode asks for, as a schema."""

_MEANINGFUL: Mapping[str, Mapping[str, str]] = {
    "openai_chat": {
        "audio": "an answer in sound",
        "functions": "functions in the form that tools replaced",
        "function_call": "functions in the form that tools replaced",
        "logit_bias": "a bias of single tokens",
        "modalities": "an answer in sound",
        "web_search_options": "a search that the vendor runs",
    },
    "openai_responses": {
        "background": "an answer that is fetched later",
        "conversation": "a conversation that the vendor keeps",
        "previous_response_id": "an earlier answer that the vendor keeps",
        "prompt": "a prompt that the vendor keeps",
    },
    "anthropic_messages": {
        "container": "a container at the vendor's",
        "mcp_servers": "tools that the vendor calls",
    },
    "gemini": {"cachedContent": "contents that the vendor keeps"},
}
"""Fields without a canonical place whose absence would make another request of it, and what they ask for."""

_WITHOUT_MEANING: Mapping[str, Sequence[Any]] = {
    "modalities": (["text"],),
    "background": (False,),
    "function_call": ("none",),
    "logit_bias": ({},),
    "functions": ([],),
    "mcp_servers": ([],),
}
"""Values of such fields that ask for nothing special.

Tools that a vendor runs (Gemini's stay beside the functions) are left out where there are others to choose from."""


def cross(asked: Asked, dialect: str) -> tuple[ChatRequest, tuple[Loss, ...]]:
    """The request without what is its dialect's alone, and what was left out of it.

    Raises `InvalidRequestError` where something would have to be left out that changes what is asked.
    """
    request = asked.request
    if not request.messages:
        raise InvalidRequestError("the request has no messages")
    extra = dict(request.extra)
    losses = [*asked.losses]
    if dialect == "openai_chat":
        request, extra = _with_json_mode(request, extra)
    for name, value in extra.items():
        if value is not None:
            losses.append(_loss(name, value, _MEANINGFUL.get(dialect, {}), request))
    refuse(losses)
    return replace(request, extra={}, model=""), tuple(losses)


def refuse(losses: Iterable[Loss]) -> None:
    """Raise `InvalidRequestError` where one of them changes the meaning."""
    lost = "; ".join(f"{loss.field} ({loss.reason})" for loss in losses if not loss.harmless)
    if lost:
        raise InvalidRequestError(
            f"the provider speaks another dialect and cannot be asked this: {lost}",
            hint="Route the model to a provider of the client's own dialect, or ask without.",
        )


def _with_json_mode(request: ChatRequest, extra: dict[str, Any]) -> tuple[ChatRequest, dict[str, Any]]:
    wanted = extra.get("response_format")
    if isinstance(wanted, dict) and wanted.get("type") == "json_object":
        del extra["response_format"]
        request = replace(request, json_schema=ANY_OBJECT)
    # More than one answer cannot be asked for; one is what there is anyway.
    if extra.get("n") == 1:
        del extra["n"]
    return request, extra


def _loss(name: str, value: Any, meaningful: Mapping[str, str], request: ChatRequest) -> Loss:
    if name == "tools":
        return Loss(name, "tools that the vendor runs", harmless=bool(request.tools))
    if name in meaningful and value not in _WITHOUT_MEANING.get(name, ()):
        return Loss(name, f"{meaningful[name]}: no other vendor has it")
    if name == "n":
        return Loss(name, "other vendors give one answer")
    return Loss(name, "the vendor's own field", harmless=True)
