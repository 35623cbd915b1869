"""Base URLs as people paste them, with parts of their own, and where requests then go."""

import httpx
import pytest
from pydantic import SecretStr

from casecraft.config import ProviderSettings
from casecraft.core.chat import ChatRequest, Message
from casecraft.core.embedding import EmbeddingRequest
from casecraft.errors import ProviderConfigurationError, ProviderError
from casecraft.providers import create, load_catalog, profile_of
from casecraft.providers.catalog import CatalogRow, Site
from casecraft.providers.chat import ChatProvider
from casecraft.providers.selection import row_of
from casecraft.wire import DIALECTS, find_dialect
from tests.providers.test_row_requests import Refusing

REQUEST = ChatRequest((Message("user", "Hi"),))


def settings(**given) -> ProviderSettings:
    return ProviderSettings(**{"api_key": "sk-0123456789", "model": "m", **given})


async def asked(name: str, own: ProviderSettings, *, embed: bool = False) -> httpx.URL:
    """Where a request goes."""
    transport = Refusing()
    provider = ChatProvider(row_of(name, own), profile_of(name, own), own, transport=transport)
    with pytest.raises(ProviderError):
        await (provider.embed(EmbeddingRequest(("Hi",))) if embed else provider.complete(REQUEST))
    return transport.requests[-1].url


PASTED = [
    # With the path of a request.
    ("glm", "http://x/v1/chat/completions", "http://x/v1/chat/completions"),
    ("anthropic", "https://h/v1/messages", "https://h/v1/messages"),
    ("cohere", "https://h/v2/chat/", "https://h/v2/chat"),
    ("gemini", "https://h/v1beta/models/gemini-3:generateContent", "https://h/v1beta/models/m:generateContent"),
    ("gemini", "https://h/v1beta/models/x:streamGenerateContent?alt=sse", "https://h/v1beta/models/m:generateContent"),
    ("replicate", "https://h/v1/models/a/b/predictions", "https://h/v1/models/o/m/predictions"),
    ("bedrock", "https://h/model/a.b/converse-stream", "https://h/model/m/converse"),
    # With the version that the path brings itself.
    ("anthropic", "https://api.anthropic.com/v1", "https://api.anthropic.com/v1/messages"),
    ("cohere", "https://api.cohere.com/v2/", "https://api.cohere.com/v2/chat"),
    ("ollama", "http://gpu:11434/api", "http://gpu:11434/api/chat"),
    ("replicate", "https://api.replicate.com/v1", "https://api.replicate.com/v1/models/o/m/predictions"),
    # With nothing of the kind: all of it is the address.
    ("anthropic", "https://h/anthropic", "https://h/anthropic/v1/messages"),
    ("glm", "https://h/api", "https://h/api/chat/completions"),
    # At an address of the catalog that speaks another dialect than the first.
    ("kimi", "https://api.kimi.com/coding/v1", "https://api.kimi.com/coding/v1/chat/completions"),
    ("kimi", "https://api.kimi.com/coding/", "https://api.kimi.com/coding/v1/messages"),
    ("kimi", "https://api.kimi.com/coding/v1/messages", "https://api.kimi.com/coding/v1/messages"),
    ("kimi", "https://api.moonshot.cn/v1/chat/completions", "https://api.moonshot.cn/v1/chat/completions"),
    ("glm", "https://API.z.ai/api/anthropic/v1/", "https://API.z.ai/api/anthropic/v1/messages"),
    ("qiniu", "https://api.qnaigc.com/v1", "https://api.qnaigc.com/v1/chat/completions"),
    ("qiniu", "https://api.qnaigc.com/v1/messages", "https://api.qnaigc.com/v1/messages"),
    ("deepseek", "https://api.deepseek.com/anthropic/v1", "https://api.deepseek.com/anthropic/v1/messages"),
    ("deepseek", "https://api.deepseek.com/beta", "https://api.deepseek.com/beta/chat/completions"),
]


@pytest.mark.parametrize(("name", "pasted", "url"), PASTED)
async def test_what_is_pasted_is_said_once(name: str, pasted: str, url: str) -> None:
    sent = await asked(name, settings(base_url=pasted, model="o/m" if name == "replicate" else "m"))
    assert str(sent.copy_with(query=None)).lower() == url.lower()


async def test_embeddings_are_asked_where_a_pasted_address_says() -> None:
    own = settings(base_url="https://h/v1/embeddings", dialect="openai_embeddings")
    assert str(await asked("mine", own, embed=True)) == "https://h/v1/embeddings"


