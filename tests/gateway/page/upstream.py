"""Providers and a gateway for tests that are not asynchronous themselves, each in a thread of its own."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from casecraft.config import GatewaySettings, ProviderSettings, Settings
from casecraft.config.settings import PriceSettings
from casecraft.gateway.server import Started, running_gateway
from tests.simulator import Behaviour, Simulator


def finish(work: Coroutine[Any, Any, None]) -> None:
    """Do it in an event loop of its own, in a thread of its own: Playwright's runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


PRICE = PriceSettings(input=Decimal("0.60"), output=Decimal("2.20"), as_of="2026-11-01")


@contextmanager
def running_simulator(providers: dict[str, Behaviour], text: str = "Hello.") -> Iterator[Simulator]:
    """Providers that say this text."""
    simulator = Simulator(providers, answer=lambda body: text)
    ready, over = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        async with simulator:
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=[run()], daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield simulator
    finally:
        loops[0].call_soon_threadsafe(over.set)
        thread.join(10)


def settings_for(folder: Path, simulator: Simulator | None = None, **gateway: Any) -> Settings:
    """A gateway before the simulator's providers, in the order in which they were given, which have a key and a model
    each; the first is the default.
    """
    names = [*simulator.providers] if simulator is not None else []
    providers = {
        name: ProviderSettings(
            base_url=simulator.url(name),
            api_key=SecretStr(f"sk-secret-of-{name}"),
            model="simulated",
            workers=4,
            price=PRICE,
        )
        for name in names
        if simulator is not None
    }
    routes = {"routes": {"default": " > ".join(names)}} if names else {}
    own = GatewaySettings(**{"port": 0, **routes, **gateway})
    return Settings(state_dir=folder, gateway=own, provider_settings=providers)


@contextmanager
def running(settings: Settings) -> Iterator[Started]:
    """A gateway that serves."""
    with running_gateway(settings) as started:
        yield started
