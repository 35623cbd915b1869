"""What the page shows, and what its forms change."""

import time
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from casecraft.config import GatewaySettings, ProviderSettings, Settings
from casecraft.core.document import Document
from casecraft.core.exchange import Exchange
from casecraft.errors import HealthCheckError
from casecraft.gateway.page import providers
from casecraft.gateway.traits import Traits
from casecraft.providers.chat import ChatProvider
from casecraft.providers.provider import Health
from casecraft.state import open_store
from tests.gateway.page.asking import Asking, rows_of
from tests.gateway.page.history import DAY, attempt, begin_run, do_job, exchange, make_ledger
from tests.state.samples import endpoint

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>&{{7*7}}\u202e\udcff"
DOCUMENT = Document("orders.yaml", "orders", "Orders", "1.0", "3.1.0", "d" * 64, {})
LIMITED = "RateLimitError: 'glm' answered 429"


def hostile(number: int = 1, started: float | None = None) -> Exchange:
    return exchange(
        number,
        started or time.time(),
        attempt(HOSTILE, error=HOSTILE),
        attempt(HOSTILE),
        client=HOSTILE,
        outcome="failed",
        error=HOSTILE,
        losses=(HOSTILE,),
        asked=HOSTILE,
    )


class Markup(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))


def refuse_markup(text: str) -> None:
    """Nothing of the hostile text has become an element or an attribute, and no template was made of it."""
    elements = Markup(text).elements
    assert [attributes for tag, attributes in elements if tag == "script"] == [
        {"src": "/ui/static/page.js", "defer": None}
    ]
    assert "img" not in {tag for tag, _ in elements}
    assert not [name for _, attributes in elements for name in attributes if name.startswith("on")]
    assert "&amp;{{7*7}}" in text or "{{" not in text


async def test_hostile_texts_of_clients_are_texts(page: Asking, tmp_path: Path) -> None:
    page.gateway.recent.appendleft(hostile())
    await make_ledger(tmp_path, [exchange(1, time.time(), attempt("glm"), client=HOSTILE[:-1], asked=HOSTILE[:-1])])

    for path in ("/ui", "/ui/requests", "/ui/usage", "/ui/providers"):
        text = await page.text(path)
        refuse_markup(text)
        assert path == "/ui/providers" or "&lt;script&gt;alert" in text


async def test_hostile_texts_of_documents_are_texts(page: Asking, tmp_path: Path) -> None:
    named = Document(HOSTILE[:-1], "orders", HOSTILE[:-1], HOSTILE[:-1], "3.1.0", "d" * 64, {})
    with open_store(tmp_path / "orders.sqlite") as store:
        evil = endpoint(f"/{HOSTILE[:-1]}")
        run = begin_run(store, named, endpoints=(evil.id, f"GET /{HOSTILE[:-1]}2"))
        await do_job(store, run, evil, provider=HOSTILE[:-1], failing=HOSTILE[:-1], error=HOSTILE[:-1])

        for path in ("/ui/runs", f"/ui/runs/orders.sqlite/{run}"):
            text = await page.text(path)
            refuse_markup(text)
            assert "&lt;script&gt;alert" in text


async def test_hostile_fields_of_forms_come_back_as_texts(page: Asking) -> None:
    answer = await page.send("/ui/routes", default=HOSTILE[:-1], pattern=HOSTILE[:-1], to=HOSTILE[:-1])

    assert answer.status_code == 422
    refuse_markup(answer.text)
    assert "&lt;script&gt;alert" in answer.text


async def test_overview_tells_of_the_last_requests_and_of_errors_apart(page: Asking) -> None:
    now = time.time()
    failed = exchange(1, now, attempt("glm", error=LIMITED), outcome="failed", error=LIMITED)
    fell_back = exchange(2, now, attempt("glm", error=LIMITED), attempt("kimi"), losses=("cache_control",))
    page.gateway.recent.extend([fell_back, failed, exchange(3, now, attempt("home"), client="codex_exec")])

    text = await page.text("/ui")

    errors, _, last = text.partition('id="recent-title"')
    assert errors.count(LIMITED.replace("'", "&#39;")) == 1
    assert [*rows_of(last, "codex_exec")]
    (row,) = rows_of(last, "kimi/kimi-k2-turbo")
    for told in ("2 attempts, 1 loss", "<code>cache_control</code>", "900 + 300", "0.0037 CNY", "strategy round_robin"):
        assert told in row
    (row,) = rows_of(last, "home/qwen3-coder")
    assert "unknown" in row
    assert "the last 3 requests" in text


