"""Requests as formats without a runtime of their own write them: every text as it goes over the wire.

A text may have slots: places for values that are known only when the suite runs, which are secrets from the
environment and values that earlier answers gave. A format says how it writes a slot.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import quote
from xml.sax.saxutils import escape

from casecraft.core.case import Binding, CaseRequest, Repeat
from casecraft.core.endpoint import Endpoint, SecurityScheme
from casecraft.suites.credential_variables import credential_variable
from casecraft.suites.serialization import Styled, find_part_types, find_styled, find_uploads

Form: TypeAlias = Literal["text", "percent", "cookie", "json", "base64", "xml"]
BOUNDARY = "casecraft-boundary"
_FORM = "application/x-www-form-urlencoded"
_COOKIE_SIGNS = "!#$&'()*+-./:<=>?@[]^_`|~"  # no braces, which many formats have for variables
_TEMPLATE_SIGNS = "!$&'()*+,/:;=?@%-"
_NO_HEADER_VALUE = re.compile(r"[\0\r\n]|^[ \t]|[ \t]$")
_MARKED = "/body#"
_VARIABLE = re.compile(r"\{\{.*\}\}", re.DOTALL)
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True, slots=True)
class Slot:
    """A variable in a text, and the form in which its value stands there.

    "text" is the value as it is, "percent" and "cookie" percent-encoded for URLs and for cookies, "json" a JSON value,
    "base64" the base64 of its UTF-8, "xml" with the characters escaped that XML knows as markup.
    """

    name: str
    form: Form = "text"


Text: TypeAlias = tuple[str | Slot, ...]
_Written: TypeAlias = tuple[str, str, str, bool]  # a part before its slots are known


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a multipart form, with its content type unless it is plain text; a file is sent as one."""

    name: str
    text: Text
    content_type: str
    is_file: bool


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request on the wire. `path` follows the base URL, `query` is encoded; a name whose value is None has no `=`.

    `parts` are what the body of a multipart form consists of. A body that is too long to be written out is in
    `repeats`, and `body` is empty then.
    """

    method: str
    path: Text
    query: tuple[tuple[str, Text | None], ...]
    headers: tuple[tuple[str, Text], ...]
    body: Text | None
    is_json: bool = False
    parts: tuple[Part, ...] = ()
    repeats: tuple[Repeat, ...] = ()

    @property
    def slots(self) -> tuple[Slot, ...]:
        """All slots, each once, in the order in which they stand."""
        texts = [self.path, *(text or () for _, text in self.query), *(text for _, text in self.headers)]
        parts = (part for text in (*texts, self.body or ()) for part in text)
        return tuple(dict.fromkeys(part for part in parts if isinstance(part, Slot)))

    @property
    def slots_in_body(self) -> bool:
        """Whether there are values in the body that are known only when the suite runs."""
        return any(isinstance(part, Slot) for part in self.body or ())

    @property
    def url(self) -> Text:
        """Path and query, as they follow the base URL."""
        parts: list[str | Slot] = [*self.path]
        for sign, (name, text) in zip("?" + "&" * len(self.query), self.query, strict=False):
            parts += [f"{sign}{name}"] if text is None else [f"{sign}{name}=", *text]
        return join_text(parts)


def write_text(text: Text, slot: Callable[[Slot], str], plain: Callable[[str], str] = str) -> str:
    """A text as a format writes it, with its way to write slots and to escape what is between them."""
    return "".join(slot(part) if isinstance(part, Slot) else plain(part) for part in text)


def join_text(parts: Iterable[str | Slot]) -> Text:
    """The parts as a text, with neighbouring strings made one and empty ones left out."""
    joined: list[str | Slot] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(last := joined[-1], str):
            joined[-1] = last + part
        elif part != "":
            joined.append(part)
    return tuple(joined)


def put_value(target: Any, place: str, value: Any) -> None:
    """Put a value in its place in the JSON form of a request: a JSON pointer, or a mark in its text."""
    if place.startswith(_MARKED):
        target["body"] = target["body"].replace(place.removeprefix(_MARKED), escape(_wire_text(value)))
        return
    *parents, last = _names(place)
    for name in parents:
        target = target[int(name)] if isinstance(target, list) else target[name]
    target[int(last) if isinstance(target, list) else last] = value


def value_at(value: Any, place: str) -> Any:
    """What stands in a place of the JSON form of a request."""
    for name in _names(place):
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def _names(pointer: str) -> list[str]:
    return [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]


def find_obstacle(outgoing: Outgoing, request: CaseRequest, endpoint: Endpoint) -> str | None:
    """Why the request cannot be sent over HTTP from a suite; None where it can."""
    if request.credentials != "none" and endpoint.security and not _sendable(endpoint):
        return "it needs a client certificate, which this suite does not send"
    for name, text in outgoing.headers:
        if not _TOKEN.fullmatch(name):
            return f"{name!r} is no name of a header"
        if _NO_HEADER_VALUE.search(write_text(text, lambda slot: slot.name)):
            return f"no header can have the value of {name!r}: line breaks, or blanks around it"
    return None


def is_dotted(path: Text) -> bool:
    """Whether a path has a segment of dots alone, which some clients resolve before they send it."""
    segments = write_text(path, lambda _: "x").replace("%2E", ".").split("/")
    return any(segment in (".", "..") for segment in segments)


def has_variables(outgoing: Outgoing) -> bool:
    """Whether a body that is put together when the suite runs has double braces, which many programs take for a
    variable then.
    """
    text = "".join(part.text * min(part.times, 2) for part in outgoing.repeats)
    if outgoing.slots_in_body and not outgoing.is_json:
        text += write_text(outgoing.body or (), lambda _: "")
    return _VARIABLE.search(text) is not None


def unique_variable(source: str, owner: str, place: str) -> str:
    """The variable for a value that nothing has yet, such as `unique_email_...`: of what sends it, and its place."""
    return re.sub(r"[^A-Za-z0-9]+", "_", f"{source} {owner} {place}").rstrip("_")


def bound_variable(binding: Binding, scope: str = "") -> str:
    """The variable for a binding's value, such as `made_pet_id`; `scope` sets those of one case or scenario apart."""
    return re.sub(r"[^A-Za-z0-9]+", "_", f"made {scope} {binding.step} {binding.source}").rstrip("_")


