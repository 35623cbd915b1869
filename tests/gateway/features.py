"""What a client can do through the gateway: each feature as a conversation that either works whole or fails."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from tests.gateway.spoken import PNG, SCHEMA, SIGNATURE, TOOLS, Ask, Call, Got, Said, Tokens
from tests.gateway.stage import OWN, PROMPTED, Cell
from tests.gateway.upstream import PATIENCE

PLAIN = Said("It is sunny in Paris – 22 °C 😀.")
PARIS = Call("get_weather", {"city": "Paris é", "days": 2}, "call_1")
ROME = Call("get_weather", {"city": "Rome", "days": 1}, "call_2")
OFFERED = Ask(tools=("get_weather", "get_time"))
THOUGHT = "The user wants to know the weather."

# These have no ids of calls, so that results are told by name and order.
WITHOUT_IDS = ("ollama_chat", "gemini")
# These have no cache that they tell of.
WITHOUT_CACHE = ("ollama_chat", "tgi", "sagemaker", "replicate")
# In these nothing but the path names the model: one that is not there is a wrong address.
WITHOUT_MODELS = ("tgi", "triton", "replicate")
# These do not say why they stopped.
WITHOUT_REASONS = ("replicate",)
# These are told in words which schema the answer must have.
IN_WORDS = ("triton", "replicate")
# These send, or take, a call's arguments in one piece.
WHOLE_CALLS = ("gemini", "ollama_chat")


def text(cell: Cell) -> None:
    cell.upstream.says(PLAIN)
    got = cell.ask(Ask())
    assert cell.upstream.heard.limit == 4096
    assert _asked_plainly(cell)
    assert (got.text, got.stop) == (PLAIN.text, "stop")


def stream(cell: Cell) -> None:
    cell.upstream.says(PLAIN)
    got = cell.ask(Ask().streamed())
    assert _asked_plainly(cell)
    assert (got.text, got.stop) == (PLAIN.text, "stop")
    assert got.pieces == len(PLAIN.pieces)


def tool(cell: Cell) -> None:
    cell.upstream.says(Said(calls=(PARIS,)))
    got = cell.ask(OFFERED)
    assert _offered(cell)
    assert_calls(cell, got, PARIS)


def forced_tool(cell: Cell) -> None:
    cell.upstream.says(Said(calls=(PARIS,)))
    got = cell.ask(replace(OFFERED, choice="get_weather"))
    heard = cell.upstream.heard
    # Who can require tools but name none is offered that one alone.
    named = heard.choice == "get_weather" or (heard.choice == "required" and list(heard.tools) == ["get_weather"])
    assert named
    assert_calls(cell, got, PARIS)


def parallel_tools(cell: Cell) -> None:
    cell.upstream.says(Said("Let me look.", calls=(PARIS, ROME)))
    got = cell.ask(OFFERED)
    assert got.text == "Let me look."
    assert_calls(cell, got, PARIS, ROME)


def streamed_tools(cell: Cell) -> None:
    cell.upstream.says(Said("Let me look.", calls=(PARIS, ROME)))
    got = cell.ask(OFFERED.streamed())
    assert _offered(cell)
    assert got.text == "Let me look."
    assert_calls(cell, got, PARIS, ROME)
    # Messages closes each block before the next, so that calls are held until each is whole.
    held = cell.client_name == "genai" or (cell.client_name == "anthropic" and not cell.same)
    in_pieces = cell.vendor not in WHOLE_CALLS and not held
    assert got.argument_pieces >= (6 if in_pieces else 2)


def tool_results(cell: Cell) -> None:
    cell.upstream.says(PLAIN)
    turns = (
        *Ask().turns,
        (
            "assistant",
            (
                ("text", "Let me look."),
                ("call", "call_1", "get_weather", PARIS.arguments),
                ("call", "call_2", "get_weather", ROME.arguments),
            ),
        ),
        ("user", (("result", "call_1", "sunny"), ("result", "call_2", "rain"))),
    )
    got = cell.ask(replace(OFFERED, turns=turns))
    asked, called, answered = cell.upstream.heard.turns
    assert asked == Ask().turns[0]
    assert called[0] == "assistant"
    assert called[1][0] == ("text", "Let me look.")
    assert [part[2:] for part in called[1][1:]] == [(it.name, it.arguments) for it in (PARIS, ROME)]
    assert [part[0] for part in answered[1]] == ["result", "result"]
    assert [part[2] for part in answered[1]] == ["sunny", "rain"]
    if cell.vendor not in WITHOUT_IDS:
        assert [part[1] for part in answered[1]] == [part[1] for part in called[1][1:]]
    assert got.text == PLAIN.text


def images(cell: Cell) -> None:
    cell.upstream.says(PLAIN)
    turn = ("user", (("text", "What is this?"), ("image", PNG)))
    got = cell.ask(Ask(turns=(turn,)))
    assert set(cell.upstream.heard.parts) == set(turn[1])
    assert got.text == PLAIN.text


def json_schema(cell: Cell) -> None:
    cell.upstream.says(Said('{"city": "Paris", "warm": true}'))
    got = cell.ask(Ask(schema=SCHEMA))
    if cell.vendor in IN_WORDS:
        assert json.dumps(SCHEMA, separators=(",", ":")) in str(cell.upstream.heard)
    else:
        assert cell.upstream.heard.schema == SCHEMA
    assert json.loads(got.text) == {"city": "Paris", "warm": True}


def thinking(cell: Cell) -> None:
    cell.upstream.says(Said("It is sunny.", thought=THOUGHT, signature=SIGNATURE))
    if cell.vendor in PROMPTED:
        assert cell.ask(Ask(thinks=True)).text == "It is sunny."
        assert {"reasoning_budget", "reasoning_effort"} & set(cell.stage.losses)
        return
    for ask in (Ask(thinks=True), Ask(thinks=True).streamed()):
        got = cell.ask(ask)
        assert cell.upstream.heard.thinks
        assert (got.thought, got.text) == (THOUGHT, "It is sunny.")


def thinking_kept(cell: Cell) -> None:
    """What a model has thought goes back to it unchanged with its signature, as the SDK puts it into the history."""
    said = Said(calls=(PARIS,), thought=THOUGHT, signature=SIGNATURE)
    for ask in (replace(OFFERED, thinks=True), replace(OFFERED, thinks=True).streamed()):
        cell.upstream.says(said)
        got = cell.ask(ask)
        assert_calls(cell, got, PARIS)
        native = ("assistant", (("native", got.native),))
        result = ("user", (("result", got.calls[0].id or None, "sunny"),))
        cell.ask(replace(ask, turns=(*ask.turns, native, result)))
        thoughts = [part[1:] for part in cell.upstream.heard.parts if part[0] == "thought"]
        if cell.vendor == "gemini":
            body = json.loads(cell.upstream.requests[-1].content)
            [call] = [part for part in body["contents"][1]["parts"] if "functionCall" in part]
            assert base64.urlsafe_b64decode(call["thoughtSignature"]) == base64.b64decode(SIGNATURE)
        elif cell.vendor in SIGNING:
            assert thoughts == [(THOUGHT, SIGNATURE)]
        else:
            assert "".join(text for text, _ in thoughts) == THOUGHT


SIGNING = ("anthropic_messages", "bedrock_converse", "openai_responses")


def output_limit(cell: Cell) -> None:
    for ask in (Ask(), Ask().streamed()):
        cell.upstream.says(Said("It is", stop="length"))
        got = cell.ask(ask)
        assert (got.text, got.stop) == ("It is", "stop" if cell.vendor in WITHOUT_REASONS else "length")


def stop_sequence(cell: Cell) -> None:
    cell.upstream.says(Said("It is", stop="stop_sequence"))
    got = cell.ask(Ask(stop=("END",)))
    assert cell.upstream.heard.stop == ("END",)
    assert got.text == "It is"
    assert got.stop in ("stop", "stop_sequence")


def usage(cell: Cell) -> None:
    cell.upstream.says(PLAIN)
    if cell.vendor == "triton":
        assert cell.ask(Ask()).tokens in (None, Tokens(0, 0, 0))
        return
    for ask in (Ask(),) if cell.vendor in PROMPTED else (Ask(), Ask().streamed()):
        assert cell.ask(ask).tokens == Tokens(100, 20, 0 if cell.vendor in WITHOUT_CACHE else 40)


ASKS: Mapping[str, Ask] = {
    "one tool": OFFERED,
    "forced tool": replace(OFFERED, choice="get_weather"),
    "parallel tools": OFFERED,
    "streamed arguments": OFFERED.streamed(),
    "tool results": OFFERED,
    "thinking kept": OFFERED,
    "images": Ask(turns=(("user", (("text", "What is this?"), ("image", PNG))),)),
    "stop sequence": Ask(stop=("END",)),
}
"""What is asked of those who refuse it."""

KINDS: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "anthropic": {
        "authentication": (401, "authentication_error"),
        "rate_limit": (429, "rate_limit_error"),
        "invalid": (400, "invalid_request_error"),
        "no_model": (404, "not_found_error"),
        "overloaded": (529, "overloaded_error"),
        "too_long": (400, "invalid_request_error"),
    },
    "openai-chat": {
        "authentication": (401, "invalid_api_key"),
        "rate_limit": (429, "rate_limit_exceeded"),
        "invalid": (400, "invalid_request_error"),
        "no_model": (404, "model_not_found"),
        "overloaded": (503, "server_error"),
        "too_long": (400, "context_length_exceeded"),
    },
    "genai": {
        "authentication": (401, "UNAUTHENTICATED"),
        "rate_limit": (429, "RESOURCE_EXHAUSTED"),
        "invalid": (400, "INVALID_ARGUMENT"),
        "no_model": (404, "NOT_FOUND"),
        "overloaded": (503, "UNAVAILABLE"),
        "too_long": (400, "INVALID_ARGUMENT"),
    },
}


def errors(cell: Cell) -> None:
    """Each fault of a vendor's has the status and the word that the client's own vendor has for it."""
    for fault, expected in KINDS[cell.client_name.replace("responses", "chat")].items():
        if fault == "no_model" and cell.vendor in WITHOUT_MODELS:
            continue
        asked = cell.own(fault) if fault in OWN else cell
        cell.upstream.says(PLAIN)
        cell.upstream.fault = fault
        cell.upstream.retry_after = "7" if fault == "rate_limit" else ""
        told = asked.fail(Ask())
        assert (fault, told.status, told.kind) == (fault, *expected)
        if fault == "rate_limit":
            assert told.retry_after == "7"
        else:
            assert asked.fail(Ask().streamed()) == told


def cancellation(cell: Cell) -> None:
    """A client that goes away takes its request at the vendor with it, and the permit is free for the next."""
    own = cell.own("cancelled")
    cell.upstream.says(PLAIN)
    cell.upstream.holds = True
    own.client.begin(f"{own.provider}/{own.model}", Ask()).close()
    assert cell.upstream.gone.wait(PATIENCE), "the vendor still writes"
    cell.upstream.holds = False
    assert own.ask(Ask()).text == PLAIN.text
    assert [it.outcome for it in cell.stage.exchanges(own.provider, 2)] == ["answered", "cancelled"]


def counting(cell: Cell) -> None:
    """Who speaks Messages counts for its own clients; for all others there is an estimate, and nobody is asked."""
    cell.upstream.says(Said())
    cell.upstream.raw = [b'{"input_tokens": 2095}']
    few, many = (cell.count(text) for text in ("Hi", "How many tokens are in this? " * 100))
    if cell.same and cell.vendor == "anthropic_messages":
        assert (few, many) == (2095, 2095)
        return
    assert 0 < few < 20
    assert 500 < many < 1500
    assert cell.upstream.requests == []


FEATURES: Mapping[str, Callable[[Cell], None]] = {
    "text": text,
    "stream": stream,
    "one tool": tool,
    "forced tool": forced_tool,
    "parallel tools": parallel_tools,
    "streamed arguments": streamed_tools,
    "tool results": tool_results,
    "images": images,
    "JSON schema": json_schema,
    "thinking": thinking,
    "thinking kept": thinking_kept,
    "output limit": output_limit,
    "stop sequence": stop_sequence,
    "usage": usage,
    "counting": counting,
    "errors": errors,
    "cancellation": cancellation,
}


def _asked_plainly(cell: Cell) -> bool:
    """The system's text and the user's arrive, in their places where the vendor has places for them."""
    heard = cell.upstream.heard
    if cell.vendor not in PROMPTED:
        assert (heard.model, heard.system, heard.turns) == ("m", "Be brief.", Ask().turns)
    [[_, asked, *_]] = heard.parts
    assert "Be brief." in f"{heard.system} {asked}"
    assert "What is the weather?" in asked
    return True


def _offered(cell: Cell) -> bool:
    assert cell.upstream.heard.tools == {name: schema for name, (_, schema) in TOOLS.items()}
    return True


def assert_calls(cell: Cell, got: Got, *calls: Call) -> None:
    """The calls arrived, each with an id of its own, and the answer ends for their sake."""
    assert [(it.name, it.arguments) for it in got.calls] == [(it.name, it.arguments) for it in calls]
    assert got.stop == "tools"
    if cell.same and cell.vendor in WITHOUT_IDS:
        return
    ids = {it.id for it in got.calls}
    assert len(ids) == len(calls)
    assert all(ids)
