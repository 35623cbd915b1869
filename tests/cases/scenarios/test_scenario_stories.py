"""Sequences that a model proposes: built of verified requests, or refused with a reason."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from casecraft.cases.scenarios import Chained, Proposals, chain, read_proposals
from casecraft.cases.scenarios.edges import BORROWED, NO_ENDPOINT, NO_FIELD, NO_FIT, NO_SOURCE
from casecraft.cases.scenarios.proposals import ProposedScenario, ProposedStep, ProposedValue
from casecraft.cases.scenarios.stories import FEW, NO_ANSWER, NO_STEP, NO_VALID_CASE, SAME, UNBOUND, WRONG_VALUE
from casecraft.core.case import Source
from casecraft.core.scenario import Scenario
from tests.cases.scenarios.shop import PET, TEXT, Json, bound, item, named, operation, pets, results_of

ORDER: Json = {"type": "object", "properties": {"id": {"type": "integer"}, "code": TEXT, "petId": {"type": "integer"}}}
PLACE: Json = {"type": "object", "required": ["petId"], "properties": {"petId": {"type": "integer"}, "gift": TEXT}}
PAY: Json = {
    "type": "object",
    "required": ["amount"],
    "properties": {"amount": {"type": "integer"}, "ref": {"type": "integer"}},
}


def shop(**more: Json) -> Json:
    """Pets that can be ordered, and orders that can be paid and cancelled."""
    order = {"parameters": [named("orderId", {"type": "integer"})]}
    return pets(
        **{
            "/orders": {"post": operation({"201": ORDER, "409": None}, PLACE)},
            "/orders/{orderId}": {
                **order,
                "get": operation({"200": ORDER, "404": None}),
                "delete": operation({"204": None, "404": None}),
            },
            "/orders/{orderId}/payment": {**order, "post": operation({"200": ORDER, "404": None, "409": None}, PAY)},
            "/orders/{orderId}/cancel": {**order, "post": operation({"200": ORDER, "404": None, "409": None})},
            "/halls/{hall}": item("hall", get=operation({"200": PET})),
            "/impossible": {
                "post": operation({"201": PET}, {"type": "object", "required": ["x"], "properties": {"x": False}})
            },
            **more,
        }
    )


def step(endpoint: str, expect: Any = "success", *values: ProposedValue) -> ProposedStep:
    return ProposedStep(endpoint, expect, values)


def told(tmp_path: Path, *steps: ProposedStep, times: int = 1) -> Chained:
    story = ProposedScenario("Pay, then cancel!", steps)
    proposed = {"POST /orders": Proposals(scenarios=(story,) * times)}
    return chain(results_of(tmp_path, shop()), proposed=proposed)


def story_of(made: Chained) -> Scenario:
    (story,) = (each for each in made.scenarios if each.id.startswith("story-"))
    return story


PAY_THEN_CANCEL = (
    step("POST /orders"),
    step("POST /orders/{orderId}/payment"),
    step("POST /orders/{orderId}/cancel", "refused"),
    step("GET /orders/{orderId}"),
)
OWN = {"/path_params/orderId": ("step-1", "/id")}


def test_a_sequence_becomes_a_scenario_whose_values_flow_from_its_own_steps(tmp_path: Path) -> None:
    made = told(tmp_path, *PAY_THEN_CANCEL)
    assert (made.judged.scenarios, made.judged.refused) == (1, ())
    story = story_of(made)
    assert (story.id, story.title, story.targets) == (
        "story-pay-then-cancel",
        "Pay, then cancel!",
        ("scenario:story-pay-then-cancel",),
    )
    assert story.source == Source("rules")
    assert [each.expect.status for each in story.steps] == [(201,), (200,), (409,), (200,)]
    assert bound(story.steps[0]) == {"/body/petId": ("pets", "/id")}
    assert [bound(each) for each in story.steps[1:]] == [OWN, OWN, OWN]
    assert [(each.endpoint_id, bound(each)) for each in story.cleanup] == [("DELETE /orders/{orderId}", OWN)]


def test_what_a_step_changes_is_made_for_the_scenario_alone(tmp_path: Path) -> None:
    story = story_of(
        told(tmp_path, step("POST /orders/{orderId}/payment"), step("POST /orders/{orderId}/cancel", "refused"))
    )
    assert [each.id for each in story.steps] == ["make-orders", "step-1", "step-2"]
    own = {"/path_params/orderId": ("make-orders", "/id")}
    assert [bound(each) for each in (*story.steps[1:], *story.cleanup)] == [own, own, own]


def test_what_is_only_read_is_the_one_that_all_share(tmp_path: Path) -> None:
    story = story_of(told(tmp_path, step("GET /orders/{orderId}"), step("GET /pets/{petId}")))
    assert [bound(each) for each in story.steps] == [
        {"/path_params/orderId": ("orders", "/id")},
        {"/path_params/petId": ("pets", "/id")},
    ]
    assert story.cleanup == ()


def test_what_is_removed_is_not_found_afterwards(tmp_path: Path) -> None:
    gone = (
        step("POST /pets"),
        step("DELETE /pets/{petId}"),
        step("POST /orders", "refused"),
        step("GET /pets/{petId}", "not_found"),
    )
    story = story_of(told(tmp_path, *gone))
    assert [each.expect.status for each in story.steps] == [(201,), (204,), (409,), (404,)]
    assert bound(story.steps[2]) == {"/body/petId": ("step-1", "/id")}


def test_values_are_taken_from_where_the_model_says(tmp_path: Path) -> None:
    paid = step("POST /orders/{orderId}/payment", "success", ProposedValue("body.ref", 1, "/petId"))
    story = story_of(told(tmp_path, step("POST /orders"), paid))
    assert bound(story.steps[1]) == {**OWN, "/body/ref": ("step-1", "/petId")}
    assert "ref" in story.steps[1].request.body


def test_values_that_a_step_hangs_on_are_set_and_must_conform(tmp_path: Path) -> None:
    sold = ProposedStep("PUT /pets/{petId}", "success", (), (("body.sold", True),))
    story = story_of(told(tmp_path, step("POST /pets"), sold, step("POST /orders", "refused")))
    assert story.steps[1].request.body["sold"] is True
    assert bound(story.steps[1])["/path_params/petId"] == ("step-1", "/id")


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        (("body.sold", 5), WRONG_VALUE),
        (("body.no", 5), NO_FIELD),
        (("path.petId", 5), NO_FIELD),
    ],
)
def test_values_that_cannot_be_set_are_refused(tmp_path: Path, setting: tuple[str, Any], reason: str) -> None:
    changed = ProposedStep("PUT /pets/{petId}", "success", (), (setting,))
    assert [each.reason for each in told(tmp_path, step("POST /pets"), changed).judged.refused] == [reason]


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([step("POST /orders")], FEW),
        ([step("POST /orders")] * 13, FEW),
        ([step("POST /orders"), step("POST /nowhere")], NO_ENDPOINT),
        ([step("POST /orders"), step("POST /impossible")], NO_VALID_CASE),
        ([step("POST /orders"), step("GET /orders/{orderId}", "refused")], NO_ANSWER),
        ([step("GET /pets"), step("GET /pets", "not_found")], NO_ANSWER),
        ([step("POST /orders"), step("GET /halls/{hall}")], UNBOUND),
        (
            [step("POST /orders"), step("GET /orders/{orderId}", "success", ProposedValue("path.orderId", 2, "/id"))],
            NO_STEP,
        ),
        (
            [
                step("POST /orders", "refused"),
                step("GET /orders/{orderId}", "success", ProposedValue("path.orderId", 1, "/id")),
            ],
            NO_STEP,
        ),
        (
            [step("POST /orders"), step("GET /orders/{orderId}", "success", ProposedValue("path.orderId", 1, "/no"))],
            NO_SOURCE,
        ),
        (
            [step("POST /orders"), step("GET /orders/{orderId}", "success", ProposedValue("path.orderId", 1, "/code"))],
            NO_FIT,
        ),
        (
            [step("POST /orders"), step("DELETE /pets/{petId}", "success", ProposedValue("path.petId", 1, "/petId"))],
            BORROWED,
        ),
        (
            [step("GET /pets"), step("DELETE /pets/{petId}", "success", ProposedValue("path.petId", 1, "/0/id"))],
            BORROWED,
        ),
        (
            [step("POST /orders"), step("GET /orders/{orderId}", "success", ProposedValue("query.no", 1, "/id"))],
            NO_FIELD,
        ),
    ],
)
def test_a_sequence_that_the_document_does_not_bear_out_is_refused(
    tmp_path: Path, steps: list[ProposedStep], reason: str
) -> None:
    made = told(tmp_path, *steps)
    assert [(each.kind, each.reason) for each in made.judged.refused] == [("scenario", reason)]
    assert not any(each.id.startswith("story-") for each in made.scenarios)


def test_the_same_sequence_is_kept_once(tmp_path: Path) -> None:
    made = told(tmp_path, *PAY_THEN_CANCEL, times=2)
    assert [each.reason for each in made.judged.refused] == [SAME]
    rules = next(each for each in made.scenarios if each.id == "orders--life")
    again = [step(each.endpoint_id, "not_found" if each.expect.status == (404,) else "success") for each in rules.steps]
    assert [each.reason for each in told(tmp_path, *again).judged.refused] == [SAME]


def test_sequences_are_left_out_where_scenarios_are_not_wanted(tmp_path: Path) -> None:
    story = ProposedScenario("x", PAY_THEN_CANCEL)
    proposed = {"POST /orders": Proposals(scenarios=(story,))}
    made = chain(results_of(tmp_path, shop()), techniques={"equivalence_partitioning"}, proposed=proposed)
    assert (made.scenarios, made.judged.scenarios, made.judged.refused) == ((), 0, ())


def test_sequences_are_read_out_of_an_answer_as_data() -> None:
    good = {
        "title": " Order\nand\u202epay ",
        "steps": [
            {"endpoint": "POST /orders", "expect": "success", "set": [{"field": "body.gift", "value": "x"}, 1, {}]},
            {
                "endpoint": "GET /o",
                "expect": "refused",
                "values": [{"field": "query.a", "step": 1, "at": "/id"}, 5, {}],
            },
        ],
    }
    bad: list[Any] = [
        None,
        {},
        {**good, "title": ""},
        {**good, "steps": [*good["steps"], "x"]},
        {**good, "steps": [{"endpoint": "GET /", "expect": "explode", "values": []}]},
        {**good, "steps": [{"endpoint": "GET /", "expect": "success", "values": 1}]},
        {**good, "steps": [{"endpoint": "GET /", "expect": "success", "values": [], "set": 1}]},
    ]
    (read,) = read_proposals("POST /orders", json.dumps({"scenarios": [*bad, good]})).scenarios
    assert read == ProposedScenario(
        "Order and pay",
        (
            ProposedStep("POST /orders", "success", (), (("body.gift", "x"),)),
            step("GET /o", "refused", ProposedValue("query.a", 1, "/id")),
        ),
    )


def test_a_step_sends_what_a_model_thinks_real(tmp_path: Path) -> None:
    results = results_of(tmp_path, shop())
    own = []
    for result in results:
        cases = result.cases
        if result.endpoint.id == "POST /orders":
            real = replace(cases[0].request, body={"petId": 3, "gift": "Bow"}, content_type="application/json")
            valid = next(case for case in cases if case.valid)
            cases = (*cases, replace(valid, id="own", request=real, targets=(), source=Source("glm", "glm-5")))
        own.append(replace(result, cases=cases, provider="glm", model="glm-5"))
    proposed = {"POST /orders": Proposals(scenarios=(ProposedScenario("Pay", PAY_THEN_CANCEL),))}
    story = story_of(chain(own, proposed=proposed))
    assert story.steps[0].request.body == {"petId": 3, "gift": "Bow"}
    assert bound(story.steps[0]) == {"/body/petId": ("pets", "/id")}
    assert story.source == Source("glm", "glm-5")
