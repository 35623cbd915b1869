"""Written suites, run by a real pytest against a real server."""

import email.parser
import email.policy
import json
import py_compile
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from casecraft.core.case import CaseRequest, Expectation
from casecraft.core.endpoint import Body, MediaType, Response, SecurityScheme
from casecraft.suites import render
from tests.suites.running import HOSTILE, Answer, Echo, basic, outcomes, run_suite
from tests.suites.samples import PET, answer_of, key_scheme, make_case, make_endpoint, make_result, make_suite

pytestmark = pytest.mark.slow


def send(folder: Path, echo: tuple[Echo, str], *requests: CaseRequest, **more: Any) -> list[dict[str, Any]]:
    """What arrives when a suite of these requests is run, in their order."""
    cases = [make_case(f"case-{number:03}", request=request) for number, request in enumerate(requests)]
    more.setdefault("responses", (Response("200"),))
    render(make_suite([make_result(make_endpoint(**more), *cases)]), folder)
    done = run_suite(folder, echo[1])
    assert done.returncode == 0, done.stdout
    assert len(echo[0].requests) == len(requests)
    return echo[0].requests


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def form_of(raw: bytes) -> list[tuple[bytes, bytes]]:
    pairs = [pair.partition(b"=") for pair in raw.split(b"&") if pair]
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pairs]


