"""A case's request as a person reads it: URL, headers and body as they go out, and what has to be there before.

All of it is made from the JSON form of a case. Values that are known only when the suite runs stand as
`{resource./pointer}`.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from casecraft.core.case import RUN
from casecraft.suites.outgoing import encode_styled
from casecraft.suites.serialization import Styled

_TEMPLATE = re.compile(r"\{([^{}]*)\}")
_MARKED = "/body#"
_AS_WHOM = {
    "none": "Send it without credentials.",
    "invalid": "Send it with credentials that nobody has.",
    "foreign": "Send it with the credentials of another user.",
}


class Bound(str):
    """A value that an earlier answer gives; it is shown and not encoded."""

    __slots__ = ()


def with_bindings(case: Mapping[str, Any]) -> dict[str, Any]:
    """The request of a case, with every bound place saying where its value comes from."""
    request: dict[str, Any] = case["request"]
    if "bindings" not in case:
        return request
    request = copy.deepcopy(request)
    for binding in case["bindings"]:
        _put(request, binding["place"], Bound(f"{{{binding['step']}.{binding['source']}}}"))
    return request


def url_of(request: Mapping[str, Any], styled: Styled) -> str:
    """Path and query, with the signs of styles bare. What a template names and the request does not give stays."""
    template, _, fixed = request["path"].partition("#")[0].partition("?")
    values = request["path_params"]
    in_path, in_query = styled.get("path_params", {}), styled.get("query", {})
    path = _TEMPLATE.sub(lambda found: _encode(values.get(found[1], found[0]), *in_path.get(found[1], ())), template)
    pairs = [f"{_encode(name)}={_encode(value, *in_query.get(name, ()))}" for name, value in _each(request)]
    query = "&".join([fixed] * bool(fixed) + pairs)
    return f"{path}?{query}" if query else path


def headers_of(request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and values, that of the body's type and the cookies among them; no credentials."""
    yield from ((name, wire_text(value)) for name, value in request["headers"].items())
    given = {name.lower() for name in request["headers"]}
    if request["cookies"] and "cookie" not in given:
        yield "Cookie", "; ".join(f"{name}={_encode(value)}" for name, value in request["cookies"].items())
    if request["content_type"] and "content-type" not in given:
        yield "Content-Type", request["content_type"]


def body_of(request: Mapping[str, Any]) -> str | None:
    """The body as text: JSON indented, forms as the JSON of their fields; None where there is none."""
    if request["content_type"] is None:
        return None
    raw: str | list[dict[str, Any]] | None = request.get("raw_body")
    if raw is not None:
        return raw if isinstance(raw, str) else "".join(map(_shown_part, raw))
    body = request["body"]
    return body if isinstance(body, str) and not is_json(request["content_type"]) else json_text(body)


def _shown_part(part: Mapping[str, Any]) -> str:
    text, times = part["text"], part["times"]
    return text if times == 1 else f"[{times:,} times {text}]"


def preconditions_of(case: Mapping[str, Any]) -> list[str]:
    """What has to be there before the case, and as whom it is sent; sentences."""
    steps = dict.fromkeys(binding["step"] for binding in case.get("bindings", ()) if binding["step"] != RUN)
    lines = [f"{step} exists{', made for this case alone' if case.get('fresh') else ''}." for step in steps]
    whose = _AS_WHOM.get(case["request"].get("credentials", "own"))
    if scheme := case["request"].get("credentials_for"):
        whose = f"{str(whose).removesuffix('.')}, for {scheme}."
    if missing := case["request"].get("without_scope"):
        whose = f"Send it with credentials for {missing['scheme']} that lack the scope {missing['scope']}."
    return [*lines, whose] if whose else lines


def is_json(content_type: str) -> bool:
    """Whether a body of this type is written as JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind in {"application/json", "text/json"} or kind.endswith("+json")


def json_text(value: Any) -> str:
    """Indented JSON, in which everything that cannot be seen is an escape."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return "".join(sign if sign.isprintable() or sign == "\n" else json.dumps(sign)[1:-1] for sign in text)


def wire_text(value: Any) -> str:
    """A scalar as it goes out: strings bare, all else as JSON writes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _put(document: Any, pointer: str, value: str) -> None:
    """Set the place that a JSON pointer names; a place that is not there is made where its parent is an object."""
    if pointer.startswith(_MARKED):
        document["body"] = document["body"].replace(pointer.removeprefix(_MARKED), value)
        return
    *path, last = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
    for token in path:
        document = document[int(token) if isinstance(document, list) else token]
    document[int(last) if isinstance(document, list) else last] = value


def _each(request: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in request["query"].items():
        for item in value if isinstance(value, list) else [value]:
            yield name, item


def _encode(value: Any, lead: str = "", signs: str = "") -> str:
    return value if isinstance(value, Bound) else encode_styled(wire_text(value), lead, signs)
