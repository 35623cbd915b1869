"""Responses: items, of which both inputs and outputs are lists.

What the model thought is an item of its own, with an id and a proof (`encrypted_content`). The proof holds for that id
alone, so a canonical signature carries both, as `ID:PROOF`. An id of our own making proves nothing and is left out.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from casecraft.core.chat import NAMESPACE_END, Reasoning, ToolCall
from casecraft.wire.answers import mappings, string
from casecraft.wire.body import encode_body

PARAGRAPH = "\n\n"
"""Between the parts of a summary, which are one text to us."""

FREEFORM_ARGUMENT = "input"
"""The one argument of a tool that its client wants called with text alone (`custom`)."""

_OWN_ID = re.compile(r"[a-z]+_\d+_")
_SIGNATURE = re.compile(r"(rs_[\w-]+):(.*)", re.DOTALL)
_REDACTED = "redacted:"


class Proof(NamedTuple):
    """A signature taken apart: the id of the item of reasoning, or none, and its `encrypted_content`, or none."""

    id: str
    encrypted: str


def own_id(kind: str, number: int, answer: str) -> str:
    """The id of an item that we write: the prefix of its kind, its place, and the id of the answer."""
    return f"{kind}_{number}_{answer}"


def proof_of(reasoning: Reasoning) -> Proof:
    """What stands behind some reasoning."""
    found = _SIGNATURE.fullmatch(reasoning.signature)
    return Proof(found[1], found[2]) if found else Proof("", sealed(reasoning))


def sealed(reasoning: Reasoning) -> str:
    """The signature, as one opaque text that says whether the reasoning was withheld."""
    return f"{_REDACTED}{reasoning.signature}" if reasoning.redacted else reasoning.signature


def read_reasoning(item: Mapping[str, Any], *, stored: bool) -> Reasoning | None:
    """An item of reasoning, None where it is empty. Where the vendor has it `stored`, its id alone is a proof."""
    item_id, proof = string(item.get("id")), string(item.get("encrypted_content"))
    text = PARAGRAPH.join(reasoning_texts(item))
    if not item_id.startswith("rs_") or _OWN_ID.match(item_id):
        signature, redacted = proof.removeprefix(_REDACTED), proof.startswith(_REDACTED)
    else:
        signature, redacted = f"{item_id}:{proof}" if proof or stored else "", False
    return Reasoning(text, signature, redacted) if text or signature else None


def reasoning_texts(item: Mapping[str, Any]) -> Iterator[str]:
    """What an item of reasoning says: its summary, then the reasoning itself, which open models show."""
    for part in (*mappings(item.get("summary")), *mappings(item.get("content"))):
        text = string(part.get("text"))
        if text:
            yield text


def read_call(item: Mapping[str, Any]) -> ToolCall:
    """An item of type `function_call`, or `custom_tool_call`, whose text becomes the one argument."""
    call_id, name = string(item.get("call_id")) or string(item.get("id")), string(item.get("name"))
    namespace = string(item.get("namespace"))
    if namespace:
        name = f"{namespace}{NAMESPACE_END}{name}"
    if item.get("type") == "custom_tool_call":
        return ToolCall(call_id, name, freeform_arguments(string(item.get("input"))))
    return ToolCall(call_id, name, read_arguments(item.get("arguments")) or "{}")


def read_arguments(value: object) -> str:
    """Arguments as JSON text, empty where there are none. Some servers send the object itself."""
    return encode_body(value).decode() if isinstance(value, dict) else string(value)


def freeform_arguments(text: str) -> str:
    """A text as the arguments of a function."""
    return orjson.dumps({FREEFORM_ARGUMENT: text}).decode()


def freeform_text(arguments: str) -> str:
    """The text of a call whose one argument it is; all of the arguments where a model did not keep to that."""
    try:
        given = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return arguments
    text = given.get(FREEFORM_ARGUMENT) if isinstance(given, dict) else None
    return text if isinstance(text, str) else arguments


def write_call(call: ToolCall) -> dict[str, Any]:
    """A call, as part of an input; in an output it has an id and a status too."""
    named = {"call_id": call.id, "name": call.name, **({"namespace": call.namespace} if call.namespace else {})}
    if call.freeform:
        return {"type": "custom_tool_call", **named, "input": freeform_text(call.arguments) if call.arguments else ""}
    return {"type": "function_call", **named, "arguments": call.arguments}
