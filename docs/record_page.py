"""Takes the pictures of `docs/page.md`: the page of a real gateway, with a past that is made up.

    python -m docs.record_page

It wants Chromium, and the tests' simulator and history.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from playwright.sync_api import Browser, sync_playwright

from casecraft.core.document import Document
from casecraft.gateway.server import Started
from casecraft.state import open_store
from tests.browser import find_chromium
from tests.gateway.page.history import ENDPOINTS, begin_run, do_job, make_ledger, past
from tests.gateway.page.upstream import finish, running, running_simulator, settings_for
from tests.simulator import Behaviour
from tests.state.samples import endpoint

DOCS = Path(__file__).parent
DAYS = 30
WIDE, TALL, NARROW = (1120, 760), (1120, 1180), (360, 740)
CLIENTS = (
    ("claude-cli/2.0", "/v1/messages", "claude-sonnet-4-5"),
    ("codex_exec/0.9", "/v1/responses", "gpt-5-codex"),
    ("opencode/1.0", "/v1/chat/completions", "glm-4.6"),
)
PICTURES = (
    ("overview", "", TALL, False),
    ("usage", "/usage", WIDE, True),
    ("run", "/runs/petstore.sqlite/{run}", NARROW, False),
)


def ask(gateway: Started, number: int, timeout: float = 60.0) -> None:
    """A client's request."""
    client, path, model = CLIENTS[number % len(CLIENTS)]
    said = {"role": "user", "content": "Explain this function. " * 400}
    body = {"model": model, "max_tokens": 50, ("input" if "responses" in path else "messages"): [said]}
    headers = {"authorization": f"Bearer {gateway.token}", "user-agent": client}
    with suppress(httpx.TimeoutException):
        httpx.post(gateway.url + path, json=body, headers=headers, timeout=timeout, trust_env=False)


@contextmanager
def served(folder: Path) -> Iterator[tuple[Started, str]]:
    """A gateway with a past, requests, one of them under way, and a run under way."""
    finish(make_ledger(folder, past(time.time(), DAYS)))
    document = Document("petstore.yaml", "petstore", "Petstore", "1.0", "3.1.0", "d" * 64, {})
    script = ["ok", "429", "ok", "400", "ok", "ok", "ok", "hang"]
    providers = {"glm": Behaviour(latency=0.3, script=script), "kimi": Behaviour(latency=0.6)}
    with (
        open_store(folder / "petstore.sqlite") as store,
        running_simulator(providers, "It adds two numbers.") as simulator,
        running(settings_for(folder, simulator)) as gateway,
    ):
        run = begin_run(store, document, endpoints=tuple(endpoint(f"/{number}").id for number in range(len(ENDPOINTS))))
        finish(do_job(store, run, endpoint("/0"), provider="glm"))
        finish(do_job(store, run, endpoint("/1"), provider="kimi", failing="glm"))
        finish(do_job(store, run, endpoint("/2"), provider="glm"))
        for number in range(7):
            ask(gateway, number)
        waiting = threading.Thread(target=ask, args=(gateway, 0, 20.0), daemon=True)
        waiting.start()
        yield gateway, run
        waiting.join()


def take(browser: Browser, gateway: Started, run: str) -> None:
    """All pictures."""
    for name, path, (width, height), dark in PICTURES:
        scheme = "dark" if dark else "light"
        with browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme) as context:
            page = context.new_page()
            page.goto(f"{gateway.url}/ui?token={gateway.token}")
            page.goto(f"{gateway.url}/ui{path.format(run=run)}")
            page.screenshot(path=DOCS / f"page-{name}.png")
        sys.stdout.write(f"wrote page-{name}.png\n")


def main() -> None:
    """Take them."""
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder)) as (gateway, run),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=["--no-sandbox"])
        take(browser, gateway, run)
        browser.close()


if __name__ == "__main__":
    main()