async def test_requests_come_from_all_ledgers_newest_first_and_can_be_chosen(page: Asking, tmp_path: Path) -> None:
    now = time.time()
    many = [exchange(number, now - number, attempt("glm")) for number in range(60)]
    many[5] = exchange(5, now - 5, attempt("kimi"), client="codex_exec")
    many[7] = exchange(7, now - 7, attempt("glm", error=LIMITED), outcome="failed", error=LIMITED)
    await make_ledger(tmp_path, many)
    first = await page.text("/ui/requests")
    older = first.partition("/ui/requests?")[2].partition('"')[0]

    assert len([*rows_of(first, "claude-cli")]) == 49
    assert len([*rows_of(await page.text(f"/ui/requests?{older}"), "claude-cli")]) == 10
    (row,) = rows_of(await page.text("/ui/requests?client=codex_exec"), "kimi")
    assert "codex_exec" in row
    assert len([*rows_of(await page.text("/ui/requests?outcome=failed"), LIMITED.replace("'", "&#39;"))]) == 1
    assert "There are none of these" in await page.text("/ui/requests?provider=nobody")
    assert await page.text("/ui/requests?outcome=wrong&before=wrong") == first


async def test_usage_is_added_up_and_money_kept_apart(page: Asking, tmp_path: Path) -> None:
    now = time.time()
    made = [
        exchange(1, now, attempt("anthropic", tokens=(1000, 500))),
        exchange(2, now, attempt("anthropic", tokens=(3000, 500)), client="opencode"),
        exchange(3, now, attempt("glm", tokens=(1000, 1000))),
        exchange(4, now, attempt("home", tokens=(1000, 1000))),
        exchange(5, now - 10 * DAY, attempt("anthropic", tokens=(1_000_000, 0))),
        exchange(6, now - 80 * DAY, attempt("anthropic", tokens=(5_000_000, 0))),
    ]
    await make_ledger(tmp_path, made)

    week, month = await page.text("/ui/usage?days=7"), await page.text("/ui/usage")

    (row,) = [row for row in rows_of(week, "<code>anthropic</code>") if "Cost" in row]
    assert ">4k<" in row
    assert ">1k<" in row
    assert "0.0450 USD" in row
    assert "0.0048 CNY + 0.0450 USD" in week
    assert "1 of unknown price" in week
    assert [*rows_of(month, "9.0450 USD")]
    assert "5M" not in month
    assert "5M" in await page.text("/ui/usage?days=90")
    for title in ("Tokens by day", "Cost by day, USD", "Cost by day, CNY", "Tokens by provider", "Time to answer"):
        assert title in week


async def test_runs_are_read_while_they_go_on(page: Asking, tmp_path: Path) -> None:
    with open_store(tmp_path / "orders.sqlite") as store:
        endpoints = [endpoint(f"/{number}") for number in range(4)]
        run = begin_run(store, DOCUMENT, endpoints=tuple(it.id for it in endpoints))
        await do_job(store, run, endpoints[0], provider="glm")
        await do_job(store, run, endpoints[1], provider="kimi", failing="glm")

        listing, one = await page.text("/ui/runs"), await page.text(f"/ui/runs/orders.sqlite/{run}")
        await do_job(store, run, endpoints[2], provider="glm", failing="kimi", error="nobody answered")
        later = await page.text(f"/ui/runs/orders.sqlite/{run}")

    assert 'value="2" aria-label="2 of 4 endpoints"' in listing
    assert "running" in listing
    assert "2 of 4 endpoints ended" in one
    (row,) = rows_of(one, "kimi/m")
    assert ">glm<" in row
    (row,) = rows_of(one, "1 rate limit")
    assert "0.0123 USD" in row
    assert "nobody answered" not in one
    (row,) = rows_of(one, "<code>kimi</code>")
    assert ">none<" in row
    assert "3 of 4 endpoints ended" in later
    endpoints_shown = later.partition('id="endpoints"')[2]
    assert endpoints_shown.index("nobody answered") < endpoints_shown.index(">done<")
    assert "nobody answered" in later
    assert "stopped" in await page.text("/ui/runs")  # nobody holds it any more, and nobody has ended it


