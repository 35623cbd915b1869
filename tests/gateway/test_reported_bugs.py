"""What other gateways were reported to get wrong, each in both directions."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.features import OFFERED, PARIS, ROME, THOUGHT
from tests.gateway.sdks.chat_sdk import fields_of
from tests.gateway.spoken import SIGNATURE, Ask, Call, Got, Said
from tests.gateway.stage import CLIENTS, SPOKEN, Cell, Stage, provider_of
from tests.gateway.vendors import chat, messages

pytestmark = pytest.mark.slow
STREAMS = json.loads((Path(__file__).parents[1] / "wire" / "responses_streams.json").read_text())
RESULTS = ("user", (("result", "call_1", "sunny"), ("result", "call_2", "rain"), ("text", "Go on.")))
CALLED = (
    "assistant",
    (("call", "call_1", "get_weather", PARIS.arguments), ("call", "call_2", "get_weather", ROME.arguments)),
)


def cell(stage: Stage, client: str, vendor: str) -> Cell:
    return Cell(stage, stage.clients[client], client, vendor, provider_of(vendor))


def others(vendor: str) -> list[str]:
    """The clients that speak something else."""
    return [client for client in CLIENTS if SPOKEN[client] != vendor]


def names_and_arguments(got: Got) -> list[tuple[str, dict[str, Any]]]:
    return [(call.name, call.arguments) for call in got.calls]


def chunks_of(stage: Stage, model: str, ask: Ask) -> list[dict[str, Any]]:
    """What a Chat client gets, chunk by chunk."""
    sdk = stage.clients["openai-chat"].sdk  # type: ignore[attr-defined]  # the SDK behind it
    found = sdk.chat.completions.create(**fields_of(model, ask), stream=True)
    return [chunk.model_dump(exclude_unset=True) for chunk in found]


def call_deltas(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [call for chunk in chunks for choice in chunk["choices"] for call in choice["delta"].get("tool_calls") or ()]


# Streamed arguments that only the event at their end carries.


@pytest.mark.parametrize("client", others("openai_responses"))
def test_arguments_that_the_last_event_alone_carries_arrive(stage: Stage, client: str) -> None:
    recorded = next(it for it in STREAMS if "in the last event alone" in it["name"])
    asked = cell(stage, client, "openai_responses")
    asked.upstream.says(Said())
    asked.upstream.raw = [recorded["body"].encode()]
    got = asked.ask(OFFERED.streamed())
    assert [it.arguments for it in got.calls] == [{"location": "Paris, France"}, {"location": "Bogotá"}]


@pytest.mark.parametrize("vendor", ["openai_chat", "anthropic_messages", "gemini", "ollama_chat"])
def test_a_responses_client_gets_arguments_in_pieces_and_once_more_whole(stage: Stage, vendor: str) -> None:
    from tests.gateway.sdks.responses_sdk import fields_of

    asked = cell(stage, "openai-responses", vendor)
    asked.upstream.says(Said(calls=(PARIS,)))
    sdk = stage.clients["openai-responses"].sdk  # type: ignore[attr-defined]
    events = list(sdk.responses.create(**fields_of(f"{asked.provider}/m", OFFERED), stream=True))
    pieces = "".join(it.delta for it in events if it.type == "response.function_call_arguments.delta")
    [done] = [it.arguments for it in events if it.type == "response.function_call_arguments.done"]
    [item] = [it.item.arguments for it in events if it.type == "response.output_item.done"]
    assert pieces == done == item
    assert json.loads(done) == PARIS.arguments


# Parallel results, which Chat Completions has in messages of their own and Messages in one turn.


def test_parallel_tool_messages_are_one_turn_of_messages(stage: Stage) -> None:
    asked = cell(stage, "openai-chat", "anthropic_messages")
    asked.upstream.says(Said("Done."))
    asked.ask(replace(OFFERED, turns=(*Ask().turns, CALLED, RESULTS)))
    body = asked.upstream.requests[-1].body
    assert [it["role"] for it in body["messages"]] == ["user", "assistant", "user"]
    kinds = [(it["type"], it.get("tool_use_id")) for it in body["messages"][2]["content"]]
    assert kinds == [("tool_result", "call_1"), ("tool_result", "call_2"), ("text", None)]


def test_results_of_one_turn_are_tool_messages_each_right_after_the_call(stage: Stage) -> None:
    asked = cell(stage, "anthropic", "openai_chat")
    asked.upstream.says(Said("Done."))
    asked.ask(replace(OFFERED, turns=(*Ask().turns, CALLED, RESULTS)))
    body = asked.upstream.requests[-1].body
    told = [(it["role"], it.get("tool_call_id")) for it in body["messages"]]
    results = [("tool", "call_1"), ("tool", "call_2")]
    assert told == [("system", None), ("user", None), ("assistant", None), *results, ("user", None)]


# Parallel streamed calls that are all at index 0, or mixed.


def at_index_0() -> list[bytes]:
    """Two calls, each beginning at index 0 with an id of its own, as some compatible servers write them."""
    deltas = []
    for call in (PARIS, ROME):
        function = {"name": call.name, "arguments": json.dumps(call.arguments)}
        deltas.append([{"index": 0, "id": call.id, "type": "function", "function": function}])
    return [*(chat.chunk("m", {"tool_calls": it}) for it in deltas), *ending()]


def mixed() -> list[bytes]:
    """Two calls whose arguments come in turns."""
    deltas = [
        {"index": at, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
        for at, call in enumerate((PARIS, ROME))
    ]
    texts = [json.dumps(call.arguments) for call in (PARIS, ROME)]
    for pieces in zip(*([text[:5], text[5:]] for text in texts), strict=True):
        deltas += [{"index": at, "function": {"arguments": piece}} for at, piece in enumerate(pieces)]
    return [*(chat.chunk("m", {"tool_calls": [it]}) for it in deltas), *ending()]


def ending(reason: str = "tool_calls") -> list[bytes]:
    return [chat.chunk("m", {}, reason), b"data: [DONE]\n\n"]


@pytest.mark.parametrize("stream", [at_index_0, mixed])
@pytest.mark.parametrize("client", others("openai_chat"))
def test_parallel_streamed_calls_stay_apart(stage: Stage, client: str, stream: Any) -> None:
    asked = cell(stage, client, "openai_chat")
    asked.upstream.says(Said())
    asked.upstream.raw = stream()
    got = asked.ask(OFFERED.streamed())
    assert names_and_arguments(got) == [(it.name, it.arguments) for it in (PARIS, ROME)]
    assert got.stop == "tools"


@pytest.mark.parametrize("vendor", ["anthropic_messages", "openai_responses", "gemini", "bedrock_converse"])
def test_a_chat_client_gets_parallel_calls_at_indexes_of_their_own(stage: Stage, vendor: str) -> None:
    asked = cell(stage, "openai-chat", vendor)
    asked.upstream.says(Said("Let me look.", calls=(PARIS, ROME)))
    deltas = call_deltas(chunks_of(stage, f"{asked.provider}/m", OFFERED))
    begun = [(it["index"], it["function"]["name"]) for it in deltas if it.get("id")]
    assert begun == [(0, "get_weather"), (1, "get_weather")]
    for index, call in enumerate((PARIS, ROME)):
        text = "".join(it["function"]["arguments"] for it in deltas if it["index"] == index)
        assert json.loads(text) == call.arguments


# A turn of text and a call must end for the sake of the call, whatever the provider says of its end.


WRONG_ENDS = {
    "openai_chat": (chat, b'"finish_reason": "tool_calls"', b'"finish_reason": "stop"'),
    "anthropic_messages": (messages, b'"stop_reason": "tool_use"', b'"stop_reason": "end_turn"'),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("vendor", "client"), [(vendor, client) for vendor in WRONG_ENDS for client in others(vendor)])
def test_a_provider_that_ends_its_turn_after_a_call_ends_for_tools(
    stage: Stage, vendor: str, client: str, stream: bool
) -> None:
    asked = cell(stage, client, vendor)
    said = Said("Let me look.", calls=(PARIS,))
    asked.upstream.says(said)
    module, right, wrong = WRONG_ENDS[vendor]
    told = list(module.events(said, "m")) if stream else [json.dumps(module.whole(said, "m")).encode()]
    asked.upstream.raw = [it.replace(right, wrong) for it in told]
    got = asked.ask(replace(OFFERED, stream=stream))
    assert (got.text, got.stop) == ("Let me look.", "tools")


# Reasoning in the history of tools, without which Kimi and DeepSeek answer 400.


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("client", others("openai_chat"))
def test_the_history_of_tools_has_its_reasoning(stage: Stage, client: str, keeps: bool) -> None:
    asked = cell(stage, client, "openai_chat")
    asked.upstream.says(
        Said(calls=(Call("get_weather", {"city": "Rome", "days": 1}, f"call_{client}_{keeps}"),), thought=THOUGHT)
    )
    got = asked.ask(replace(OFFERED, thinks=True))
    told = ("call", got.calls[0].id, "get_weather", got.calls[0].arguments)
    turn = ("assistant", (("native", got.native),) if keeps else (told,))
    asked.ask(replace(OFFERED, thinks=True, turns=(*Ask().turns, turn, ("user", (("result", told[1], "sunny"),)))))
    history = asked.upstream.requests[-1].body["messages"]
    [called] = [it for it in history if it.get("tool_calls")]
    assert called["reasoning_content"] == THOUGHT


def test_reasoning_of_a_chat_client_is_thinking_to_compatible_providers_of_messages(stage: Stage) -> None:
    asked = cell(stage, "openai-chat", "anthropic_messages")
    asked.upstream.says(Said("Done."))
    call = {"id": "call_x", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    native = {"role": "assistant", "content": None, "reasoning_content": THOUGHT, "tool_calls": [call]}
    turns = (*Ask().turns, ("assistant", (("native", native),)), ("user", (("result", "call_x", "sunny"),)))
    asked.ask(replace(OFFERED, turns=turns))
    assert ("thought", THOUGHT, "") in asked.upstream.heard.parts


# Thinking and its signatures, altered or dropped. The matrix holds them for all pairs; here is what is withheld.


@pytest.mark.parametrize("client", list(CLIENTS))
def test_withheld_thinking_goes_back_unchanged(stage: Stage, client: str) -> None:
    asked = cell(stage, client, "anthropic_messages")
    call = Call("get_weather", PARIS.arguments, f"toolu_{client}")
    said = messages.whole(Said(calls=(call,), thought=THOUGHT, signature=SIGNATURE), "m")
    said["content"].insert(1, {"type": "redacted_thinking", "data": "d2l0aGhlbGQ="})
    asked.upstream.says(Said("Done."))
    asked.upstream.raw = [json.dumps(said).encode()]
    got = asked.ask(replace(OFFERED, thinks=True))
    turns = (*Ask().turns, ("assistant", (("native", got.native),)), ("user", (("result", call.id, "sunny"),)))
    asked.upstream.says(Said("Done."))
    asked.ask(replace(OFFERED, thinks=True, turns=turns))
    sent = asked.upstream.requests[-1].body["messages"][1]["content"]
    assert sent == said["content"]


# The limit of the output, which Ollama has under another name. It has no clients of its own here.


@pytest.mark.parametrize("client", CLIENTS)
def test_ollama_is_told_the_limit(stage: Stage, client: str) -> None:
    asked = cell(stage, client, "ollama_chat")
    asked.upstream.says(Said("Done."))
    asked.ask(Ask(limit=77))
    assert asked.upstream.requests[-1].body["options"]["num_predict"] == 77


# Empty names of tools: GLM repeats the name as an empty text with each piece of the arguments.


def with_empty_names() -> list[bytes]:
    text = json.dumps(PARIS.arguments)
    begun = {"index": 0, "id": PARIS.id, "type": "function", "function": {"name": PARIS.name, "arguments": ""}}
    deltas = [begun] + [
        {"index": 0, "id": "", "type": "function", "function": {"name": "", "arguments": piece}}
        for piece in (text[:7], text[7:])
    ]
    return [*(chat.chunk("m", {"tool_calls": [it]}) for it in deltas), *ending()]


@pytest.mark.parametrize("client", others("openai_chat"))
def test_a_name_that_comes_again_empty_stays(stage: Stage, client: str) -> None:
    asked = cell(stage, client, "openai_chat")
    asked.upstream.says(Said())
    asked.upstream.raw = with_empty_names()
    got = asked.ask(OFFERED.streamed())
    assert names_and_arguments(got) == [(PARIS.name, PARIS.arguments)]


@pytest.mark.parametrize("vendor", ["anthropic_messages", "openai_responses", "gemini", "ollama_chat"])
def test_a_chat_client_gets_no_empty_names(stage: Stage, vendor: str) -> None:
    asked = cell(stage, "openai-chat", vendor)
    asked.upstream.says(Said(calls=(PARIS,)))
    deltas = call_deltas(chunks_of(stage, f"{asked.provider}/m", OFFERED))
    assert [it["function"]["name"] for it in deltas if "name" in it["function"]] == ["get_weather"]


def test_glm_gets_its_tools_and_history_with_names(stage: Stage) -> None:
    asked = cell(stage, "anthropic", "openai_chat")
    asked.upstream.says(Said("Done."))
    asked.ask(replace(OFFERED, turns=(*Ask().turns, CALLED, RESULTS)))
    body = asked.upstream.requests[-1].body
    calls = [call for it in body["messages"] for call in it.get("tool_calls") or ()]
    assert {it["function"]["name"] for it in (*calls, *body["tools"])} == {"get_weather", "get_time"}


# Ids of calls, which Gemini and Ollama give none: those of one answer must not come again in the next.


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("vendor", ["gemini", "ollama_chat"])
@pytest.mark.parametrize("client", others("gemini"))
def test_calls_of_two_answers_have_ids_of_their_own(stage: Stage, client: str, vendor: str, stream: bool) -> None:
    asked = cell(stage, client, vendor)
    asked.upstream.says(Said(calls=(PARIS, ROME)))
    ids = [call.id for _ in range(2) for call in asked.ask(replace(OFFERED, stream=stream)).calls]
    assert len(set(ids)) == 4
