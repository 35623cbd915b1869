"""Conversations as one text."""

import pytest

from casecraft.core.chat import ChatRequest, Image, Message, Reasoning, Text, Tool, ToolCall, ToolResult
from casecraft.wire.prompt_text import prompt_text

ASK = Message("user", "Hi")


def test_one_question_is_its_own_text_and_nothing_is_lost():
    assert prompt_text(ChatRequest((ASK,))) == ("Hi", ())


def test_a_system_message_stands_before_the_question():
    text, losses = prompt_text(ChatRequest((Message("system", "Be brief."), ASK)))
    assert text == "Be brief.\n\nHi"
    assert [(loss.field, loss.harmless) for loss in losses] == [("messages", True)]


def test_more_turns_are_labelled_and_the_last_label_asks():
    text, _ = prompt_text(ChatRequest((Message("system", "S"), ASK, Message("assistant", "Yo"), Message("user", "?"))))
    assert text == "System: S\n\nUser: Hi\n\nAssistant: Yo\n\nUser: ?\n\nAssistant:"


def test_tools_are_told_and_said_to_be_lost():
    call, result = ToolCall("c1", "look", '{"q":1}'), ToolResult("c1", (Text("42"), Image(url="u")))
    turns = (ASK, Message("assistant", (Reasoning("hm"), call)), Message("user", (result, Image(b"x", "image/png"))))
    text, losses = prompt_text(ChatRequest(turns, tools=(Tool("look"),), tool_choice="required"))
    assert '[call c1 of the tool look: {"q":1}]' in text
    assert "[result of the call c1: 42]" in text
    assert "hm" not in text
    assert {loss.field for loss in losses if not loss.harmless} == {
        "tools",
        "tool_choice",
        "messages[1].tool_calls",
        "messages[2].image",
        "messages[2].tool_result",
        "messages[2].tool_result.image",
    }
    assert {loss.field for loss in losses if loss.harmless} == {"messages", "messages[1].reasoning"}


@pytest.mark.parametrize("messages", [(), (Message("user", ()),), (Message("system", ""),)])
def test_no_words_are_an_empty_prompt(messages):
    assert prompt_text(ChatRequest(messages))[0] == ""