@pytest.mark.parametrize("path", ["no.sqlite/RUN", "my-orders.sqlite/RUN", "orders.sqlite/1", "..%2Forders.sqlite/RUN"])
async def test_what_is_no_run_is_not_found(page: Asking, tmp_path: Path, path: str) -> None:
    folder = tmp_path / "state"
    page.gateway.settings = page.gateway.settings.model_copy(update={"state_dir": folder})
    for place in (tmp_path, folder):
        with open_store(place / "orders.sqlite") as store:
            run = begin_run(store, DOCUMENT)
    assert (await page.browser.get(f"/ui/runs/orders.sqlite/{run}")).status_code == 200

    answer = await page.browser.get(f"/ui/runs/{path.replace('RUN', run)}")

    assert answer.status_code == 404


async def test_files_that_cannot_be_read_are_named(page: Asking, tmp_path: Path) -> None:
    (tmp_path / "gateway.sqlite").write_bytes(b"no database at all" * 100)

    for path in ("/ui/runs", "/ui/usage", "/ui/requests"):
        assert "gateway.sqlite" in await page.text(path)


async def test_providers_are_told_with_what_they_do(page: Asking) -> None:
    page.gateway.recent.append(exchange(1, time.time(), attempt("glm", error=LIMITED), attempt("home", seconds=3.0)))
    text = await page.text("/ui/providers")
    glm, _, home = text.partition('id="home"')

    for told in ("openai_chat", "<code>glm-4.6</code>", ">set<", "0 answered, 1 failed", LIMITED.replace("'", "&#39;")):
        assert told in glm
    for told in ("127.0.0.1:9", ">not needed<", "<dd>30</dd>", "1 answered, 0 failed, half within 3.0 s"):
        assert told in home


async def test_a_provider_whose_settings_are_wrong_says_so(page: Asking) -> None:
    own = {**page.gateway.settings.provider_settings, "mine": ProviderSettings(row={"sites": "wrong"})}
    page.gateway.settings = page.gateway.settings.model_copy(update={"provider_settings": own})

    text = await page.text("/ui/providers")

    assert "[providers.mine] is no valid catalog row" in text.partition('id="mine"')[2]


async def test_providers_are_tried_once_for_each_settings(page: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Settings] = []
    monkeypatch.setattr(providers, "problems_of", lambda settings: tried.append(settings) or {})

    for _ in range(3):
        await page.text("/ui/providers")
    assert len(tried) == 1
    await page.send("/ui/routes", default="home")
    await page.text("/ui/providers")
    assert len(tried) == 2


async def test_health_is_asked_on_request_alone(page: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def health(self: ChatProvider) -> Health:
        asked.append(self.name)
        if self.name == "home":
            raise HealthCheckError("'home' is not ready: <nobody> listens", provider="home", hint="Start it.")
        return Health(self.name, "glm-4.6", 0.25, ())

    monkeypatch.setattr(ChatProvider, "health", health)
    await page.text("/ui/providers")
    assert asked == []

    answer = await page.send("/ui/providers/glm/health")
    await page.send("/ui/providers/home/health")

    assert answer.headers["location"] == "/ui/providers#glm"
    assert asked == ["glm", "home"]
    text = await page.text("/ui/providers")
    assert "glm-4.6 answered in 250 ms" in text
    assert "&lt;nobody&gt; listens. Start it." in text
    assert (await page.send("/ui/providers/nobody/health")).status_code == 404


async def test_another_model_and_type_hold_for_the_run(page: Asking) -> None:
    assert "[providers" not in await page.text("/ui/routes")

    answer = await page.send("/ui/providers/home", model="larger", dialect="anthropic_messages")

    assert answer.status_code == 303
    profile = page.gateway.lanes.of("home").provider.profile
    assert (profile.model, profile.dialect) == ("larger", "anthropic_messages")
    assert "[providers.home]\nmodel = &#34;larger&#34;\ndialect = &#34;anthropic_messages&#34;" in await page.text(
        "/ui/routes"
    )


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"dialect": "nonsense"}, "there is no type"),
        ({"model": "a\nb"}, "cannot be the name"),
        ({"model": "x" * 201}, "cannot be the name"),
    ],
)
async def test_another_model_or_type_that_cannot_be_is_refused(page: Asking, fields: dict[str, str], told: str) -> None:
    before = page.gateway.settings

    answer = await page.send("/ui/providers/home", **fields)

    assert answer.status_code == 422
    assert told in answer.text.partition('role="alert"')[2]
    assert page.gateway.settings is before


