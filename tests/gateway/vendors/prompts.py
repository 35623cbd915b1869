"""Servers that take a prompt and give text, and nothing else: TGI, Triton and Replicate's predictions.

After huggingface.github.io/text-generation-inference, docs.nvidia.com/deeplearning/triton-inference-server (generate
extension) and replicate.com/docs/reference/http.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any

from huggingface_hub import TextGenerationInput
from pydantic import TypeAdapter

from tests.gateway.spoken import STATUSES, Heard, Said
from tests.wire.test_replicate_requests import as_the_client_sends

PUBLISHED = TypeAdapter(TextGenerationInput)
TOO_LONG = "`inputs` tokens + `max_new_tokens` must be <= 4096: the input is too long. Reduce the length of the input."


def data(values: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(values)}\n\n".encode()


class Tgi:
    """Text Generation Inference's own `/generate`."""

    BASE = ""
    KIND = "text/event-stream"

    def is_stream(self, path: str, body: dict[str, Any]) -> bool:
        return path.endswith("_stream") or body.get("stream", False)

    def check(self, body: dict[str, Any], path: str) -> None:
        PUBLISHED.validate_json(json.dumps(body), strict=True)

    def read(self, body: dict[str, Any], path: str) -> Heard:
        more = body.get("parameters", {})
        grammar = more.get("grammar") or {}
        return prompted(
            body["inputs"],
            limit=more.get("max_new_tokens"),
            stop=tuple(more.get("stop") or ()),
            schema=grammar.get("value"),
        )

    def details(self, said: Said) -> dict[str, Any]:
        reasons = {"stop": "eos_token", "length": "length", "stop_sequence": "stop_sequence"}
        return {"finish_reason": reasons[said.stop], "generated_tokens": said.tokens.output, "seed": 1}

    def whole(self, said: Said, model: str) -> dict[str, Any]:
        tokens = [{"id": 1, "logprob": -0.3, "special": False, "text": said.text}]
        prefill = [{"id": 1, "logprob": -0.3, "text": "x"}] * said.tokens.input
        return {"generated_text": said.text, "details": {**self.details(said), "prefill": prefill, "tokens": tokens}}

    def events(self, said: Said, model: str) -> Iterator[bytes]:
        pieces = said.pieces
        for number, piece in enumerate(pieces, 1):
            last = number == len(pieces)
            token = {"id": 1, "text": piece, "logprob": -0.1, "special": False}
            end = {"generated_text": said.text, "details": self.details(said)} if last else {}
            yield data({"index": number, "token": token, "generated_text": None, "details": None, **end})

    def error(self, kind: str, message: str) -> tuple[int, dict[str, str], dict[str, Any]]:
        status = 422 if kind in ("invalid", "too_long") else STATUSES[kind]
        told = TOO_LONG if kind == "too_long" else message
        return status, {}, {"error": told, **({"error_type": "validation"} if status == 422 else {})}


class Triton:
    """Triton's generate extension, as its vLLM backend fills it."""

    BASE = ""
    KIND = "text/event-stream"

    def is_stream(self, path: str, body: dict[str, Any]) -> bool:
        return path.endswith("/generate_stream")

    def check(self, body: dict[str, Any], path: str) -> None:
        """Parameters are texts, numbers and truths alone, as the extension says."""
        assert set(body) == {"text_input", "parameters"}
        assert all(isinstance(value, str | int | float | bool) for value in body["parameters"].values())

    def read(self, body: dict[str, Any], path: str) -> Heard:
        more = body["parameters"]
        stop = (more["stop"],) if "stop" in more else ()
        return prompted(body["text_input"], limit=more.get("max_tokens"), stop=stop)

    def whole(self, said: Said, model: str) -> dict[str, Any]:
        return {**self.piece(said.text), "finish_reason": "length" if said.stop == "length" else "stop"}

    def piece(self, text: str) -> dict[str, Any]:
        return {"model_name": "m", "model_version": "1", "text_output": text}

    def events(self, said: Said, model: str) -> Iterator[bytes]:
        *begin, last = said.pieces
        yield from (data(self.piece(each)) for each in begin)
        yield data({**self.whole(said, model), "text_output": last})

    def error(self, kind: str, message: str) -> tuple[int, dict[str, str], dict[str, Any]]:
        return STATUSES[kind], {}, {"error": TOO_LONG if kind == "too_long" else message}


class Replicate:
    """Replicate's predictions: a stream is at an address of its own, which the first answer tells."""

    BASE = ""
    KIND = "text/event-stream"

    def is_stream(self, path: str, body: dict[str, Any]) -> bool:
        return False

    def check(self, body: dict[str, Any], path: str) -> None:
        sent = as_the_client_sends("owner/m", body, wait=True)
        assert json.loads(sent.content) == body
        assert path.endswith(sent.url.path)

    def read(self, body: dict[str, Any], path: str) -> Heard:
        given = body["input"]
        parts = [("text", given["prompt"])]
        if "image" in given:
            parts.append(("image", base64.b64decode(given["image"].partition(";base64,")[2])))
        stop = tuple(given["stop_sequences"].split(",")) if "stop_sequences" in given else ()
        return Heard(
            "m", given.get("system_prompt", ""), (("user", tuple(parts)),), limit=given.get("max_tokens"), stop=stop
        )

    def whole(self, said: Said, model: str) -> dict[str, Any]:
        metrics = {"input_token_count": said.tokens.input, "output_token_count": said.tokens.output}
        return {
            "id": "gm3qorzd",
            "model": "owner/m",
            "version": "5c7d",
            "input": {},
            "logs": "",
            "error": None,
            "output": said.pieces,
            "status": "succeeded",
            "metrics": metrics,
            "urls": {},
        }

    def started(self, url: str) -> dict[str, Any]:
        """What a request for a stream is answered."""
        begun = {**self.whole(Said(), ""), "output": None, "status": "starting", "metrics": {}}
        return {**begun, "urls": {"stream": f"{url}/stream", "get": f"{url}/get"}}

    def events(self, said: Said, model: str) -> Iterator[bytes]:
        for piece in said.pieces:
            yield f"event: output\nid: 1:0\ndata: {piece}\n\n".encode()
        yield b"event: done\nid: 2:0\ndata: {}\n\n"

    def error(self, kind: str, message: str) -> tuple[int, dict[str, str], dict[str, Any]]:
        status = STATUSES[kind]
        told = TOO_LONG if kind == "too_long" else message
        return status, {}, {"title": kind, "detail": told, "status": status}


def prompted(prompt: str, **more: Any) -> Heard:
    return Heard("m", "", (("user", (("text", prompt),)),), **more)


TGI, TRITON, REPLICATE = Tgi(), Triton(), Replicate()
