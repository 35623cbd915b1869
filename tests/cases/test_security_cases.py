"""Security by the OWASP API Top 10: what is made, where it goes, and that a model's case is known for the same."""

from dataclasses import replace
from typing import Any

import pytest

from casecraft.cases import Draft, Verified, generate, hits, parse, targets_of, verify
from casecraft.cases.hostile_texts import HOSTILE_TEXTS, is_inside_address
from casecraft.core.case import Case, MissingScope
from casecraft.core.endpoint import Endpoint, Parameter, SecurityScheme
from tests.cases.sample_endpoints import KEY, endpoint, pet_endpoint, query

BEARER = SecurityScheme("token", "http", http_scheme="bearer")
BASIC = SecurityScheme("login", "http", http_scheme="basic")
COOKIE = SecurityScheme("session", "apiKey", location="cookie", parameter="sid")
QUERY_KEY = SecurityScheme("query", "apiKey", location="query", parameter="key")
TLS = SecurityScheme("tls", "mutualTLS")
ID = Parameter("id", "path", True, {"type": "integer"})


def body_of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def ids(of: Endpoint) -> set[str]:
    return {target.id for target in targets_of(of)}


def case_of(of: Endpoint, target: str) -> Case:
    return next(case for case in generate(of) if case.targets == (target,))


def test_every_scheme_is_tried_with_credentials_that_nobody_has() -> None:
    of = endpoint(method="GET", security=((BEARER,), (COOKIE,), (QUERY_KEY,), (BASIC,)))
    first = case_of(of, "auth:invalid")
    assert (first.request.credentials, first.valid, first.priority) == ("invalid", False, "P0")
    others = {it: case_of(of, f"auth:invalid={it}").request for it in ("session", "query", "login")}
    assert {(it.credentials, it.credentials_for) for it in others.values()} == {("invalid", it) for it in others}
    assert all(hits(of, request) == {f"auth:invalid={it}"} for it, request in others.items())


def test_of_schemes_needed_together_each_is_wrong_beside_right_ones() -> None:
    found = tried((BASIC, COOKIE))
    assert found == {"auth:invalid": None, "auth:invalid=login": "login", "auth:invalid=session": "session"}


def test_wrong_credentials_are_not_tried_where_the_right_ones_beside_them_are_enough() -> None:
    assert tried((BASIC, COOKIE), (COOKIE,)) == {"auth:invalid": None, "auth:invalid=session": "session"}
    assert tried((COOKIE,), (BASIC, COOKIE)) == {"auth:invalid": None}
    assert tried((BASIC, BEARER)) == {"auth:invalid": None}, "one header cannot carry two credentials"
    of = endpoint(method="GET", security=((COOKIE,), (BASIC, COOKIE)))
    wrong = replace(case_of(of, "auth:invalid").request, credentials_for="login")
    assert hits(of, wrong) == frozenset()


def tried(*security: tuple[SecurityScheme, ...]) -> dict[str, str | None]:
    cases = generate(endpoint(method="GET", security=security))
    return {case.targets[0]: case.request.credentials_for for case in cases if "auth:invalid" in case.targets[0]}


def test_a_model_s_case_with_wrong_credentials_for_one_scheme_is_sent_with_these() -> None:
    of = endpoint(method="GET", security=((BASIC,), (BEARER,)))
    [draft] = parse('[{"title": "wrong token", "valid": false, "violates": "auth:invalid=token"}]').drafts
    verified = verify(of, draft)
    assert isinstance(verified, Verified), verified
    assert (verified.case.request.credentials, verified.case.request.credentials_for) == ("invalid", "token")
    assert verified.case.targets == ("auth:invalid=token",)


@pytest.mark.parametrize("security", [(), (KEY[0], ()), ((TLS,),)])
def test_where_no_credentials_are_needed_or_sent_none_are_wrong(security: Any) -> None:
    found = ids(endpoint(ID, method="GET", path="/x/{id}", security=security))
    assert not found & {"auth:invalid", "auth:foreign"}


def scoped(name: str, *scopes: str) -> SecurityScheme:
    return SecurityScheme(name, "oauth2", scopes=scopes)


def scope_cases(*security: tuple[SecurityScheme, ...]) -> dict[str, MissingScope | None]:
    cases = generate(endpoint(method="GET", security=security))
    return {case.targets[0]: case.request.without_scope for case in cases if "without-scope" in case.targets[0]}


def test_every_scope_that_is_needed_is_gone_without_once() -> None:
    assert scope_cases((scoped("a", "read", "write"),), (scoped("b", "read"),)) == {
        "auth:without-scope=read": MissingScope("a", "read"),
        "auth:without-scope=write": MissingScope("a", "write"),
        "auth:without-scope=b/read": MissingScope("b", "read"),
    }
    assert scope_cases((scoped("a", "read"), KEY[0][0])) == {"auth:without-scope=read": MissingScope("a", "read")}