def test_hostile_values_arrive_as_they_are(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    requests = [
        CaseRequest(
            "POST",
            "/pets/{name}/end",
            {"name": text},
            {text or "empty": [text, 1, True, None, 0.5]},
            {},
            {"a": text, "b": text},
            {"text": text, text: [text]},
            "application/json",
        )
        for text in HOSTILE
    ]
    for text, arrived in zip(HOSTILE, send(tmp_path, echo, *requests), strict=True):
        assert unquote_to_bytes(arrived["path"]) == b"/pets/" + as_bytes(text) + b"/end"
        name = as_bytes(text or "empty")
        values = [as_bytes(text), b"1", b"true", b"null", b"0.5"]
        assert form_of(arrived["query"]) == [(name, value) for value in values]
        cookies = [pair.partition(b"=") for pair in arrived["headers"]["cookie"].split(b"; ")]
        assert [(name, unquote_to_bytes(value)) for name, _, value in cookies] == [
            (b"a", as_bytes(text)),
            (b"b", as_bytes(text)),
        ]
        assert json.loads(arrived["body"]) == {"text": text, text: [text]}
        assert arrived["headers"]["content-type"] == b"application/json"


def test_hostile_texts_around_the_request_stay_data(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    results = []
    for number, text in enumerate(HOSTILE):
        case = make_case(f"{text}-{number}", title=text, targets=(text,), request=CaseRequest("GET", f"/{number}"))
        endpoint = make_endpoint(
            "GET",
            f"/{number}",
            tags=(text,),
            description=text,
            summary=text,
            operation_id=text,
            responses=(Response("200", text),),
        )
        results.append(make_result(endpoint, case, notes=(text,)))
    render(make_suite(results, title="".join(HOSTILE)), tmp_path)
    done = run_suite(tmp_path, echo[1])
    assert done.returncode == 0, done.stdout
    assert f"{len(HOSTILE)} passed" in done.stdout
    for file in tmp_path.glob("*.py"):
        assert "__import__" not in file.read_text("utf-8")


def test_hostile_paths_reach_the_server(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    requests = [
        CaseRequest("GET", path, {"id": "1"}, {"b": "2"})
        for path in ("/act?a=1#Frag", "/pets#list", "/a b/{id}", "/{id}.{id}", "/{{id}}", "/宠物/{id}")
    ]
    arrived = send(tmp_path, echo, *requests)
    assert [(unquote_to_bytes(one["path"]).decode(), one["query"]) for one in arrived] == [
        ("/act", b"a=1&b=2"),
        ("/pets", b"b=2"),
        ("/a b/1", b"b=2"),
        ("/1.1", b"b=2"),
        ("/{1}", b"b=2"),
        ("/宠物/1", b"b=2"),
    ]


def test_header_values_are_written_as_json_writes_them(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    sent = {"X-Text": "é 宠", "X-Number": 1.5, "X-True": True, "X-None": None, "X-Empty": "", "user-agent": "mine"}
    (arrived,) = send(tmp_path, echo, CaseRequest("GET", "/pets", headers=sent))
    headers = arrived["headers"]
    assert [headers[name.lower()] for name in sent] == ["é 宠".encode(), b"1.5", b"true", b"null", b"", b"mine"]


def test_header_that_http_cannot_carry_is_skipped(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    case = make_case(request=CaseRequest("GET", "/pets", headers={"X": "two\nlines"}))
    render(make_suite([make_result(make_endpoint(), case)]), tmp_path)
    done = run_suite(tmp_path, echo[1])
    assert "no way to send this" in done.stdout
    assert "1 skipped" in done.stdout


BODIES: list[tuple[str, Any, bytes]] = [
    ("application/json", None, b"null"),
    ("application/json", "text", b'"text"'),
    ("application/problem+json; charset=utf-8", [1], b"[1]"),
    ("text/plain", "not { json", b"not { json"),
    ("application/xml", "<pet/>", b"<pet/>"),
    ("application/xml", {"a": 1}, b'{"a":1}'),
    (
        "application/x-www-form-urlencoded",
        {"a b": ["1", 2, True], "c": {"d": None}},
        b"a%20b=1&a%20b=2&a%20b=true&c=%7B%22d%22%3Anull%7D",
    ),
    ("application/x-www-form-urlencoded", "raw=1&&", b"raw=1&&"),
    ("application/x-www-form-urlencoded", {}, b""),
]


def test_bodies(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    requests = [CaseRequest("POST", "/pets", body=body, content_type=content_type) for content_type, body, _ in BODIES]
    arrived = send(tmp_path, echo, *requests)
    assert [(one["headers"]["content-type"].decode(), one["body"]) for one in arrived] == [
        (content_type, wanted) for content_type, _, wanted in BODIES
    ]


def test_no_body_without_a_content_type(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    (arrived,) = send(tmp_path, echo, CaseRequest("POST", "/pets"))
    assert arrived["body"] == b""
    assert "content-type" not in arrived["headers"]


def test_multipart_forms(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    form = MediaType("multipart/form-data", {"properties": {"photo": {"type": "string", "format": "binary"}}})
    value = {"title": 'a "b"\n\ud800', "photo": "\x00png", "tags": ["x", 2], "more": {"a": [1]}}
    filled, empty = send(
        tmp_path,
        echo,
        CaseRequest("POST", "/pets", body=value, content_type="multipart/form-data"),
        CaseRequest("POST", "/pets", body={}, content_type="multipart/form-data"),
        body=Body(True, (form,)),
    )
    parser = email.parser.BytesParser(policy=email.policy.HTTP)
    message = parser.parsebytes(b"Content-Type: " + filled["headers"]["content-type"] + b"\r\n\r\n" + filled["body"])
    parts = [
        (part.get_param("name", header="content-disposition"), part.get_filename(), part.get_payload(decode=True))
        for part in message.iter_parts()
    ]
    assert parts == [
        ("title", None, as_bytes(value["title"])),
        ("photo", "file", b"\x00png"),
        ("tags", None, b"x"),
        ("tags", None, b"2"),
        ("more", None, b'{"a":[1]}'),
    ]
    assert empty["headers"]["content-type"] == b"multipart/form-data; boundary=none"
    assert empty["body"] == b"--none--\r\n"


def test_cookies_of_answers_are_not_sent_back(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    arrived = send(tmp_path, echo, CaseRequest("GET", "/pets"), CaseRequest("GET", "/pets"))
    assert not [one for one in arrived if "cookie" in one["headers"]]


SCHEMES = {
    "header": key_scheme("the-key"),
    "query": key_scheme("Query Key", "query", "api key"),
    "cookie": key_scheme("session", "cookie", "sid"),
    "basic": SecurityScheme("basic", "http", http_scheme="basic"),
    "bearer": SecurityScheme("bearer", "http", http_scheme="bearer"),
    "oauth": SecurityScheme("oauth", "oauth2"),
}
SECRETS = {
    "CASECRAFT_AUTH_THE_KEY": "key&secret",
    "CASECRAFT_AUTH_QUERY_KEY": "query secret",
    "CASECRAFT_AUTH_SESSION": "cookie;secret",
    "CASECRAFT_AUTH_BASIC": "me:basic-secret",
    "CASECRAFT_AUTH_BEARER": "it's-a-secret",
    "CASECRAFT_AUTH_OAUTH": "oauth-secret\n",
}


def secured(folder: Path, *security: tuple[str, ...], case: CaseRequest | None = None) -> None:
    alternatives = tuple(tuple(SCHEMES[name] for name in together) for together in security)
    endpoint = make_endpoint(security=alternatives)
    render(make_suite([make_result(endpoint, make_case(request=case))]), folder)


def secured_each(folder: Path, request: CaseRequest) -> None:
    """One endpoint for each scheme, with one case of the scheme's name."""
    results = [
        make_result(make_endpoint(path=f"/{name}", security=((scheme,),)), make_case(name, request=request))
        for name, scheme in SCHEMES.items()
    ]
    render(make_suite(results), folder)


def test_credentials_go_where_the_document_says(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    secured_each(tmp_path, CaseRequest("GET", "/pets"))
    assert run_suite(tmp_path, echo[1], **SECRETS).returncode == 0
    places = ("x-api-key", "cookie", "authorization")
    found = [
        {name: value for name, value in one["headers"].items() if name in places}
        | ({"query": one["query"]} if one["query"] else {})
        for one in echo[0].requests
    ]
    wanted = [
        {"authorization": b"Basic " + basic("me:basic-secret").encode()},
        {"authorization": b"Bearer it's-a-secret"},
        {"cookie": b"sid=cookie%3Bsecret"},
        {"x-api-key": b"key&secret"},
        {"authorization": b"Bearer oauth-secret"},
        {"query": b"api%20key=query%20secret"},
    ]
    assert sorted(map(repr, found)) == sorted(map(repr, wanted))


def test_first_alternative_that_the_environment_has_is_taken(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    secured(tmp_path, (), ("header", "cookie"), ("bearer",))
    wanted = {"CASECRAFT_AUTH_BEARER": "t", "CASECRAFT_AUTH_THE_KEY": "k"}
    assert run_suite(tmp_path, echo[1], **wanted).returncode == 0
    headers = echo[0].requests[0]["headers"]
    assert headers["authorization"] == b"Bearer t"
    assert "x-api-key" not in headers


@pytest.mark.parametrize("alternatives", [[("bearer",)], [("header", "bearer"), ("cookie",)]])
def test_case_without_its_credentials_is_skipped_by_name(
    tmp_path: Path, echo: tuple[Echo, str], alternatives: list[tuple[str, ...]]
) -> None:
    secured(tmp_path, *alternatives)
    done = run_suite(tmp_path, echo[1], CASECRAFT_AUTH_THE_KEY="k")
    assert "1 skipped" in done.stdout
    assert "CASECRAFT_AUTH_BEARER" in done.stdout
    assert echo[0].requests == []


def test_client_certificate_is_not_pretended(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    endpoint = make_endpoint(security=((SecurityScheme("tls", "mutualTLS"),),))
    render(make_suite([make_result(endpoint, make_case())]), tmp_path)
    assert "client certificate" in run_suite(tmp_path, echo[1], CASECRAFT_AUTH_TLS="x").stdout


def test_unauthenticated_case_sends_no_credentials(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    secured(tmp_path, ("header", "bearer", "cookie"), case=CaseRequest("GET", "/pets", credentials="none"))
    assert run_suite(tmp_path, echo[1], **SECRETS).returncode == 0
    assert {"x-api-key", "authorization", "cookie"}.isdisjoint(echo[0].requests[0]["headers"])


def test_credentials_of_the_case_itself_stand(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    secured(tmp_path, ("header",), case=CaseRequest("GET", "/pets", headers={"x-api-KEY": "wrong"}))
    assert run_suite(tmp_path, echo[1], **SECRETS).returncode == 0
    assert echo[0].requests[0]["headers"]["x-api-key"] == b"wrong"


def test_failure_shows_everything_but_the_secret(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    echo[0].repeat = True
    request = CaseRequest("POST", "/pets", {}, {"q": "it's"}, body={"a": "b c"}, content_type="application/json")
    secured_each(tmp_path / "suite", request)
    ends = outcomes(tmp_path / "suite", echo[1], "--showlocals", "--log-level=DEBUG", **SECRETS)
    assert set(ends) == set(SCHEMES)
    for name, message in ends.items():
        assert "does not fit its schema at $.id: 'wrong' is not of type 'integer'" in message
        assert "curl -X POST" in message
        assert """--data-raw '{"a":"b c"}'""" in message
        assert "200 OK, application/json" in message
        assert "secret" not in message
        assert "it's-a" not in message
        assert basic("me:basic-secret") not in message
        assert f"$CASECRAFT_AUTH_{re.sub('[^A-Z]', '_', SCHEMES[name].name.upper())}" in message


def test_made_up_credentials_are_shown_as_they_are(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    echo[0].repeat = True
    secured_each(tmp_path / "suite", CaseRequest("GET", "/pets", credentials="invalid"))
    ends = outcomes(tmp_path / "suite", echo[1], **SECRETS)
    assert "-H 'X-API-Key: casecraft-invalid-credential'" in ends["header"]
    assert f"-H 'Authorization: Basic {basic('nobody:wrong')}'" in ends["basic"]
    assert not any("$CASECRAFT" in message for message in ends.values())


def test_secret_that_cannot_be_sent_is_not_shown(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    secured(tmp_path, ("header",))
    done = run_suite(tmp_path, echo[1], CASECRAFT_AUTH_THE_KEY="opaque\ntoken")
    assert "no way to send this" in done.stdout
    assert "opaque" not in done.stdout


PLAIN = {"responses": (answer_of("200", PET),)}
RANGED = {
    "responses": (
        answer_of("404", {"required": ["by_number"]}),
        answer_of("4xx", {"required": ["by_range"]}),
        answer_of("default", {"required": ["by_default"]}),
    )
}
TYPED = {
    "responses": (
        Response(
            "200",
            "",
            (
                MediaType("application/*", {"required": ["wide"]}),
                MediaType("application/json; charset=utf-8", {"required": ["narrow"]}),
                MediaType("text/plain", True),
            ),
        ),
    )
}
HEAD = {"method": "HEAD", **PLAIN}
ODD = {"responses": (answer_of("200", {"type": "string", "pattern": r"^\p{L}+$", "minLength": 3}),)}
DATED = {"responses": (answer_of("200", {"type": "string", "format": "date"}),)}


ANSWERS: list[tuple[Answer, Any, Expectation, str]] = [
    (Answer(201), PLAIN, Expectation((200,)), "status 201, expected 200"),
    (Answer(201), PLAIN, Expectation((200, "2XX")), ""),
    (Answer(201), PLAIN, Expectation(("2xx",)), ""),
    (Answer(500), PLAIN, Expectation((400, "4XX")), "status 500, expected 400 or 4XX"),
    (Answer(200, b"{}"), PLAIN, Expectation((200,)), "'id' is a required property"),
    (Answer(200, b"{}"), PLAIN, Expectation((200,), check_schema=False), ""),
    (Answer(200, b'{"id": 1, "toy": {"owner": {}}}'), PLAIN, Expectation((200,)), "at $.toy.owner"),
    (Answer(200, b"{"), PLAIN, Expectation((200,)), "the body is no JSON"),
    (
        Answer(200, b"<p>", "text/html"),
        PLAIN,
        Expectation((200,)),
        "content type mismatch: 'text/html', expected application/json",
    ),
    (Answer(404, b"{}"), RANGED, Expectation(("4XX",)), "'by_number'"),
    (Answer(400, b"{}"), RANGED, Expectation(("4XX",)), "'by_range'"),
    (Answer(500, b"{}"), RANGED, Expectation(("5XX",)), "'by_default'"),
    (Answer(202, b"?", "a/b"), PLAIN, Expectation((202,)), ""),
    (Answer(200, b"", "text/x"), HEAD, Expectation((200,)), ""),
    (Answer(200, b"{}"), TYPED, Expectation((200,)), "'narrow'"),
    (Answer(200, b"{}", "application/x+json"), TYPED, Expectation((200,)), "'wide'"),
    (Answer(200, b"", "TEXT/plain;charset=x"), TYPED, Expectation((200,)), ""),
    (Answer(200, b'"abc"'), ODD, Expectation((200,)), ""),
    (Answer(200, b'"ab"'), ODD, Expectation((200,)), "too short"),
    (Answer(200, b'"2024-02-30"'), DATED, Expectation((200,)), "is not a 'date'"),
]


def test_answers_are_checked(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    results = []
    for number, (answer, endpoint, expect, _) in enumerate(ANSWERS):
        path = f"/{number}"
        echo[0].answers[path.encode()] = answer
        case = make_case(str(number), expect=expect, request=CaseRequest(endpoint.get("method", "GET"), path))
        results.append(make_result(make_endpoint(path=path, **endpoint), case))
    render(make_suite(results), tmp_path / "suite")
    ends = outcomes(tmp_path / "suite", echo[1])
    assert len(ends) == len(ANSWERS)
    for number, (*_, message) in enumerate(ANSWERS):
        found = ends[str(number)]
        assert (message in found) if message else found == ""


def test_no_answer_is_one_clear_failure(tmp_path: Path) -> None:
    render(make_suite([make_result(make_endpoint(), make_case())]), tmp_path)
    done = run_suite(tmp_path, "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "no answer: ConnectError" in done.stdout
    assert "Traceback" not in done.stdout
    assert "During handling" not in done.stdout


@pytest.mark.parametrize(("options", "url"), [((), ""), (("-p", "xdist.plugin", "-n", "2"), "localhost:8000")])
def test_missing_base_url_is_one_line(tmp_path: Path, options: tuple[str, ...], url: str) -> None:
    render(make_suite([make_result(make_endpoint(), *(make_case(str(number)) for number in range(9)))]), tmp_path)
    done = run_suite(tmp_path, url, *options)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert done.stderr.strip().count("\n") == 0
    assert "CASECRAFT_BASE_URL must say where the API is" in done.stderr


def test_cases_can_be_listed_without_a_base_url(tmp_path: Path) -> None:
    render(make_suite([make_result(make_endpoint(), make_case())]), tmp_path)
    assert "1 test collected" in run_suite(tmp_path, "", "--collect-only").stdout


def test_cases_are_chosen_by_priority_and_validity(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    cases = [make_case(f"{p}-{valid}", priority=p, valid=valid) for p in ("P0", "P1") for valid in (True, False)]
    render(make_suite([make_result(make_endpoint(), *cases)]), tmp_path)
    done = run_suite(tmp_path, echo[1], "-v", "--strict-markers", "-m", "P1 and invalid")
    assert "[P1-False] PASSED" in done.stdout
    assert "1 passed, 3 deselected" in done.stdout


def test_suite_runs_in_parallel(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    cases = [make_case(f"{number} {text}") for number, text in enumerate(HOSTILE)]
    render(make_suite([make_result(make_endpoint(), *cases)]), tmp_path)
    done = run_suite(tmp_path, echo[1], "-p", "xdist.plugin", "-n", "2")
    assert f"{len(HOSTILE)} passed" in done.stdout, done.stdout


def test_source_is_clean(tmp_path: Path) -> None:
    paths = ["/pets", "/" + "long-segment/" * 20, "/pets/{id}", "/user-groups", "/user/groups"]
    results = [make_result(make_endpoint("GET", path, tags=("one",)), make_case(path)) for path in paths]
    render(make_suite(results), tmp_path)
    for file in tmp_path.glob("*.py"):
        py_compile.compile(str(file), cfile=str(tmp_path / "x.pyc"), doraise=True)
    for command in (
        ["check", "--isolated", "--select", "E4,E7,E9,F,I,B,UP,SIM,W,C4,PT"],
        ["format", "--isolated", "--check", "--line-length", "120"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
