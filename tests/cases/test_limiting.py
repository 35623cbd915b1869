"""The best cases of many."""

from collections import Counter

import pytest

from casecraft.cases import complete, coverage_of, generate, targets_of, unreachable
from casecraft.cases.limiting import best
from tests.cases.sample_endpoints import endpoint, pet_endpoint, query


def test_nothing_is_left_out_where_all_fit() -> None:
    cases = complete(pet_endpoint(), ())
    assert best(cases, len(cases)) == list(cases)
    assert complete(pet_endpoint(), (), max_cases=len(cases)) == cases


@pytest.mark.parametrize("most", [1, 2, 6, 10])
def test_the_best_are_kept_in_their_order(most: int) -> None:
    cases = complete(pet_endpoint(), ())
    kept = best(cases, most)
    assert kept == [case for case in cases if case in kept]
    assert len(kept) == most
    assert kept[0].priority == "P0"


def test_the_first_is_valid_and_both_labels_stay() -> None:
    cases = complete(pet_endpoint(), ())
    (first,) = best(cases, 1)
    labels = Counter(case.valid for case in best(cases, 10))
    assert first.priority == "P0"
    assert labels[True] >= 3
    assert labels[False] >= 5


def test_wrong_requests_are_spread_over_the_places() -> None:
    names = ("a", "b", "c", "d")
    of = endpoint(*(query(name, {"type": "integer", "minimum": 1, "maximum": 9}) for name in names), method="GET")
    wrong = [case for case in complete(of, (), max_cases=8) if not case.valid]
    assert {case.targets[0].partition(":")[0] for case in wrong} == {f"query.{name}" for name in names}


def test_the_coverage_of_an_endpoint() -> None:
    of = endpoint(query("q", {"type": "string", "maxLength": 10**9}), method="GET")
    found = coverage_of(of)
    assert found.reachable == tuple(target.id for target in targets_of(of))
    assert found.unreachable == unreachable(of)
    assert found.unreachable.keys() == {"query.q:max-length", "query.q:too-long"}
    assert {target for case in generate(of) for target in case.targets} == set(found.reachable)
