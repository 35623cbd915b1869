"""A real browser for tests of pages: Chromium, driven by Playwright.

A test that wants it imports the fixture into its `conftest.py` and is marked `slow` and `browser`. Tests that are
asynchronous themselves cannot be in the same module: Playwright has an event loop of its own.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.node import node_modules

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
AXE = Path(__file__).parent / "accessibility" / "package.json"
WIDE, NARROW = (1280, 900), (360, 740)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Skips where there is no Chromium; under CI it is installed, and not to have it is a failure."""
    with sync_playwright() as playwright:
        # Root, as whom containers run, may not have the sandbox; what is opened here is our own.
        browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=["--no-sandbox"])
        yield browser
        browser.close()


def find_chromium(playwright: Playwright) -> str:
    """The path of the system's browser, or of Playwright's own."""
    found = _present(playwright)
    if found is None and os.environ.get("CI") == "true":
        with FileLock(Path(tempfile.gettempdir()) / "casecraft-chromium.lock"):  # the other worker may be at it
            found = _present(playwright)
            if found is None:
                _install()
        found = _present(playwright)
        assert found is not None, "Chromium was installed and is not there"
    if found is None:
        pytest.skip("there is no Chromium here: `apt-get install chromium`, or `playwright install chromium`")
    return found


def _present(playwright: Playwright) -> str | None:
    system = next(filter(None, map(shutil.which, NAMES)), None)
    own = playwright.chromium.executable_path
    return system or (own if Path(own).exists() else None)


def _install() -> None:
    """Get Playwright's own browser or, where its downloads are out of reach, Debian's."""
    own = subprocess.run([sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"], check=False)
    if own.returncode != 0:
        subprocess.run(["apt-get", "update"], check=True)
        subprocess.run(["apt-get", "install", "--yes", "chromium"], check=True)


@contextmanager
def opened(browser: Browser, url: str, *, size: tuple[int, int] = WIDE, dark: bool = False) -> Iterator[Page]:
    """A page in a window of this size. Nothing may go wrong in it: no error, nothing that cannot be loaded."""
    width, height = size
    scheme = "dark" if dark else "light"
    with browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme) as context:
        page = context.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("requestfailed", lambda request: problems.append(request.url))
        page.on("dialog", lambda dialog: (problems.append(dialog.message), dialog.dismiss()))
        page.goto(url)
        yield page
        assert problems == []


OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
"""Pixels by which a page is wider than its window."""


def barriers(page: Page) -> list[str]:
    """What of the Web Content Accessibility Guidelines, and of good practice beside them, a page breaks: each with the
    element, as axe-core finds it. Skips where there is no npm, save in CI.
    """
    page.evaluate((node_modules(AXE) / "axe-core" / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]