def make_outgoing(request: CaseRequest, endpoint: Endpoint, variables: Mapping[str, str] | None = None) -> Outgoing:
    """The request with its credentials placed: the first alternative of the endpoint's that can be sent.

    `variables` are those that stand in its places, which are JSON pointers as in `Binding`.
    """
    sent, marks = _marked(request, variables or {})
    read = _Reader(marks)
    styled = find_styled(endpoint)
    in_query = styled.get("query", {})
    query = [
        (_encode(name), read(encode_styled(value, *in_query.get(name, ())), "percent"))
        for name, value in _pairs(sent["query"])
    ]
    headers = {name: read(_wire_text(value)) for name, value in sent["headers"].items()}
    cookies = {name: read(_cookie_text(_wire_text(value)), "cookie") for name, value in sent["cookies"].items()}
    for scheme in _schemes(request, endpoint):
        place, name, text = _credential(scheme, request)
        if place == "query" and name not in sent["query"]:
            query.append((_encode(name), text))
        elif place != "query":
            _add(cookies if place == "cookie" else headers, name, text)
    if cookies:
        _add(headers, "Cookie", _cookie_header(cookies))
    parts = tuple(_parts(sent, endpoint))
    content_type, body, is_json = _body(sent, parts)
    if content_type:
        _add(headers, "Content-Type", (content_type,))
    path, fixed = _path(sent, styled)
    return Outgoing(
        request.method,
        read(path, "percent"),
        (*fixed, *query),
        tuple(headers.items()),
        None if body is None else read.json(body) if is_json else read(body, _form_in(content_type)),
        is_json,
        tuple(Part(name, read(text), kind, is_file) for name, text, kind, is_file in parts),
        () if request.raw_body is None or isinstance(request.raw_body, str) else request.raw_body,
    )


