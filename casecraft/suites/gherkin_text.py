"""Texts of Gherkin: a case as a scenario, with everything in it that a document or a model has said made harmless.

A value stands in a step, a cell or a doc string as it is where it can; one that Gherkin would change (blanks at its
ends, line breaks, what cannot be seen) or that begins and ends with `"` is written as a JSON string.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from casecraft.suites.request_text import is_json, json_text, wire_text
from casecraft.suites.templating import one_line

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_NO_TAG = re.compile(r"[^\w.:/\[\]-]+", re.ASCII)
_CREDENTIALS = {
    "none": "no credentials",
    "invalid": "credentials that nobody has",
    "foreign": "the credentials of another user",
}
_TABLES = {
    "path_params": "the path parameters",
    "query": "the query parameters",
    "headers": "the headers",
    "cookies": "the cookies",
}


def scenario_lines(case: Mapping[str, Any], name: str) -> Iterator[str]:
    """A scenario for a case in its JSON form, without indentation at its left."""
    yield _tag_line(_tags(case))
    yield f"Scenario: {name}"
    yield from _exchange(case, "Given")


def story_lines(scenario: Mapping[str, Any], name: str) -> Iterator[str]:
    """A scenario of several requests, in its JSON form, without indentation at its left."""
    yield _tag_line([scenario["id"], scenario["priority"], "scenario_testing"])
    yield f"Scenario: {name}"
    for number, step in enumerate(scenario["steps"]):
        if number:
            yield ""
        yield f"  # {one_line(step['title'])}"
        yield f"  Given the step {in_step(step['id'])} at {in_step(step['endpoint'])}"
        yield from _exchange(step, "And")
        if values := step["expect"].get("values"):
            yield "  And the body has these values"
            rows = [[place, json.dumps(value)] for place, value in values.items()]
            yield from (f"    {line}" for line in _table([["place", "value"], *rows], in_json_cell))


def _tag_line(tags: list[str]) -> str:
    return " ".join(f"@{_NO_TAG.sub('_', tag).lstrip('_')}" for tag in tags)


def _exchange(one: Mapping[str, Any], keyword: str) -> Iterator[str]:
    """The request of a case or a step, and what its answer must be."""
    for text, *block in _given(one):
        yield f"  {keyword} {text}"
        yield from (f"    {line}" if line else "" for line in block)
        keyword = "And"
    request, expect = one["request"], one["expect"]
    yield f"  When I send {in_step(request['method'])} to {in_step(request['path'])}"
    statuses = " or ".join(map(str, expect["status"]))
    fits = " and a body that fits its schema" if expect["check_schema"] else ""
    yield f"  Then the answer has the status {statuses}{fits}"


def name_of(text: str) -> str:
    """A name for a feature, a rule or a scenario: one line."""
    return one_line(text)


def in_step(text: str) -> str:
    """A value within the line of a step."""
    return text if _is_plain(text) and "\n" not in text else json_text(text)


def in_cell(text: str) -> str:
    """A value in a table."""
    return in_step(text).replace("\\", "\\\\").replace("|", "\\|")


def in_json_cell(text: str) -> str:
    """JSON, which has nothing that cannot be seen, in a table."""
    return text.replace("\\", "\\\\").replace("|", "\\|")


def _tags(case: Mapping[str, Any]) -> list[str]:
    """What tells cases apart; the targets that say what to look for in an answer are among it."""
    attacks = [target for target in case["targets"] if target.startswith("security:")]
    return [case["id"], case["priority"], "valid" if case["valid"] else "invalid", case["technique"], *attacks]


def _given(case: Mapping[str, Any]) -> Iterator[list[str]]:
    """Steps: a text each, and the lines of its table or doc string."""
    request = case["request"]
    for key, words in _TABLES.items():
        if rows := [[name, wire_text(item)] for name, value in request[key].items() for item in _items(value)]:
            yield [words, *_table([["name", "value"], *rows])]
    if request["content_type"] is not None:
        yield _body(request)
    if whose := _CREDENTIALS.get(request.get("credentials", "own")):
        scheme = request.get("credentials_for")
        yield [whose if scheme is None else f"{whose} for {in_step(scheme)}"]
    if missing := request.get("without_scope"):
        yield [f"credentials for {in_step(missing['scheme'])} without the scope {in_step(missing['scope'])}"]
    if bindings := case.get("bindings"):
        rows = [[binding["place"], binding["step"], binding["source"]] for binding in bindings]
        yield ["values of earlier answers", *_table([["place", "made by", "value"], *rows])]
    if case.get("fresh"):
        yield ["that they are made for this scenario alone"]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _body(request: Mapping[str, Any]) -> list[str]:
    content_type: str = request["content_type"]
    raw: str | list[dict[str, Any]] | None = request.get("raw_body")
    if isinstance(raw, list):
        rows = [[part["text"], str(part["times"])] for part in raw]
        return [f"the raw body of type {in_step(content_type)} in parts", *_table([["text", "times"], *rows])]
    if raw is not None:
        return [f"the raw body of type {in_step(content_type)}", *_doc_string("", _in_doc_string(raw))]
    body = request["body"]
    if content_type == "application/json":
        return ["the JSON body", *_doc_string("json", _json(body))]
    kind = content_type.partition(";")[0].strip().lower()
    if is_json(kind):
        return [f"the JSON body of type {in_step(content_type)}", *_doc_string("json", _json(body))]
    if kind in _FORMS and isinstance(body, dict):
        return [f"the form of type {in_step(content_type)}", *_doc_string("json", _json(body))]
    return [f"the body of type {in_step(content_type)}", *_doc_string("", _in_doc_string(wire_text(body)))]


def _table(rows: list[list[str]], last: Callable[[str], str] = in_cell) -> Iterator[str]:
    """The lines of a table; `last` writes what stands below the head of its last column."""
    cells = [[in_cell(cell) for cell in row] for row in rows]
    for row, (*_, text) in zip(cells[1:], rows[1:], strict=True):
        row[-1] = last(text)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "| " + " | ".join(cell.ljust(min(width, 40)) for cell, width in zip(row, widths, strict=True)) + " |"


def _doc_string(kind: str, text: str) -> list[str]:
    return [f'"""{kind}', *text.split("\n"), '"""']


def _json(value: Any) -> str:
    """JSON, without the sequence that Gherkin takes for the end of a doc string, escaped or not."""
    return json_text(value).replace(r"\"\"\"", r"\u0022\u0022\u0022")


def _in_doc_string(text: str) -> str:
    ends_as_it_is = all(line == line.rstrip() for line in text.split("\n"))
    return text if ends_as_it_is and _is_plain(text) and '"""' not in text and r"\"\"\"" not in text else _json(text)


def _is_plain(text: str) -> bool:
    """Whether Gherkin gives the text back as it is and it cannot be taken for a JSON string."""
    visible = text.replace("\n", "").isprintable() and text.strip() == text != ""
    return visible and not (text.startswith('"') and text.endswith('"'))
