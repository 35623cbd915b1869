"""Stopping a run from outside."""

import asyncio

from casecraft.engine.engine import Engine

GRACE = 10.0
"""Seconds that requests in flight get to finish after the first stop."""


class RunControl:
    """The handle by which whoever started a run stops it: once gently, twice at once.

    To be used in the event loop's own thread, from a signal handler for instance.
    """

    def __init__(self) -> None:
        self.stops = 0
        self._engine: Engine | None = None

    def attach(self, engine: Engine) -> None:
        """Put an engine under control; one that was stopped before it began sends nothing."""
        self._engine = engine
        if self.stops:
            engine.stop()

    def stop(self) -> None:
        """The first time: send nothing more, and give what is in flight its grace. The second time: end it."""
        self.stops += 1
        if self._engine is None:
            return
        if self.stops > 1:
            self._engine.abort()
            return
        self._engine.stop()
        asyncio.get_running_loop().call_later(GRACE, self._engine.abort)