async def test_the_query_of_an_address_goes_behind_the_path() -> None:
    pasted = "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21&empty="
    url = await asked("azure", settings(base_url=pasted, query={"team": "qa"}))
    assert url.path == "/openai/deployments/d/chat/completions"
    assert dict(url.params) == {"api-version": "2024-10-21", "empty": "", "team": "qa"}
    own = settings(base_url="http://x/v1?key=sk-secret", query={"key": SecretStr("k")})
    assert own.query["key"].get_secret_value() == "k", "what is set by itself counts more"
    assert "sk-secret" not in repr(settings(base_url="http://x/v1?key=sk-secret"))


@pytest.mark.parametrize("pasted", ["https://x/v1#frag", "https://x/v1#", "https://x/v1?a=b#frag"])
def test_a_fragment_is_refused(pasted: str) -> None:
    with pytest.raises(ProviderConfigurationError, match="more than an address") as caught:
        create("glm", settings(base_url=pasted)).validate()
    assert "`#`" in (caught.value.hint or "")


def address(name: str, base_url: str | None = None, **variables: str) -> str:
    return profile_of(name, settings(base_url=base_url, variables=variables)).base_url


@pytest.mark.parametrize(
    ("name", "variables", "base_url"),
    [
        (
            "databricks",
            {"host": "https://x.cloud.databricks.com/"},
            "https://x.cloud.databricks.com/ai-gateway/mlflow/v1",
        ),
        ("databricks", {"host": "x.cloud.databricks.com"}, "https://x.cloud.databricks.com/ai-gateway/mlflow/v1"),
        ("lepton", {"endpoint": "https://e.example/v1/"}, "https://e.example/v1"),
        ("lepton", {"endpoint": "https://e.example/v1/chat/completions"}, "https://e.example/v1"),
        ("azure", {"resource": "r"}, "https://r.openai.azure.com/openai/v1"),
        ("azure", {"resource": "r.openai.azure.com"}, "https://r.openai.azure.com/openai/v1"),
        ("azure", {"resource": "https://r.openai.azure.com/"}, "https://r.openai.azure.com/openai/v1"),
        ("azure", {"resource": "https://r.openai.azure.com/openai/v1/"}, "https://r.openai.azure.com/openai/v1"),
        ("azure", {"resource": "https://r.services.ai.azure.com"}, "https://r.services.ai.azure.com/openai/v1"),
        (
            "snowflake",
            {"account": "https://a-b.snowflakecomputing.com"},
            "https://a-b.snowflakecomputing.com/api/v2/cortex/v1",
        ),
        ("bedrock", {"region": " "}, "https://bedrock-runtime.us-east-1.amazonaws.com"),
    ],
)
def test_a_part_may_be_a_name_a_host_or_a_url(name: str, variables: dict[str, str], base_url: str) -> None:
    assert address(name, **variables) == base_url


def test_an_address_of_the_users_may_have_the_parts_of_the_row() -> None:
    base = "{host}/serving-endpoints"
    assert address("databricks", base, host="https://h.invalid") == "https://h.invalid/serving-endpoints"
    assert address("databricks", base, host="h.invalid") == "https://h.invalid/serving-endpoints"
    regional = load_catalog().get("vertex").sites[1].base_url
    assert address("vertex", regional, project="p", region="europe-west1") == (
        "https://europe-west1-aiplatform.googleapis.com/v1/projects/p/locations/europe-west1/publishers/google"
    )
    with pytest.raises(ProviderConfigurationError, match="has no 'host'") as caught:
        create("databricks", settings(base_url=base)).validate()
    assert "DATABRICKS_HOST" in (caught.value.hint or "")
    with pytest.raises(ProviderConfigurationError, match="has no 'tenant'") as caught:
        create("glm", settings(base_url="https://{tenant}.example/v1")).validate()
    assert "`variables`" in (caught.value.hint or "")


def test_a_url_with_more_than_an_address_in_a_part_is_refused() -> None:
    own = settings(variables={"resource": "https://r.openai.azure.com/openai/x?api-version=1"})
    with pytest.raises(ProviderConfigurationError, match="more than an address"):
        create("azure", own).validate()


ROWS = [load_catalog().get(name) for name in load_catalog().names]
SITES = [(row, site) for row in ROWS for site in row.sites]


@pytest.mark.parametrize(("row", "site"), SITES, ids=lambda it: getattr(it, "base_url", None) or it.name)
def test_every_site_is_known_by_its_address_with_and_without_a_path(row: CatalogRow, site: Site) -> None:
    dialect = site.dialect or row.dialect
    begins = site.base_url.startswith("{")
    variables = {it.name: "https://x.example" if begins else "x" for it in row.variables}
    path = find_dialect(dialect).chat_path("o/m", False) if dialect in DIALECTS else ""
    bare = profile_of(row.name, settings(base_url=site.base_url, variables=variables))
    assert bare.dialect == dialect
    assert "{" not in bare.base_url
    for end in ("/", path):
        pasted = profile_of(row.name, settings(base_url=site.base_url + end, variables=variables))
        assert (pasted.base_url, pasted.dialect) == (bare.base_url, dialect)
