"""Turns a model's text into drafts. No text makes it raise, and nothing in a text is executed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import orjson

from casecraft.cases.answer import PARAMETER_FIELDS
from casecraft.cases.draft import Draft
from casecraft.cases.extraction import LONGEST_TEXT, Mender, Unreadable, decode, find_cases
from casecraft.core.case import Priority, Technique

MOST_CASES = 200
"""Cases that are read from one answer; no prompt asks for so many."""

_LONGEST_TITLE = 200
_STATUS = re.compile(r"\s*([1-5](?:[0-9]{2}|[xX]{2}))\b")
_JSON_TYPE = re.compile(r"[/+]json\s*(;|$)", re.IGNORECASE)
_FORM_TYPE = re.compile(r"\s*(application/x-www-form-urlencoded|multipart/)", re.IGNORECASE)
_WORDS = {"true": True, "false": False, "1": True, "0": False}


class _FieldError(ValueError):
    """A field is missing or holds what it cannot hold."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What an answer held: the drafts that can be checked, and for everything else one line that says which case
    (counted from 1 in the answer) and which field is wrong. A case is in one of the two, never in both.
    """

    drafts: tuple[Draft, ...]
    problems: tuple[str, ...]


def parse(text: str) -> Parsed:
    """Read the cases in a model's answer, whole or damaged.

    `title` and `valid` must be there; what else is missing takes its plain default (nothing sent, credentials sent,
    the document's status). Equal cases are kept once. Text past 400,000 characters and cases past 200 are not read,
    which a problem says.
    """
    drafts: list[Draft] = []
    mender = Mender()
    items = find_cases(text, mender)
    problems = [] if items else ["the answer has no JSON object with cases"]
    for number, item in enumerate(items[:MOST_CASES], start=1):
        draft = _read(item, mender)
        if isinstance(draft, list):
            problems += [f"case {number}: {problem}" for problem in draft]
        elif draft not in drafts:
            drafts.append(draft)
    if len(items) > MOST_CASES or len(text) > LONGEST_TEXT:
        problems.append("the answer is longer than is read; what comes late in it is left out")
    return Parsed(tuple(drafts), tuple(problems))


def _read(item: Any, mender: Mender) -> Draft | list[str]:
    """The draft, or what is wrong with it."""
    if isinstance(item, Unreadable):
        return [item.reason]
    if not isinstance(item, Mapping):
        return ["not an object"]
    item = _flat(item)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field, reader in _READERS.items():
        try:
            values[field] = _writable(reader(item.get(field)))
        except _FieldError as error:
            problems.append(f"{field}: {error}")
    return problems or _draft(values, mender)


def _flat(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """A case as it is asked for. Models that have seen suites write it as suites do, with `request` and `expect`."""
    request, expect = item.get("request"), item.get("expect")
    flat = dict(item)
    if isinstance(request, Mapping):
        flat = {**request, **flat}
    if isinstance(expect, Mapping):
        flat.setdefault("expect_status", expect.get("status"))
    if flat.get("credentials") == "none":
        flat.setdefault("authenticated", False)
    if flat.get("valid") is False:
        flat.setdefault("violates", _only(item.get("targets")))
    return flat


def _only(targets: Any) -> Any:
    return targets[0] if isinstance(targets, list) and len(targets) == 1 else None


def _draft(values: dict[str, Any], mender: Mender) -> Draft:
    raw = values["body"] if values["violates"] in RAW_TARGETS else values["raw_body"]
    if isinstance(raw, str):
        values |= {"raw_body": raw, "body": None, "content_type": values["content_type"] or "application/json"}
    else:
        values["body"], values["content_type"] = _content(values["body"], values["content_type"], mender)
    if values["credentials"] is None:
        values["credentials"] = _CREDENTIALS_OF.get((values["violates"] or "").partition("=")[0])
    if values["valid"]:
        values["violates"] = None
    return Draft(**values)


RAW_TARGETS = frozenset(
    [
        "body:truncated-json",
        "body:malformed-json",
        "body:repeated-name",
        "body:empty",
        "body:truncated-xml",
        "body:malformed-xml",
    ]
)
"""Targets that only the exact text of a body hits: it is not read as a value, nor mended."""

_CREDENTIALS_OF = {"auth:invalid": "invalid", "auth:foreign": "foreign"}


def _writable(value: Any) -> Any:
    """The value, if a suite can hold it: numbers of 64 bits, text that is Unicode, nesting of at most 254."""
    try:
        orjson.dumps(value)
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise _FieldError(f"cannot be written as JSON ({error})") from error
    return value


def _title(value: Any) -> str:
    title = " ".join(value.split())[:_LONGEST_TITLE] if isinstance(value, str) else ""
    if not title:
        raise _FieldError("missing, or no text")
    return "".join(character if character.isprintable() else " " for character in title)


def _valid(value: Any) -> bool:
    if value is None:
        raise _FieldError("missing; say true or false")
    return _boolean(value)


def _authenticated(value: Any) -> bool:
    return True if value is None else _boolean(value)


def _boolean(value: Any) -> bool:
    known = _WORDS.get(str(value).strip().lower()) if isinstance(value, str | int) else None
    if known is None:
        raise _FieldError("must be true or false")
    return known


def _text_or_none(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise _FieldError("must be text or null")
    text = value.strip()
    return None if text.lower() in ("", "null", "none") else text


def _label(known: tuple[str, ...], default: str) -> Callable[[Any], str]:
    """A label that nothing depends on: not worth a repair, so an unknown one becomes the default."""
    return lambda value: value if value in known else default


def _named_values(value: Any) -> dict[str, Any]:
    """A mapping, its JSON text, a list of `{"name", "value"}`, or a list of mappings; a name given twice holds a
    list."""
    if isinstance(value, str):
        value = _decoded(value)
    if value in (None, ""):
        return {}
    if isinstance(value, Mapping):
        return dict(value)
    if not isinstance(value, list):
        raise _FieldError("must be a list of names and values")
    named: dict[str, list[Any]] = {}
    for entry in value:
        for name, each in _pairs(entry):
            named.setdefault(name, []).append(each)
    return {name: values[0] if len(values) == 1 else values for name, values in named.items()}


def _pairs(entry: Any) -> list[tuple[str, Any]]:
    if not isinstance(entry, Mapping):
        raise _FieldError("must be a list of names and values")
    if not {"name", "value"} & entry.keys():
        return list(entry.items())
    name = entry.get("name")
    if not isinstance(name, str) or "value" not in entry:
        raise _FieldError("each entry needs a name and a value")
    return [(name, entry["value"])]


def _statuses(value: Any) -> tuple[int | str, ...]:
    given = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(_status(each) for each in given if each not in (None, "", "default")))


def _status(value: Any) -> int | str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    found = _STATUS.match(str(value)) if isinstance(value, str | int) else None
    if found is None:
        raise _FieldError('must hold status codes such as "201" or "4XX"')
    return int(found[1]) if found[1].isdigit() else found[1].upper()


def _content(body: Any, content_type: str | None, mender: Mender) -> tuple[Any, str | None]:
    """The body as a value, and its type. A JSON `null` is the text "null"; a bare null means that none is sent."""
    if body is None:
        return None, None
    content_type = content_type or "application/json"
    if not isinstance(body, str):
        return body, content_type
    if _JSON_TYPE.search(content_type) or _FORM_TYPE.match(content_type):
        return _decoded(body, mender), content_type
    return body, content_type


def _decoded(text: str, mender: Mender | None = None) -> Any:
    """The JSON value that the text holds, mended where it begins like one; the text itself where it holds none."""
    try:
        return _writable(decode(text))
    except ValueError:
        if mender is None or not text.lstrip().startswith(("{", "[")):
            return text
    try:
        return _writable(mender.mend(text))
    except ValueError:
        return text


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "title": _title,
    "valid": _valid,
    "violates": _text_or_none,
    "technique": _label(get_args(Technique), "equivalence_partitioning"),
    "priority": _label(get_args(Priority), "P1"),
    "authenticated": _authenticated,
    **dict.fromkeys(PARAMETER_FIELDS, _named_values),
    "content_type": _text_or_none,
    "body": lambda value: value,
    "expect_status": _statuses,
    "raw_body": lambda value: value if isinstance(value, str) else None,
    "credentials": lambda value: value if value in _CREDENTIALS_OF.values() else None,
}
