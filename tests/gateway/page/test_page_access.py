"""Who may see the page, and what may change something by it."""

from typing import Any

import httpx
import pytest

from casecraft.gateway.page import guard
from casecraft.gateway.page.guard import HEADERS, LARGEST_FORM, LIFETIME, MOST_SESSIONS, Sessions, may_be_asked_as
from tests.gateway.made import KEY
from tests.gateway.page.asking import ANNAS_TOKEN, HOST, TOKEN, Asking

PAGES = ("/ui", "/ui/requests", "/ui/providers", "/ui/routes", "/ui/usage", "/ui/runs")
FORMS = ("/ui/routes", "/ui/providers/glm", "/ui/providers/glm/health", "/ui/logout")


@pytest.fixture
async def stranger(page: Asking) -> Asking:
    """Somebody who was not let in."""
    page.browser.cookies.clear()
    return page


@pytest.mark.parametrize("path", [*PAGES, "/ui/runs/a.sqlite/1", "/ui/nothing"])
async def test_without_the_token_there_is_but_the_login(stranger: Asking, path: str) -> None:
    answer = await stranger.browser.get(path)

    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/login")
    assert answer.text == ""


@pytest.mark.parametrize("path", FORMS)
async def test_without_the_token_nothing_can_be_sent(stranger: Asking, path: str) -> None:
    before = stranger.gateway.settings

    answer = await stranger.browser.post(path, data={"default": "home", "model": "other"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/login")
    assert stranger.gateway.settings is before


async def test_the_address_with_the_token_lets_in_and_leads_to_one_without_it(stranger: Asking) -> None:
    answer = await stranger.browser.get("/ui", params={"token": TOKEN})

    cookie = answer.headers["set-cookie"]
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui")
    assert {"HttpOnly", "SameSite=strict", "Path=/ui"} <= {part.strip() for part in cookie.split(";")}
    assert TOKEN not in cookie
    assert "<h1>Overview</h1>" in await stranger.text("/ui")


@pytest.mark.parametrize("token", ["", "wrong", "cc-token-of-this-star", f"{TOKEN}x", "é\udcff", ANNAS_TOKEN])
async def test_other_tokens_do_not_let_in(stranger: Asking, token: str) -> None:
    by_address = await stranger.browser.get("/ui", params={"token": token.encode("utf-8", "replace").decode()})
    by_form = await stranger.browser.post("/ui/login", data={"token": token.encode("utf-8", "replace").decode()})

    assert by_address.headers["location"] == "/ui/login"
    assert by_form.status_code == 403
    assert "This is not the token" in by_form.text
    assert "set-cookie" not in by_address.headers.keys() | by_form.headers.keys()


async def test_the_login_lets_in(stranger: Asking) -> None:
    assert 'type="password"' in await stranger.text("/ui/login")

    answer = await stranger.browser.post("/ui/login", data={"token": f" {TOKEN} "})

    assert answer.headers["location"] == "/ui"
    assert "<h1>Overview</h1>" in await stranger.text("/ui")


async def test_the_token_of_the_page_is_none_for_clients(page: Asking) -> None:
    answer = await page.browser.get("/v1/models")

    assert answer.status_code == 401


async def test_who_logs_out_is_out(page: Asking) -> None:
    cookies = dict(page.browser.cookies)

    answer = await page.send("/ui/logout")

    assert answer.headers["location"] == "/ui/login"
    for name, value in cookies.items():
        page.browser.cookies.set(name, value)
    assert (await page.browser.get("/ui")).headers["location"] == "/ui/login"


def test_browsers_are_let_in_for_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(guard.time, "monotonic", lambda: now)
    sessions = Sessions()
    name = sessions.begin()

    assert sessions.form_token(name)
    now += LIFETIME - 1
    assert sessions.form_token(name)
    now += 2
    assert sessions.form_token(name) is None


def test_too_many_browsers_push_the_oldest_out() -> None:
    sessions = Sessions()

    names = [sessions.begin() for _ in range(MOST_SESSIONS + 1)]

    assert sessions.form_token(names[0]) is None
    assert all(map(sessions.form_token, names[1:]))


@pytest.mark.parametrize(
    ("host", "listens_at", "may"),
    [
        ("127.0.0.1:4141", "127.0.0.1", True),
        ("localhost:9", "127.0.0.1", True),
        ("LOCALHOST", "127.0.0.1", True),
        ("[::1]:4141", "::1", True),
        ("evil.example:4141", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("localhost.evil.example", "127.0.0.1", False),
        ("192.168.1.5:4141", "127.0.0.1", False),
        ("192.168.1.5:4141", "192.168.1.5", True),
        ("192.168.1.5:4141", "0.0.0.0", True),
        ("[fe80::1]", "::", True),
        ("evil.example", "0.0.0.0", False),
        ("box.lan", "box.lan", True),
        ("", "127.0.0.1", False),
        ("[", "127.0.0.1", False),
        ("a@127.0.0.1", "127.0.0.1", True),
    ],
)
def test_only_its_own_names_lead_to_it(host: str, listens_at: str, may: bool) -> None:
    assert may_be_asked_as(host, listens_at) is may


async def test_a_name_that_somebody_else_points_here_gets_nothing(page: Asking) -> None:
    gateway = page.gateway.settings.gateway.model_copy(update={"host": "evil.example"})
    page.gateway.settings = page.gateway.settings.model_copy(update={"gateway": gateway})  # from the next start on
    for path in ("/ui", "/ui/login", "/ui/static/page.js", f"/ui?token={TOKEN}"):
        answer = await page.browser.get(path, headers={"host": "evil.example:4141"})

        assert answer.status_code == 421
        assert "set-cookie" not in answer.headers


FOREIGN: list[dict[str, str]] = [
    {"origin": "http://evil.example"},
    {"origin": "http://127.0.0.1:9999"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "null", "sec-fetch-site": "cross-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_forms_of_other_sites_change_nothing(page: Asking, headers: dict[str, str]) -> None:
    page.browser.headers.update(headers)
    before = page.gateway.settings

    for path in FORMS:
        answer = await page.send(path, default="home", model="other")
        assert answer.status_code == 403
        assert "from another site" in answer.text

    assert (await page.browser.post("/ui/login", data={"token": TOKEN})).status_code == 403
    assert page.gateway.settings is before


@pytest.mark.parametrize("headers", [{}, {"origin": "null"}, {"origin": HOST, "sec-fetch-site": "same-origin"}])
async def test_forms_of_its_own_do(page: Asking, headers: dict[str, str]) -> None:
    page.browser.headers.update(headers)

    answer = await page.send("/ui/routes", default="home")

    assert answer.status_code == 303
    assert page.gateway.settings.gateway.routes.default == ("home",)


@pytest.mark.parametrize("fields", [{}, {"form_token": ""}, {"form_token": "wrong"}, {"form_token": "é"}])
@pytest.mark.parametrize("path", FORMS)
async def test_forms_without_the_token_of_the_page_change_nothing(
    page: Asking, path: str, fields: dict[str, Any]
) -> None:
    before = page.gateway.settings

    answer = await page.browser.post(path, data={"default": "home", "model": "other", **fields})

    assert answer.status_code == 403
    assert page.gateway.settings is before
    assert await page.text("/ui")  # nor is anybody logged out


async def test_a_form_is_read_up_to_a_size(page: Asking) -> None:
    answer = await page.send("/ui/routes", default="home" + " " * LARGEST_FORM)

    assert answer.status_code == 413


async def test_every_answer_keeps_the_browser_to_the_page(page: Asking) -> None:
    answers: list[httpx.Response] = [
        await page.browser.get(path)
        for path in (*PAGES, "/ui/login", f"/ui?token={TOKEN}", "/ui/nothing", "/ui/static/page.css", "/ui/static/no")
    ]
    answers.append(await page.browser.get("/ui", headers={"host": "evil.example"}))
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers[name] == value or name == "cache-control"
    assert "unsafe" not in HEADERS["content-security-policy"]
    assert [it.status_code for it in answers].count(404) == 2


async def test_what_the_page_needs_is_its_own(page: Asking) -> None:
    for path in PAGES:
        text = await page.text(path)
        assert " style=" not in text
        assert " onclick=" not in text
        assert "://" not in text.replace("http://www.w3.org", "")


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_has_a_key(page: Asking, path: str) -> None:
    text = await page.text(path)

    for secret in (KEY.get_secret_value(), TOKEN, ANNAS_TOKEN):
        assert secret not in text


async def test_the_root_leads_browsers_to_the_page_and_tells_clients_that_it_is_there(page: Asking) -> None:
    by_browser = await page.browser.get("/", headers={"accept": "text/html,*/*"})
    by_client = await page.browser.get("/", headers={"accept": "*/*"})
    alive = await page.browser.head("/", headers={"accept": "text/html"})

    assert (by_browser.status_code, by_browser.headers["location"]) == (303, "/ui")
    assert by_client.status_code == 405
    assert (alive.status_code, alive.text) == (200, "")
