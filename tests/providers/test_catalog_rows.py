"""The catalog: what each row says, and how rows are found by name."""

import subprocess
import sys

import pytest

from casecraft.errors import ProviderConfigurationError, ProviderNotFoundError
from casecraft.providers import Catalog, load_catalog, profile_of
from casecraft.providers.catalog import read_row
from casecraft.wire import DIALECTS
from casecraft.wire.vendor_error import KINDS


@pytest.mark.parametrize(
    ("name", "workers", "base_url", "variables", "structured_output"),
    [
        ("glm", 1, "https://open.bigmodel.cn/api/paas/v4", ("ZHIPU_API_KEY", "ZAI_API_KEY"), "json_object"),
        ("kimi", 2, "https://api.moonshot.cn/v1", ("MOONSHOT_API_KEY", "KIMI_API_KEY"), "json_object"),
        ("local", 2, "http://127.0.0.1:11434/v1", (), "json_schema"),
        ("qwen", 3, "https://dashscope.aliyuncs.com/compatible-mode/v1", ("DASHSCOPE_API_KEY",), "json_schema"),
        ("rules", 4, "", (), "prompt"),
    ],
)
def test_rows_say_what_was_reviewed(name, workers, base_url, variables, structured_output):
    profile = profile_of(name)
    assert (profile.max_workers, profile.base_url) == (workers, base_url)
    assert profile.structured_output == structured_output
    assert load_catalog().get(name).key_variables == variables


def test_names_are_listed_with_rules_last():
    assert load_catalog().names == ("glm", "kimi", "local", "qwen", "rules")
    rows = [load_catalog().get("rules"), load_catalog().get("qwen").model_copy(update={"name": "zeta"})]
    assert Catalog(rows).names == ("zeta", "rules")


def test_rules_is_local_and_free():
    profile = profile_of("rules")
    assert (profile.dialect, profile.local) == ("rules", True)


@pytest.mark.parametrize("name", load_catalog().names)
def test_every_row_is_sourced_and_speaks_a_known_dialect(name):
    row = load_catalog().get(name)
    assert row.sources
    assert row.dialect in {*DIALECTS, "rules"}
    assert set(row.codes.values()) <= set(KINDS)
    assert all(price.source for price in row.prices)
    assert all(
        [tier.above for tier in price.tiers] == sorted({tier.above for tier in price.tiers}) for price in row.prices
    )
    assert {price.region for price in row.prices} <= {site.region for site in row.sites}


def test_no_name_means_two_providers():
    names = [
        alias.lower() for row in map(load_catalog().get, load_catalog().names) for alias in (row.name, *row.aliases)
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("alias", "name"),
    [("zhipu", "glm"), ("智谱", "glm"), ("DashScope", "qwen"), (" 通义千问 ", "qwen"), ("moonshot", "kimi")],
)
def test_aliases_are_known(alias, name):
    assert load_catalog().get(alias).name == name


@pytest.mark.parametrize(("wrong", "nearest"), [("glmm", "glm"), ("qwin", "qwen"), ("moonshoot", "moonshot")])
def test_an_unknown_name_gets_the_nearest(wrong, nearest):
    with pytest.raises(ProviderNotFoundError, match=f"'{wrong}'") as caught:
        load_catalog().get(wrong)
    assert f"Did you mean '{nearest}'?" in caught.value.hint


ROW = """
name = "x"
title = "X"
dialect = "openai_chat"
model = "m"
workers = 1
checked = 2026-11-21
sources = ["https://x.example/docs"]
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("workers = 1", "worker = 1", "workers: Field required; worker: Extra inputs"),
        ("workers = 1", "workers = 0", "workers: Input should be greater"),
        ('sources = ["https://x.example/docs"]', "sources = []", "sources: Tuple should have at least 1 item"),
        ("checked = 2026-11-21", "checked = soon", "no valid TOML"),
        ("model", '[codes]\n"1" = "nonsense"\n#', "codes.1"),
    ],
)
def test_a_row_with_a_wrong_field_is_refused(old, new, says):
    assert read_row(ROW, "x.toml").name == "x"
    with pytest.raises(ProviderConfigurationError) as caught:
        read_row(ROW.replace(old, new), "x.toml")
    assert str(caught.value).startswith("x.toml is no valid")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_importing_providers_brings_no_client_and_no_price_library():
    heavy = "('aiohttp', 'httpx', 'genai_prices', 'model_prices', 'openai')"
    code = f"import sys, casecraft.providers; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
