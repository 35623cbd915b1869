"""What answers of a model are rated at."""

import json
from typing import Any

from casecraft.cases import Rating, rate
from tests.cases.sample_endpoints import pet_endpoint

PETS = pet_endpoint()
GOOD: dict[str, Any] = {
    "title": "A cat",
    "valid": True,
    "path_params": {"petId": 7},
    "body": {"name": "Tom", "kind": "cat"},
    "content_type": "application/json",
}


def answer(*cases: dict[str, Any]) -> str:
    return json.dumps({"cases": cases})


def test_one_case_that_is_right_at_once() -> None:
    found = rate(PETS, [answer(GOOD)])
    assert (found.answers, found.parsed, found.verified, found.kept, found.proposed) == (1, 1, 1, 1, 1)
    assert found.targets > found.new_targets == 0


def test_what_the_repair_mends_counts_as_repaired() -> None:
    wrong = {**GOOD, "title": "Nobody knows this", "query": {"undeclared": 1}}
    right = {**GOOD, "title": "A low limit", "valid": False, "query": {"limit": 0}}
    found = rate(PETS, [answer(GOOD, wrong), answer(right)])
    assert (found.answers, found.verified, found.repaired, found.dropped, found.kept) == (2, 1, 1, 0, 2)


def test_what_is_still_wrong_at_the_end_is_relabelled_or_dropped() -> None:
    undeclared = {**GOOD, "title": "Nobody knows this", "query": {"undeclared": 1}}
    invalid = {**GOOD, "title": "A low limit", "query": {"limit": 0}}
    found = rate(PETS, [answer(undeclared, invalid)])
    assert (found.verified, found.relabelled, found.dropped, found.proposed) == (0, 1, 1, 2)


def test_a_case_that_cannot_be_read_is_dropped() -> None:
    found = rate(PETS, [answer(GOOD, {"title": "No label"})])
    assert (found.parsed, found.verified, found.dropped) == (1, 1, 1)


def test_an_answer_without_cases_is_not_parsed() -> None:
    assert rate(PETS, ["I cannot help with that."]) == Rating(answers=1)
    assert rate(PETS, []) == Rating()


def test_the_same_again_is_kept_once() -> None:
    again = {**GOOD, "title": "The same cat"}
    found = rate(PETS, [answer(GOOD, again)])
    assert (found.proposed, found.kept) == (2, 1)


def test_what_only_the_subject_forbids_is_new() -> None:
    meant = {**GOOD, "title": "Two pets of one name", "expect_status": ["400"]}
    found = rate(PETS, [answer(meant)])
    assert found.new_targets == 1


def test_ratings_add_up() -> None:
    one = rate(PETS, [answer(GOOD)])
    assert one + one == Rating(2, 2, 2, 0, 0, 0, 2, 2 * one.targets, 0)
