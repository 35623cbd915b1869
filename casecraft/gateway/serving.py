"""uvicorn's server as the gateway needs it: ended by signals without a trace, its errors told in one line."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from casecraft.errors import CasecraftError, ServerError
from casecraft.gateway.failing import unexpected

LOGGER = "uvicorn.error"
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
"""All of them end the gateway as it should end: requests get their time, the ledger is closed."""


class Server(uvicorn.Server):
    """Calls `stopping` when it begins to end, and raises no signal again that ended it."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None] = lambda: None) -> None:
        super().__init__(config)
        self._stopping = stopping

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals that end services, but for those that the user has turned off, as `nohup` does."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        taken = [it for it in SIGNALS if signal.getsignal(it) is not signal.SIG_IGN]
        before = {it: signal.signal(it, self.handle_exit) for it in taken}
        try:
            yield
        finally:
            for it, handler in before.items():
                signal.signal(it, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End; at once where it is asked for twice."""
        self.force_exit = self.should_exit
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End requests as they should, then those that do not."""
        self._stopping()
        await super().shutdown(sockets)
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.force_exit:  # uvicorn leaves the application to itself then
            await self.lifespan.shutdown()


class _Reporter(logging.Handler):
    """Hands errors that are logged to a report."""

    def __init__(self, report: Callable[[CasecraftError], None]) -> None:
        super().__init__(logging.ERROR)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        """Report what nobody foresaw. That requests were called off is what they were told themselves."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, Exception):
            self._report(unexpected(error))
        elif error is None and not record.getMessage().startswith("Cancel "):
            self._report(ServerError(record.getMessage().strip().rpartition("\n")[2]))


@contextmanager
def reported_errors(report: Callable[[CasecraftError], None]) -> Iterator[None]:
    """Have uvicorn's errors reported instead of printed."""
    logger, handler = logging.getLogger(LOGGER), _Reporter(report)
    logger.addHandler(handler)
    propagated, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagated
