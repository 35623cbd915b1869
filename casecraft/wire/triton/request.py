"""Triton: canonical requests as text with parameters."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from casecraft.core.chat import ChatRequest, Loss
from casecraft.core.profile import StructuredOutput
from casecraft.errors import InvalidRequestError
from casecraft.wire.dialect import Encoded
from casecraft.wire.prompt_text import prompt_text, with_worded_schema

# Canonical field -> the parameter's name.
PARAMETERS: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "max_output_tokens": "max_tokens",
    "seed": "seed",
}


def chat_path(model: str, stream: bool) -> str:
    """The path for a model. Triton names it there alone."""
    if model in ("", ".", ".."):
        raise InvalidRequestError(f"{model!r} is no model of Triton", hint="Name it as in the model repository.")
    return f"/v2/models/{quote(model, safe='')}/generate{'_stream' if stream else ''}"


def encode_request(request: ChatRequest, *, stream: bool, structured_output: StructuredOutput) -> Encoded:
    """The body of a generate request. Fields of `request.extra` win over ours, in `parameters` each for itself."""
    request, worded = with_worded_schema(request, structured_output)
    prompt, losses = prompt_text(request)
    # Unless told otherwise, backends put the prompt before the text that they make.
    parameters: dict[str, Any] = {"stream": stream, "exclude_input_in_output": True}
    for ours, theirs in PARAMETERS.items():
        value = getattr(request, ours)
        if value is not None:
            parameters[theirs] = value
    if len(request.stop) == 1:
        parameters["stop"] = request.stop[0]
    more = request.extra.get("parameters")
    body = {"text_input": prompt, "parameters": {**parameters, **more} if isinstance(more, Mapping) else parameters}
    body.update((name, value) for name, value in request.extra.items() if name != "parameters")
    return Encoded(body, (*worded, *losses, *_not_said(request)))


def _not_said(request: ChatRequest) -> Iterator[Loss]:
    if len(request.stop) > 1:
        yield Loss("stop", "a parameter is one text, so several stop sequences cannot be said")
    for name in ("reasoning_effort", "reasoning_budget"):
        if getattr(request, name) is not None:
            yield Loss(name, "Triton's backends have no common parameter for it", harmless=True)
