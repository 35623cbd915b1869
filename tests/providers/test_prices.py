"""What usage costs: whose price counts, and that cached, thinking and tiered tokens get their own rates."""

from decimal import Decimal

import model_prices
import pytest
from genai_prices import Usage as GenaiUsage
from genai_prices import calc_price
from pydantic import SecretStr

from casecraft.config import PriceSettings, ProviderSettings
from casecraft.core.usage import Usage
from casecraft.providers import create, load_catalog

MILLION = 1_000_000
INTL_QWEN = ProviderSettings(base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1")
INTL_KIMI = ProviderSettings(base_url="https://api.moonshot.ai/v1")
INTL_MINIMAX = ProviderSettings(base_url="https://api.minimax.io/anthropic")
ZAI = ProviderSettings(api_key=SecretStr("k"), key_variable="ZAI_API_KEY")


def cost(provider: str, usage: Usage, model: str = "", settings: ProviderSettings | None = None):
    return create(provider, settings).price(usage, model)


@pytest.mark.parametrize(
    ("usage", "amount"),
    [
        (Usage(input=100_000), "0.08"),
        (Usage(input=100_000, cached_input=100_000), "0.02"),
        (Usage(output=100_000), "0.2"),
        (Usage(output=100_000, reasoning=1), "0.8"),  # thinking on: all of the output at the thinking rate
        (Usage(input=128_000), "0.1024"),
        (Usage(input=200_000, output=100_000), "2.48"),  # the tier holds for all tokens
        (Usage(input=300_000, cached_input=100_000, output=100_000, reasoning=5), "7.46"),
    ],
)
def test_qwen_in_china_is_billed_by_its_row(usage, amount):
    found = cost("qwen", usage)
    assert (found.amount, found.currency, found.as_of) == (Decimal(amount), "CNY", "2026-11-21")


def test_the_same_model_costs_differently_elsewhere():
    found = cost("qwen", Usage(input=MILLION // 10, output=MILLION // 10), "qwen-plus", INTL_QWEN)
    assert (found.amount, found.currency) == (Decimal("0.16"), "USD")
    thinking = cost("qwen", Usage(output=MILLION // 10, reasoning=1), "qwen-plus", INTL_QWEN)
    assert thinking.amount == Decimal("0.4")


@pytest.mark.parametrize(
    ("provider", "model", "abroad", "amount"),
    [
        ("kimi", "kimi-k2.6", INTL_KIMI, "3.35"),
        ("minimax", "MiniMax-M2.7", INTL_MINIMAX, "1.05"),
        ("minimax", "MiniMax-M3", INTL_MINIMAX, "1.05"),
    ],
)
def test_who_bills_in_yuan_in_china_bills_in_dollars_abroad(provider, model, abroad, amount):
    usage = Usage(input=MILLION // 10, output=MILLION // 10)
    at_home, elsewhere = cost(provider, usage, model), cost(provider, usage, model, abroad)
    assert (at_home.amount, at_home.currency, elsewhere.currency) == (Decimal(amount), "CNY", "USD")


def test_a_price_that_is_known_of_elsewhere_alone_is_unknown_here():
    assert cost("kimi", Usage(1, 1), "kimi-k3", INTL_KIMI) is not None
    assert cost("kimi", Usage(1, 1), "kimi-k3") is None


@pytest.mark.parametrize("usage", [Usage(1000, 100), Usage(1000, 100, cached_input=400), Usage(300_000, 7, 9, 5)])
@pytest.mark.parametrize(
    ("provider", "model", "vendor", "settings"),
    [
        ("kimi", "kimi-k2.6", "moonshotai", INTL_KIMI),
        ("kimi", "kimi-k3", "moonshotai", INTL_KIMI),
        ("glm", "glm-4.7", "zai", ZAI),
    ],
)
def test_we_agree_with_genai_prices(usage, provider, model, vendor, settings):
    counts = {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cache_read_tokens": usage.cached_input,
        "cache_write_tokens": usage.cache_write,
    }
    expected = calc_price(GenaiUsage(**counts), model, provider_id=vendor).total_price
    assert cost(provider, usage, model, settings).amount == expected


@pytest.mark.parametrize("tokens", [1000, 300_000])
def test_we_agree_with_model_prices_over_its_tiers(tokens):
    usage = Usage(tokens, 100, cached_input=500, cache_write=200)
    expected = model_prices.cost(
        "qwen-plus",
        provider="alibaba",
        input_tokens=tokens - 700,
        output_tokens=100,
        cache_read_tokens=500,
        cache_write_tokens=200,
    )
    found = cost("qwen", usage, "qwen-plus", INTL_QWEN)
    assert float(found.amount) == pytest.approx(expected, rel=1e-12)
    assert found.as_of == model_prices.data_as_of().date().isoformat()


def test_a_price_of_the_users_own_goes_first():
    price = PriceSettings(input="1", output="2", reasoning="4", cached_input="0.5", currency="EUR", as_of="2026-01-02")
    settings = ProviderSettings(price=price, base_url="http://x/v1", model="m")
    found = cost("mine", Usage(MILLION, MILLION, cached_input=MILLION // 2, reasoning=MILLION // 4), "m", settings)
    assert (found.amount, found.currency, found.as_of) == (Decimal("3.25"), "EUR", "2026-01-02")
    assert cost("qwen", Usage(input=MILLION), "", settings).amount == 1


@pytest.mark.parametrize(
    ("provider", "model", "settings"),
    [
        ("qwen", "qwen-unheard-of", None),
        ("qwen", "gpt-4o", INTL_QWEN),  # known, but from another vendor
        ("kimi", "gpt-4o", None),
        ("mine", "gpt-4o", ProviderSettings(base_url="http://x/v1")),
    ],
)
def test_an_unknown_price_is_unknown(provider, model, settings):
    assert cost(provider, Usage(1, 1), model, settings) is None


def test_a_snapshot_of_the_model_asked_for_costs_the_same():
    usage = Usage(MILLION // 10, 0)
    assert cost("qwen", usage, "qwen-plus-2025-12-01") == cost("qwen", usage, "qwen-plus")
    assert cost("qwen", usage, "qwen-plus-character") is None


def test_an_unknown_usage_has_no_cost():
    assert cost("qwen", None) is None


def test_local_models_cost_nothing():
    assert cost("local", Usage(5, 5), "anything").amount == 0
    assert cost("local", None, "anything").amount == 0


def test_a_change_of_prices_is_seen_within_the_hour(monkeypatch):
    provider = create("kimi", INTL_KIMI)
    usage = Usage(MILLION, 0)
    before = provider.price(usage, "kimi-k2.6")
    monkeypatch.setattr("casecraft.providers.prices._from_genai_prices", lambda *_: None)
    monkeypatch.setattr("casecraft.providers.prices._from_model_prices", lambda *_: None)
    assert provider.price(usage, "kimi-k2.6") == before
    import time

    now = time.time()
    monkeypatch.setattr("casecraft.providers.prices.time.time", lambda: now + 3600)
    assert provider.price(usage, "kimi-k2.6") is None


@pytest.mark.parametrize(("provider", "model", "share"), [("kimi", "kimi-k2.6", "0.6"), ("xai", "grok-4.7", "0.8")])
def test_a_batch_pays_what_its_vendor_asks_and_not_always_half(provider, model, share):
    made = create(provider)
    whole, batch = made.price(Usage(1000, 100), model), made.price(Usage(1000, 100), model, batch=True)
    assert batch.amount == whole.amount * Decimal(share)


def test_what_a_batch_costs_may_differ_by_model():
    row = load_catalog().get("glm")
    assert (row.batch_factor_of("embedding-3"), row.batch_factor_of("glm-5.3")) == (Decimal("0.5"), None)
    assert load_catalog().get("together").batch_factor_of("openai/gpt-oss-120b") == 1


def test_a_batch_where_the_vendor_has_none_has_no_known_price():
    assert create("deepseek").price(Usage(1000, 100), "deepseek-flash") is not None
    assert create("deepseek").price(Usage(1000, 100), "deepseek-flash", batch=True) is None
