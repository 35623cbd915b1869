"""How many requests a lane has in flight."""

import asyncio


class Limit:
    """A semaphore whose size moves: halved when the provider asks to slow down, one more after a round of answers.

    The size stays between 1 and `maximum`. Permits that are out when it shrinks are not called back: they are kept
    when they return, or the next ones that are there are.
    """

    __slots__ = ("_owed", "_semaphore", "_streak", "maximum", "size")

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.size = maximum
        self._semaphore = asyncio.Semaphore(maximum)
        self._owed = 0
        self._streak = 0

    @property
    def shrinking(self) -> bool:
        """Whether more permits are out than the size allows, so that the next one to return must be kept."""
        return self._owed > 0

    async def acquire(self) -> None:
        """Wait for a permit, in the order of asking."""
        await self._semaphore.acquire()
        while self._owed:
            self._owed -= 1
            await self._semaphore.acquire()

    def release(self) -> None:
        """Give a permit back."""
        if self._owed:
            self._owed -= 1
        else:
            self._semaphore.release()

    def shrink(self) -> None:
        """Halve the size."""
        smaller = max(1, self.size // 2)
        self._owed += self.size - smaller
        self.size = smaller
        self._streak = 0

    def succeeded(self) -> None:
        """Count an answer; after as many as the size, grow by one."""
        if self.size == self.maximum:
            return
        self._streak += 1
        if self._streak >= self.size:
            self._streak = 0
            self.size += 1
            self.release()
