"""The gateway's server: opened, run until it is told to stop, in a thread of its own where a client is launched."""

import asyncio
import errno
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import uvicorn
from starlette.applications import Starlette

from casecraft.config import Settings
from casecraft.core.event_loop import run_async
from casecraft.errors import ConfigurationError
from casecraft.gateway.access import new_token
from casecraft.gateway.app import create_app
from casecraft.gateway.call_logging import open_log
from casecraft.gateway.connecting import Connection
from casecraft.gateway.exposure import check_exposure
from casecraft.gateway.gateway import Gateway, Report
from casecraft.gateway.serving import Server, reported_errors
from casecraft.state import open_ledger

Reloads: TypeAlias = Callable[[Gateway], Coroutine[None, None, None]]
"""Gives a gateway its settings anew whenever their files have changed, until it is cancelled."""

BACKLOG = 2048
GRACE = 5
"""Seconds that requests under way have to end after the server was told to stop."""

KEEP_ALIVE = 75
"""Seconds for which an idle connection of a client stays open; SDKs use theirs again for about a minute."""


NOBODY = (
    "no provider can be asked yet: set the key of one in the environment or in .env, `casecraft providers list` says "
    "under which name"
)


@dataclass(frozen=True, slots=True)
class Started:
    """A gateway that serves. The token is the one of this start, or the one that is configured."""

    url: str
    token: str

    def __repr__(self) -> str:
        return f"Started(url={self.url!r})"


class GatewayServer:
    """One gateway at one address, which it holds from the moment it is made. Closed by `run`'s end.

    `notes` is what its user should know, once it runs.

    Raises `ConfigurationError` where it may not listen there, or cannot.
    """

    def __init__(
        self, settings: Settings, *, token: str = "", reloads: Reloads | None = None, report: Report | None = None
    ) -> None:
        check_exposure(settings.gateway)
        own = settings.gateway.token
        self.token = token or (own.get_secret_value() if own is not None else "") or new_token()
        self._settings = settings
        self._reloads = reloads
        self._report = report
        self._socket = _listen(settings.gateway.host, settings.gateway.port)
        host, port = self._socket.getsockname()[:2]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._server: Server | None = None
        self.notes: tuple[str, ...] = ()

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until a signal or `stop` ends it. `ready` is called once requests are taken."""
        async with AsyncExitStack() as stack:
            stack.callback(self._socket.close)
            ledger = stack.enter_context(open_ledger(self._settings.state_dir))
            log = open_log(self._settings, self.token)
            if log is not None:
                stack.callback(log.close)
            gateway = Gateway(self._settings, token=self.token, ledger=ledger, log=log, report=self._report)
            stack.push_async_callback(gateway.aclose)
            self.notes = notes_of(gateway)
            stack.enter_context(reported_errors(gateway.say))

            @asynccontextmanager
            async def lifespan(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001  # the framework's form
                watching = None if self._reloads is None else asyncio.create_task(self._reloads(gateway))
                await asyncio.sleep(0)  # so that the files are known before anybody can change them
                ready()
                yield
                if watching is not None:
                    watching.cancel()

            self._server = Server(_config(create_app(gateway, lifespan)), gateway.stop)
            await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Take no more requests, and end once those under way have. From any thread."""
        if self._server is not None:
            self._server.should_exit = True


def notes_of(gateway: Gateway) -> tuple[str, ...]:
    """What the user should know before the first request."""
    if gateway.router.models():
        return gateway.router.notes
    return (*gateway.router.notes, NOBODY)


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Connection,
        lifespan="on",
        ws="none",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )


def _listen(host: str, port: int) -> socket.socket:
    """A socket at the address. Raises `ConfigurationError` where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small pieces at once only where the socket says that it is TCP's.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        hint = "Choose another port with `--port`, or 0 for any that is free."
        if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
            hint = "Choose an address of this machine with `--host`."
        raise ConfigurationError(f"the gateway cannot listen at {host}:{port}: {error.strerror}", hint=hint) from error
    return listener


@contextmanager
def running_gateway(settings: Settings, reloads: Reloads | None = None) -> Iterator[Started]:
    """A gateway that serves from a thread of its own until the block ends, at a port of this machine.

    Raises what keeps it from starting.
    """
    server = GatewayServer(settings, reloads=reloads)
    ready, failure = threading.Event(), []

    def serve() -> None:
        try:
            run_async(server.run(ready.set))
        except BaseException as error:  # noqa: BLE001  # raised where the thread was begun
            failure.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=serve, name="casecraft-gateway", daemon=True)
    thread.start()
    ready.wait()
    if failure:
        raise failure[0]
    try:
        yield Started(server.url, server.token)
    finally:
        server.stop()
        thread.join(GRACE + 5)
