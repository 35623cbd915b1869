"""Text Generation Inference: canonical requests as bodies."""

from collections.abc import Iterator, Mapping
from typing import Any

from casecraft.core.chat import ChatRequest, Image, Loss, Message, Reasoning, Role, ToolCall, ToolResult
from casecraft.core.profile import StructuredOutput
from casecraft.wire.dialect import Encoded
from casecraft.wire.schema_prompt import with_schema_in_prompt

# Canonical field -> the parameter, for those that go over as they are.
PLAIN_FIELDS: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "frequency_penalty": "frequency_penalty",
    "max_output_tokens": "max_new_tokens",
    "seed": "seed",
}
LABELS: Mapping[Role, str] = {"system": "System", "user": "User", "assistant": "Assistant"}
LOST_PARTS: Mapping[type, tuple[str, bool]] = {
    Image: ("image", False),
    ToolCall: ("tool_call", False),
    ToolResult: ("tool_result", False),
    Reasoning: ("reasoning", True),
}
NO_SUCH_FIELD = "a bare completion has no such field"


def encode_request(request: ChatRequest, *, stream: bool, structured_output: StructuredOutput) -> Encoded:  # noqa: ARG001
    """The body for `POST /generate` and `/generate_stream`, which the path alone tells apart.

    Fields of `request.extra` go in as they are and win over ours; `parameters` are merged.
    """
    losses: list[Loss] = []
    if structured_output != "json_schema":
        request = with_schema_in_prompt(request)
    parameters = {**_parameters(request, losses), "return_full_text": False, "details": True}
    body: dict[str, Any] = {"inputs": _prompt(request.messages, losses), **request.extra}
    theirs = body.get("parameters", {})
    if isinstance(theirs, Mapping):
        body["parameters"] = {**parameters, **theirs}
    losses += _not_said(request)
    return Encoded(body, tuple(losses))


def _parameters(request: ChatRequest, losses: list[Loss]) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for ours, theirs in PLAIN_FIELDS.items():
        value = getattr(request, ours)
        if value is not None:
            parameters[theirs] = value
    if request.temperature == 0:  # only positive ones are taken; none at all means the likeliest token each time
        parameters["do_sample"] = False
        del parameters["temperature"]
    if request.top_p is not None and request.top_p >= 1:  # which is what it is where it is not said
        del parameters["top_p"]
        losses.append(Loss("top_p", "only less than 1 can be said", harmless=True))
    if request.stop:
        parameters["stop"] = list(request.stop)
    if request.json_schema is not None:
        parameters["grammar"] = {"type": "json", "value": request.json_schema}
    return parameters


def _prompt(messages: tuple[Message, ...], losses: list[Loss]) -> str:
    """What a user alone says as it is; else each turn under its speaker's name, and the answer's to go on from."""
    for number, message in enumerate(messages):
        losses += _lost_parts(message, f"messages[{number}]")
    said = [message for message in messages if message.text]
    if [message.role for message in messages] != ["user"]:
        losses.append(Loss("messages", "turns are written into one prompt", harmless=True))
    if [message.role for message in said] == ["user"]:
        return said[0].text
    return "\n\n".join([*(f"{LABELS[message.role]}: {message.text}" for message in said), "Assistant:"])


def _lost_parts(message: Message, where: str) -> Iterator[Loss]:
    if not isinstance(message.content, str):
        for kind in {type(part): None for part in message.content}:
            if kind in LOST_PARTS:
                name, harmless = LOST_PARTS[kind]
                yield Loss(f"{where}.{name}", "a bare completion is of text alone", harmless=harmless)


def _not_said(request: ChatRequest) -> Iterator[Loss]:
    for field in ("presence_penalty", "reasoning_effort", "reasoning_budget"):
        if getattr(request, field) is not None:
            yield Loss(field, NO_SUCH_FIELD, harmless=True)
    if request.tools:
        # Without leave to use them they might as well not be there.
        yield Loss("tools", "a bare completion has no tools", harmless=request.tool_choice == "none")
    if request.tool_choice is not None:
        yield Loss("tool_choice", "a bare completion has no tools", harmless=request.tool_choice in ("auto", "none"))
    if request.parallel_tool_calls is not None:
        yield Loss("parallel_tool_calls", "a bare completion has no tools", harmless=True)
