"""A model inside the process: a GGUF file, run by llama.cpp (xllamacpp), asked as its own server would be."""

import asyncio
import importlib.util
import os
import secrets
import threading
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from casecraft.config import ProviderSettings
from casecraft.config.environment import variable_prefix
from casecraft.core.chat import ChatRequest, ChatResponse, Loss, Message, StreamEnd, StreamEvent
from casecraft.core.embedding import EmbeddingRequest, EmbeddingResponse
from casecraft.core.profile import Profile
from casecraft.core.usage import Cost, Usage
from casecraft.errors import (
    BadAnswerError,
    HealthCheckError,
    InvalidRequestError,
    ModelNotFoundError,
    OutputLimitError,
    ProviderConfigurationError,
    ProviderError,
    ProviderTimeoutError,
)
from casecraft.providers.call_log import Call, CallLog, recorded
from casecraft.providers.catalog import CatalogRow
from casecraft.providers.prices import FREE_CURRENCY
from casecraft.providers.provider import Health, ModelInfo
from casecraft.wire import encode_body, find_dialect

PACKAGE = "xllamacpp"
MAGIC = b"GGUF"
# Threads of llama.cpp wait for each other: with one more than there are free processors all of them crawl.
THREADS = max(1, (os.cpu_count() or 1) // 2)
SPOKEN = "openai_chat"
"""What the package takes and gives."""


class EmbeddedProvider:
    """The model of one GGUF file. It is loaded for the first request and answers one at a time, in its own thread."""

    def __init__(
        self, row: CatalogRow, profile: Profile, settings: ProviderSettings, *, log: CallLog | None = None
    ) -> None:
        self._row = row
        self._log = log
        self._extra = settings.extra
        self._dialect = find_dialect(SPOKEN)
        self._path = Path(profile.model).expanduser()
        self._server: Any = None
        self._thread: ThreadPoolExecutor | None = None
        self.profile = profile

    def __repr__(self) -> str:
        return f"EmbeddedProvider({self.profile!r})"

    @property
    def name(self) -> str:
        """The canonical name."""
        return self.profile.name

    @property
    def max_workers(self) -> int:
        """The most requests that may be in flight. They are answered one after the other."""
        return self.profile.max_workers

    def validate(self) -> None:
        """Raise `ProviderConfigurationError` where the package or the model's file is missing."""
        hint = f"Set {variable_prefix(self.name)}MODEL to the path of a GGUF file."
        if importlib.util.find_spec(PACKAGE) is None:
            raise self._wrong("needs the package 'xllamacpp'", 'Run `pip install "casecraft-engine[embedded]"`.')
        if not self.profile.model:
            raise self._wrong("has no model", hint)
        try:
            with self._path.open("rb") as file:
                begin = file.read(len(MAGIC))
        except OSError as error:
            message = f"cannot read its model {str(self._path)!r}: {error.strerror}"
            raise self._wrong(message, hint) from error
        if begin != MAGIC:
            raise self._wrong(f"has a model that is no GGUF file: {str(self._path)!r}", "Name another file.")

    async def complete(self, request: ChatRequest) -> ChatResponse:
        """The whole answer. It is streamed inside, so that it can be given up half-way."""
        async with aclosing(self.stream(request)) as events:
            async for event in events:
                if isinstance(event, StreamEnd):
                    return event.response
        raise BadAnswerError(f"the answer of {self.name!r} had no end", provider=self.name)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """The answer as it comes; the last event is its `StreamEnd`."""
        with recorded(self._log, Call(self.name, self._path.stem, streamed=True), self.usage_of) as call:
            call.sent, losses = self._encode(request)
            async with aclosing(self._events(call.sent)) as events:
                async for event in events:
                    call.take_event()
                    if isinstance(event, StreamEnd):
                        call.end(event.response)
                        event = StreamEnd(replace(event.response, losses=losses))  # noqa: PLW2901
                    yield event

    async def _events(self, body: bytes) -> AsyncGenerator[StreamEvent]:
        decoder = self._dialect.stream_decoder(self.name, self._row.codes)
        async with aclosing(self._chunks(body)) as chunks:
            async for chunk in chunks:
                for event in decoder.feed(b"data: %s\n\n" % chunk):
                    yield event
        for event in (*decoder.feed(b"data: [DONE]\n\n"), *decoder.finish()):
            yield event

    async def list_models(self) -> tuple[str, ...]:
        """The one model, by its file's name."""
        return (self._path.stem,)

    async def get_model(self, model: str) -> ModelInfo:
        """What is known of the model. Raises `ModelNotFoundError` for any other."""
        if model not in (self._path.stem, self.profile.model):
            raise ModelNotFoundError(f"{self.name!r} has only {self._path.stem!r}, no {model!r}", provider=self.name)
        return ModelInfo(self._path.stem, self.profile.context_tokens, self.profile.max_output_tokens)

    async def embed(self, request: EmbeddingRequest) -> EmbeddingResponse:
        """Raises `InvalidRequestError`: the model of a file answers requests alone."""
        del request
        raise InvalidRequestError(f"{self.name!r} makes no embeddings", provider=self.name)

    async def health(self) -> Health:
        """Load the model and ask it for a few tokens. Raises `HealthCheckError`."""
        started = time.perf_counter()
        try:
            self.validate()
            with suppress(OutputLimitError):  # that it answers is what counts
                await self.complete(ChatRequest((Message("user", "Say OK."),), max_output_tokens=8))
        except ProviderError as error:
            message = f"{self.name!r} is not ready: {error}"
            raise HealthCheckError(message, provider=self.name, hint=error.hint) from error
        return Health(self.name, self._path.stem, time.perf_counter() - started)

    def price(self, usage: Usage | None, model: str) -> Cost | None:  # noqa: ARG002  # whatever the model
        """Nothing: it runs on this machine."""
        return Cost(Decimal(0), FREE_CURRENCY, self._row.checked.isoformat())

    def usage_of(self, error: ProviderError) -> Usage | None:
        """What a failed answer used, where it says so."""
        return self._dialect.decode_usage(error.body) if error.body else None

    async def aclose(self) -> None:
        """Let the model go. The next request loads it again."""
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.to_thread(thread.shutdown)
        self._server = None

    def _encode(self, request: ChatRequest) -> tuple[bytes, tuple[Loss, ...]]:
        request = replace(request, model=self._path.stem)
        wanted = self.profile.structured_output
        body, losses = self._dialect.encode_request(request, stream=True, structured_output=wanted)
        lost = "; ".join(f"{loss.field} ({loss.reason})" for loss in losses if not loss.harmless)
        if lost:
            raise InvalidRequestError(f"{self.name!r} cannot be asked this: {lost}", provider=self.name)
        try:
            return encode_body({**body, **self._extra}), losses
        except TypeError as error:
            message = f"a request to {self.name!r} cannot be written as JSON: {error}"
            raise InvalidRequestError(message, provider=self.name) from error

    async def _chunks(self, body: bytes) -> AsyncGenerator[bytes]:
        """What the model says, piece by piece. Whoever stops listening stops the model at its next token."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.profile.timeout
        chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        given_up = threading.Event()

        def take(chunk: bytes) -> bool:
            if not given_up.is_set():
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)
            return given_up.is_set()

        work = loop.run_in_executor(self._worker(), self._generate, body, take, given_up)
        work.add_done_callback(lambda _: chunks.put_nowait(None))
        try:
            while (chunk := await self._next(chunks, deadline)) is not None:
                yield chunk
            await work
        finally:
            given_up.set()
            work.add_done_callback(_retrieve)

    async def _next(self, chunks: "asyncio.Queue[bytes | None]", deadline: float) -> bytes | None:
        try:
            async with asyncio.timeout_at(deadline):
                return await chunks.get()
        except TimeoutError as error:
            message = f"{self.name!r} did not finish its answer within {self.profile.timeout:g} s"
            hint = "Allow more with the provider's `timeout`, or fewer tokens with `max_output_tokens`."
            raise ProviderTimeoutError(message, provider=self.name, hint=hint) from error

    def _worker(self) -> ThreadPoolExecutor:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="casecraft-embedded")
        return self._thread

    def _generate(self, body: bytes, take: Callable[[bytes], bool], given_up: threading.Event) -> None:
        """Ask the model, in its thread. `take` says whether to stop."""
        if given_up.is_set():
            return
        if self._server is None:
            self._server = self._load()
        try:
            self._server.handle_chat_completions(body, take)
        except ValueError as error:
            message = f"{self.name!r} cannot be asked this: {error}"
            raise InvalidRequestError(message, provider=self.name) from error
        except RuntimeError as error:
            raise BadAnswerError(f"{self.name!r} gave no answer: {error}", provider=self.name) from error

    def _load(self) -> Any:
        self.validate()
        import xllamacpp  # noqa: PLC0415  # an extra, and a large one

        params = xllamacpp.CommonParams()
        params.model.path = str(self._path)
        params.model_alias = {self._path.stem}
        params.n_ctx = self.profile.context_tokens or 0  # 0 is all that the model has
        params.n_parallel = 1
        params.verbosity = -1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = THREADS
        # The package listens on the loopback interface, too: let nobody in.
        params.api_keys = [secrets.token_urlsafe(32)]
        params.ui = params.endpoint_slots = False
        try:
            return xllamacpp.Server(params)
        except RuntimeError as error:
            message = f"cannot load its model {str(self._path)!r}: {error}"
            hint = "The file may be cut short, of a kind that llama.cpp does not know, or too large for the memory."
            raise self._wrong(message, hint) from error

    def _wrong(self, message: str, hint: str) -> ProviderConfigurationError:
        return ProviderConfigurationError(f"provider {self.name!r} {message}", provider=self.name, hint=hint)


def _retrieve(work: "asyncio.Future[None]") -> None:
    """Look at how it ended: nobody else does once the answer was given up."""
    if not work.cancelled():
        work.exception()