CHOSEN = {
    "default": "home",
    "background": "home/small",
    "thinking": "glm > home",
    "vision": "",
    "long_context": "glm",
    "over": "5000",
    "pattern": ["claude-*", 'gpt "5"', ""],
    "to": ["glm/glm-4.5", "home", ""],
    "strategy": "round_robin",
    "providers": "glm, home",
    "fallback": "glm",
}


async def test_routes_of_the_form_are_in_force(page: Asking) -> None:
    answer = await page.send("/ui/routes", **CHOSEN)

    assert answer.headers["location"] == "/ui/routes?taken"
    route = page.gateway.router.route
    asked = {"input_tokens": 1, "images": False, "thinking": False, "tools": 0, "dialect": "openai_chat"}
    assert route(Traits("claude-opus-4", **asked)).candidates[0] == "glm/glm-4.5"
    assert route(Traits("x", **asked | {"input_tokens": 5001})).rule == "routes.long_context"
    assert route(Traits("x", **asked)).rule == "strategy round_robin"
    text = await page.text("/ui/routes?taken")
    assert 'name="thinking" value="glm &gt; home"' in text
    assert "In force" in text


async def test_the_lines_to_keep_them_mean_the_same(page: Asking) -> None:
    await page.send("/ui/routes", **CHOSEN)
    text = (await page.text("/ui/routes")).partition('aria-label="Lines for casecraft.toml">')[2].partition("</pre>")[0]

    read = tomllib.loads(text.replace("&#34;", '"').replace("&#39;", "'").replace("&gt;", ">"))

    again, now = GatewaySettings(**read["gateway"]), page.gateway.settings.gateway
    for name in ("routes", "strategy", "providers", "fallback"):
        assert getattr(again, name) == getattr(now, name)


async def test_a_form_as_it_was_changes_nothing(page: Asking) -> None:
    before = page.gateway.settings.gateway

    await page.send("/ui/routes", default="glm > home", over="60000", fallback="", strategy="", providers="")

    assert page.gateway.settings.gateway == before
    assert page.gateway.settings.gateway.model_fields_set == before.model_fields_set


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"default": "nobody-knows-it"}, "no provider has that name"),
        ({"default": "kimi"}, "kimi"),  # it has no key
        ({"long_context": "glm", "over": "many"}, "long_context"),
        ({"pattern": "claude-*", "to": ""}, "belong together"),
        ({"pattern": "", "to": "glm"}, "belong together"),
        ({"pattern": "default", "to": "home"}, "belong together"),
        ({"pattern": "defaul", "to": "home"}, "did you mean"),
        ({"strategy": "/tmp/evil.py"}, "knows no strategy"),
        ({"strategy": "manual"}, "knows no strategy"),
        ({"strategy": "round_robin", "providers": "nobody-knows-it"}, "no provider has that name"),
    ],
)
async def test_routes_that_cannot_be_are_refused_and_the_old_stay(
    page: Asking, fields: dict[str, str], told: str
) -> None:
    settings, router = page.gateway.settings, page.gateway.router

    answer = await page.send("/ui/routes", **fields)

    assert answer.status_code == 422
    assert told in answer.text
    for value in filter(None, fields.values()):
        assert f'value="{value}"' in answer.text or "strategy" in fields
    assert page.gateway.settings is settings
    assert page.gateway.router is router
