"""What coding clients send, made up: a short question, and a conversation with many tools, in three dialects."""

from typing import Any

from casecraft.wire import encode_body, find_dialect

PATHS = {
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "anthropic_messages": "/v1/messages",
}
MODEL = "claude-sonnet-4-5"

_RULE = "Prefer the smallest change that solves the task, and say what was checked and what was not. "
_ROW = "    total += price * quantity  # line of a file that was read, as tools return it\n"


def body_of(dialect: str, size: str, *, stream: bool) -> bytes:
    """A request of about "2 KB" or "80 KB" as a client of the dialect sends it."""
    body = SIZES[size](stream)
    if dialect != "anthropic_messages":
        asked = find_dialect("anthropic_messages").decode_request(body, model="", stream=False)
        body, _ = find_dialect(dialect).encode_request(asked.request, stream=stream, structured_output="prompt")
        body["model"] = MODEL
    return encode_body(body)


def short(stream: bool) -> dict[str, Any]:
    question = "Name this session in five words: " + _RULE * 4
    return {
        "model": MODEL,
        "max_tokens": 512,
        "system": [{"type": "text", "text": "You name sessions of a coding assistant. " + _RULE * 15}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": question}]}],
        "stream": stream,
    }


def long(stream: bool) -> dict[str, Any]:
    """25 tools, a long system prompt, and 21 messages: a task, then calls of tools and their results."""
    task = {"role": "user", "content": [{"type": "text", "text": "Mend the totals. " + _RULE * 3}]}
    turns = [message for turn in range(10) for message in (_call(turn), _result(turn))]
    return {
        "model": MODEL,
        "max_tokens": 32000,
        "system": [{"type": "text", "text": _RULE * 130, "cache_control": {"type": "ephemeral"}}],
        "tools": [_tool(number) for number in range(25)],
        "messages": [task, *turns],
        "stream": stream,
    }


def _call(turn: int) -> dict[str, Any]:
    use = {"type": "tool_use", "id": f"toolu_{turn:024}", "name": f"tool_{turn}", "input": {"path": f"/src/{turn}.py"}}
    return {"role": "assistant", "content": [{"type": "text", "text": f"Reading file {turn}."}, use]}


def _result(turn: int) -> dict[str, Any]:
    text = [{"type": "text", "text": _ROW * 35}]
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": f"toolu_{turn:024}", "content": text}]}


def _tool(number: int) -> dict[str, Any]:
    fields = {
        f"field_{field}": {"type": "string", "description": "What the tool works on: a path, a pattern or a command."}
        for field in range(5)
    }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {**fields, "options": {"type": "object", "properties": {"all": {"type": "boolean"}}}},
        "required": ["field_0"],
        "additionalProperties": False,
    }
    return {"name": f"tool_{number}", "description": _RULE * 7, "input_schema": schema}


SIZES = {"2 KB": short, "80 KB": long}