class _Reader:
    """Turns texts with marks into texts with slots."""

    def __init__(self, marks: Mapping[str, str]) -> None:
        self._marks = marks
        self._pattern = re.compile("|".join(map(re.escape, marks)) or r"(?!)")

    def __call__(self, text: str, form: Form = "text") -> Text:
        return self._split(self._pattern, text, form)

    def json(self, text: str) -> Text:
        return self._split(re.compile(f'"({self._pattern.pattern})"'), text, "json")

    def _split(self, pattern: re.Pattern[str], text: str, form: Form) -> Text:
        parts: list[str | Slot] = []
        end = 0
        for found in pattern.finditer(text):
            parts += [text[end : found.start()], Slot(self._marks[found[0].strip('"')], form)]
            end = found.end()
        return join_text([*parts, text[end:]])


def _marked(request: CaseRequest, variables: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The request with a mark in the place of each value that is bound, and the variable for each mark."""
    sent = asdict(request)
    text = repr(sent)
    sign = next(sign for number in range(len(text) + 2) if (sign := f"bound{number}at") not in text)
    marks = {}
    for number, (place, variable) in enumerate(variables.items()):
        marks[f"{sign}{number}x"] = variable
        put_value(sent, place, f"{sign}{number}x")
    return sent, marks


def _path(sent: Mapping[str, Any], styled: Styled) -> tuple[str, list[tuple[str, Text | None]]]:
    """The path with its parameters filled in, and what of a query the template has itself."""
    template, _, fixed = sent["path"].partition("#")[0].partition("?")
    values = {name: _wire_text(value) for name, value in sent["path_params"].items()}
    parts = re.split(r"(\{[^{}]*\})", template)
    signs = styled.get("path_params", {})
    filled = [
        _segment(values.get(part[1:-1], part), *signs.get(part[1:-1], ())) if at % 2 else _rest(part)
        for at, part in enumerate(parts)
    ]
    pairs = [pair.partition("=") for pair in _rest(fixed).split("&")] if fixed else []
    return "".join(filled), [(name, (value,) if equals else None) for name, equals, value in pairs]


def _form_in(content_type: str) -> Form:
    essence = content_type.partition(";")[0].strip().lower()
    return "xml" if essence.endswith(("/xml", "+xml")) else "text"


def _sendable(endpoint: Endpoint) -> list[tuple[SecurityScheme, ...]]:
    return [schemes for schemes in endpoint.security if all(scheme.kind != "mutualTLS" for scheme in schemes)]


def _schemes(request: CaseRequest, endpoint: Endpoint) -> tuple[SecurityScheme, ...]:
    """The first alternative; no credentials, where that is enough for one's own requests."""
    alternatives = _sendable(endpoint)
    if request.credentials == "none" or (request.credentials == "own" and () in alternatives):
        return ()
    missing = request.without_scope
    wanted = request.credentials_for if missing is None else missing.scheme
    if wanted is not None:
        alternatives = [each for each in alternatives if any(scheme.name == wanted for scheme in each)]
    return next(filter(None, alternatives), ())


def _credential(scheme: SecurityScheme, request: CaseRequest) -> tuple[str, str, Text]:
    """Where a credential goes, under which name, and its text."""
    variable = credential_variable(scheme.name, request.credentials, request.without_scope)
    is_wrong = request.credentials == "invalid" and request.credentials_for in (None, scheme.name)
    if scheme.kind == "apiKey":
        form: Form = {"query": "percent", "cookie": "cookie"}.get(scheme.location, "text")  # type: ignore[assignment]  # of these
        secret = "casecraft-invalid-credential" if is_wrong else Slot(variable, form)
        return scheme.location, scheme.parameter, (secret,)
    kind = (scheme.http_scheme or "bearer").lower()
    wrong = "bm9ib2R5Ondyb25n" if kind == "basic" else "casecraft-invalid-credential"  # base64 of nobody:wrong
    shown = wrong if is_wrong else Slot(variable, "base64" if kind == "basic" else "text")
    return "header", "Authorization", join_text([f"{kind.capitalize()} ", shown])


def _add(values: dict[str, Text], name: str, text: Text) -> None:
    """Add a header or cookie, unless the case has one of that name itself."""
    if name.lower() not in map(str.lower, values):
        values[name] = text


def _cookie_header(cookies: Mapping[str, Text]) -> Text:
    parts: list[str | Slot] = []
    for name, text in cookies.items():
        parts += ["; " if parts else "", f"{name}=", *text]
    return join_text(parts)


def _body(sent: Mapping[str, Any], parts: Iterable[_Written]) -> tuple[str, str | None, bool]:
    """The content type to send (empty: none), the body's text (None: no body) and whether it is JSON that may be laid
    out in another way.
    """
    content_type, body, raw = sent["content_type"], sent["body"], sent["raw_body"]
    if content_type is None:
        return "", None, False
    if raw is not None:
        return content_type, raw if isinstance(raw, str) else "", False
    kind = content_type.partition(";")[0].strip().lower()
    if _is_multipart(sent):
        return f"multipart/form-data; boundary={BOUNDARY}", "".join(_multipart(parts)), False
    if kind in ("application/json", "text/json") or kind.endswith("+json"):
        return content_type, _pretty(body), True
    if kind == _FORM and isinstance(body, Mapping):
        return content_type, "&".join(f"{_encode(name)}={_encode(value)}" for name, value in _pairs(body)), False
    return content_type, _wire_text(body), False


def _is_multipart(sent: Mapping[str, Any]) -> bool:
    kind = (sent["content_type"] or "").partition(";")[0].strip().lower()
    return kind == "multipart/form-data" and isinstance(sent["body"], Mapping) and sent["raw_body"] is None


def _parts(sent: Mapping[str, Any], endpoint: Endpoint) -> Iterator[_Written]:
    """The fields of a multipart form; of another body there are none."""
    if not _is_multipart(sent):
        return
    files, types = find_uploads(endpoint), find_part_types(endpoint)
    for name, value in _each(sent["body"]):
        usual = "application/json" if isinstance(value, dict | list) else ""
        yield name, _wire_text(value), types.get(name) or usual, name in files


def _multipart(parts: Iterable[_Written]) -> Iterator[str]:
    for name, text, kind, is_file in parts:
        shown = re.sub(r'["\r\n]', lambda found: quote(found[0]), name)
        yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{shown}"'
        if is_file:
            yield '; filename="file"'
        if kind:
            yield f"\r\nContent-Type: {kind}"
        yield f"\r\n\r\n{text}\r\n"
    yield f"--{BOUNDARY}--\r\n"


def _each(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names with their values; a list repeats its name."""
    for name, value in values.items():
        for item in value if isinstance(value, list) else [value]:
            yield name, item


def _pairs(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return ((name, _wire_text(value)) for name, value in _each(values))


def _wire_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _pretty(value: Any) -> str:
    """JSON as a person lays it out; half of a surrogate pair is written as its escape."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "backslashreplace").decode()


def _encode(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


def encode_styled(text: str, lead: str = "", signs: str = "") -> str:
    """The text percent-encoded, without what its style puts before it and between its items (see `Styled`)."""
    if not text.startswith(lead):
        return _encode(text)
    rest = quote(text.removeprefix(lead), safe=signs, errors="surrogatepass")
    return quote(lead, safe=";=", errors="surrogatepass") + rest


def _segment(text: str, lead: str = "", signs: str = "") -> str:
    """A path segment; one of dots alone would otherwise be resolved before it is sent."""
    return text.replace(".", "%2E") if text.strip(".") == "" else encode_styled(text, lead, signs)


def _rest(text: str) -> str:
    return quote(text, safe=_TEMPLATE_SIGNS, errors="surrogatepass")


def _cookie_text(text: str) -> str:
    return quote(text, safe=_COOKIE_SIGNS, errors="surrogatepass")
