"""The `casecraft-v1` format: the case files of the earlier tool, as `docs/from-the-earlier-tool.md` describes them.

A case there has one status and a body that is an object or none. What does not fit is left out and listed.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from casecraft.core.endpoint import Endpoint, Response
from casecraft.core.schema import Schema
from casecraft.suites.answer_schemas import answer_schema
from casecraft.suites.cases import cases_file
from casecraft.suites.json_text import to_json
from casecraft.suites.request_text import headers_of, is_json, preconditions_of, with_bindings
from casecraft.suites.schemas import FILE as SCHEMAS_FILE
from casecraft.suites.schemas import referring_to_file
from casecraft.suites.suite import Entry, Suite
from casecraft.suites.templating import as_markdown, render_template

FOLDER = "casecraft-v1"
_LETTERS = 3
_NO_LETTER = re.compile("[^A-Z]")


def write_v1(suite: Suite, entries: tuple[Entry, ...]) -> Iterator[tuple[str, bytes]]:
    """The JSON of the earlier tool of this name.

    There is a file for each endpoint, and `skipped.json` where there are cases that it has no way to say.
    """
    numbers: Counter[str] = Counter()
    skipped: list[dict[str, str]] = []
    for entry in entries:
        if entry.file is not None:
            yield f"{FOLDER}/{entry.slug}.json", to_json(_endpoint_file(suite, entry, numbers, skipped))
    if skipped:
        yield f"{FOLDER}/skipped.json", to_json({"generator": "casecraft", "skipped": skipped})
    facts = {"title": as_markdown(suite.document.title), "skipped": len(skipped), "scenarios": len(suite.scenarios)}
    yield f"{FOLDER}/README.md", render_template("casecraft-v1/README.md.j2", **facts)


def _endpoint_file(suite: Suite, entry: Entry, numbers: Counter[str], skipped: list[dict[str, str]]) -> dict[str, Any]:
    endpoint = entry.result.endpoint
    cases = []
    for case in cases_file(entry)["cases"]:
        if reason := _reason_to_skip(case["request"]):
            skipped.append({"id": case["id"], "endpoint": endpoint.id, "reason": reason})
        else:
            cases.append(_case(endpoint, case, _next_id(endpoint, case, numbers)))
    return {
        "endpoint_id": endpoint.id,
        "method": endpoint.method,
        "path": endpoint.path,
        "summary": endpoint.summary,
        "description": endpoint.description,
        "test_cases": cases,
        "metadata": {
            "generated_at": suite.run.finished,
            "api_version": suite.document.version,
            "llm_model": entry.result.model or entry.result.provider,
            "generator": "casecraft",
        },
    }


def _reason_to_skip(request: Mapping[str, Any]) -> str:
    if isinstance(request.get("raw_body"), list):
        return "its body is too long to be written out"
    if request.get("raw_body") is not None:
        return "its body is an exact text"
    if request["content_type"] is not None and not isinstance(request["body"], dict):
        return f"its body is no object but {_kind_of(request)}"
    return ""


def _kind_of(request: Mapping[str, Any]) -> str:
    body = request["body"]
    names = {list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return names.get(type(body), "a number") if is_json(request["content_type"]) else "a text"


def _next_id(endpoint: Endpoint, case: Mapping[str, Any], numbers: Counter[str]) -> str:
    """`PET-GET-001`: from the tag, the method, and how many of these there were."""
    letters = _NO_LETTER.sub("", _module(endpoint).upper())[:_LETTERS]
    key = f"{letters if len(letters) == _LETTERS else 'API'}-{case['request']['method']}"
    numbers[key] += 1
    return f"{key}-{numbers[key]:03}"


def _module(endpoint: Endpoint) -> str:
    return endpoint.tags[0] if endpoint.tags else endpoint.path.strip("/").split("/")[0] or "root"


def _case(endpoint: Endpoint, case: Mapping[str, Any], case_id: str) -> dict[str, Any]:
    request, expect, source = with_bindings(case), case["expect"], case["source"]
    status = _one_status(endpoint, expect["status"])
    return {
        "test_id": case["id"],
        "case_id": case_id,
        "name": case["title"],
        "description": case["title"],
        "module": _module(endpoint),
        "priority": case["priority"],
        "preconditions": preconditions_of(case),
        "method": request["method"],
        "path": request["path"],
        "headers": dict(headers_of(request)),
        "path_params": request["path_params"],
        "query_params": request["query"],
        "body": request.get("body"),
        "status": status,
        "resp_schema": _schema_of(endpoint, status) if expect["check_schema"] else None,
        "resp_headers": {},
        "resp_content": None,
        "rules": case["targets"],
        "postconditions": [],
        "remarks": f"expected status: {_listed(expect['status'])}; made by {source['model'] or source['provider']}",
        "test_type": _test_type(case),
    }


def _listed(statuses: tuple[int | str, ...]) -> str:
    return " or ".join(map(str, statuses))


def _test_type(case: Mapping[str, Any]) -> str:
    if case["technique"] == "boundary_value_analysis":
        return "boundary"
    return "positive" if case["valid"] else "negative"


def _one_status(endpoint: Endpoint, statuses: tuple[int | str, ...]) -> int:
    """The first number expected; of a range alone, the first in it that the document has, else the range's first."""
    numbers = [status for status in statuses if isinstance(status, int)]
    if numbers:
        return numbers[0]
    first = str(statuses[0])[0]
    documented = [it.status for it in endpoint.responses if it.status.isdigit() and it.status.startswith(first)]
    return int(min(documented, default=f"{first}00"))


def _schema_of(endpoint: Endpoint, status: int) -> Schema | None:
    """What the document says of a JSON body of this status, by its number, its range or its default."""
    by_status = {response.status.upper(): response for response in endpoint.responses}
    names = (str(status), f"{status // 100}XX", "DEFAULT")
    response: Response | None = next((by_status[name] for name in names if name in by_status), None)
    for media in response.media_types if response else ():
        if is_json(media.content_type):
            return referring_to_file(answer_schema(endpoint, media), f"../{SCHEMAS_FILE}")
    return None
