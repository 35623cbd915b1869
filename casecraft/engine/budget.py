"""The money that a run may spend."""

import asyncio
from decimal import Decimal


class Budget:
    """A ceiling that is never passed: what an answer may cost at most is set aside before it is asked for."""

    def __init__(self, maximum: Decimal, currency: str, spent: Decimal = Decimal(0)) -> None:
        self.maximum = maximum
        self.currency = currency
        self.spent = spent
        self._reserved = Decimal(0)
        self._settled = asyncio.Event()

    async def reserve(self, most: Decimal) -> bool:
        """Set aside `most`; False when that would pass the ceiling even if all requests in flight were free.

        While requests are in flight it waits for them, since they mostly cost less than was set aside.
        """
        while self.spent + self._reserved + most > self.maximum:
            if not self._reserved:
                return False
            self._settled.clear()
            await self._settled.wait()
        self._reserved += most
        return True

    def settle(self, reserved: Decimal, spent: Decimal) -> None:
        """Replace what was set aside by what was spent."""
        self._reserved -= reserved
        self.spent += spent
        self._settled.set()
