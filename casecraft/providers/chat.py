"""Providers that answer over HTTP, in whatever dialect their row names."""

import asyncio
import difflib
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import httpx
import orjson

from casecraft.config import ProviderSettings
from casecraft.config.environment import variable_prefix
from casecraft.core.chat import ChatRequest, ChatResponse, Loss, Message, StreamEnd, StreamEvent, events_of
from casecraft.core.embedding import EmbeddingRequest, EmbeddingResponse
from casecraft.core.profile import Profile
from casecraft.core.usage import Cost, Usage
from casecraft.errors import (
    BadAnswerError,
    HealthCheckError,
    InvalidRequestError,
    ModelNotFoundError,
    NetworkError,
    OutputLimitError,
    ProviderError,
    ProviderTimeoutError,
)
from casecraft.providers.call_log import Call, CallLog, id_of, recorded
from casecraft.providers.catalog import CatalogRow
from casecraft.providers.connection import Connection
from casecraft.providers.embedder import Embedder
from casecraft.providers.following import follow, follow_stream
from casecraft.providers.http import Reply, StreamedReply
from casecraft.providers.passage import Passage
from casecraft.providers.prices import PriceList
from casecraft.providers.provider import Health, ModelInfo
from casecraft.providers.redaction import plain_headers, redaction_of
from casecraft.providers.retry import Retry, RetryPolicy
from casecraft.providers.validation import odd_header, validate, wrong
from casecraft.wire import DIALECTS, Dialect, encode_body, find_dialect

