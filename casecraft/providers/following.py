"""Answers that a provider only announces: they are to be had at another of its addresses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from casecraft.errors import ProviderTimeoutError
from casecraft.providers.connection import Connection
from casecraft.providers.http import Reply, StreamedReply
from casecraft.wire import Dialect

SUCCESS = range(200, 300)
# Between two looks at an answer that is being made, in seconds; each is longer than the last, up to the most.
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 4.0


async def follow(reply: Reply, dialect: Dialect, connection: Connection) -> Reply:
    """The answer that a reply announces, once it is there; the reply itself where it announces none.

    Raises `ProviderTimeoutError` where it is not there within the provider's timeout.
    """
    url = _announced(reply, dialect)
    if url is None:
        return reply
    pause = FIRST_PAUSE
    try:
        async with asyncio.timeout(connection.timeout):
            while url is not None:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                reply = await connection.fetch(url)
                url = _announced(reply, dialect)
    except TimeoutError as error:
        message = f"{connection.name!r} did not finish its answer within {connection.timeout:g} s"
        raise ProviderTimeoutError(message, provider=connection.name) from error
    return reply


def _announced(reply: Reply, dialect: Dialect) -> str | None:
    return dialect.follow(reply.body, False) if reply.status in SUCCESS else None


@asynccontextmanager
async def follow_stream(reply: Reply, dialect: Dialect, connection: Connection) -> AsyncIterator[StreamedReply | None]:
    """The stream that a reply announces; None where it announces none."""
    url = dialect.follow(reply.body, True) if reply.status in SUCCESS else None
    if url is None:
        yield None
        return
    async with connection.fetch_stream(url) as streamed:
        yield streamed
