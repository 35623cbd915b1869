"""Values of styled parameters, as they go over the wire: RFC 6570's signs bare, the data between them encoded."""

import csv
import email
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from casecraft.cases.styles import write
from casecraft.core.case import CaseRequest
from casecraft.core.endpoint import Body, MediaType, Parameter, Response
from casecraft.suites import render
from tests.suites.conftest import Runner
from tests.suites.consumers import run_bruno, run_curl, run_httpyac, run_jest, run_newman, run_pytest
from tests.suites.running import Echo
from tests.suites.samples import make_case, make_endpoint, make_result, make_suite

RUNNERS: Mapping[str, Runner] = {
    "pytest": run_pytest,
    "jest": run_jest,
    "curl": run_curl,
    "bruno": run_bruno,
    "http": run_httpyac,
    "postman": run_newman,
}
LIST, MAPPING, TEXT = {"type": "array"}, {"type": "object"}, {"type": "string"}
ITEMS, FIELDS, ODD = ["blue", "é&d"], {"R": 100, "G": "a&"}, "a;b=c,d"
PATHS = [  # style, explode, schema, value, what RFC 6570 expands it to
    ("simple", False, LIST, ITEMS, "blue,%C3%A9%26d"),
    ("simple", True, LIST, ITEMS, "blue,%C3%A9%26d"),
    ("simple", False, MAPPING, FIELDS, "R,100,G,a%26"),
    ("simple", True, MAPPING, FIELDS, "R=100,G=a%26"),
    ("simple", False, TEXT, ODD, "a%3Bb%3Dc%2Cd"),
    ("label", False, LIST, ITEMS, ".blue,%C3%A9%26d"),
    ("label", True, LIST, ITEMS, ".blue.%C3%A9%26d"),
    ("label", True, MAPPING, FIELDS, ".R=100.G=a%26"),
    ("label", False, TEXT, ODD, ".a%3Bb%3Dc%2Cd"),
    ("matrix", False, LIST, ITEMS, ";p=blue,%C3%A9%26d"),
    ("matrix", True, LIST, ITEMS, ";p=blue;p=%C3%A9%26d"),
    ("matrix", False, MAPPING, FIELDS, ";p=R,100,G,a%26"),
    ("matrix", True, MAPPING, FIELDS, ";R=100;G=a%26"),
    ("matrix", False, TEXT, ODD, ";p=a%3Bb%3Dc%2Cd"),
    ("matrix", True, TEXT, ODD, ";p=a%3Bb%3Dc%2Cd"),
]
QUERIES = [
    ("form", False, LIST, ITEMS, "p=blue,%C3%A9%26d"),
    ("form", True, LIST, ITEMS, "p=blue&p=%C3%A9%26d"),
    ("form", False, MAPPING, FIELDS, "p=R,100,G,a%26"),
    ("form", False, TEXT, ODD, "p=a%3Bb%3Dc%2Cd"),
    ("form", False, {"type": ["string", "array"]}, ODD, "p=a%3Bb%3Dc%2Cd"),
    ("spaceDelimited", False, LIST, ITEMS, "p=blue%20%C3%A9%26d"),  # no blank and no bar can stand in a URL
    ("pipeDelimited", False, LIST, ITEMS, "p=blue%7C%C3%A9%26d"),
]


def styled_suite(folder: Path, form: str) -> None:
    results = []
    for number, (style, explode, schema, value, _) in enumerate(PATHS):
        parameter = Parameter("p", "path", True, schema, style, explode)
        request = CaseRequest("GET", f"/{number}/{{p}}", path_params=written(parameter, value))
        results.append(result(f"path-{number:02}", request, parameter))
    for number, (style, explode, schema, value, _) in enumerate(QUERIES):
        parameter = Parameter("p", "query", True, schema, style, explode)
        request = CaseRequest("GET", f"/q{number}", query=written(parameter, value))
        results.append(result(f"query-{number:02}", request, parameter))
    render(make_suite(results), folder, [form])


