"""The official SDKs through the gateway to a real model: llama.cpp's server, as the provider `local`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from casecraft.config import GatewaySettings, ProviderSettings, Settings
from casecraft.gateway.server import running_gateway
from casecraft.state import exchanges, ledgers, open_store
from tests.gateway.spoken import SCHEMA, Ask, Got
from tests.gateway.stage import CLIENTS

pytestmark = pytest.mark.llm
MODEL = "local/smollm2"
HELLO = Ask(turns=(("user", (("text", "Say hello."),)),), limit=12)
WARM = Ask(turns=(("user", (("text", "Is it warm in Rome? Answer in JSON."),)),), limit=60, schema=SCHEMA)
ROUND = Ask(
    turns=(
        ("user", (("text", "What time is it in UTC?"),)),
        ("assistant", (("text", "I look."), ("call", "call_a", "get_time", {"zone": "UTC"}))),
        ("user", (("result", "call_a", "12:30"),)),
    ),
    tools=("get_time", "get_weather"),
    limit=30,
)


@dataclass(frozen=True)
class Served:
    """A gateway before the model, with every SDK."""

    folder: Path
    clients: dict[str, Any]


@pytest.fixture(scope="module")
def served(model_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("gateway")
    local = ProviderSettings(base_url=model_url, structured_output="json_schema", workers=1)
    settings = Settings(state_dir=folder, gateway=GatewaySettings(port=0), provider_settings={"local": local})
    with running_gateway(settings) as gateway:
        clients = {name: client(gateway.url, gateway.token, {}) for name, client in CLIENTS.items()}
        yield Served(folder, clients)
        for client in clients.values():
            client.close()


def check(got: Got) -> None:
    assert got.text.strip()
    assert got.tokens is not None
    assert got.tokens.input > 0
    assert 0 < got.tokens.output <= 60


@pytest.mark.parametrize("name", CLIENTS)
def test_a_text_comes_whole_and_as_a_stream(served: Served, name: str) -> None:
    check(served.clients[name].ask(MODEL, HELLO))
    streamed = served.clients[name].ask(MODEL, HELLO.streamed())
    check(streamed)
    assert streamed.pieces > 1


@pytest.mark.parametrize("name", CLIENTS)
def test_an_answer_has_the_shape_of_its_schema(served: Served, name: str) -> None:
    got = served.clients[name].ask(MODEL, WARM)
    if got.stop == "stop":  # else it ran into its limit in the middle of a text
        answer = json.loads(got.text)
        assert set(answer) == {"city", "warm"}
        assert isinstance(answer["warm"], bool)
    assert got.text.lstrip().startswith("{")


@pytest.mark.parametrize("name", CLIENTS)
def test_a_round_with_a_tool_is_taken(served: Served, name: str) -> None:
    """So small a model has no tools in its template, and calls none even where it must: what it says is text."""
    for ask in (ROUND, ROUND.streamed()):
        got = served.clients[name].ask(MODEL, ask)
        check(got)
        assert got.calls == ()
        assert got.stop in ("stop", "length")


def test_tokens_are_counted_as_the_model_counts_them(served: Served) -> None:
    """The estimate of a local server's tokens is near what the answer then states."""
    anthropic, genai = served.clients["anthropic"], served.clients["genai"]
    text = "The quick brown fox jumps over the lazy dog. " * 20
    used = anthropic.ask(MODEL, Ask(turns=(("user", (("text", text),)),), system="", limit=1)).tokens.input
    messages = [{"role": "user", "content": text}]
    for counted in (
        anthropic.sdk.messages.count_tokens(model=MODEL, messages=messages).input_tokens,
        genai.sdk.models.count_tokens(model=MODEL, contents=text).total_tokens,
    ):
        assert used / 2 < counted < used * 2


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_that_goes_away_frees_the_model(served: Served, name: str) -> None:
    client = served.clients[name]
    client.begin(MODEL, Ask(turns=(("user", (("text", "Tell a very long story."),)),), limit=2000)).close()
    check(client.ask(MODEL, HELLO))  # there is one permit alone
    with open_store(ledgers(served.folder)[0], read_only=True) as ledger:
        assert "cancelled" in [it.outcome for it in exchanges(ledger, limit=3)]
