"""What is made of an answer that proposes rules between fields, and what a limit on cases changes."""

import json
from dataclasses import replace

from casecraft.core.chat import ChatResponse
from casecraft.core.job import JobResult
from casecraft.engine.case_work import CaseWork
from casecraft.providers import profile_of
from tests.cases.sample_endpoints import endpoint, pet_endpoint, query

DATE = {"type": "string", "format": "date"}


def test_proposed_rules_become_cases_of_the_model_that_survive_completion() -> None:
    of = endpoint(query("opened", DATE), query("closed", DATE), method="GET")
    work, profile = CaseWork(lang="en", models=()), replace(profile_of("glm"), model="glm-5")
    rules = [{"kind": "ordered", "fields": ["query.opened", "query.closed"]}]
    answer = ChatResponse(json.dumps({"cases": [], "rules": rules}))
    examined = work.examine(of, profile, work.request(of, profile), answer)
    relation = "relation:query.opened<=query.closed"
    assert [case.targets for case in examined.cases] == [
        (f"{relation}:{state}",) for state in ("kept", "equal", "broken")
    ]
    assert {case.source.model for case in examined.cases} == {"glm-5"}
    kept = work.complete(of, examined.cases)
    assert {f"{relation}:equal", f"{relation}:broken"} <= {target for case in kept for target in case.targets}


def test_models_are_not_asked_for_pairs() -> None:
    of = endpoint(query("a", {"enum": [1, 2]}), query("b", {"enum": [1, 2]}), method="GET")
    work = CaseWork(lang="en", models=())
    asked = work.request(of, profile_of("glm")).messages[1].text
    assert "query.a:enum=1" in asked
    assert "pair:" not in asked


def test_a_limit_on_cases_shapes_the_result_and_its_key() -> None:
    free, limited = CaseWork(lang="en", models=()), CaseWork(lang="en", models=(), max_cases=4)
    of = pet_endpoint()
    assert free.key != limited.key
    assert len(limited.rules(of)) == 4
    assert "at most 4 cases" in limited.request(of, profile_of("glm")).messages[1].text
    result = limited.described(JobResult(of, "done", "rules", cases=limited.rules(of), notes=("before",)))
    assert result.coverage is not None
    assert result.notes[0] == "before"
    assert "targets are not hit by the 4 cases allowed" in result.notes[-1]
    whole = free.described(JobResult(of, "done", "rules", cases=free.rules(of)))
    assert not any("allowed" in note for note in whole.notes)
