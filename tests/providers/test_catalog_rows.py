"""The catalog: what each row says, and how rows are found by name."""

import subprocess
import sys
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from casecraft.config import ProviderSettings, fold_name
from casecraft.errors import ProviderConfigurationError, ProviderNotFoundError
from casecraft.providers import Catalog, load_catalog, profile_of
from casecraft.providers.catalog import read_row
from casecraft.providers.prices import PriceList
from casecraft.wire import DIALECTS
from casecraft.wire.embeddings import EMBEDDING_DIALECTS
from casecraft.wire.vendor_error import KINDS

ROWS = [load_catalog().get(name) for name in load_catalog().names]
SITES = [(row, site) for row in ROWS for site in row.sites]
SITE_IDS = [f"{row.name}-{site.base_url}" for row, site in SITES]
# What rows may name; not all of them are in casecraft.wire yet.
DIALECT_NAMES = {*DIALECTS, *EMBEDDING_DIALECTS, "rules", "embedded"}


@pytest.mark.parametrize(
    ("name", "workers", "base_url", "variables", "structured_output"),
    [
        ("ark", 4, "https://ark.cn-beijing.volces.com/api/v3", ("ARK_API_KEY",), "json_schema"),
        ("baichuan", 2, "https://api.baichuan-ai.com/v1", ("BAICHUAN_API_KEY",), "prompt"),
        ("deepseek", 8, "https://api.deepseek.com", ("DEEPSEEK_API_KEY",), "json_object"),
        ("glm", 1, "https://open.bigmodel.cn/api/paas/v4", ("ZHIPU_API_KEY", "ZAI_API_KEY"), "json_object"),
        ("gpustack", 4, "http://127.0.0.1/v1", ("GPUSTACK_API_KEY",), "prompt"),
        ("hunyuan", 3, "https://tokenhub.tencentmaas.com/v1", ("TENCENT_TOKENHUB_API_KEY",), "prompt"),
        ("kimi", 2, "https://api.moonshot.cn/v1", ("MOONSHOT_API_KEY", "KIMI_API_KEY"), "json_object"),
        ("llamacpp", 2, "http://127.0.0.1:8080/v1", (), "json_schema"),
        ("lmstudio", 2, "http://127.0.0.1:1234/v1", (), "json_schema"),
        ("local", 2, "http://127.0.0.1:11434/v1", (), "json_schema"),
        ("localai", 2, "http://127.0.0.1:8080/v1", (), "json_object"),
        ("minimax", 4, "https://api.minimaxi.com/v1", ("MINIMAX_API_KEY",), "prompt"),
        ("modelscope", 2, "https://api-inference.modelscope.cn/v1", ("MODELSCOPE_API_KEY",), "prompt"),
        ("ollama", 2, "http://127.0.0.1:11434", (), "json_schema"),
        ("openllm", 4, "http://127.0.0.1:3000/v1", (), "prompt"),
        ("pai-eas", 2, "{endpoint}/v1", ("PAIEAS_API_KEY",), "prompt"),
        ("perfxcloud", 2, "https://cloud.perfxlab.cn/v1", ("PERFXCLOUD_API_KEY",), "prompt"),
        ("qianfan", 3, "https://qianfan.baidubce.com/v2", ("QIANFAN_API_KEY",), "json_object"),
        ("qiniu", 3, "https://api.qnaigc.com/v1", ("QINIU_API_KEY",), "prompt"),
        ("qwen", 3, "https://dashscope.aliyuncs.com/compatible-mode/v1", ("DASHSCOPE_API_KEY",), "json_schema"),
        ("rules", 4, "", (), "prompt"),
        (
            "siliconflow",
            4,
            "https://api.siliconflow.cn/v1",
            ("SILICONFLOW_CN_API_KEY", "SILICONFLOW_API_KEY"),
            "json_object",
        ),
        ("spark", 2, "https://spark-api-open.xf-yun.com/v1", ("SPARK_API_PASSWORD",), "prompt"),
        ("stepfun", 3, "https://api.stepfun.com/v1", ("STEPFUN_API_KEY", "STEP_API_KEY"), "json_schema"),
        (
            "tencent",
            4,
            "https://tokenhub.tencentmaas.com/v1",
            ("TENCENT_TOKENHUB_API_KEY", "TOKENHUB_API_KEY", "LKEAP_API_KEY", "TENCENT_CODING_PLAN_API_KEY"),
            "json_object",
        ),
        ("tencent-ti", 2, "{endpoint}/v1", (), "prompt"),
        ("vllm", 8, "http://127.0.0.1:8000/v1", (), "json_schema"),
        ("xinference", 4, "http://127.0.0.1:9997/v1", (), "prompt"),
    ],
)
def test_rows_say_what_was_reviewed(name, workers, base_url, variables, structured_output):
    profile = profile_of(name)
    assert (profile.max_workers, profile.base_url) == (workers, base_url)
    assert profile.structured_output == structured_output
    assert load_catalog().get(name).key_variables == variables


def test_names_are_listed_with_rules_last():
    *names, last = load_catalog().names
    assert (names, last) == (sorted(names), "rules")
    rows = [load_catalog().get("rules"), load_catalog().get("qwen").model_copy(update={"name": "zeta"})]
    assert Catalog(rows).names == ("zeta", "rules")


