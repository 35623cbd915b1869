"""Suites for Jest, run by Jest."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from casecraft.core.case import Binding, CaseRequest, Expectation, MissingScope, Repeat
from casecraft.core.endpoint import Body, MediaType, Response, SecurityScheme
from casecraft.suites import render
from tests.petstore.app import create_app
from tests.petstore.server import serve
from tests.suites.conftest import CREDENTIALS, Comparison
from tests.suites.consumers import Run, run_jest
from tests.suites.life_cycle import life_cycle_suite
from tests.suites.running import HOSTILE, Echo
from tests.suites.samples import key_scheme, make_case, make_endpoint, make_result, make_suite

pytestmark = pytest.mark.slow


def test_verdicts_are_those_of_pytest(run_both: Comparison) -> None:
    jest, pytest_run = run_both(run_jest, "page-without-total")
    assert jest.verdicts == pytest_run.verdicts
    assert set(jest.verdicts.values()) == {"passed", "failed", "skipped"}
    assert jest.code == pytest_run.code == 1, jest.output


def send(folder: Path, url: str, *requests: CaseRequest, **more: Any) -> Run:
    cases = [make_case(f"case-{number:03}", request=request) for number, request in enumerate(requests)]
    more.setdefault("responses", (Response("200"),))
    render(make_suite([make_result(make_endpoint(**more), *cases)]), folder / "suite", ["jest"])
    return run_jest(folder / "suite", url)


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def test_hostile_values_arrive_as_they_are(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    requests = [
        CaseRequest(
            "POST",
            "/pets/x{name}/end",
            {"name": text},
            {text or "empty": [text, 1, True, None, 0.5]},
            {},
            {"a": text},
            {"text": text, text: [text]},
            "application/json",
        )
        for text in HOSTILE
    ]
    run = send(tmp_path, echo[1], *requests)
    assert set(run.verdicts.values()) == {"passed"}, run.output
    for text, arrived in zip(HOSTILE, echo[0].requests, strict=True):
        assert unquote_to_bytes(arrived["path"]) == b"/pets/x" + as_bytes(text) + b"/end"
        pairs = [pair.partition(b"=") for pair in arrived["query"].split(b"&")]
        name = as_bytes(text or "empty")
        values = [as_bytes(text), b"1", b"true", b"null", b"0.5"]
        assert [(unquote_to_bytes(one), unquote_to_bytes(other)) for one, _, other in pairs] == [
            (name, value) for value in values
        ]
        assert unquote_to_bytes(arrived["headers"]["cookie"].partition(b"=")[2]) == as_bytes(text)
        assert json.loads(arrived["body"]) == {"text": text, text: [text]}


def test_hostile_names_are_names(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    cases = [make_case(f"case-{number}", title=text) for number, text in enumerate(HOSTILE)]
    render(make_suite([make_result(make_endpoint(tags=("a\"b'`${c}",)), *cases)]), tmp_path / "suite", ["jest"])
    run = run_jest(tmp_path / "suite", echo[1])
    assert set(run.verdicts.values()) == {"passed"}
    assert len(run.verdicts) == len(HOSTILE)


BODIES = [
    (CaseRequest("POST", "/pets", body=2**70, content_type="application/json"), b"1180591620717411303424"),
    (CaseRequest("POST", "/pets", body=[1.0, 1e300], content_type="application/json"), b"[1.0,1e+300]"),
    (CaseRequest("POST", "/pets", body={"a b": ["1", 2.0]}, content_type="application/x-www-form-urlencoded"),
     b"a%20b=1&a%20b=2.0"),
    (CaseRequest("POST", "/pets", body="{}", raw_body='{"a":1,"a":\x00', content_type="application/json"),
     b'{"a":1,"a":\x00'),
    (CaseRequest("POST", "/pets", raw_body="<a/>", content_type=""), b"<a/>"),
    (CaseRequest("POST", "/pets", raw_body=(Repeat("é", 2**19), Repeat(""), Repeat("]", 0)), content_type="text/plain"),
     "é".encode() * 2**19),
    (CaseRequest("POST", "/pets", body="half \ud83d", content_type="text/plain"), b"half \xed\xa0\xbd"),
]  # fmt: skip


def test_bodies(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    send(tmp_path, echo[1], *(request for request, _ in BODIES))
    assert [one["body"] for one in echo[0].requests] == [wanted for _, wanted in BODIES]
    types = [one["headers"].get("content-type", b"").decode() for one in echo[0].requests]
    assert types == [request.content_type for request, _ in BODIES]


def test_multipart_forms(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    form = MediaType("multipart/form-data", {"properties": {"photo": {"type": "string", "format": "binary"}}})
    value = {'ti"tle': "a\nb", "photo": "\x00png", "more": {"a": [1]}}
    request = CaseRequest("POST", "/pets", body=value, content_type="multipart/form-data")
    send(tmp_path, echo[1], request, body=Body(True, (form,)))
    assert echo[0].requests[0]["body"].split(b"\r\n") == [
        b"--casecraft-boundary",
        b'Content-Disposition: form-data; name="ti%22tle"',
        b"",
        b"a\nb",
        b"--casecraft-boundary",
        b'Content-Disposition: form-data; name="photo"; filename="file"',
        b"Content-Type: application/octet-stream",
        b"",
        b"\x00png",
        b"--casecraft-boundary",
        b'Content-Disposition: form-data; name="more"',
        b"Content-Type: application/json",
        b"",
        b'{"a":[1]}',
        b"--casecraft-boundary--",
        b"",
    ]


def test_requests_that_fetch_cannot_send_are_skipped_with_the_reason(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    requests = [
        CaseRequest("GET", "/pets", body={}, content_type="application/json"),
        CaseRequest("TRACE", "/pets"),
        CaseRequest("GET", "/pets", headers={"X": "two\nlines"}),
        CaseRequest("GET", "/pets", headers={"X": " blank "}),
        CaseRequest("GET", "/pets/{name}/toys", {"name": ".."}),
    ]
    run = send(tmp_path, echo[1], *requests)
    assert set(run.verdicts.values()) == {"skipped"}
    assert len(run.verdicts) == len(requests)
    assert echo[0].requests == []


def test_credentials(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    kinds = ("own", "none", "invalid", "foreign")
    cases = [make_case(kind, request=CaseRequest("GET", "/pets", credentials=kind)) for kind in kinds]
    lesser = MissingScope("the key", "pets:read")
    cases.append(make_case("lesser", request=CaseRequest("GET", "/pets", without_scope=lesser)))
    tried = CaseRequest("GET", "/pets", credentials="invalid", credentials_for="login")
    cases.append(make_case("tried", request=tried))
    basic = SecurityScheme("login", "http", http_scheme="basic")
    endpoint = make_endpoint(security=((key_scheme("the key"),), (basic, key_scheme("the key"))))
    render(make_suite([make_result(endpoint, *cases)]), tmp_path / "suite", ["jest"])
    unset = run_jest(tmp_path / "suite", echo[1])
    blocked = dict.fromkeys(("own", "foreign", "lesser", "tried"), "skipped")
    assert unset.verdicts == {**blocked, "none": "passed", "invalid": "passed"}
    assert "without the scope 'pets:read': set CASECRAFT_AUTH_THE_KEY_WITHOUT_PETS_READ" in unset.output
    echo[0].requests.clear()
    secrets = {"CASECRAFT_AUTH_THE_KEY": "mine", "CASECRAFT_FOREIGN_AUTH_THE_KEY": "theirs"}
    secrets["CASECRAFT_AUTH_THE_KEY_WITHOUT_PETS_READ"] = "lesser"
    run = run_jest(tmp_path / "suite", echo[1], **secrets)
    assert set(run.verdicts.values()) == {"passed"}
    sent = [one["headers"].get("x-api-key") for one in echo[0].requests]
    assert sorted(filter(None, sent)) == [b"casecraft-invalid-credential", b"lesser", b"mine", b"mine", b"theirs"]
    assert None in sent
    tickets = {one["headers"].get("authorization") for one in echo[0].requests}
    assert tickets == {None, b"Basic bm9ib2R5Ondyb25n"}


def test_failures_show_no_secrets(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    echo[0].repeat = True
    case = make_case(expect=Expectation((418,)))
    endpoint = make_endpoint(security=((key_scheme("the key"),),))
    render(make_suite([make_result(endpoint, case)]), tmp_path / "suite", ["jest"])
    run = run_jest(tmp_path / "suite", echo[1], CASECRAFT_AUTH_THE_KEY="key&\"secret'")
    assert run.verdicts == {"case-1": "failed"}
    assert "status 200, expected 418" in run.output
    assert "$CASECRAFT_AUTH_THE_KEY" in run.output
    assert "secret'" not in run.output


def test_resources_are_made_and_removed(tmp_path: Path) -> None:
    render(life_cycle_suite(), tmp_path / "suite", ["jest"])
    app = create_app(stateful=True)
    with serve(app) as url:
        run = run_jest(tmp_path / "suite", url, **CREDENTIALS)
    assert run.verdicts == {
        "read": "passed",
        "remove": "passed",
        "needs-missing": "skipped",
        "life": "passed",
    }, run.output


def test_failing_step_ends_its_scenario(tmp_path: Path) -> None:
    render(life_cycle_suite(), tmp_path / "suite", ["jest"])
    with serve(create_app("pet-without-name", stateful=True)) as url:
        run = run_jest(tmp_path / "suite", url, **CREDENTIALS)
    assert run.verdicts["life"] == run.verdicts["read"] == "failed"
    assert "reads it" in run.output
    assert "removes it" not in run.output


@pytest.mark.parametrize(("status", "verdict"), [("sold", "passed"), ("pending", "failed")])
def test_values_that_a_step_reads_back_are_compared(tmp_path: Path, status: str, verdict: str) -> None:
    suite = life_cycle_suite()
    (life,) = suite.scenarios
    values = {"/owner/address/street": "{{x}} %} $HOME", "/animal/lives": 9.0, "/status": status}
    made, read, *others = life.steps
    steps = (made, replace(read, values=values), *others)
    render(replace(suite, scenarios=(replace(life, steps=steps),)), tmp_path / "suite", ["jest"])
    with serve(create_app(stateful=True)) as url:
        run = run_jest(tmp_path / "suite", url, **CREDENTIALS)
    assert run.verdicts["life"] == verdict, run.output
    if verdict == "failed":
        assert run.messages["life"].startswith('value mismatch: the body has "sold" at /status, expected "pending"')


@pytest.mark.parametrize(
    ("sent", "wanted", "verdict"),
    [(12.34, 12.34, "passed"), (12.34, 12.340000152587, "passed"), (12, 12.34, "failed"), (12.3, 12.34, "failed")],
)
def test_fractions_that_a_step_reads_back_are_compared(
    tmp_path: Path, sent: float, wanted: float, verdict: str
) -> None:
    suite = life_cycle_suite()
    (life,) = suite.scenarios
    made, read, *others = life.steps
    request = replace(made.request, body={**made.request.body, "price": sent})
    steps = (replace(made, request=request), replace(read, values={"/price": wanted}), *others)
    render(replace(suite, scenarios=(replace(life, steps=steps),)), tmp_path / "suite", ["jest"])
    with serve(create_app(stateful=True)) as url:
        run = run_jest(tmp_path / "suite", url, **CREDENTIALS)
    assert run.verdicts["life"] == verdict, run.output


def test_value_that_is_not_in_the_answer_blocks(tmp_path: Path) -> None:
    binding = Binding("/path_params/petId", "pet", "/no/such")
    render(life_cycle_suite(binding), tmp_path / "suite", ["jest"])
    with serve(create_app(stateful=True)) as url:
        run = run_jest(tmp_path / "suite", url, **CREDENTIALS)
    assert run.verdicts["read"] == "skipped"
