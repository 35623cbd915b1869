"""What the work on cases asks of models, keeps of their answers and calls by its key."""

import json

from casecraft.core.chat import ChatResponse
from casecraft.engine.case_work import CaseWork
from casecraft.providers import profile_of
from tests.cases.sample_endpoints import pet_endpoint

OF = pet_endpoint()
SECURITY = CaseWork(lang="en", models=("glm:glm-5",), techniques=frozenset({"security"}))
ALL = CaseWork(lang="en", models=("glm:glm-5",))
ANSWER = {
    "cases": [
        {
            "title": "A stolen key",
            "valid": False,
            "violates": "auth:invalid",
            "path_params": {"petId": 1},
            "body": '{"name": "Tom", "kind": "cat"}',
        },
        {"title": "Page 0", "valid": False, "path_params": {"petId": 1}, "query": {"limit": 0}},
    ]
}


def prompt_of(work: CaseWork) -> str:
    return "".join(str(message.content) for message in work.request(OF, profile_of("glm")).messages)


def test_the_key_tells_techniques_apart_and_only_where_some_are_chosen() -> None:
    assert SECURITY.key != ALL.key
    assert "technique" not in ALL.key
    assert CaseWork(lang="en", models=("glm:glm-5",), techniques=frozenset({"error_guessing"})).key != SECURITY.key


def test_models_are_told_of_targets_that_are_wanted_and_not_of_broken_syntax() -> None:
    assert "query.limit:above-maximum" in prompt_of(ALL)
    assert "security:sql-injection" in prompt_of(ALL)
    assert "body:truncated-json" not in prompt_of(ALL)
    assert "auth:invalid" in prompt_of(SECURITY)
    assert "query.limit:above-maximum" not in prompt_of(SECURITY)


def test_only_cases_of_the_chosen_techniques_are_kept() -> None:
    profile = profile_of("glm")
    answer = ChatResponse(json.dumps(ANSWER))
    examined = SECURITY.examine(OF, profile, SECURITY.request(OF, profile), answer)
    kept = SECURITY.complete(OF, examined.cases)
    assert {case.technique for case in SECURITY.rules(OF)} == {"security"}
    assert [case.title for case in kept if case.source.provider == "glm"] == ["A stolen key"]
    assert {case.source.provider for case in kept} == {"glm", "rules"}
