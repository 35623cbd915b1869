"""Gemini's streams for those who do not ask for server-sent events: one JSON array, which grows."""

from casecraft.gateway.answering import JSON, Answer
from casecraft.wire.sse import EventReader


class ArrayAnswer(Answer):
    """An answer whose streamed events go out as the items of an array.

    Source: https://ai.google.dev/api/generate-content (`streamGenerateContent`, with and without `alt=sse`).
    """

    _events: EventReader | None = None

    async def piece(self, data: bytes, content_type: bytes = JSON) -> None:  # noqa: ARG002  # of the events, not ours
        """The items that are whole with these bytes of an event stream."""
        if self._events is None:
            self._events = EventReader()
        await self._items(self._events.feed(data))

    async def end(self) -> None:
        """The last item, and the end of the array. A whole answer has neither."""
        if self._events is not None:
            await self._items(self._events.finish())
            await super().piece(b"]" if self.begun else b"[]", JSON)
        await super().end()

    async def _items(self, items: list[bytes]) -> None:
        if items:
            await super().piece((b",\r\n" if self.begun else b"[") + b",\r\n".join(items), JSON)
