"""What is read of a request, and what names of models say."""

import pytest

from casecraft.core.chat import ChatRequest, Image, Message, Reasoning, Text, Tool, ToolCall, ToolResult
from casecraft.gateway.models import ModelPatterns, is_small
from casecraft.gateway.traits import Traits, traits_of


def tokens(request: ChatRequest) -> int:
    return traits_of(request, dialect="gemini", model="m").input_tokens


def asking(*parts: object, **more: object) -> ChatRequest:
    return ChatRequest((Message("user", tuple(parts)),), **more)  # type: ignore[arg-type]


def test_every_part_counts() -> None:
    empty = tokens(asking())
    long = "x" * 4000
    schema = {"properties": {name: {} for name in "abcdefghij"}}
    for part in (
        Text(long),
        Reasoning(long),
        ToolCall("1", "read", long),
        ToolResult("1", long),
        ToolResult("1", (Text(long),)),
        Image(url="https://example.com/x.png"),
    ):
        assert tokens(asking(part)) - empty == 1000, part
    assert tokens(ChatRequest((Message("system", long), Message("user", long)))) - 2 * empty == 2000
    assert tokens(asking(tools=(Tool("t", long),))) - empty > 1000
    assert tokens(asking(tools=(Tool("t", parameters=schema),))) - empty == 310
    assert tokens(asking(json_schema=schema)) - empty == 300


def test_other_scripts_count_for_more() -> None:
    assert tokens(asking(Text("测" * 4000))) == tokens(asking(Text("x" * 12_000)))
    assert tokens(asking(Text("\ud800" * 4))) > 0, "halves of surrogates are in real requests"


def test_images_are_seen_in_tools_results_too() -> None:
    picture = Image(b"x", "image/png")
    for request in (asking(picture), asking(ToolResult("1", (Text("see"), picture)))):
        assert traits_of(request, dialect="gemini", model="m").images
    assert not traits_of(asking(ToolResult("1", "none")), dialect="gemini", model="m").images


@pytest.mark.parametrize(
    ("effort", "budget", "thinks"),
    [
        (None, None, False),
        ("none", None, False),
        ("minimal", None, False),
        ("none", 1000, False),
        ("low", None, True),
        (None, 1000, True),
        (None, 0, False),
        (None, -1, True),  # Gemini's word for as much as it likes
    ],
)
def test_who_asks_for_thinking(effort: str | None, budget: int | None, thinks: bool) -> None:
    request = asking(reasoning_effort=effort, reasoning_budget=budget)
    assert traits_of(request, dialect="gemini", model="m").thinking is thinks


def test_the_rest_is_as_it_is_said() -> None:
    found = traits_of(asking(tools=(Tool("a"), Tool("b"))), dialect="openai_chat", model="asked")
    assert (found.model, found.dialect, found.tools) == ("asked", "openai_chat", 2)
    assert Traits("m") == Traits("m", 0, False, False, 0, "")


@pytest.mark.parametrize(
    "model",
    [
        "claude-haiku-4-5-20251001",
        "claude-3-5-haiku-latest",
        "global.anthropic.claude-haiku-4-5-20251001-v1:0",
        "gpt-5-nano",
        "gpt-4o-mini-2024-07-18",
        "o4-mini",
        "gemini-2.5-flash-lite",
        "mistral-small-latest",
        "openrouter/google/gemini-3-flash-lite",
    ],
)
def test_small_models(model: str) -> None:
    assert is_small(model)


@pytest.mark.parametrize(
    "model", ["claude-opus-4", "gpt-5", "gemini-3-pro", "MiniMax-M2", "glm-4.6", "text-embedding-3-small", ""]
)
def test_models_that_are_not_small(model: str) -> None:
    assert not is_small(model)


def test_names_go_before_patterns_and_long_ones_before_short() -> None:
    patterns = ModelPatterns({"*": 0, "gpt-*": 1, "gpt-?.1*": 2, "GPT-5.1": 3, "x[1m]": 4})
    found = {name: patterns.find(name) for name in ("any", "gpt-4", "GPT-4.1-x", "gpt-5.1", "x[1m]")}
    assert found == {
        "any": ("*", 0),
        "gpt-4": ("gpt-*", 1),
        "GPT-4.1-x": ("gpt-?.1*", 2),
        "gpt-5.1": ("GPT-5.1", 3),
        "x[1m]": ("x[1m]", 4),
    }
    assert list(patterns.names()) == ["GPT-5.1"]
    assert ModelPatterns({"a-*": 1}).find("b") is None
