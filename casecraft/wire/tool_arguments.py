"""Arguments of tool calls, for dialects that carry them as an object and not as text."""

from typing import Any

import orjson

from casecraft.core.chat import Loss, ToolCall
from casecraft.wire.body import encode_body


def arguments_object(call: ToolCall, where: str, losses: list[Loss]) -> dict[str, Any]:
    """The arguments as an object. Text that is none goes over whole, under `arguments`, and is named as a loss."""
    try:
        arguments = orjson.loads(call.arguments)
    except orjson.JSONDecodeError:
        arguments = None
    if isinstance(arguments, dict):
        return arguments
    losses.append(Loss(f"{where}.arguments", "they are no JSON object, and went over as text in one"))
    return {"arguments": call.arguments}


def arguments_text(value: object) -> str:
    """The arguments as JSON text; some servers send the text itself."""
    if isinstance(value, str):
        return value or "{}"
    return encode_body(value).decode() if isinstance(value, dict) else "{}"
