"""The pages of runs in a real browser: how they fit, how they are read, and what can be hidden."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from casecraft.runner.history import CHANGES, Change, History
from casecraft.runner.page import as_history_page, as_page
from casecraft.state import SuiteRun
from tests.browser import NARROW, OVERFLOW, WIDE, barriers, opened
from tests.runner.test_reports import ALL, HOSTILE, checked

pytestmark = [pytest.mark.slow, pytest.mark.browser]
LONG = "Refuses-a-text-without-any-place-to-break-it-" * 8


@pytest.fixture
def run_page(tmp_path: Path) -> str:
    right = replace(checked("fine", "passed"), case=None, node="test_own.py::test_fine")
    wide = checked(LONG, "failed", "server_error", text=f"server error: {LONG}{HOSTILE}")
    warnings = {f"left behind: DELETE /a/{LONG}: 500": 2, HOSTILE: 1}
    right = replace(right, result=replace(right.result, endpoint_id=""))
    return written(tmp_path, as_page(replace(ALL, cases=(*ALL.cases, wide, right), warnings=warnings)))


@pytest.fixture
def history_page(tmp_path: Path) -> str:
    changes = {name: [Change(LONG, HOSTILE, "GET /a", "server_error", LONG, LONG)] for name in CHANGES}
    run = SuiteRun("2", 0.0, None, LONG, "http://x", "", {}, "done", {})
    return written(tmp_path, as_history_page(History(LONG, run, replace(run, id="1"), 3, changes)))


def written(folder: Path, page: bytes) -> str:
    path = folder / "page.html"
    path.write_bytes(page)
    return path.as_uri()


def open_all(page: Page) -> None:
    page.eval_on_selector_all("details", "all => all.forEach((each) => { each.open = true; })")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("name", ["run_page", "history_page"])
def test_it_fits_and_can_be_read(
    browser: Browser, request: pytest.FixtureRequest, name: str, size: tuple[int, int], dark: bool
) -> None:
    with opened(browser, request.getfixturevalue(name), size=size, dark=dark) as page:
        open_all(page)
        assert page.evaluate(OVERFLOW) <= 0
        assert barriers(page) == []
        expect(page.locator("body")).to_contain_text('<script>alert("x")</script>')


def test_what_is_of_no_interest_is_hidden_with_the_keyboard(browser: Browser, run_page: str) -> None:
    with opened(browser, run_page) as page:
        failures, findings = page.get_by_role("heading", name="Failures"), page.get_by_role("heading", name="Findings")
        expect(failures).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("checkbox", name="2 failed")).to_be_focused()
        page.keyboard.press("Space")
        expect(failures).to_be_hidden()
        expect(findings).to_be_visible()
        page.keyboard.press("Space")
        expect(failures).to_be_visible()


def test_only_endpoints_of_which_a_case_did_not_pass(browser: Browser, run_page: str) -> None:
    with opened(browser, run_page) as page:
        right, wrong = (page.locator("details.endpoint", has_text=name) for name in ("other tests", "GET /a"))
        expect(right).to_be_visible()
        page.get_by_label("only those of which a case did not pass").check()
        expect(right).to_be_hidden()
        expect(wrong).to_be_visible()


def test_a_case_opens_with_the_keyboard_and_shows_how_to_send_it_again(browser: Browser, run_page: str) -> None:
    with opened(browser, run_page) as page:
        command = page.locator("section.failed pre", has_text="curl -X GET http://x/a").first
        expect(command).to_be_hidden()
        page.locator("section.failed summary").first.focus()
        page.keyboard.press("Enter")
        expect(command).to_be_visible()


def test_whoever_only_hears_the_page_hears_the_bars(browser: Browser, run_page: str) -> None:
    with opened(browser, run_page) as page:
        expect(
            page.get_by_role("img", name="3 passed, 2 failed, 1 finding, 1 without an answer, 1 blocked")
        ).to_be_visible()
