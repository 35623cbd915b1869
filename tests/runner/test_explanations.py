"""Why a case exists."""

import json
from pathlib import Path

import pytest

import casecraft
from casecraft.api import Explanation
from casecraft.core.outcome import CaseResult
from casecraft.errors import SuiteError
from casecraft.runner.running import state_file
from casecraft.state import begin_suite_run, open_store, record_results
from casecraft.suites import read_suite

NAME = "post.pets--body.name:unexpected-null"


def explain(suite: Path, tmp_path: Path, name: str = NAME, **more: str) -> Explanation:
    return casecraft.explain(name, suite, state_dir=tmp_path, **more)


def test_a_case_is_explained_in_all_that_makes_it(suite: Path, tmp_path: Path) -> None:
    it = explain(suite, tmp_path)
    assert it.case.id == NAME
    assert it.endpoint_summary == "Add a pet"
    assert it.made_by == "rules"
    assert it.targets == {"body.name:unexpected-null": "body.name: null, which is not allowed"}
    assert it.expected["422"].startswith("documented: ")
    assert it.needs == ["credentials in CASECRAFT_AUTH_APIKEY"]
    assert it.meaning
    assert (it.results, it.note) == ((), "")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("post.pets--body:huge", "a body of 1 MiB, once for each tag (OWASP API4:2023)"),
        ("get.pets._petId--path.petId:unknown", "path.petId is right, and names what is not there"),
    ],
)
def test_what_is_added_with_all_endpoints_in_view_is_explained_too(
    suite: Path, tmp_path: Path, name: str, words: str
) -> None:
    assert list(explain(suite, tmp_path, name).targets.values()) == [words]


def test_it_has_its_last_results_newest_first(suite: Path, tmp_path: Path) -> None:
    with open_store(state_file(read_suite(suite), tmp_path)) as store:
        for number in range(7):
            run = begin_suite_run(
                store, started=1e9 + number, suite="s", base_url="u", document_digest="", selection={}
            )
            record_results(store, run, [CaseResult(NAME, "POST /pets", "failed", message=f"number {number}")])
    it = explain(suite, tmp_path)
    assert [result.message for _, result in it.results] == [f"number {number}" for number in (6, 5, 4, 3, 2)]


def test_without_its_document_the_rest_is_explained(suite: Path, tmp_path: Path) -> None:
    it = explain(suite, tmp_path, document=str(tmp_path / "gone.yaml"))
    assert "could not be read" in it.note
    assert it.targets == {"body.name:unexpected-null": ""}


def test_a_case_is_found_by_a_unique_beginning(suite: Path, tmp_path: Path) -> None:
    assert explain(suite, tmp_path, "get.pets._petId--valid-8").case.endpoint_id == "GET /pets/{petId}"
    with pytest.raises(SuiteError, match="begins the ids of"):
        explain(suite, tmp_path, "get.")
    with pytest.raises(SuiteError, match="is no case") as caught:
        explain(suite, tmp_path, "post.pets-body.name:unexpected-nul")
    assert NAME in str(caught.value.hint)


def test_people_and_needs_are_named(tmp_path: Path) -> None:
    binding = {"place": "/path_params/id", "step": "make-pet", "source": "/id"}
    case = {
        "id": "a",
        "valid": True,
        "technique": "pairwise_testing",
        "source": {"provider": "person"},
        "edited": True,
        "request": {"credentials": "foreign"},
        "expect": {"status": [200]},
        "bindings": [binding],
        "fresh": True,
    }
    content = {"endpoint": "GET /a", "security": [[{"name": "my key"}], []], "cases": [case]}
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "a.json").write_text(json.dumps(content))
    (tmp_path / "suite.json").write_text('{"document": {"source": "-"}}')
    it = explain(tmp_path, tmp_path, "a")
    assert it.made_by == "a person, who changed it"
    assert it.needs == [
        "/path_params/id from /id of 'make-pet'",
        "resources of its own, made for it and removed after it",
        "credentials in CASECRAFT_FOREIGN_AUTH_MY_KEY",
    ]
    assert "standard input" in it.note


def test_credentials_that_lack_a_scope_are_named(tmp_path: Path) -> None:
    missing = {"scheme": "login", "scope": "a:read"}
    case = {"id": "a", "valid": False, "request": {"without_scope": missing}, "expect": {"status": [403]}}
    security = [[{"name": "login"}, {"name": "key"}], [{"name": "other"}]]
    content = {"endpoint": "GET /a", "security": security, "cases": [case]}
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "a.json").write_text(json.dumps(content))
    (tmp_path / "suite.json").write_text('{"document": {"source": "-"}}')
    wanted = "credentials in CASECRAFT_AUTH_LOGIN_WITHOUT_A_READ and CASECRAFT_AUTH_KEY"
    assert explain(tmp_path, tmp_path, "a").needs == [wanted]


def test_credentials_beside_wrong_ones_are_named(tmp_path: Path) -> None:
    request = {"credentials": "invalid", "credentials_for": "login"}
    case = {"id": "a", "valid": False, "request": request, "expect": {"status": [401]}}
    content = {"endpoint": "GET /a", "security": [[{"name": "login"}, {"name": "key"}], [{"name": "x"}]]}
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "a.json").write_text(json.dumps(content | {"cases": [case]}))
    (tmp_path / "suite.json").write_text('{"document": {"source": "-"}}')
    assert explain(tmp_path, tmp_path, "a").needs == ["credentials in CASECRAFT_AUTH_KEY"]


def test_a_scenario_is_explained_too(tmp_path: Path) -> None:
    scenario = {"id": "life-of-a-pet", "title": "A pet comes and goes", "targets": ["scenario:x"], "steps": []}
    (tmp_path / "suite.json").write_text("{}")
    (tmp_path / "scenarios.json").write_text(json.dumps({"scenarios": [scenario]}))
    it = explain(tmp_path, tmp_path, "life")
    assert (it.technique, it.case.endpoint_id, it.note) == ("scenario_testing", "", "")