def test_a_scope_is_not_needed_where_another_alternative_does_without() -> None:
    assert scope_cases((scoped("a", "read"),), (scoped("a", "admin"),)) == {}
    assert scope_cases((scoped("a", "read"), BASIC), (BASIC,)) == {}
    assert scope_cases((scoped("a", "read"),), ()) == {}
    assert scope_cases((scoped("a", "read"),), (scoped("a", "read", "admin"),)) == {
        "auth:without-scope=read": MissingScope("a", "read")
    }


def test_who_lacks_a_scope_is_forbidden_and_an_object_may_be_hidden() -> None:
    of = endpoint(method="GET", security=((scoped("a", "read"),),))
    case = case_of(of, "auth:without-scope=read")
    assert (case.valid, case.technique, case.priority, case.expect.status) == (False, "security", "P1", (401, 403))
    assert hits(of, case.request) == {"auth:without-scope=read"}
    one = endpoint(ID, method="GET", path="/x/{id}", security=((scoped("a", "read"),),))
    assert case_of(one, "auth:without-scope=read").expect.status == (401, 403, 404)


def test_a_model_s_case_without_a_scope_is_sent_with_credentials_that_lack_it() -> None:
    of = endpoint(method="GET", security=((scoped("a", "read"),),))
    claim = '{"title": "no scope", "valid": false, "violates": "auth:without-scope=read", "expect_status": [403]}'
    [draft] = parse(f"[{claim}]").drafts
    verified = verify(of, draft)
    assert isinstance(verified, Verified)
    assert verified.case.request.without_scope == MissingScope("a", "read")
    assert verified.case.targets == ("auth:without-scope=read",)


def test_objects_of_others_are_asked_for_by_their_id() -> None:
    of = endpoint(ID, method="GET", path="/x/{id}", security=KEY, statuses=("200", "401"))
    case = case_of(of, "auth:foreign")
    assert (case.request.credentials, case.valid, case.technique) == ("foreign", False, "security")
    assert case.expect.status == (401, 403, 404)
    assert case_of(replace(of, method="POST"), "auth:foreign").request.credentials == "foreign"
    ending = replace(of, method="POST", path="/x/{id}/cancel")
    for other in (endpoint(method="GET", security=KEY), replace(of, method="DELETE"), ending):
        assert "auth:foreign" not in ids(other)


def test_objects_of_others_are_asked_for_by_every_alternative() -> None:
    security = ((BASIC,), (COOKIE, QUERY_KEY), (QUERY_KEY, BASIC), (TLS,))
    of = endpoint(ID, method="GET", path="/x/{id}", security=security, statuses=("200", "401"))
    assert {it for it in ids(of) if it.startswith("auth:foreign")} == {"auth:foreign", "auth:foreign=session"}
    case = case_of(of, "auth:foreign=session")
    assert (case.request.credentials, case.request.credentials_for) == ("foreign", "session")
    assert case.expect.status == (401, 403, 404)


def test_wrong_credentials_and_a_wrong_value_are_two_things() -> None:
    of = endpoint(query("q", {"type": "integer"}), method="GET", security=KEY)
    request = case_of(of, "auth:invalid").request
    assert hits(of, replace(request, query={"q": "x"})) == frozenset()


def test_a_field_of_the_servers_own_is_set_to_what_it_would_not_choose() -> None:
    schema = body_of(
        id={"type": "string", "format": "uuid", "readOnly": True, "example": "3f2b8c1e-6a4d-4e0b-9f57-2c8d1a7b5e90"},
        name={"type": "string"},
    )
    of = endpoint(body=schema, statuses=("201", "422"))
    case = case_of(of, "security:API3-mass-assignment")
    assert case.request.body == {"id": "c0ffee00-0000-4000-8000-0000000ca5ec"}
    assert (case.valid, case.expect.status) == (True, (201, "4XX"))
    documented = {"id": "3f2b8c1e-6a4d-4e0b-9f57-2c8d1a7b5e90"}
    assert hits(of, replace(case.request, body=documented)) != {"security:API3-mass-assignment"}
    assert hits(of, replace(case.request, body={"id": case.request.body["id"], "name": "x"})) == {
        "security:API3-mass-assignment"
    }


@pytest.mark.parametrize("described", [{"type": "boolean"}, {"enum": ["a", "b"]}])
def test_a_field_that_says_nothing_when_it_comes_back_is_not_assigned(described: Any) -> None:
    of = endpoint(body=body_of(state={**described, "readOnly": True}, name={"type": "string"}))
    assert "security:API3-mass-assignment" not in ids(of)


@pytest.mark.parametrize(
    ("name", "schema", "expected"),
    [
        ("title", {"type": "string"}, {"sql-injection", "script-injection", "template-injection"}),
        ("fileName", {"type": "string"}, {"sql-injection", "script-injection", "path-traversal"}),
        ("callback_url", {"type": "string"}, {"sql-injection", "header-injection", "API7-server-side-request"}),
        ("hook", {"type": "string", "format": "uri"}, {"API7-server-side-request"}),
        ("code", {"type": "string", "pattern": "^[a-z]*$"}, set()),
        ("state", {"type": "string", "enum": ["a"]}, set()),
        ("born", {"type": "string", "format": "date"}, set()),
        ("name", {"type": "string", "maxLength": 5}, set()),
        ("name", {"type": "integer"}, set()),
    ],
)
def test_the_sink_chooses_the_text(name: str, schema: Any, expected: set[str]) -> None:
    found = {each.removeprefix("security:") for each in ids(endpoint(body=body_of(**{name: schema})))}
    sorts = {each.target.removeprefix("security:") for each in HOSTILE_TEXTS if each.technique == "security"}
    assert expected <= found & sorts
    if not expected:
        assert not found & sorts


