"""Blots out keys in what a provider sends: some repeat them in their errors."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from casecraft.config import ProviderSettings
from casecraft.core.chat import (
    ChatResponse,
    Part,
    Reasoning,
    ReasoningDelta,
    StreamEnd,
    StreamEvent,
    Text,
    TextDelta,
    ToolCall,
    ToolCallDelta,
)
from casecraft.errors import ProviderError

REDACTED = b"[key]"
# Shorter keys (dummies such as "x") occur in any text; to blot them out would spoil answers.
SHORTEST_SECRET = 8
_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie|password", re.IGNORECASE)
_RUNS = re.compile(r"[A-Za-z0-9]+")


class Redaction:
    """The secrets of one provider, found plain and as JSON, JavaScript or a URL would escape them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        long_enough = sorted((it for it in set(secrets) if len(it) >= SHORTEST_SECRET), key=len, reverse=True)
        self._secrets = [(_longest_run(secret), _pattern(secret)) for secret in long_enough]

    def __repr__(self) -> str:
        return f"Redaction({len(self._secrets)} secrets)"

    def of_bytes(self, body: bytes) -> bytes:
        """The body without the secrets."""
        for run, pattern in self._secrets:
            # No escaping changes letters and digits: where they are missing, so is the secret.
            if run in body:
                body = pattern.sub(REDACTED, body)
        return body

    def of_text(self, text: str) -> str:
        """The text without the secrets."""
        if not any(run.decode() in text for run, _ in self._secrets):
            return text
        return self.of_bytes(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def of_response(self, response: ChatResponse) -> ChatResponse:
        """The answer, its raw body and all of its text without the secrets."""
        content = response.content
        clean = self.of_text(content) if isinstance(content, str) else tuple(map(self._of_part, content))
        return replace(response, content=clean, raw=self.of_bytes(response.raw))

    def of_event(self, event: StreamEvent) -> StreamEvent:
        """A piece of a streamed answer without the secrets that it has whole."""
        if isinstance(event, StreamEnd):
            return StreamEnd(self.of_response(event.response))
        if isinstance(event, TextDelta | ReasoningDelta):
            clean = self.of_text(event.text)
            return event if clean is event.text else replace(event, text=clean)
        if isinstance(event, ToolCallDelta):
            clean = self.of_text(event.arguments)
            return event if clean is event.arguments else replace(event, arguments=clean)
        return event

    def _of_part(self, part: Part) -> Part:
        if isinstance(part, ToolCall):
            return replace(part, arguments=self.of_text(part.arguments))
        return replace(part, text=self.of_text(part.text)) if isinstance(part, Text | Reasoning) else part

    def of_error(self, error: ProviderError) -> ProviderError:
        """The error, its message and body without the secrets."""
        error.args = tuple(self.of_text(str(argument)) for argument in error.args)
        if error.body is not None:
            error.body = self.of_bytes(error.body)
        return error


def redaction_of(settings: ProviderSettings, headers: Mapping[str, str]) -> Redaction:
    """The provider's key, and what stands in headers that are named like credentials."""
    return Redaction(_secrets_of(settings, headers))


def redaction_of_all(settings: Iterable[ProviderSettings], others: Iterable[str]) -> Redaction:
    """The same of all providers, and other secrets."""
    own = (secret for it in settings for secret in _secrets_of(it, plain_headers(it)))
    return Redaction([*own, *others])


def plain_headers(settings: ProviderSettings) -> dict[str, str]:
    """The user's headers, with what is secret in them."""
    return {name: value.get_secret_value() for name, value in settings.headers.items()}


def _secrets_of(settings: ProviderSettings, headers: Mapping[str, str]) -> list[str]:
    key = settings.api_key.get_secret_value() if settings.api_key is not None else ""
    query = {name: value.get_secret_value() for name, value in settings.query.items()}
    named = [value for name, value in (*headers.items(), *query.items()) if _SECRET_HEADER.search(name)]
    return [key, *named]


def _longest_run(secret: str) -> bytes:
    return max(_RUNS.findall(secret), key=len, default="").encode()


def _pattern(secret: str) -> re.Pattern[bytes]:
    return re.compile("".join(map(_forms, secret)).encode("utf-8", "surrogatepass"))


def _forms(letter: str) -> str:
    r"""A letter or digit as it is; of others also `\/`, `\u002f` and `%2F`, JSON within JSON included."""
    if letter.isascii() and letter.isalnum():
        return letter
    code = ord(letter)
    return rf"(?:\\*{re.escape(letter)}|(?i:\\+u{code:04x}|%{code:02x}))"
