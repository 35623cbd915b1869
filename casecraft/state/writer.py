"""Group commit: what is recorded while one transaction runs goes into the next, all of it at once."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from casecraft.errors import StateError

Item = TypeVar("Item")


class _Batch(Generic[Item]):
    """Items that are written together, and who waits for them."""

    __slots__ = ("items", "loop", "waiters")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.items: list[Item] = []
        self.waiters: list[asyncio.Future[None]] = []


class GroupWriter(Generic[Item]):
    """Hands items to `write` in one thread of its own, many at a time.

    `write` makes a sequence of items durable, or none of them and raises StateError. A batch gathers for as long as
    the one before it is being written; and for `linger` seconds more where that is so, or where the last transaction
    had more than one item: many are at it then. One who records alone, each time awaiting the last, never lingers.
    """

    def __init__(self, write: Callable[[Sequence[Item]], None], *, linger: float) -> None:
        self._write = write
        self._linger = linger
        self._writing = False
        self._crowded = False
        self._gathering: _Batch[Item] | None = None
        self._submitted: SimpleQueue[_Batch[Item] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, item: Item) -> asyncio.Future[None]:
        """A future of the running loop that is done once `item` is durable, or holds the StateError why it is not."""
        loop = asyncio.get_running_loop()
        batch = self._gathering
        if batch is None or batch.loop is not loop:
            batch = self._begin(loop)
        waiter = loop.create_future()
        batch.items.append(item)
        batch.waiters.append(waiter)
        return waiter

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._closed = True
        if self._gathering is not None:
            self._submit(self._gathering)
        if self._thread is not None:
            self._submitted.put(None)
            self._thread.join()
            self._thread = None

    def _begin(self, loop: asyncio.AbstractEventLoop) -> _Batch[Item]:
        if self._closed:
            raise StateError("the state file is closed")
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="casecraft-state", daemon=True)
            self._thread.start()
        if not self._thread.is_alive():
            raise StateError("the state file's writer has stopped", hint="begin again with `casecraft resume`")
        if self._gathering is not None:  # left by a loop that ended
            self._submit(self._gathering)
        batch = self._gathering = _Batch(loop)
        if self._writing or self._crowded:
            loop.call_later(self._linger, self._submit, batch)
        else:
            loop.call_soon(self._submit, batch)
        return batch

    def _submit(self, batch: _Batch[Item]) -> None:
        if batch is self._gathering:
            self._gathering = None
            self._submitted.put(batch)

    def _work(self) -> None:
        while batches := self._next():
            items = [item for batch in batches for item in batch.items]
            error: StateError | None = StateError("the state file's writer stopped while it wrote")
            try:
                self._writing = True
                self._write(items)
                error = None
            except StateError as failure:
                error = failure
            finally:
                self._writing, self._crowded = False, len(items) > 1
                for batch in batches:
                    _announce(batch, error)

    def _next(self) -> list[_Batch[Item]]:
        """All batches that wait, at least one; none at the end."""
        first = self._submitted.get()
        if first is None:
            return []
        batches = [first]
        with suppress(Empty):
            while (batch := self._submitted.get_nowait()) is not None:
                batches.append(batch)
            self._submitted.put(None)
        return batches


def _announce(batch: _Batch[Item], error: StateError | None) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        batch.loop.call_soon_threadsafe(_resolve, batch.waiters, error)


def _resolve(waiters: Sequence[asyncio.Future[None]], error: StateError | None) -> None:
    for waiter in waiters:
        if waiter.done():  # its task was cancelled
            continue
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(type(error)(str(error), hint=error.hint))
