"""The page in a real browser."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from casecraft.core.document import Document
from casecraft.gateway.server import Started
from casecraft.state import Store, open_store
from tests.browser import NARROW, OVERFLOW, WIDE, barriers
from tests.gateway.page.history import begin_run, do_job, make_ledger, past
from tests.gateway.page.upstream import finish, running, running_simulator, settings_for
from tests.simulator import Behaviour, Simulator
from tests.state.samples import endpoint

pytestmark = [pytest.mark.slow, pytest.mark.browser]

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"
ENDPOINTS = [endpoint(f"/{number}") for number in range(4)]


@dataclass
class Served:
    """A gateway before `glm` and `home`, with a past, and a run under way."""

    gateway: Started
    simulator: Simulator
    store: Store
    run: str

    @property
    def address(self) -> str:
        """What lets a browser in."""
        return f"{self.gateway.url}/ui?token={self.gateway.token}"

    def ask(self, model: str = "gpt-5", client: str = "opencode/1.0") -> httpx.Response:
        """A client's request."""
        headers = {"authorization": f"Bearer {self.gateway.token}", "user-agent": client}
        body = {"model": model, "messages": [{"role": "user", "content": "Say hello."}]}
        address = f"{self.gateway.url}/v1/chat/completions"
        return httpx.post(address, json=body, headers=headers, timeout=30, trust_env=False)

    def pages(self) -> list[str]:
        """All of them."""
        names = ("", "/requests", "/providers", "/routes", "/usage", "/runs", f"/runs/orders.sqlite/{self.run}")
        return [f"{self.gateway.url}/ui{name}" for name in names]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("state")
    finish(make_ledger(folder, past(time.time(), 9)))
    named = Document("orders.yaml", "orders", HOSTILE, "1.0", "3.1.0", "d" * 64, {})
    providers = {"glm": Behaviour(), "home": Behaviour()}
    with (
        open_store(folder / "orders.sqlite") as store,
        running_simulator(providers) as simulator,
        running(settings_for(folder, simulator)) as gateway,
    ):
        run = begin_run(store, named, endpoints=tuple(it.id for it in ENDPOINTS))
        finish(do_job(store, run, ENDPOINTS[0], provider="glm", failing="home"))
        served = Served(gateway, simulator, store, run)
        served.ask(model=HOSTILE, client=f"{HOSTILE}/1")
        yield served


@contextmanager
def logged_in(browser: Browser, served: Served, *, size: tuple[int, int] = WIDE, dark: bool = False) -> Iterator[Page]:
    """The overview, in which nothing may go wrong but that a look is broken off by going elsewhere."""
    width, height = size
    scheme: Literal["light", "dark"] = "dark" if dark else "light"
    with browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme) as context:
        page = context.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("requestfailed", lambda request: problems.append(f"{request.url}: {request.failure}"))
        page.on("dialog", lambda dialog: (problems.append(dialog.message), dialog.dismiss()))
        page.goto(served.address)
        yield page
        assert [it for it in problems if not it.endswith("ERR_ABORTED") and "422" not in it] == []


def test_the_address_that_is_printed_opens_the_page_and_keeps_no_token(browser: Browser, served: Served) -> None:
    with logged_in(browser, served) as page:
        assert page.url == f"{served.gateway.url}/ui"
        expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
        assert served.gateway.token not in page.content()
        page.go_back()
        assert served.gateway.token not in page.url


@pytest.mark.parametrize("dark", [False, True])
def test_everything_is_easy_to_read_in_light_and_dark(browser: Browser, served: Served, dark: bool) -> None:
    with logged_in(browser, served, dark=dark) as page:
        seen = set()
        for address in served.pages():
            page.goto(address)
            assert barriers(page) == []
            seen.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            assert page.locator("h1").count() == 1
    red = int(re.findall(r"\d+", seen.pop())[0])
    assert red < 60 if dark else red > 200
    assert not seen


def test_nothing_is_wider_than_a_narrow_screen(browser: Browser, served: Served) -> None:
    with logged_in(browser, served, size=NARROW) as page:
        for address in served.pages():
            page.goto(address)
            assert page.evaluate(OVERFLOW) == 0, address
        # The rows of tables are blocks here, and still rows of tables for those who do not see them.
        assert page.get_by_role("table").count() == 2
        assert page.get_by_role("row").count() > 2


def test_hostile_names_are_shown_and_do_nothing(browser: Browser, served: Served) -> None:
    with logged_in(browser, served) as page:  # which fails for any dialog, error or foreign request
        expect(page.locator("#recent")).to_contain_text(HOSTILE)
        for address in served.pages():
            page.goto(address)
            assert page.locator("img").count() == 0
            assert page.locator("script").count() == 1
        expect(page.locator("main")).to_contain_text(HOSTILE)


def test_the_keyboard_is_enough(browser: Browser, served: Served) -> None:
    with logged_in(browser, served) as page:
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        expect(focused).to_have_text("Skip to the content")
        expect(focused).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        page.goto(f"{served.gateway.url}/ui/routes")
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "background":
                break
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.type("home/small")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("In force")
        expect(page.locator("#lines")).to_contain_text('background = "home/small"')
        reached = set()
        for _ in range(40):  # and nothing holds the focus
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        assert {"strategy", "fallback", "lines", "BODY"} <= reached


