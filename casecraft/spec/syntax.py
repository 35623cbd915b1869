"""From bytes to values: JSON by orjson, YAML by one of two readers."""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from typing import Any

import orjson

from casecraft.errors import DocumentSyntaxError
from casecraft.spec.limits import Limits

_HTML = re.compile(rb"\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SNIFFED_BYTES = 4096
_SNIPPET = 200


def parse(data: bytes, source: str, limits: Limits) -> Any:
    """The value that the text of a document means: dicts with string keys, lists, strings, numbers, bools and None.

    Raises DocumentSyntaxError where the bytes are neither JSON nor YAML, and DocumentLimitError where YAML aliases
    or the nesting go beyond the limits.
    """
    data = _as_utf8(data, source)
    _refuse_other_files(data, source)
    if data.lstrip()[:1] not in (b"{", b"["):
        return _parse_yaml(data, source, limits)
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        return _parse_flow(data, source, limits, error)


def _parse_flow(data: bytes, source: str, limits: Limits, fault: orjson.JSONDecodeError) -> Any:
    """YAML's flow style looks like JSON but allows more: comments, trailing commas, bare words."""
    try:
        return _parse_yaml(data, source, limits)
    except DocumentSyntaxError:
        message = f"the document {source!r} is no JSON: {_one_line(str(fault))}"
        raise DocumentSyntaxError(message, hint="mend the JSON at that place") from fault


def _parse_yaml(data: bytes, source: str, limits: Limits) -> Any:
    from casecraft.spec import yaml_reader  # noqa: PLC0415  (JSON documents need no YAML)

    try:
        return yaml_reader.read(data, source, limits)
    except yaml_reader.YAML_ERRORS as error:
        message = f"the document {source!r} is neither JSON nor YAML: {_one_line(str(error))}"
        raise DocumentSyntaxError(message, hint="mend the YAML at that place") from error


def _as_utf8(data: bytes, source: str) -> bytes:
    try:
        if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            return data.decode("utf-16").encode()
    except UnicodeDecodeError as error:
        raise _not_text(source) from error
    return data.removeprefix(BOM_UTF8)


def _refuse_other_files(data: bytes, source: str) -> None:
    if not data.strip():
        raise DocumentSyntaxError(f"the document {source!r} is empty", hint="give an OpenAPI document, JSON or YAML")
    head = data[:_SNIFFED_BYTES]
    if _HTML.match(head):
        hint = "give the address of the document itself, often openapi.json or openapi.yaml, not of its page"
        raise DocumentSyntaxError(f"{source!r} is an HTML page, no OpenAPI document", hint=hint)
    if _BINARY.search(head):
        raise _not_text(source)


def _not_text(source: str) -> DocumentSyntaxError:
    return DocumentSyntaxError(
        f"{source!r} is a binary file, no OpenAPI document", hint="give an OpenAPI document, JSON or YAML in UTF-8"
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_SNIPPET]
