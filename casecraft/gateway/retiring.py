"""Lanes that new settings have no more use for: closed once the requests that may still need them have ended."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from casecraft.gateway.lanes import ProviderLane


@dataclass(slots=True)
class _Leaving:
    lane: ProviderLane
    needed_by: set[str]


class Retirement:
    """Waits with each lane for the requests that were under way when it was given up."""

    def __init__(self) -> None:
        self._leaving: list[_Leaving] = []
        self._closing: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._leaving) + len(self._closing)

    def add(self, lanes: Iterable[ProviderLane], under_way: Iterable[str]) -> None:
        """Give lanes up; the ids are those of the requests that are being answered."""
        ids = set(under_way)
        self._leaving += [_Leaving(lane, set(ids)) for lane in lanes]
        self._close_free()

    def ended(self, request_id: str) -> None:
        """Note that a request has ended."""
        if self._leaving:
            for leaving in self._leaving:
                leaving.needed_by.discard(request_id)
            self._close_free()

    async def aclose(self) -> None:
        """Close all that is left."""
        for leaving in self._leaving:
            leaving.needed_by.clear()
        self._close_free()
        await asyncio.gather(*self._closing)

    def _close_free(self) -> None:
        free = [leaving for leaving in self._leaving if not leaving.needed_by]
        self._leaving = [leaving for leaving in self._leaving if leaving.needed_by]
        for leaving in free:
            task = asyncio.ensure_future(leaving.lane.provider.aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
