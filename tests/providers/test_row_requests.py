"""What each row of the catalog sends to each of its sites: URL, headers and body, as reviewed once and kept as data.

`python -m tests.providers.test_row_requests` writes the data anew, for a review of what has changed in it.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from casecraft.config import ProviderSettings
from casecraft.core.chat import ChatRequest, Message
from casecraft.core.embedding import EmbeddingRequest
from casecraft.errors import ProviderError
from casecraft.providers import load_catalog, profile_of
from casecraft.providers.catalog import CatalogRow, Site
from casecraft.providers.chat import ChatProvider
from casecraft.providers.selection import row_of
from casecraft.wire import DIALECTS

REVIEWED = Path(__file__).parent / "row_requests.json"
REQUEST = ChatRequest(
    (Message("system", "Be brief."), Message("user", "Hi")), temperature=0.2, max_output_tokens=99, seed=1
)
# Of every HTTP client, or different each time.
ORDINARY = {"host", "accept", "accept-encoding", "user-agent", "content-type", "content-length", "x-amz-date"}
BUILT_IN = ("rules", "embedded")
ROWS = [load_catalog().get(name) for name in load_catalog().names if name not in BUILT_IN]
SITES = {f"{row.name} {site.base_url}": (row, site) for row in ROWS for site in row.sites}
# Google's and Entra's tokens come from those services; their tests are beside the code that asks for them.
TOKENS = {"google", "azure"}


class Refusing(httpx.AsyncBaseTransport):
    """Keeps the request and refuses it."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(400, json={})


def settings_for(row: CatalogRow, site: Site) -> ProviderSettings:
    parts = {it.name: it.default or f"my-{it.name.replace('_', '-')}" for it in row.variables}
    parts |= {name: f"https://{name}.example" for name in parts if site.base_url.startswith(f"{{{name}}}")}
    needs_key = row.needs_key or row.auth.scheme in TOKENS
    key = SecretStr("the-key-of-a-user") if needs_key else None
    model = None if row.model else "my-model"
    return ProviderSettings(api_key=key, variables=parts, model=model, row={"sites": (site,)})


async def sent_by(row: CatalogRow, site: Site) -> dict[str, Any]:
    return await sent_with(row.name, settings_for(row, site))


async def sent_with(name: str, settings: ProviderSettings) -> dict[str, Any]:
    transport, profile = Refusing(), profile_of(name, settings)
    provider = ChatProvider(row_of(name, settings), profile, settings, transport=transport)
    asked = provider.complete(REQUEST) if profile.dialect in DIALECTS else provider.embed(EmbeddingRequest(("Hi",)))
    with pytest.raises(ProviderError):
        await asked
    request = transport.requests[-1]
    headers = {name: _steady(value) for name, value in request.headers.items() if name not in ORDINARY}
    return {
        "request": f"{request.method} {request.url}",
        "headers": headers,
        "body": json.loads(request.content),
    }


def _steady(value: str) -> str:
    """A signature without what differs each time."""
    return value.partition(" Credential=")[0] if value.startswith("AWS4") else value


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "EXAMPLE")


@pytest.mark.parametrize("name", SITES)
async def test_a_row_sends_to_each_site_what_was_reviewed(name: str) -> None:
    assert await sent_by(*SITES[name]) == json.loads(REVIEWED.read_text())[name]


def test_what_was_reviewed_are_the_sites_that_there_are() -> None:
    assert json.loads(REVIEWED.read_text()).keys() == SITES.keys()


async def test_the_limit_of_openais_models_has_its_newer_name_in_chat_completions() -> None:
    settings = ProviderSettings(api_key=SecretStr("the-key-of-a-user"), dialect="openai_chat")
    body = (await sent_with("openai", settings))["body"]
    assert (body["max_completion_tokens"], "max_tokens" in body) == (99, False)


def test_required_providers_are_there() -> None:
    """The names that users write, in the forms in which they write them."""
    names = (
        "openai azure-openai anthropic gemini vertex bedrock sagemaker mistral cohere nvidia ngc nim triton openrouter"
        " together replicate huggingface groq ollama localai xinference xorbits openllm gpustack tei local qwen qianwen"
        " dashscope wenxin qianfan baidu kimi moonshot glm zhipu zai baichuan minimax spark hunyuan tencent tencent-ti"
        " deepseek siliconflow modelscope pai-eas stepfun qiniu perfxcloud lepton novita jina litellm xai venice"
        " databricks snowflake perplexity vllm lmstudio llamacpp ark doubao fireworks cerebras sambanova deepinfra"
        " cloudflare github 通义千问 文心一言 智谱 月之暗面 讯飞星火 混元 豆包"
    )
    missing = [name for name in names.split() if name not in load_catalog()]
    assert missing == []


if __name__ == "__main__":
    import os

    os.environ |= {"AWS_ACCESS_KEY_ID": "EXAMPLE", "AWS_SECRET_ACCESS_KEY": "EXAMPLE"}
    found = {name: asyncio.run(sent_by(*place)) for name, place in SITES.items()}
    REVIEWED.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