def written(parameter: Parameter, value: Any) -> Any:
    entries = write(parameter, value)
    assert entries is not None
    return entries


def result(name: str, request: CaseRequest, parameter: Parameter) -> Any:
    endpoint = make_endpoint("GET", request.path, parameters=(parameter,), responses=(Response("200"),))
    return make_result(endpoint, make_case(name, request=request))


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNNERS)
def test_signs_of_a_style_go_out_bare(tmp_path: Path, echo: tuple[Echo, str], name: str) -> None:
    styled_suite(tmp_path / "suite", name)
    run = RUNNERS[name](tmp_path / "suite", echo[1])
    assert set(run.verdicts.values()) == {"passed"}, run.output
    paths = {one["path"].decode() for one in echo[0].requests if one["path"][1:2].isdigit()}
    queries = {f"{one['path'].decode()}?{one['query'].decode()}" for one in echo[0].requests if one["query"]}
    assert paths == {f"/{number}/{row[-1]}" for number, row in enumerate(PATHS)}
    assert queries == {f"/q{number}?{row[-1]}" for number, row in enumerate(QUERIES)}


def test_tables_show_urls_as_they_go_out(tmp_path: Path) -> None:
    styled_suite(tmp_path / "suite", "csv")
    rows = list(csv.DictReader((tmp_path / "suite/csv/cases.csv").read_text("utf-8-sig").splitlines()))
    urls = {row["url"] for row in rows}
    assert urls == {f"/{number}/{row[-1]}" for number, row in enumerate(PATHS)} | {
        f"/q{number}?{row[-1]}" for number, row in enumerate(QUERIES)
    }


FORM = MediaType(
    "multipart/form-data",
    {
        "type": "object",
        "properties": {
            "note": TEXT,
            "meta": {"allOf": [{"$ref": "#/$defs/Pet"}]},
            "said": {"type": "object"},
            "photo": {"type": "string", "format": "binary"},
            "scan": {"type": "string", "format": "binary"},
            "file": {"type": "string", "format": "binary"},
            "page": {"type": "string", "contentMediaType": "text/html"},
        },
    },
    encoding={
        "said": {"contentType": "application/vnd.pet+json"},
        "photo": {"contentType": "image/*, image/jpeg, image/png"},
        "scan": {"contentType": "image/*"},
    },
)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNNERS)
def test_parts_of_forms_have_their_types(tmp_path: Path, echo: tuple[Echo, str], name: str) -> None:
    body = {key: '{"id":1}' if key in ("meta", "said") else "x" for key in FORM.schema["properties"]}  # type: ignore[index]  # no bool
    request = CaseRequest("POST", "/pets", body=body, content_type="multipart/form-data")
    endpoint = make_endpoint("POST", body=Body(True, (FORM,)), responses=(Response("200"),))
    render(make_suite([make_result(endpoint, make_case(request=request))]), tmp_path / "suite", [name])
    run = RUNNERS[name](tmp_path / "suite", echo[1])
    assert run.verdicts == {"case-1": "passed"}, run.output
    (arrived,) = echo[0].requests
    head = b"Content-Type: " + arrived["headers"]["content-type"] + b"\r\n\r\n"
    parts = email.message_from_bytes(head + arrived["body"]).get_payload()
    types = {part.get_param("name", header="content-disposition"): part["Content-Type"] for part in parts}
    assert {key: kind for key, kind in types.items() if kind and kind != "text/plain"} == {
        "meta": "application/json",
        "said": "application/vnd.pet+json",
        "photo": "image/jpeg",
        "scan": "image/png",
        "file": "application/octet-stream",
        "page": "text/html",
    }
    assert {part.get_param("name", header="content-disposition") for part in parts if part.get_filename()} == {
        "photo",
        "scan",
        "file",
        "page",
    }