def test_all_can_be_read_without_scripts(browser: Browser, served: Served) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{served.gateway.url}/ui/usage")
        assert page.url.endswith("/ui/login")
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("not the token")
        page.get_by_label("Token").fill(served.gateway.token)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
        for address in served.pages():
            page.goto(address)
            assert page.locator("table, form").count() >= 1
        page.goto(f"{served.gateway.url}/ui/usage")
        expect(page.get_by_role("img", name="Tokens by day")).to_be_visible()
        page.goto(f"{served.gateway.url}/ui/providers")
        page.get_by_text("Another type or model for glm").click()
        expect(page.locator("#dialect-1")).to_be_visible()
        page.get_by_role("button", name="Log out").click()
        assert page.url.endswith("/ui/login")


def test_requests_appear_while_one_looks(browser: Browser, served: Served) -> None:
    with logged_in(browser, served) as page:
        page.evaluate("window.untouched = true")
        served.simulator._scripts["glm"].append("hang")
        waiting = threading.Thread(target=lambda: _give_up(served), daemon=True)
        waiting.start()

        row = page.locator("#under-way tr", has_text="waiting-client")
        expect(row.get_by_role("cell", name="glm", exact=True)).to_be_visible(timeout=10_000)
        served.ask(client="late-client/1.0")
        expect(page.locator("#recent")).to_contain_text("late-client", timeout=10_000)
        waiting.join()
        expect(page.locator("#under-way")).not_to_contain_text("waiting-client", timeout=10_000)
        expect(page.locator("#recent")).to_contain_text("cancelled", timeout=10_000)
        assert page.evaluate("window.untouched")


def _give_up(served: Served) -> None:
    headers = {"authorization": f"Bearer {served.gateway.token}", "user-agent": "waiting-client/1.0"}
    body = {"model": "gpt-5", "messages": [{"role": "user", "content": "Say nothing."}]}
    with pytest.raises(httpx.TimeoutException):
        httpx.post(f"{served.gateway.url}/v1/chat/completions", json=body, headers=headers, timeout=6, trust_env=False)


def test_what_is_open_and_has_the_focus_stays_so(browser: Browser, served: Served) -> None:
    served.simulator._scripts["glm"].append("500")
    served.ask(client="two-attempts/1.0")
    with logged_in(browser, served) as page:
        more = page.locator("#recent tr", has_text="two-attempts").locator("summary")
        more.click()
        more.focus()
        before = page.evaluate("document.activeElement.id")
        served.ask(client="another-client/1.0")
        expect(page.locator("#recent")).to_contain_text("another-client", timeout=10_000)

        assert page.evaluate("document.activeElement.id") == before
        expect(page.locator("#recent .attempts")).to_be_visible()


def test_updates_can_be_paused(browser: Browser, served: Served) -> None:
    with logged_in(browser, served) as page:
        page.get_by_role("button", name="Pause updates").click()
        expect(page.get_by_role("button", name="Go on with updates")).to_be_visible()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        served.ask(client="unseen-client/1.0")
        page.evaluate("new Promise((done) => setTimeout(done, 2 * every))")
        # One look may have been under way.
        assert len(asked) <= 1
        page.get_by_role("button", name="Go on with updates").click()
        expect(page.locator("#recent")).to_contain_text("unseen-client", timeout=10_000)


def test_a_run_goes_on_while_one_looks(browser: Browser, served: Served) -> None:
    with logged_in(browser, served) as page:
        page.goto(f"{served.gateway.url}/ui/runs")
        page.get_by_role("link", name=served.run).click()
        expect(page.locator("#run")).to_contain_text("1 of 4 endpoints ended")
        finish(do_job(served.store, served.run, ENDPOINTS[1], provider="kimi", error="nobody answered"))

        expect(page.locator("#run")).to_contain_text("2 of 4 endpoints ended", timeout=10_000)
        expect(page.locator("#run")).to_contain_text("nobody answered")


def test_the_form_of_routes_changes_who_answers(browser: Browser, served: Served) -> None:
    assert served.ask(model="some-model").headers["x-casecraft-provider"] == "glm"
    with logged_in(browser, served) as page:
        page.get_by_role("link", name="Routes").click()
        page.get_by_label("Name or pattern 1").fill("some-*")
        page.get_by_label("goes to").first.fill("home")
        page.get_by_role("button", name="Use for this run").click()
        expect(page.get_by_role("status")).to_contain_text("In force")
        expect(page.locator("#lines")).to_contain_text('"some-*" = "home"')
        assert served.ask(model="some-model").headers["x-casecraft-provider"] == "home"


def test_the_health_of_a_provider_is_asked_by_a_button(browser: Browser, served: Served) -> None:
    with logged_in(browser, served) as page:
        page.get_by_role("link", name="Providers").click()
        card = page.locator("#home")
        asked = len(served.simulator.requests("home"))
        card.get_by_role("button", name="Ask whether it is well").click()
        expect(card).to_contain_text(re.compile(r"well simulated answered in \d+ ms"))
        assert len(served.simulator.requests("home")) == asked + 1
        for name in ("glm", "home"):
            assert f"sk-secret-of-{name}" not in page.content()


def test_a_form_that_is_refused_says_why_and_goes_on_looking(browser: Browser, served: Served) -> None:
    with logged_in(browser, served) as page:
        page.goto(f"{served.gateway.url}/ui/providers")
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            page.evaluate(
                """() => {
                  const form = document.querySelector("#home details form");
                  form.model.removeAttribute("maxlength");
                  form.model.value = "x".repeat(300);
                  form.submit();
                }"""
            )
        expect(page.get_by_role("alert")).to_contain_text("cannot be the name of a model")
        with page.expect_response("**/ui/providers") as looked:
            pass
        assert looked.value.status == 200


def test_a_browser_that_is_no_longer_let_in_is_led_to_the_login(browser: Browser, served: Served) -> None:
    with logged_in(browser, served) as page:
        page.context.clear_cookies()
        page.wait_for_url("**/ui/login", timeout=10_000)
