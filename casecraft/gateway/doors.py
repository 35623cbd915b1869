"""The ways in: which path speaks which dialect."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Door:
    """A dialect that clients may speak. Ids of answers begin with `id_prefix`, as the vendor's do.

    `headers` begin the names of a client's headers that belong to the dialect, so that they go on to a provider of it.
    """

    dialect: str
    id_prefix: str
    headers: tuple[str, ...] = ()


CHAT = Door("openai_chat", "chatcmpl-", ("openai-beta",))
RESPONSES = Door("openai_responses", "resp_", ("openai-beta",))
MESSAGES = Door("anthropic_messages", "msg_", ("anthropic-beta", "anthropic-version"))
GEMINI = Door("gemini", "")

EMBEDDINGS = Door("openai_chat", "embd-")
"""Its errors are those of Chat Completions."""

PATHS: Mapping[str, Door] = {
    "/v1/chat/completions": CHAT,
    "/v1/responses": RESPONSES,
    "/v1/messages": MESSAGES,
    "/v1/embeddings": EMBEDDINGS,
}
"""Gemini names model and verb in its path, as `/v1beta/models/MODEL:VERB`."""

ATTRIBUTION = ("http-referer", "x-title")
"""Headers by which some vendors tell applications apart; they go to every provider."""


def door_of(path: str) -> Door:
    """Whose errors a client of this path understands; Chat Completions' where that is open."""
    if path.startswith("/v1/messages"):
        return MESSAGES
    return PATHS.get(path) or (GEMINI if path.startswith(("/v1beta", "/v1alpha")) or ":" in path else CHAT)
