"""What models thought before they called tools comes back to them, and the ids of calls are unique."""

from dataclasses import replace

import pytest

from casecraft.core.chat import (
    ChatRequest,
    ChatResponse,
    Message,
    Part,
    Reasoning,
    StreamEnd,
    Text,
    TextDelta,
    ToolCall,
    ToolCallStart,
    ToolResult,
)
from casecraft.gateway.call_ids import with_unique_id, with_unique_ids
from casecraft.gateway.proofs import Proofs

THOUGHTS = (Reasoning("Which city?", "c2lnbmVk"), Reasoning("", "d2l0aGhlbGQ=", redacted=True))
CALL = ToolCall("call_a", "weather", "{}", "Y2FsbA==")
OTHER = ToolCall("call_b", "weather", "{}")
ANSWER = (*THOUGHTS, Text("I look."), CALL, OTHER)


def restored(proofs: Proofs, *parts: Part, role="assistant"):
    asked = ChatRequest((Message("user", "Hi"), Message(role, parts), Message("user", (ToolResult("call_a", "1"),))))
    request = proofs.restore(asked)
    assert replace(request, messages=()) == replace(asked, messages=())
    assert (request.messages[0], request.messages[2]) == (asked.messages[0], asked.messages[2])
    return request.messages[1].content


def test_a_client_that_carries_nothing_gets_all_of_it_put_back():
    proofs = Proofs()
    proofs.keep(ANSWER)
    bare = (Text("I look."), replace(CALL, signature=""), OTHER)
    assert restored(proofs, *bare) == ANSWER
    assert restored(proofs, Reasoning("Which city?"), *bare) == ANSWER
    # What was lost in part is wrong as well.
    assert restored(proofs, THOUGHTS[0], *bare) == ANSWER


def test_what_a_client_carries_stays_as_it_is():
    proofs = Proofs()
    proofs.keep(ANSWER)
    changed = (*THOUGHTS, Text("I looked."), CALL)
    assert restored(proofs, *changed) == changed
    assert restored(proofs, Text("It said so."), role="user") == (Text("It said so."),)
    assert restored(proofs, replace(CALL, id="call_c", signature="")) == (replace(CALL, id="call_c", signature=""),)


def test_thoughts_without_a_signature_come_back_to_who_left_them_out():
    proofs = Proofs()
    proofs.keep((Reasoning("Hm."), OTHER))
    assert restored(proofs, OTHER) == (Reasoning("Hm."), OTHER)
    assert restored(proofs, Reasoning("Hm, shorter."), OTHER) == (Reasoning("Hm, shorter."), OTHER)


@pytest.mark.parametrize("content", ["text", (Text("text"),), THOUGHTS, (OTHER,)])
def test_there_is_nothing_to_keep_of_answers_without_calls_or_without_thoughts(content):
    proofs = Proofs()
    proofs.keep(content)
    assert restored(proofs, OTHER) == (OTHER,)


def test_the_oldest_go_first_and_memory_is_bounded():
    calls = [replace(OTHER, id=f"call_{number}") for number in "abc"]
    proofs = Proofs(most=100)
    for call in calls[:2]:
        proofs.keep((Reasoning("x" * 40), call))
    assert restored(proofs, calls[0]) != (calls[0],)  # and so it is the newer one
    proofs.keep((Reasoning("x" * 40), calls[2]))
    assert [restored(proofs, call) == (call,) for call in calls] == [False, True, False]
    proofs.keep((Reasoning("x" * 101), calls[1]))
    assert [restored(proofs, call) == (call,) for call in calls] == [True, True, True]


def test_the_same_answer_kept_again_counts_once():
    proofs = Proofs(most=100)
    for _ in range(3):
        proofs.keep((Reasoning("x" * 80), OTHER))
    assert restored(proofs, OTHER) == (Reasoning("x" * 80), OTHER)


def test_ids_that_tell_an_order_alone_become_unique():
    content = (Text("Hi"), ToolCall("call_0", "a"), ToolCall("call_1", "a"), ToolCall("call_Zx81", "a"))
    first, second = (with_unique_ids(content, f"msg_{letter * 24}") for letter in "ab")
    assert [part.id for part in first[1:]] == [f"call_{'a' * 12}_0", f"call_{'a' * 12}_1", "call_Zx81"]
    assert first[1].id != second[1].id
    assert with_unique_ids("Hi", "msg_1") == "Hi"


def test_streamed_calls_have_the_ids_of_the_whole_answer():
    answer_id = "msg_" + "c" * 24
    start = with_unique_id(ToolCallStart(0, "call_0", "a"), answer_id)
    end = with_unique_id(StreamEnd(ChatResponse((ToolCall("call_0", "a"),))), answer_id)
    assert isinstance(start, ToolCallStart)
    assert isinstance(end, StreamEnd)
    assert start.id == end.response.tool_calls[0].id == f"call_{'c' * 12}_0"
    assert with_unique_id(TextDelta("Hi"), answer_id) == TextDelta("Hi")
