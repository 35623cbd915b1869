"""Google's own SDK as a client."""

import base64
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import errors, types

from tests.gateway.spoken import TOOLS, Ask, Call, Got, Refusal, Tokens, Turn

STOPS = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "filter"}


class Genai:
    """Asks by `models.generate_content`."""

    def __init__(self, url: str, token: str, hooks: dict[str, Any]) -> None:
        self.http = httpx.Client(event_hooks=hooks, timeout=60)
        options = types.HttpOptions(base_url=url, api_version="v1beta", httpx_client=self.http)
        self.sdk = genai.Client(api_key=token, vertexai=False, http_options=options)

    def close(self) -> None:
        self.http.close()

    def ask(self, model: str, ask: Ask) -> Got:
        fields = fields_of(model, ask)
        if not ask.stream:
            return got_of([self.sdk.models.generate_content(**fields)])
        return got_of(list(self.sdk.models.generate_content_stream(**fields)))

    def fail(self, model: str, ask: Ask) -> Refusal:
        """What the SDK raises, which must be one of its errors that have a status."""
        with pytest.raises(errors.APIError) as caught:
            self.ask(model, ask)
        error = caught.value
        return Refusal(error.code, error.status or "", str(error), error.response.headers.get("retry-after", ""))

    def begin(self, model: str, ask: Ask) -> Any:
        """A stream, once its first event is there."""
        stream = self.sdk.models.generate_content_stream(**fields_of(model, ask))
        next(stream)
        return stream

    def count(self, model: str, text: str) -> int:
        return int(self.sdk.models.count_tokens(model=model, contents=text).total_tokens or 0)


def fields_of(model: str, ask: Ask) -> dict[str, Any]:
    names = {part[1]: part[2] for _, parts in ask.turns for part in parts if part[0] == "call"}
    config: dict[str, Any] = {"system_instruction": ask.system, "max_output_tokens": ask.limit}
    if ask.tools:
        declared = [
            types.FunctionDeclaration(name=name, description=TOOLS[name][0], parameters_json_schema=TOOLS[name][1])
            for name in ask.tools
        ]
        config["tools"] = [types.Tool(function_declarations=declared)]
        config["automatic_function_calling"] = types.AutomaticFunctionCallingConfig(disable=True)
    if ask.choice:
        named = None if ask.choice == "required" else [ask.choice]
        calling = types.FunctionCallingConfig(mode=types.FunctionCallingConfigMode.ANY, allowed_function_names=named)
        config["tool_config"] = types.ToolConfig(function_calling_config=calling)
    if ask.schema:
        config |= {"response_mime_type": "application/json", "response_json_schema": ask.schema}
    if ask.thinks:
        config["thinking_config"] = types.ThinkingConfig(thinking_budget=2048, include_thoughts=True)
    if ask.stop:
        config["stop_sequences"] = list(ask.stop)
    contents = [content_of(turn, names) for turn in ask.turns]
    return {"model": model, "contents": contents, "config": types.GenerateContentConfig(**config)}


def content_of(turn: Turn, names: dict[str, str]) -> types.Content:
    role, parts = turn
    if parts[0][0] == "native":
        native: types.Content = parts[0][1]
        return native
    return types.Content(
        role="model" if role == "assistant" else "user", parts=[part_of(part, names) for part in parts]
    )


def part_of(part: tuple[Any, ...], names: dict[str, str]) -> types.Part:
    match part:
        case ("text", text):
            return types.Part(text=text)
        case ("image", data):
            return types.Part.from_bytes(data=data, mime_type="image/png")
        case ("call", id_, name, arguments):
            return types.Part(function_call=types.FunctionCall(id=id_, name=name, args=arguments))
        case ("result", id_, text):
            name = names.get(id_, "get_weather")
            return types.Part(function_response=types.FunctionResponse(id=id_, name=name, response={"output": text}))
    raise AssertionError(part)


def got_of(answers: list[types.GenerateContentResponse]) -> Got:
    candidates = [it.candidates[0] for it in answers if it.candidates]
    parts = [part for it in candidates if it.content for part in it.content.parts or []]
    calls = [part.function_call for part in parts if part.function_call]
    shown = [part for part in parts if part.text and not part.thought]
    reason = next(it.finish_reason for it in reversed(candidates) if it.finish_reason)
    signatures = [base64.b64encode(part.thought_signature).decode() for part in parts if part.thought_signature]
    usage = next((it.usage_metadata for it in reversed(answers) if it.usage_metadata), None)
    return Got(
        text="".join(part.text or "" for part in shown),
        calls=tuple(Call(it.name or "", it.args or {}, it.id or "") for it in calls),
        thought="".join(part.text or "" for part in parts if part.thought),
        signature="".join(signatures),
        stop="tools" if calls else STOPS.get(reason.name, reason.name),
        tokens=usage and tokens_of(usage),
        pieces=len(shown),
        argument_pieces=len(calls),
        native=types.Content(role="model", parts=parts),
    )


def tokens_of(usage: types.GenerateContentResponseUsageMetadata) -> Tokens:
    output = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
    return Tokens(usage.prompt_token_count or 0, output, usage.cached_content_token_count or 0)
