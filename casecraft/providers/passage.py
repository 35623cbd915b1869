"""An answer on its way through: its bytes as they come, read along the way for what they say of its end."""

from collections.abc import AsyncIterator, Callable, Mapping

from casecraft.core.chat import ChatResponse, StreamEnd, StreamEvent
from casecraft.core.usage import Usage
from casecraft.errors import ProviderError
from casecraft.providers.http import StreamedReply
from casecraft.wire.dialect import StreamDecoder


class Passage:
    """A reply with status 2xx whose bytes go on unchanged.

    `response` is there once a stream has ended, `usage` once the answer says it. `error` is what the stream breaks off
    with after its beginning: the bytes that say so have been passed on where the provider sent any (`told`).
    """

    def __init__(
        self,
        reply: StreamedReply,
        decoder: StreamDecoder | None,
        read_usage: Callable[[bytes], Usage | None],
    ) -> None:
        self.status = reply.status
        self.headers: Mapping[str, str] = reply.headers
        self.streams = decoder is not None
        self.response: ChatResponse | None = None
        self.usage: Usage | None = None
        self.error: ProviderError | None = None
        self.told = False
        self._reply = reply
        self._decoder = decoder
        self._read_usage = read_usage

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes. Raises a `ProviderError` where an answer fails before its first byte has been given out."""
        if self._decoder is None:
            yield await self._whole()
            return
        begun = False
        try:
            async for chunk in self._reply.chunks:
                self._read(chunk, self._decoder, begun=begun)
                begun = True
                yield chunk
                if self.error is not None:
                    self.told = True
                    return
            self._take(self._decoder.finish())
        except ProviderError as error:
            if not begun:
                raise
            self.error = error

    async def _whole(self) -> bytes:
        body = b"".join([chunk async for chunk in self._reply.chunks])
        self.usage = self._read_usage(body)
        return body

    def _read(self, chunk: bytes, decoder: StreamDecoder, *, begun: bool) -> None:
        try:
            self._take(decoder.feed(chunk))
        except ProviderError as error:
            if not begun:
                raise
            self.error = error

    def _take(self, events: list[StreamEvent]) -> None:
        for event in events:
            if isinstance(event, StreamEnd):
                self.response = event.response
                self.usage = event.response.usage