def test_each_sort_of_text_has_one_case_and_no_more_of_an_endpoint() -> None:
    of = endpoint(body=body_of(**{f"title{number}": {"type": "string"} for number in range(9)}))
    hostile = [case.targets[0] for case in generate(of) if case.targets[0].startswith("security:")]
    assert len(hostile) == len(set(hostile))


def test_the_place_that_suits_best_is_taken() -> None:
    of = endpoint(query("page", {"type": "string"}), query("search", {"type": "string"}), method="GET")
    assert list(case_of(of, "security:sql-injection").request.query) == ["search"]


@pytest.mark.parametrize("each", HOSTILE_TEXTS, ids=lambda each: each.target)
def test_every_sample_is_known_again_and_nothing_ordinary_is_taken_for_one(each: Any) -> None:
    assert each.is_one(each.sample)
    for text in (
        "O'Brien or Ada",
        "Tom & Jerry",
        "a/b",
        "https://example.com/a",
        "Zoë 北京😀 שלום",
        "50% < 60%",
        "{id}",
    ):
        assert not each.is_one(text)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("security:sql-injection", "' OR '1'='1"),
        ("security:sql-injection", "x'; DROP TABLE pets; --"),
        ("security:sql-injection", "1 UNION SELECT password FROM users"),
        ("security:script-injection", '<img src=x onerror="alert(1)">'),
        ("security:template-injection", "${jndi:ldap://example.com}"),
    ],
)
def test_a_models_hostile_text_is_known_for_what_it_is(target: str, text: str) -> None:
    of = endpoint(body=body_of(title={"type": "string"}), statuses=("201", "422"))
    draft = Draft("Hostile", False, {}, {}, {}, {}, {"title": text}, "application/json", (422,), violates=target)
    verdict = verify(of, draft)
    assert isinstance(verdict, Verified), verdict
    assert (verdict.case.targets, verdict.case.valid) == ((target,), True)
    assert verdict.case.expect.status == (201, "4XX")
    believed = verify(of, replace(draft, valid=True, violates=None))
    assert isinstance(believed, Verified)
    assert believed.case.expect.status == (422,)
    assert believed.case.targets == (target,)


def test_a_text_that_the_document_gives_itself_is_not_hostile() -> None:
    of = endpoint(body=body_of(url={"type": "string", "example": "http://localhost/a"}))
    draft = Draft("Own", True, {}, {}, {}, {}, {"url": "http://localhost/a"}, "application/json", ())
    verdict = verify(of, draft)
    assert isinstance(verdict, Verified)
    assert "security:API7-server-side-request" not in verdict.case.targets


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("http://127.0.0.1:8000/x", True),
        ("http://[::1]/", True),
        ("https://10.0.0.7", True),
        ("http://192.0.2.1/", True),
        ("http://metadata.google.internal/", True),
        ("http://localhost", True),
        ("https://example.com/127.0.0.1", False),
        ("https://8.8.8.8/", False),
        ("127.0.0.1", False),
        ("http://[::1", False),
    ],
)
def test_which_addresses_are_inside(url: str, inside: bool) -> None:
    assert is_inside_address(url) is inside


def test_nobody_is_probed_on_deletion_with_credentials_that_work() -> None:
    of = endpoint(ID, query("name", {"type": "string"}), method="DELETE", path="/x/{id}", security=KEY)
    security = [case for case in generate(of) if case.technique == "security"]
    assert {case.request.credentials for case in security} == {"none", "invalid"}


def test_a_models_own_secret_is_one_that_nobody_has() -> None:
    of = pet_endpoint()
    draft = Draft(
        "A wrong key",
        False,
        {"petId": 1},
        {},
        {"x-key": "stolen"},
        {},
        {"name": "Tom", "kind": "cat"},
        "application/json",
        (401,),
    )
    verdict = verify(of, draft)
    assert isinstance(verdict, Verified), verdict
    assert verdict.case.targets == ("auth:invalid",)
    assert (verdict.case.request.credentials, verdict.case.request.headers) == ("invalid", {})


def test_a_model_says_whose_credentials_by_the_target_or_by_name() -> None:
    text = """{"cases": [
        {"title": "a", "valid": false, "violates": "auth:invalid"},
        {"title": "b", "valid": false, "violates": "auth:foreign"},
        {"title": "c", "valid": false, "request": {"credentials": "foreign"}},
        {"title": "d", "valid": false, "request": {"credentials": "none"}},
        {"title": "e", "valid": false, "credentials": "everybody"}
    ]}"""
    drafts = parse(text).drafts
    assert [draft.credentials for draft in drafts] == ["invalid", "foreign", "foreign", None, None]
    assert [draft.authenticated for draft in drafts] == [True, True, True, False, True]