def test_rules_is_local_and_free():
    profile = profile_of("rules")
    assert (profile.dialect, profile.local) == ("rules", True)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_is_sourced_and_speaks_a_known_dialect(row):
    assert row.sources
    assert {row.dialect, *(site.dialect or row.dialect for site in row.sites)} <= DIALECT_NAMES
    assert set(row.codes.values()) <= set(KINDS)
    assert all(price.source for price in row.prices)
    assert all(
        [tier.above for tier in price.tiers] == sorted({tier.above for tier in price.tiers}) for price in row.prices
    )
    assert {price.region for price in row.prices} <= {site.region for site in row.sites}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_has_prices_or_says_where_they_are_to_be_had(row):
    libraries = [name for site in row.sites for name in (site.genai_prices, site.model_prices) if name]
    assert row.local or row.prices or libraries or row.pricing


@pytest.mark.parametrize(
    ("variable", "address", "model"),
    [
        ("MOONSHOT_API_KEY", "https://api.moonshot.cn/v1", "kimi-k2.6"),
        ("KIMI_API_KEY", "https://api.kimi.com/coding/v1", "kimi-for-coding"),
    ],
)
def test_a_key_goes_to_the_host_that_gave_it_and_asks_for_a_model_of_its(variable, address, model):
    profile = profile_of("kimi", ProviderSettings(key_variable=variable))
    assert (profile.base_url, profile.model) == (address, model)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_agrees_with_itself(row):
    addresses = [site.base_url for site in row.sites]
    assert len(addresses) == len(set(addresses))
    assert not row.models or row.model in {model.id for model in row.models}
    assert "embeddings" in row.capabilities or not any(model.embeddings for model in row.models)
    assert not row.local or not row.needs_key
    assert all(name == name.lower() for price in row.prices for name in price.models)


@pytest.mark.parametrize(("row", "site"), SITES, ids=SITE_IDS)
def test_an_address_is_what_its_dialect_appends_a_path_to(row, site):
    declared = {variable.name: "https://mine.example" for variable in row.variables}
    address = urlsplit(site.base_url.format(**declared))
    assert address.scheme == ("http" if address.hostname == "127.0.0.1" else "https")
    # A proxy on this machine is no `local` provider: what it passes requests on to is billed.
    assert (address.hostname == "127.0.0.1") <= (row.local or row.name == "litellm")
    assert not address.path.endswith(("/", "/chat/completions", "/messages"))
    if (site.dialect or row.dialect) == "anthropic_messages":
        assert not address.path.endswith("/v1")


@pytest.mark.parametrize(("row", "site"), SITES, ids=SITE_IDS)
def test_where_a_site_has_prices_they_are_of_models_of_its_row(row, site):
    profile = replace(profile_of(row.name), local=False)
    for library in ("genai_prices", "model_prices"):
        if getattr(site, library) is not None:
            other = {"genai_prices": None, "model_prices": None, library: getattr(site, library)}
            bare = row.model_copy(update={"prices": ()})
            prices = PriceList(bare, site.model_copy(update=other), profile)
            assert any(prices.tariff(model.id) for model in row.models), library


def test_no_name_means_two_providers():
    owners = [(fold_name(alias), row.name) for row in ROWS for alias in (row.name, *row.aliases)]
    assert len(dict(owners)) == len(set(owners))


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("zhipu", "glm"), ("智谱", "glm"), ("DashScope", "qwen"), (" 通义千问 ", "qwen"), ("moonshot", "kimi"),
        ("文心一言", "qianfan"), ("讯飞星火", "spark"), ("豆包", "ark"), ("lkeap", "tencent"), ("混元", "hunyuan"),
        ("xorbits", "xinference"), ("llama.cpp", "llamacpp"), ("OpenAI-compatible", "local"), ("z.ai", "glm"),
        ("Azure OpenAI", "azure"), ("Google Vertex AI", "vertex"), ("AWS SageMaker", "sagemaker"),
        ("NVIDIA API Catalog", "nvidia"), ("nvidia_nim", "nim"), ("Text Embeddings Inference", "tei"),
        ("NVIDIA NGC", "nvidia"), ("NVIDIA Triton Inference Server", "triton"), ("text-embedding-inference", "tei"),
        ("openai-api-compatible", "local"), ("GLM MaaS", "glm"), ("智谱AI", "glm"),
        ("Baidu Qianfan", "qianfan"), ("iFlytek Spark", "spark"), ("Alibaba PAI-EAS", "pai-eas"),
        ("LM Studio", "lmstudio"), ("Volcengine Ark", "ark"),
        ("Cloudflare Workers AI", "cloudflare"), ("Snowflake Cortex", "snowflake"),
    ],
)  # fmt: skip
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
        ("workers = 1", "workers = 1\ntpm = 9", "tpm: Extra inputs"),
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
    heavy = (
        "aiohttp",
        "httpx",
        "genai_prices",
        "model_prices",
        "openai",
        "anthropic",
        "botocore",
        "google.auth",
        "azure",
    )
    code = (
        "import sys, casecraft.providers; casecraft.providers.load_catalog(); "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
