"""Formats that list their requests one by one, run by the programs that they are for."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from casecraft.core.case import Binding, CaseRequest, Expectation, MissingScope, Repeat
from casecraft.core.endpoint import Body, MediaType, Response, SecurityScheme
from casecraft.core.scenario import Listing
from casecraft.suites import render
from tests.petstore.app import create_app
from tests.petstore.server import serve
from tests.suites.conftest import CREDENTIALS, Comparison, Runner
from tests.suites.consumers import Run, run_bruno, run_curl, run_httpyac, run_newman
from tests.suites.life_cycle import life_cycle_suite
from tests.suites.running import HOSTILE, Answer, Echo, basic
from tests.suites.samples import answer_of, key_scheme, make_case, make_endpoint, make_result, make_suite

pytestmark = pytest.mark.slow

RUNNERS: Mapping[str, Runner] = {"curl": run_curl, "bruno": run_bruno, "http": run_httpyac, "postman": run_newman}
formats = pytest.mark.parametrize("name", RUNNERS)


@pytest.mark.parametrize(
    ("name", "bug"),
    [
        ("curl", "branch-as-html"),  # it checks no schemas
        ("http", "page-without-total"),
        ("bruno", "page-without-total"),
        ("postman", "page-without-total"),
    ],
)
def test_verdicts_are_those_of_pytest(run_both: Comparison, name: str, bug: str) -> None:
    run, pytest_run = run_both(RUNNERS[name], bug)
    assert {key: verdict_on(key, run.verdicts) for key in pytest_run.verdicts} == pytest_run.verdicts
    assert set(pytest_run.verdicts.values()) == {"passed", "failed", "skipped"}
    assert run.code != 0


def verdict_on(name: str, verdicts: Mapping[str, str]) -> str:
    """How a case or a scenario ended, of which each step has a verdict here: the first that is none of success."""
    steps = [verdict for key, verdict in verdicts.items() if key.startswith(f"{name}--")]
    ends = [verdicts[name]] if name in verdicts else steps
    assert ends, name
    return next((verdict for verdict in ends if verdict != "passed"), "passed")


def send(name: str, folder: Path, url: str, *requests: CaseRequest, **more: Any) -> Run:
    cases = [make_case(f"case-{number:03}", request=request) for number, request in enumerate(requests)]
    more.setdefault("responses", (Response("200"),))
    render(make_suite([make_result(make_endpoint(**more), *cases)]), folder / "suite", [name])
    return RUNNERS[name](folder / "suite", url)


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def texts_for(name: str) -> list[str]:
    """The hostile texts, but for those that the program refuses in a URL; the README of the suite lists these."""
    return [text for text in HOSTILE if name not in ("bruno", "http") or not re.search("[\ud800-\udfff]", text)]


@formats
def test_hostile_values_arrive_as_they_are(tmp_path: Path, echo: tuple[Echo, str], name: str) -> None:
    requests = [
        CaseRequest(
            "POST",
            "/pets/x{name}/end",
            {"name": text},
            {text or "empty": [text, 1, True, None, 0.5, 2**70]},
            {},
            {"a": text},
            {"text": text, text: [text]},
            "application/json",
        )
        for text in texts_for(name)
    ]
    run = send(name, tmp_path, echo[1], *requests)
    assert run.verdicts == {f"case-{number:03}": "passed" for number in range(len(requests))}, run.output
    for text, arrived in zip(texts_for(name), echo[0].requests, strict=True):
        assert unquote_to_bytes(arrived["path"]) == b"/pets/x" + as_bytes(text) + b"/end"
        pairs = [pair.partition(b"=") for pair in arrived["query"].split(b"&")]
        key = as_bytes(text or "empty")
        values = [as_bytes(text), b"1", b"true", b"null", b"0.5", b"1180591620717411303424"]
        assert [(unquote_to_bytes(one), unquote_to_bytes(other)) for one, _, other in pairs] == [
            (key, value) for value in values
        ]
        assert unquote_to_bytes(arrived["headers"]["cookie"].partition(b"=")[2]) == as_bytes(text)
        assert json.loads(arrived["body"]) == {"text": text, text: [text]}
        assert arrived["headers"]["content-type"] == b"application/json"


@formats
def test_hostile_texts_around_the_request_stay_data(tmp_path: Path, echo: tuple[Echo, str], name: str) -> None:
    results = []
    for number, text in enumerate(HOSTILE):
        case = make_case(f"case-{number}", title=text, targets=(text,), request=CaseRequest("GET", f"/{number}"))
        facts = {"description": text, "summary": text, "responses": (Response("200", text),)}
        endpoint = make_endpoint("GET", f"/{number}", tags=(text,), operation_id=text, **facts)
        results.append(make_result(endpoint, case, notes=(text,)))
    render(make_suite(results, title="".join(HOSTILE)), tmp_path / "suite", [name])
    run = RUNNERS[name](tmp_path / "suite", echo[1])
    assert run.verdicts == {f"case-{number}": "passed" for number in range(len(HOSTILE))}, run.output


HEADERS = {"X-Text": "宠 é", "X-Quoted": 'it\'s "a" $(id) `id` \\n %41 # // @x ${HOME}', "X-Number": 1.5, "X-Empty": ""}


@formats
def test_headers(tmp_path: Path, echo: tuple[Echo, str], name: str) -> None:
    send(name, tmp_path, echo[1], CaseRequest("GET", "/pets", headers=HEADERS))
    (arrived,) = echo[0].requests
    for header, text in HEADERS.items():
        assert arrived["headers"][header.lower()] == str(text).encode()
    assert arrived["body"] == b""


LINES = "-H 'a'\n\n### x\n}\n  two\r\n> {% x %}\n< /etc/passwd\n"
ODD = "'\n$(id) }} ${HOME} \\ é %s"
HUGE = (Repeat('{"a":', 3), Repeat(ODD, 2), Repeat(""), Repeat("x", 2**20), Repeat('"', 0))
HUGE_TEXT = '{"a":' * 3 + ODD * 2 + "x" * 2**20
BODIES = [
    (CaseRequest("POST", "/p", body=2**70, content_type="application/json"), b"1180591620717411303424"),
    (CaseRequest("POST", "/p", body={"a b": ["1", "&'\n"]}, content_type="application/x-www-form-urlencoded"),
     b"a%20b=1&a%20b=%26%27%0A"),
    (CaseRequest("POST", "/p", raw_body='{"a":1,"a":2}', content_type="application/json"), b'{"a":1,"a":2}'),
    (CaseRequest("POST", "/p", raw_body='{"a": }', content_type="application/json"), b'{"a": }'),
    (CaseRequest("POST", "/p", raw_body="", content_type="application/json"), b""),
    (CaseRequest("POST", "/p", raw_body="@/etc/passwd", content_type="text/plain"), b"@/etc/passwd"),
    (CaseRequest("POST", "/p", raw_body=LINES, content_type="text/plain"), LINES.encode()),
    (CaseRequest("POST", "/p", raw_body="'''\n$(id) \\ ~ \x07 é", content_type="text/plain"),
     "'''\n$(id) \\ ~ \x07 é".encode()),
    (CaseRequest("POST", "/p", raw_body="<a/>", content_type=""), b"<a/>"),
    (CaseRequest("DELETE", "/p", body={"a": 1}, content_type="application/json"), b'{"a":1}'),
    (CaseRequest("GET", "/p", raw_body="[", content_type="application/json"), b"["),
    (CaseRequest("POST", "/p", raw_body=HUGE, content_type="application/json"), HUGE_TEXT.encode()),
    (CaseRequest("POST", "/p", raw_body=(Repeat("ab", 2),), content_type="text/plain"), b"abab"),
]  # fmt: skip


@formats
def test_bodies(tmp_path: Path, echo: tuple[Echo, str], name: str) -> None:
    bodies = [pair for pair in BODIES if name != "bruno" or pair[0].content_type]  # it sends a type in any case
    run = send(name, tmp_path, echo[1], *(request for request, _ in bodies))
    assert set(run.verdicts.values()) == {"passed"}, run.output
    for (request, wanted), arrived in zip(bodies, echo[0].requests, strict=True):
        body = arrived["body"]
        if request.raw_body is None and request.content_type == "application/json":
            body = json.dumps(json.loads(body), separators=(",", ":")).encode()
        assert body == wanted
        assert arrived["headers"].get("content-type", b"").decode() == request.content_type


@pytest.mark.parametrize("name", sorted(RUNNERS.keys() - {"bruno"}))  # which makes such bodies in its own way
def test_multipart_forms(tmp_path: Path, echo: tuple[Echo, str], name: str) -> None:
    form = MediaType("multipart/form-data", {"properties": {"photo": {"type": "string", "format": "binary"}}})
    value = {"title": "a\nb", "photo": "\x01png"}
    request = CaseRequest("POST", "/pets", body=value, content_type="multipart/form-data")
    send(name, tmp_path, echo[1], request, body=Body(True, (form,)))
    assert echo[0].requests[0]["body"].split(b"\r\n") == [
        b"--casecraft-boundary",
        b'Content-Disposition: form-data; name="title"',
        b"",
        b"a\nb",
        b"--casecraft-boundary",
        b'Content-Disposition: form-data; name="photo"; filename="file"',
        b"Content-Type: application/octet-stream",
        b"",
        b"\x01png",
        b"--casecraft-boundary--",
        b"",
    ]


def test_multipart_forms_of_bruno(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    form = MediaType("multipart/form-data", {"properties": {"photo": {"type": "string", "format": "binary"}}})
    values: list[Any] = [
        {"title": "a b", "photo": "\x01 {{png}}", "tags": ["x", "y"], "more": {"a": {"b": 1}}, "price": 1.5},
        {"title": "two\nlines"},
        {"title": "{{x}}"},
        {"ti tle": "a"},
        {},
    ]
    requests = [CaseRequest("POST", "/pets", body=one, content_type="multipart/form-data") for one in values]
    run = send("bruno", tmp_path, echo[1], *requests, body=Body(True, (form,)))
    assert run.verdicts == {"case-000": "passed"}, "the others are listed"
    (arrived,) = echo[0].requests
    kind, boundary = arrived["headers"]["content-type"].split(b"; boundary=")
    assert kind == b"multipart/form-data"
    parts = [part.strip(b"\r\n").split(b"\r\n\r\n") for part in arrived["body"].split(b"--" + boundary)[1:-1]]
    assert [value for _, value in parts] == [b"a b", b"\x01 {{png}}", b"x", b"y", b'{"a":{"b":1}}', b"1.5"]
    names = [re.findall(rb'name="([^"]*)"', head)[0] for head, _ in parts]
    assert names == [b"title", b"photo", b"tags", b"tags", b"more", b"price"]
    assert b"filename=" in parts[1][0]
    assert b"Content-Type: application/octet-stream" in parts[1][0]
    assert b"Content-Type: application/json" in parts[4][0]


@formats
def test_what_cannot_be_sent_is_listed_with_the_reason(tmp_path: Path, echo: tuple[Echo, str], name: str) -> None:
    requests = [
        CaseRequest("GET", "/pets"),
        CaseRequest("GET", "/pets", headers={"X": "two\nlines"}),
        CaseRequest("GET", "/pets", headers={"X": " blank "}),
        CaseRequest("GET", "/pets", headers={"X: y": "1"}),
    ]
    run = send(name, tmp_path, echo[1], *requests)
    assert len(echo[0].requests) == 1
    ends = {f"case-{number:03}": run.verdicts.get(f"case-{number:03}", "skipped") for number in range(4)}
    assert ends == {"case-000": "passed", "case-001": "skipped", "case-002": "skipped", "case-003": "skipped"}
    readme = (tmp_path / "suite" / name / "README.md").read_text()
    for number in (1, 2, 3):
        assert f"case\\-00{number}: " in readme


@pytest.mark.parametrize("name", ["http", "postman"])
def test_bodies_in_parts_that_would_be_filled_in_are_listed(tmp_path: Path, echo: tuple[Echo, str], name: str) -> None:
    parts = (Repeat("{", 2), Repeat("baseUrl"), Repeat("}", 2))
    request = CaseRequest("POST", "/pets", raw_body=parts, content_type="text/plain")
    send(name, tmp_path, echo[1], request, CaseRequest("GET", "/pets"))
    assert len(echo[0].requests) == 1
    assert "double braces in the body" in (tmp_path / "suite" / name / "README.md").read_text()


SCHEMES = {
    "header": key_scheme("the-key"),
    "query": key_scheme("Query Key", "query", "api key"),
    "cookie": key_scheme("session", "cookie", "sid"),
    "basic": SecurityScheme("basic", "http", http_scheme="basic"),
    "bearer": SecurityScheme("bearer", "http", http_scheme="bearer"),
}
SECRETS = {
    "CASECRAFT_AUTH_THE_KEY": "key'$(id)secret",
    "CASECRAFT_AUTH_QUERY_KEY": "query &secret",
    "CASECRAFT_AUTH_SESSION": "cookie;secret",
    "CASECRAFT_AUTH_BASIC": "me:basic-secret",
    "CASECRAFT_AUTH_BEARER": "bearer-secret",
    "CASECRAFT_AUTH_THE_KEY_WITHOUT_PETS_READ": "lesser",
    "CASECRAFT_FOREIGN_AUTH_THE_KEY": "theirs",
}


@formats
def test_credentials_go_where_the_document_says(tmp_path: Path, echo: tuple[Echo, str], name: str) -> None:
    results = [
        make_result(make_endpoint(path=f"/{place}", security=((scheme,),)), make_case(place))
        for place, scheme in SCHEMES.items()
    ]
    others = ("none", "invalid", "foreign")
    cases = [make_case(kind, request=CaseRequest("GET", f"/as/{kind}", credentials=kind)) for kind in others]
    results.append(make_result(make_endpoint(path="/as", security=((SCHEMES["header"],),)), *cases))
    scope = MissingScope("the-key", "pets:read")
    lesser = make_case("lesser", request=CaseRequest("GET", "/lesser", without_scope=scope))
    alternatives = ((SCHEMES["bearer"],), (SCHEMES["header"],))
    results.append(make_result(make_endpoint(path="/lesser", security=alternatives), lesser))
    render(make_suite(results), tmp_path / "suite", [name])
    run = RUNNERS[name](tmp_path / "suite", echo[1], **SECRETS)
    assert set(run.verdicts.values()) == {"passed"}, run.output
    arrived = echo[0].requests
    keys = [one["headers"].get("x-api-key") for one in arrived]
    assert sorted(filter(None, keys)) == [b"casecraft-invalid-credential", b"key'$(id)secret", b"lesser", b"theirs"]
    assert b"api%20key=query%20%26secret" in [one["query"] for one in arrived]
    assert b"sid=cookie%3Bsecret" in [one["headers"].get("cookie") for one in arrived]
    tickets = {one["headers"].get("authorization") for one in arrived}
    assert tickets == {None, b"Bearer bearer-secret", f"Basic {basic('me:basic-secret')}".encode()}


@formats
def test_credentials_are_tried_for_one_scheme(tmp_path: Path, echo: tuple[Echo, str], name: str) -> None:
    wrong = CaseRequest("GET", "/wrong", credentials="invalid", credentials_for="bearer")
    foreign = CaseRequest("GET", "/foreign", credentials="foreign", credentials_for="the-key")
    endpoint = make_endpoint(security=((SCHEMES["basic"],), (SCHEMES["header"], SCHEMES["bearer"])))
    cases = [make_case("wrong", request=wrong), make_case("foreign", request=foreign)]
    render(make_suite([make_result(endpoint, *cases)]), tmp_path / "suite", [name])
    run = RUNNERS[name](tmp_path / "suite", echo[1], **SECRETS, CASECRAFT_FOREIGN_AUTH_BEARER="their-token")
    assert set(run.verdicts.values()) == {"passed"}, run.output
    sent = {
        one["path"].decode(): (one["headers"]["x-api-key"], one["headers"]["authorization"]) for one in echo[0].requests
    }
    assert sent == {
        "/wrong": (b"key'$(id)secret", b"Bearer casecraft-invalid-credential"),
        "/foreign": (b"theirs", b"Bearer their-token"),
    }


@formats
def test_credentials_that_are_not_set_block(tmp_path: Path, echo: tuple[Echo, str], name: str) -> None:
    kinds = ("own", "none", "invalid", "foreign")
    cases = [make_case(kind, request=CaseRequest("GET", "/pets", credentials=kind)) for kind in kinds]
    endpoint = make_endpoint(security=((key_scheme("the key"),),))
    render(make_suite([make_result(endpoint, *cases)]), tmp_path / "suite", [name])
    run = RUNNERS[name](tmp_path / "suite", echo[1])
    assert run.verdicts == {"own": "skipped", "none": "passed", "invalid": "passed", "foreign": "skipped"}
    if name != "http":  # where the file itself names it
        assert "CASECRAFT_FOREIGN_AUTH_THE_KEY" in run.output
    assert run.code == 0


@formats
def test_statuses_and_ranges(tmp_path: Path, echo: tuple[Echo, str], name: str) -> None:
    ways: dict[str, tuple[int | str, ...]] = {
        "exact": (200,),
        "range": ("2XX",),
        "any": (404, "2xx"),
        "wrong": ("4XX",),
    }
    cases = [make_case(key, expect=Expectation(status)) for key, status in ways.items()]
    render(make_suite([make_result(make_endpoint(), *cases)]), tmp_path / "suite", [name])
    run = RUNNERS[name](tmp_path / "suite", echo[1])
    assert run.verdicts == {"exact": "passed", "range": "passed", "any": "passed", "wrong": "failed"}
    assert run.code != 0


@formats
def test_resources_are_made_and_removed(tmp_path: Path, name: str) -> None:
    render(life_cycle_suite(), tmp_path / "suite", [name])
    with serve(create_app(stateful=True)) as url:
        run = RUNNERS[name](tmp_path / "suite", url, **CREDENTIALS)
    expected = {"read": "passed", "needs-missing": "skipped", "remove": "passed"}
    expected |= {f"life--{step}": "passed" for step in ("made", "read", "rename", "removed", "gone")}
    assert {key: run.verdicts.get(key) for key in expected} == expected, run.output
    assert run.code == 0


PATTERNS = {"unicode": r"^\p{Lu}é$", "of-python": r"^(?P<a>É)é$", "plain": "^É.$", "wrong": "^e$"}


@pytest.mark.parametrize("name", sorted(RUNNERS.keys() - {"curl"}))
def test_patterns_that_a_program_does_not_know_are_passed_over(
    tmp_path: Path, echo: tuple[Echo, str], name: str
) -> None:
    results = []
    for key, pattern in PATTERNS.items():
        echo[0].answers[f"/{key}".encode()] = Answer(200, '{"pattern": "Éé"}'.encode())
        schema = {"properties": {"pattern": {"type": "string", "pattern": pattern}}}
        endpoint = make_endpoint(path=f"/{key}", responses=(answer_of("200", schema),))
        results.append(make_result(endpoint, make_case(key, request=CaseRequest("GET", f"/{key}"))))
    render(make_suite(results), tmp_path / "suite", [name])
    run = RUNNERS[name](tmp_path / "suite", echo[1])
    assert run.verdicts == {**dict.fromkeys(PATTERNS, "passed"), "wrong": "failed"}, run.messages


READ_BACK = {"/owner/address/street": "{{x}} %} $HOME", "/animal/lives": 9.0, "/status": "sold"}


@formats
@pytest.mark.parametrize(("status", "verdict"), [("sold", "passed"), ("pending", "failed")])
def test_values_that_a_step_reads_back_are_compared(tmp_path: Path, name: str, status: str, verdict: str) -> None:
    suite = life_cycle_suite()
    (life,) = suite.scenarios
    made, read, *others = life.steps
    steps = (made, replace(read, values={**READ_BACK, "/status": status}), *others)
    render(replace(suite, scenarios=(replace(life, steps=steps),)), tmp_path / "suite", [name])
    with serve(create_app(stateful=True)) as url:
        run = RUNNERS[name](tmp_path / "suite", url, **CREDENTIALS)
    assert run.verdicts["life--read"] == verdict, run.output
    assert run.verdicts.get("life--gone", "skipped") == ("passed" if verdict == "passed" else "skipped")
    if verdict == "failed":
        problem = 'value mismatch: the body has "sold" at /status, expected "pending"'
        assert run.messages["life--read"].startswith(problem)


@formats
def test_lists_are_held_to_values_of_earlier_answers(tmp_path: Path, name: str) -> None:
    shelter = make_endpoint("GET", "/pets", tags=("pets",), responses=())
    bindings = (Binding("/query/chip", "pet", "/id"),)
    case = make_case("chip", request=CaseRequest("GET", "/pets", query={"chip": "none"}), bindings=bindings)
    suite = life_cycle_suite()
    results = (*suite.results, make_result(shelter, case))
    listing = {shelter.id: Listing("/items", "limit", ("chip",))}
    for number, answer in enumerate(("other", "{pet}")):
        app = Shelf(answer)
        render(replace(suite, results=results, listings=listing), tmp_path / str(number), [name])
        with serve(app) as url:
            run = RUNNERS[name](tmp_path / str(number), url, **CREDENTIALS)
        assert run.verdicts["chip"] == ("passed" if number else "failed"), run.output


class Shelf:
    """Makes a pet with the id 7 x, and lists one that has this id or another as its chip."""

    def __init__(self, chip: str) -> None:
        self.chip = chip.replace("{pet}", "7 x")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        status = {"POST": 201, "GET": 200}.get(scope["method"], 204)
        content = {"id": "7 x", "name": "a", "items": [{"chip": self.chip}]}
        headers = [(b"content-type", b"application/json"), (b"location", b"/pets/7%20x")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if status == 204 else json.dumps(content).encode()})


@formats
def test_failing_step_ends_its_scenario(tmp_path: Path, name: str) -> None:
    render(life_cycle_suite(), tmp_path / "suite", [name])
    with serve(create_app("creation-answers-200", stateful=True)) as url:
        run = RUNNERS[name](tmp_path / "suite", url, **CREDENTIALS)
    assert run.verdicts["life--made"] == "failed"
    assert run.verdicts.get("life--gone", "skipped") != "passed"
    assert run.code != 0