SUCCESS = range(200, 300)
SNAPSHOT = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|latest)")
NO_LISTING = (404, 405, 501)
# How long a health check may take, and the list of models alone. In seconds.
CHECK_SECONDS, LISTING_SECONDS = 30.0, 10.0
SAMPLING = frozenset({"temperature", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty"})


class ChatProvider:
    """One provider of the catalog, or of the user's own, as this run uses it."""

    def __init__(
        self,
        row: CatalogRow,
        profile: Profile,
        settings: ProviderSettings,
        *,
        log: CallLog | None = None,
        retry: RetryPolicy | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._row = row
        self._settings = settings
        self.profile = profile
        self._redaction = redaction_of(settings, plain_headers(settings))
        self._prices = PriceList(row, row.site_of(settings.base_url, settings.key_variable), profile)
        self._log = log
        self._retry = retry
        self._connection = Connection(row, profile, settings, transport)
        self._embedder = Embedder(row, profile, settings, self._redaction, self._connection, transport)
        self._found_model = ""
        self._spoken: Dialect | None = None

    def __repr__(self) -> str:
        return f"ChatProvider({self.profile!r})"

    @property
    def name(self) -> str:
        """The canonical name."""
        return self.profile.name

    @property
    def max_workers(self) -> int:
        """The most requests that may be in flight."""
        return self.profile.max_workers

    def validate(self) -> None:
        """Raise `ProviderConfigurationError` where a setting is missing or wrong. Asks nobody."""
        validate(self._row, self.profile, self._settings, plain_headers(self._settings))
        self._dialect  # noqa: B018  # an unknown one is told here
        self._connection.auth  # noqa: B018  # and so is a package that signing needs

    def validate_embeddings(self) -> None:
        """Raise `ProviderConfigurationError` where it makes none, or a setting that they need is missing or wrong."""
        self._embedder.validate()

    @property
    def _dialect(self) -> Dialect:
        if self._spoken is None:
            if self.profile.dialect not in DIALECTS and self._embedder.is_ready:
                raise wrong(self.profile, "makes embeddings and answers no requests", "Name one that does.")
            self._spoken = find_dialect(self.profile.dialect)
        return self._spoken

    async def complete(self, request: ChatRequest) -> ChatResponse:
        """The whole answer, tried again as the policy says, if there is one. Raises a `ProviderError`."""
        request = await self._with_model(request)
        if self._retry is None:
            return await self._complete_once(request)
        retry = Retry(self._retry)
        async for attempt in retry.loop(asyncio.sleep):
            with attempt:
                return await self._complete_once(request)
        raise AssertionError("the loop ends with an answer or an error")

    async def _complete_once(self, request: ChatRequest) -> ChatResponse:
        if self._settings.stream:
            return await self._complete_streaming(request)
        with recorded(self._log, Call(self.name, request.model), self.usage_of) as call:
            call.sent, losses = self._encode(request, stream=False)
            path = self._dialect.chat_path(request.model, False)
            headers = self._headers(request, stream=False)
            reply = await follow(await self._connection.post(path, call.sent, headers), self._dialect, self._connection)
            self._note(call, reply)
            response = self._decode(*reply, losses)
            call.end(response)
        return response

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """The answer as it comes; the last event is its `StreamEnd`."""
        request = await self._with_model(request)
        with recorded(self._log, Call(self.name, request.model, streamed=True), self.usage_of) as call:
            call.sent, losses = self._encode(request, stream=True)
            path = self._dialect.chat_path(request.model, True)
            headers = self._headers(request, stream=True)
            async with self._connection.stream(path, call.sent, headers) as streamed:
                reply = self._followed(call, streamed)
                async for event in self._events(reply, losses):
                    call.take_event()
                    if isinstance(event, StreamEnd):
                        call.end(event.response)
                    yield event

    async def _events(self, reply: StreamedReply, losses: tuple[Loss, ...]) -> AsyncGenerator[StreamEvent]:
        if reply.status not in SUCCESS or _is_whole(reply.headers):
            whole = Reply(reply.status, reply.headers, b"".join([chunk async for chunk in reply.chunks]))
            async with follow_stream(whole, self._dialect, self._connection) as announced:
                if announced is None:
                    for event in events_of(self._decode(*whole, losses)):
                        yield event
                else:
                    async for event in self._events(announced, losses):
                        yield event
            return
        decoder = self._dialect.stream_decoder(self.name, self._row.codes)
        try:
            async for chunk in reply.chunks:
                for event in decoder.feed(chunk):
                    yield self._redacted(event, losses)
            for event in decoder.finish():
                yield self._redacted(event, losses)
        except ProviderError as error:
            if isinstance(error, NetworkError | ProviderTimeoutError):
                error.args = (f"{error}, after {decoder.progress}",)
            raise self._redaction.of_error(error) from error.__cause__

    @asynccontextmanager
    async def pass_on(
        self, body: Mapping[str, Any], path: str, *, model: str, stream: bool, headers: Mapping[str, str]
    ) -> AsyncIterator[Passage]:
        """Send a body of the provider's own dialect with all that is in it; the answer's bytes as they come.

        `path` is that of the dialect, with whatever query the client sent; `headers` go along. Raises a
        `ProviderError`, with the body that came, where the status is not 2xx.
        """
        with recorded(self._log, Call(self.name, model, streamed=stream), self.usage_of) as call:
            call.sent = self._written(dict(body))
            sent = {**self._dialect.headers(stream), **headers}
            async with self._connection.stream(path, call.sent, sent) as streamed:
                reply = self._followed(call, streamed)
                if reply.status not in SUCCESS:
                    self._decode(reply.status, reply.headers, b"".join([chunk async for chunk in reply.chunks]))
                streams = stream and not _is_whole(reply.headers)
                decoder = self._dialect.stream_decoder(self.name, self._row.codes) if streams else None
                usage, check = self._dialect.decode_usage, self._check_whole
                passage = Passage(reply, decoder, read_usage=usage, check=check, redaction=self._redaction)
                yield passage
                call.usage = passage.usage
                if passage.error is not None:
                    call.fail(passage.error)

    def _check_whole(self, body: bytes) -> None:
        """Raise a `ProviderError` for a body that is no answer, though its status says that all is well."""
        parsed = _parsed(body)
        if not isinstance(parsed, dict) or parsed.get("error"):
            self._decode(SUCCESS.start, {}, body)

    async def list_models(self) -> tuple[str, ...]:
        """The ids of the models that the provider lists. Raises `ModelNotFoundError` where it has no list."""
        models = await self._list_models()
        if models is None:
            hint = "Its documentation lists them; `casecraft providers show` has those of the catalog."
            raise ModelNotFoundError(f"{self.name!r} has no list of models", provider=self.name, hint=hint)
        return models

    async def get_model(self, model: str) -> ModelInfo:
        """What is known of a model that the provider lists. Raises `ModelNotFoundError` with the nearest name."""
        listed = await self._list_models()
        if listed is not None and model not in listed:
            nearest = difflib.get_close_matches(model, listed, n=1)
            hint = f"Did you mean {nearest[0]!r}?" if nearest else "`casecraft providers models` lists them."
            raise ModelNotFoundError(f"{self.name!r} lists no model {model!r}", provider=self.name, hint=hint)
        known = next((it for it in self._row.models if it.id == model), None)
        return ModelInfo(
            id=model,
            context_tokens=known.context_tokens if known is not None else None,
            max_output_tokens=known.max_output_tokens if known is not None else None,
            embeddings=known.embeddings if known is not None else False,
        )

    async def health(self) -> Health:
        """Ask for the list of models, if there is one, and for a few tokens, in 30 s. Raises `HealthCheckError`.

        The few tokens decide: a list may be closed to a key that may ask.
        """
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return await self._try_out()
        except TimeoutError as error:
            message = f"{self.name!r} is not ready: it did not answer within {CHECK_SECONDS:g} s, the most for a check"
            hint = "It may be busy, or still loading its model: check again. Other requests have its `timeout`."
            raise HealthCheckError(message, provider=self.name, hint=hint) from error
        except ProviderError as error:
            message = f"{self.name!r} is not ready: {error}"
            raise HealthCheckError(
                message, provider=self.name, status=error.status, body=error.body, hint=error.hint
            ) from error

    async def _try_out(self) -> Health:
        if self.profile.dialect not in DIALECTS and self._embedder.is_ready:
            started = time.perf_counter()
            await self.embed(EmbeddingRequest(("OK",)))
            return Health(self.name, self.profile.model, time.perf_counter() - started)
        models = await self._list_if_possible()
        request = await self._with_model(ChatRequest((Message("user", "Say OK."),), max_output_tokens=16))
        started = time.perf_counter()
        with suppress(OutputLimitError):  # that it answers is what counts
            await self._complete_once(request)
        return Health(self.name, request.model, time.perf_counter() - started, models)

    async def _list_if_possible(self) -> tuple[str, ...]:
        """The models that are listed; none where the list fails, since many answer without one."""
        try:
            async with asyncio.timeout(LISTING_SECONDS):
                return await self._list_models() or ()
        except (ProviderError, TimeoutError):
            return ()

    def price(self, usage: Usage | None, model: str, *, batch: bool = False) -> Cost | None:
        """What this usage costs, in a batch where `batch` says so; None where the price is not known."""
        asked = self.profile.model
        # Vendors may answer a name with that of its dated snapshot, and bill the name.
        if not model or (model.startswith(asked) and SNAPSHOT.fullmatch(model[len(asked) :])):
            model = asked
        return self._prices.cost(usage, model, batch=batch)

    def usage_of(self, error: ProviderError) -> Usage | None:
        """What a failed answer used, where its body says so: it may have been billed."""
        return self._dialect.decode_usage(error.body) if error.body else None

    async def embed(self, request: EmbeddingRequest) -> EmbeddingResponse:
        """A vector for each text. Raises `InvalidRequestError` where the provider makes none."""
        with recorded(self._log, Call(self.name, request.model)) as call:
            return await self._embedder.embed(request, call)

    async def aclose(self) -> None:
        """Close the connections. It may be used again afterwards, with new ones."""
        await self._connection.aclose()
        await self._embedder.aclose()

    async def _complete_streaming(self, request: ChatRequest) -> ChatResponse:
        """The answer of a stream, once it is whole: some vendors give long answers only so."""
        async with aclosing(self.stream(request)) as events:
            async for event in events:
                if isinstance(event, StreamEnd):
                    return event.response
        raise BadAnswerError(f"the stream of {self.name!r} had no end", provider=self.name)

    def _encode(self, request: ChatRequest, *, stream: bool) -> tuple[bytes, tuple[Loss, ...]]:
        """The body, and what it could not say though it matters little. Raises where it would say something else."""
        wanted = self.profile.structured_output
        omitted = [name for name in SAMPLING.intersection(self._row.omit) if getattr(request, name) is not None]
        if omitted:
            request = replace(request, **dict.fromkeys(omitted))  # type: ignore[arg-type]  # all of them may be None
        body, losses = self._dialect.encode_request(request, stream=stream, structured_output=wanted)
        self._refuse_losses(losses)
        losses += tuple(Loss(name, f"{self.name} refuses it", harmless=True) for name in omitted)
        return self._written(body), losses

    def _written(self, body: dict[str, Any]) -> bytes:
        """The body as it is sent, with what this vendor says otherwise than its dialect does."""
        for field in self._row.omit:
            body.pop(field, None)
        for field, name in self._row.rename.items():
            if field in body:
                body[name] = body.pop(field)
        body.update({**self._row.extra, **self._settings.extra})
        try:
            return encode_body(body)
        except (TypeError, orjson.JSONEncodeError) as error:
            message = f"a request to {self.name!r} cannot be written as JSON: {error}"
            raise InvalidRequestError(message, provider=self.name) from error

    def _headers(self, request: ChatRequest, *, stream: bool) -> Mapping[str, str]:
        """The dialect's headers and the request's. Raises `InvalidRequestError` for those that HTTP cannot carry."""
        odd = odd_header(request.headers)
        if odd is not None:
            message = f"{self.name!r} cannot be asked this: the header {odd!r} is no plain text"
            raise InvalidRequestError(message, provider=self.name, hint="Headers are of printable ASCII letters alone.")
        return {**self._dialect.headers(stream), **request.headers}

    def _followed(self, call: Call, reply: StreamedReply) -> StreamedReply:
        """The reply, whose chunks the call gets as well where bodies are logged."""
        self._note(call, reply)
        if self._log is None or not self._log.bodies:
            return reply
        return reply._replace(chunks=call.follow(reply.chunks, self._redaction))

    def _note(self, call: Call, reply: Reply | StreamedReply) -> None:
        """Tell the log what came back."""
        call.take(reply.status, self._redaction.of_text(id_of(reply.headers) or "") or None)

    def _refuse_losses(self, losses: tuple[Loss, ...]) -> None:
        lost = "; ".join(f"{loss.field} ({loss.reason})" for loss in losses if not loss.harmless)
        if lost:
            message = f"{self.name!r} cannot be asked this: {lost}"
            raise InvalidRequestError(message, provider=self.name, hint="Use a provider that can, or ask without.")

    async def _with_model(self, request: ChatRequest) -> ChatRequest:
        if request.model:
            return request
        return replace(request, model=self.profile.model or await self._find_model())

    async def _find_model(self) -> str:
        """The first model that a local server lists: it was started for it."""
        if not self._found_model:
            models = await self._list_models()
            if not models:
                hint = f"Load one, or set {variable_prefix(self.name)}MODEL."
                raise ModelNotFoundError(f"{self.name!r} lists no model", provider=self.name, hint=hint)
            self._found_model = models[0]
        return self._found_model

    async def _list_models(self) -> tuple[str, ...] | None:
        """What the provider lists, or None where it has no list."""
        if not self._dialect.models_path:
            return None
        status, headers, body = await self._connection.get(self._dialect.models_path)
        if status in NO_LISTING:
            return None
        models = self._dialect.read_models(_parsed(body)) if status in SUCCESS else None
        if models is None:
            # Not a list of models: let the dialect say what it is instead.
            self._decode(status, headers, body)
        return models

    def _decode(
        self, status: int, headers: Mapping[str, str], body: bytes, losses: tuple[Loss, ...] = ()
    ) -> ChatResponse:
        """A whole answer, or the error that it is."""
        body = self._redaction.of_bytes(body)
        try:
            if status in SUCCESS:
                response = self._dialect.decode_response(body, provider=self.name, codes=self._row.codes)
                return replace(response, losses=losses) if losses else response
            raise self._dialect.decode_error(status, headers, body, self.name, codes=self._row.codes)
        except ProviderError as error:
            raise self._redaction.of_error(error) from error.__cause__

    def _redacted(self, event: StreamEvent, losses: tuple[Loss, ...]) -> StreamEvent:
        event = self._redaction.of_event(event)
        return StreamEnd(replace(event.response, losses=losses)) if isinstance(event, StreamEnd) else event


def _parsed(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _is_whole(headers: Mapping[str, str]) -> bool:
    """Whether an answer is no stream though one was asked for: some servers do not stream."""
    return headers.get("content-type", "").partition(";")[0].strip() == "application/json"
