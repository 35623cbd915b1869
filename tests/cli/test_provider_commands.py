"""`casecraft providers`: what is listed, shown and priced."""

import json
from pathlib import Path
from typing import Any

from tests.answers import one_good_case
from tests.command import run
from tests.documents import write_things
from tests.simulator import Behaviour, Simulator


async def listed(folder: Path, *options: str, **env: str) -> dict[str, Any]:
    done = await run("providers", "list", "--json", *options, cwd=folder, env=env)
    assert done.code == 0, done.err
    return {row["name"]: row for row in json.loads(done.out)["providers"]}


async def test_the_list_by_capability(tmp_path: Path) -> None:
    found = await listed(tmp_path, "--capability", "embeddings", "--capability", "images")
    assert {"openai", "gemini"} <= found.keys()
    assert not {"anthropic", "tei", "rules"} & found.keys()
    wrong = await run("providers", "list", "--capability", "embedding", cwd=tmp_path)
    assert wrong.code == 2
    assert "'embedding' is none of json_schema" in " ".join(wrong.err.split())


async def test_the_list_by_region_and_by_what_is_configured(tmp_path: Path) -> None:
    assert {"glm", "kimi", "qwen"} <= (await listed(tmp_path, "--region", "intl")).keys()
    assert "anthropic" not in await listed(tmp_path, "--region", "intl")
    ready = await listed(tmp_path, "--ready", ANTHROPIC_API_KEY="k" * 20)
    assert ready["anthropic"]["ready"] == "key in ANTHROPIC_API_KEY"
    assert "openai" not in ready


async def test_the_list_by_price(tmp_path: Path) -> None:
    cheap = await listed(tmp_path, "--max-price", "3 CNY")
    assert {"glm", "vllm"} <= cheap.keys()
    assert "anthropic" not in cheap
    assert "glm" not in await listed(tmp_path, "--max-price", "2 CNY")
    wrong = await run("providers", "list", "--max-price", "cheap", cwd=tmp_path)
    assert (wrong.code, "no amount" in wrong.err) == (2, True)


async def test_what_is_known_of_one(tmp_path: Path) -> None:
    shown = await run("providers", "show", "Azure OpenAI", "--json", cwd=tmp_path)
    facts = json.loads(shown.out)
    assert (facts["name"], facts["dialect"]) == ("azure", "openai_chat")
    assert facts["sources"]
    unknown = await run("providers", "show", "azur", cwd=tmp_path)
    assert (unknown.code, "Did you mean 'azure" in unknown.err) == (2, True)


OWN = """
[providers.acme]
aliases = ["acme-llm"]
dialect = "openai_chat"
capabilities = ["tools"]
model = "large"
headers = { X-Secret = "hush-hush" }
sites = [{ base_url = "https://llm.example.com/v1", region = "mars" }]
prices = [{ models = ["large"], region = "mars", currency = "EUR", as_of = 2026-11-01, source = "them", tiers = [
  { input = 1, output = 4 },
] }]

[providers.glm]
workers = 3
capabilities = ["tools"]

[providers.corner]
base_url = "https://corner.example.com/v1"
model = "small"
price = { input = 1, output = 2, currency = "CNY", as_of = "2026-11-01" }
"""


async def test_rows_of_the_users_own_are_listed_filtered_and_priced_like_others(tmp_path: Path) -> None:
    (tmp_path / "casecraft.toml").write_text(OWN)
    acme = (await listed(tmp_path, "--capability", "tools", "--region", "mars"))["acme"]
    assert (acme["capabilities"], acme["regions"]) == (["json_object", "tools"], ["mars"])
    assert acme["aliases"] == ["acme-llm"]
    assert "acme" in await listed(tmp_path, "--max-price", "5 EUR")
    assert "acme" not in await listed(tmp_path, "--max-price", "3 EUR")
    assert "corner" in await listed(tmp_path, "--max-price", "2 CNY")
    priced = await run("providers", "price", "acme-llm", "--json", cwd=tmp_path)
    assert [(row["provider"], row["output"]) for row in json.loads(priced.out)["prices"]] == [("acme", "4")]


async def test_what_is_shown_of_a_provider_has_the_users_fields(tmp_path: Path) -> None:
    (tmp_path / "casecraft.toml").write_text(OWN)
    shown = {name: await run("providers", "show", name, "--json", cwd=tmp_path) for name in ("acme-llm", "glm")}
    acme, glm = (json.loads(done.out) for done in shown.values())
    assert (acme["name"], acme["model"], acme["sources"]) == ("acme", "large", ["the user's settings"])
    assert "hush" not in shown["acme-llm"].out
    assert (glm["workers"], glm["capabilities"], glm["dialect"]) == (3, ["tools"], "openai_chat")


async def test_a_region_or_currency_that_nobody_has_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    region = await run("providers", "list", "--region", "mars", cwd=tmp_path)
    assert (region.code, "'mars' is none of ai-gateway, cn," in " ".join(region.err.split())) == (2, True)
    currency = await run("providers", "list", "--max-price", "2 XXX", cwd=tmp_path)
    assert (currency.code, "'XXX' is none of CNY, USD" in " ".join(currency.err.split())) == (2, True)


async def test_a_provider_that_answers_no_more_is_marked(tmp_path: Path) -> None:
    assert (await listed(tmp_path))["github"]["retired"] == "2026-07-30"
    assert "github (retired on 2026-07-30)" in (await run("providers", "list", cwd=tmp_path)).out


async def test_the_models_that_it_lists_now(tmp_path: Path) -> None:
    async with Simulator({"qwen": Behaviour()}) as server:
        env = {"CASECRAFT_QWEN_BASE_URL": server.url("qwen")}
        done = await run("providers", "models", "qwen", cwd=tmp_path, env=env)
    assert (done.code, done.out.split()) == (0, ["simulated"])


async def test_prices_without_asking_anybody(tmp_path: Path) -> None:
    done = await run("providers", "price", "glm", "--json", cwd=tmp_path)
    rows = [row for row in json.loads(done.out)["prices"] if (row["model"], row["region"]) == ("glm-5.3-flash", "cn")]
    assert [(row["currency"], row["as_of"]) for row in rows] == [("CNY", "2026-11-21")]


async def test_every_request_is_logged_with_its_body_on_request_and_never_with_the_key(tmp_path: Path) -> None:
    write_things(tmp_path / "doc.json", 2)
    key = "sk-very-secret-0123456789"
    async with Simulator({"qwen": Behaviour(script=["429"])}, answer=one_good_case) as server:
        env = {"CASECRAFT_QWEN_BASE_URL": server.url("qwen"), "CASECRAFT_QWEN_API_KEY": key}
        args = ("generate", "doc.json", "-p", "qwen", "-q", "--force", "--log-calls")
        for log, more in (("plain", ()), ("whole", ("--log-bodies",))):
            done = await run(*args, log, *more, cwd=tmp_path, env=env)
            assert done.code == 0, done.err
    texts = {name: (tmp_path / name).read_text() for name in ("plain", "whole")}
    plain, whole = ([json.loads(line) for line in text.splitlines()] for text in texts.values())
    assert sorted(line["status"] for line in plain) == [200, 200, 429]
    assert [line["status"] for line in whole] == [200, 200]
    assert not any("very-secret" in text for text in texts.values())
    assert all("/things" in json.dumps(line) for line in whole)
    assert not any("/things" in json.dumps(line) for line in plain)
