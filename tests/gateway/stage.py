"""A running gateway with the official SDKs before it and every vendor behind it."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from pydantic import SecretStr

from casecraft.config import GatewaySettings, ProviderSettings, Settings
from casecraft.core.exchange import Exchange
from casecraft.gateway.server import Started, running_gateway
from casecraft.state import exchanges, ledgers, open_store
from tests.gateway.sdks.anthropic_sdk import Anthropic
from tests.gateway.sdks.chat_sdk import Chat
from tests.gateway.sdks.genai_sdk import Genai
from tests.gateway.sdks.responses_sdk import Responses
from tests.gateway.spoken import Ask, Got, Refusal
from tests.gateway.upstream import PATIENCE, VENDORS, Upstream, running_upstream

KEY = "sk-upstream-0123456789"
# Who speaks the dialect in the catalog, with that vendor's own ways of saying it. Chat Completions stands for itself.
ROWS = {
    "azure": "azure",
    "openai_responses": "openai",
    "anthropic_messages": "anthropic",
    "gemini": "gemini",
    "bedrock_converse": "bedrock",
    "cohere_chat": "cohere",
    "ollama_chat": "ollama",
}
PROMPTED = ("tgi", "sagemaker", "triton", "replicate")
"""Who takes a prompt and gives text, and nothing else."""

SIGNED = ("bedrock", "sagemaker")
"""Rows whose requests are signed with what the environment has."""

OWN = ("rate_limit", "overloaded", "cancelled")
"""Why a client gets providers of its own: they rest, or have only one permit."""

DIALECTS = {"azure": "openai_chat"}


class Client(Protocol):
    """An SDK."""

    def ask(self, model: str, ask: Ask) -> Got: ...
    def fail(self, model: str, ask: Ask) -> Refusal: ...
    def begin(self, model: str, ask: Ask) -> Any: ...
    def count(self, model: str, text: str) -> int: ...
    def close(self) -> None: ...


CLIENTS: Mapping[str, Any] = {
    "anthropic": Anthropic,
    "openai-chat": Chat,
    "openai-responses": Responses,
    "genai": Genai,
}
SPOKEN = {
    "anthropic": "anthropic_messages",
    "openai-chat": "openai_chat",
    "openai-responses": "openai_responses",
    "genai": "gemini",
}
"""What each client speaks."""


@dataclass
class Stage:
    """All that plays together. `headers` are those of the gateway's last answer."""

    upstream: Upstream
    gateway: Started
    folder: Path
    headers: dict[str, str] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)

    @property
    def losses(self) -> list[str]:
        """What the last request's provider could not be told."""
        return [name for name in self.headers.get("x-casecraft-losses", "").split(", ") if name]

    def exchanges(self, provider: str, count: int) -> list[Exchange]:
        """The newest of a provider in the ledger, once it has so many: they are written beside the answers."""
        pause, end = threading.Event(), time.monotonic() + PATIENCE
        found: list[Exchange] = []
        with open_store(ledgers(self.folder)[0], read_only=True) as ledger:
            while len(found) < count and time.monotonic() < end:
                found = exchanges(ledger, provider=provider)
                pause.wait(0.01)
        return found[:count]

    def keep(self, response: Any) -> None:
        """Remember the headers of an answer."""
        self.headers = {name.lower(): value for name, value in response.headers.items()}


@dataclass(frozen=True)
class Cell:
    """A client before a vendor. `provider` is the vendor's name in the gateway."""

    stage: Stage
    client: Client
    client_name: str
    vendor: str
    provider: str

    @property
    def upstream(self) -> Upstream:
        return self.stage.upstream

    @property
    def same(self) -> bool:
        """Do both speak the same?"""
        return SPOKEN[self.client_name] == DIALECTS.get(self.vendor, self.vendor)

    @property
    def model(self) -> str:
        """A model as the vendor names models."""
        return "owner/m" if self.vendor == "replicate" else "m"

    def ask(self, ask: Ask) -> Got:
        return self.client.ask(f"{self.provider}/{self.model}", ask)

    def count(self, text: str) -> int:
        return self.client.count(f"{self.provider}/{self.model}", text)

    def fail(self, ask: Ask) -> Refusal:
        return self.client.fail(f"{self.provider}/{self.model}", ask)

    def own(self, purpose: str) -> "Cell":
        """The same with a provider that nobody else uses: who fails may rest for a while."""
        return replace(self, provider=f"{self.provider}-{self.client_name}-{purpose}")


def provider_of(vendor: str) -> str:
    """The name of the provider that speaks as this vendor does."""
    return ROWS.get(vendor, vendor)


def settings_for(upstream: Upstream, folder: Path) -> Settings:
    """Every vendor as its row of the catalog has it, and once more for each client and fault that closes a lane."""
    providers: dict[str, ProviderSettings] = {}
    for vendor, module in VENDORS.items():
        row = provider_of(vendor)
        given = {} if row in SIGNED else {"api_key": SecretStr(KEY)}
        own: dict[str, Any] = {}
        if vendor in ("openai_chat", "tgi", "sagemaker"):
            own["structured_output"] = "json_schema"
        if vendor in ("openai_chat", "tgi"):
            own["row"] = {"capabilities": ["embeddings"]}
        dialect = DIALECTS.get(vendor, vendor)
        for suffix in ("", *(f"-{client}-{fault}" for client in CLIENTS for fault in OWN)):
            providers[f"{row}{suffix}"] = ProviderSettings(
                base_url=f"{upstream.url}/{vendor}{suffix}{module.BASE}",
                dialect=dialect,
                model="usual",
                workers=1 if suffix else 4,
                **own,
                **given,
            )
    gateway = GatewaySettings(host="127.0.0.1", port=0)
    return Settings(state_dir=folder, gateway=gateway, provider_settings=providers)


@contextmanager
def set_up(folder: Path) -> Iterator[Stage]:
    """The whole stage, until the block ends."""
    with ExitStack() as stack:
        upstream = stack.enter_context(running_upstream())
        gateway = stack.enter_context(running_gateway(settings_for(upstream, folder)))
        stage = Stage(upstream, gateway, folder)
        for name, client in CLIENTS.items():
            stage.clients[name] = client(gateway.url, gateway.token, {"response": [stage.keep]})
            stack.callback(stage.clients[name].close)
        yield stage
