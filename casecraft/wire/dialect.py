"""What a dialect is, and the ones that there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from casecraft.core.chat import ChatRequest, ChatResponse, StreamEvent
from casecraft.core.profile import StructuredOutput
from casecraft.core.usage import Usage
from casecraft.errors import ProviderError, ProviderNotFoundError
from casecraft.wire import openai_chat, openai_chat_stream
from casecraft.wire.vendor_error import Codes, decode_error


class EncodeRequest(Protocol):
    """Writes a canonical request as the body that the dialect sends."""

    def __call__(self, request: ChatRequest, *, stream: bool, structured_output: StructuredOutput) -> dict[str, Any]:
        """The body as JSON values."""


class DecodeResponse(Protocol):
    """Reads a whole answer. Whatever the bytes are, it returns an answer or raises a `ProviderError`."""

    def __call__(self, body: bytes, *, provider: str = "", codes: Codes = ...) -> ChatResponse:
        """The answer in a body that came with status 2xx."""


class DecodeError(Protocol):
    """Reads what came with a status other than 2xx."""

    def __call__(
        self, status: int, headers: Mapping[str, str], body: bytes, provider: str, *, codes: Codes = ...
    ) -> ProviderError:
        """The error, for raising. It never raises itself."""


class StreamDecoder(Protocol):
    """Reads a streamed answer as it comes, whatever the chunks."""

    @property
    def progress(self) -> str:
        """How far the stream has come, in words."""

    def feed(self, chunk: bytes) -> list[StreamEvent]:
        """The events that are complete with this chunk."""

    def finish(self) -> list[StreamEvent]:
        """The events that the end of the stream completes. Raises `BadAnswerError` where the stream was cut."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One wire format. `chat_path` and `models_path` are appended to a provider's base URL."""

    name: str
    chat_path: str
    models_path: str
    encode_request: EncodeRequest
    decode_response: DecodeResponse
    decode_error: DecodeError
    decode_usage: Callable[[bytes], Usage | None]
    stream_decoder: Callable[[str, Codes], StreamDecoder]


DIALECTS: Mapping[str, Dialect] = {
    "openai_chat": Dialect(
        name="openai_chat",
        chat_path="/chat/completions",
        models_path="/models",
        encode_request=openai_chat.encode_request,
        decode_response=openai_chat.decode_response,
        decode_error=decode_error,
        decode_usage=openai_chat.decode_usage,
        stream_decoder=openai_chat_stream.StreamDecoder,
    )
}


def find_dialect(name: str) -> Dialect:
    """The dialect of this name. Raises `ProviderNotFoundError` where there is none."""
    dialect = DIALECTS.get(name)
    if dialect is None:
        raise ProviderNotFoundError(f"there is no dialect {name!r}", hint=f"Dialects: {', '.join(sorted(DIALECTS))}.")
    return dialect
