"""Which cases say the same in other words, and that none goes whose target would be lost."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casecraft.cases import near_duplicates, texts_to_compare
from casecraft.core.case import Binding, Case, CaseRequest, Expectation, MissingScope, Source

MODEL, OTHER, RULES = Source("glm", "m"), Source("qwen", "m"), Source("rules")


def refused(name: str, title: str = "Refuses a birthday to come", *, born: str = "2999", **changes: object) -> Case:
    """A case of a request that conforms and is refused for what it means."""
    request = CaseRequest("POST", "/pets", body={"name": "Tom", "born": born}, content_type="application/json")
    case = Case(name, title, True, "error_guessing", "P1", (f"meaning:{name}",), request, Expectation((422,)), MODEL)
    return replace(case, **changes)  # type: ignore[arg-type]


def found(cases: Sequence[Case], *vectors: tuple[float, ...], least: float = 0.95) -> list[tuple[str, str]]:
    """What goes and what it repeats; without vectors, all cases are alike."""
    given = vectors or ((1.0, 0.0),) * len(cases)
    by_id = {case.id: vector for case, vector in zip(cases, given, strict=True)}
    return [(it.case.id, it.repeats.id) for it in near_duplicates(cases, by_id, least)]


def test_the_same_rule_in_other_words_goes() -> None:
    assert found([refused("a"), refused("b", "No one is born tomorrow")]) == [("b", "a")]


def test_what_is_less_alike_than_wanted_stays() -> None:
    pair = [refused("a"), refused("b")]
    angle = math.acos(0.96)
    vectors = ((1.0, 0.0), (3 * math.cos(angle), 3 * math.sin(angle)))
    assert found(pair, *vectors, least=0.96) == [("b", "a")]
    assert found(pair, *vectors, least=0.961) == []
    (duplicate,) = near_duplicates(pair, dict(zip("ab", vectors, strict=True)), 0.9)
    assert duplicate.similarity == 0.96


@pytest.mark.parametrize("vector", [(0.0, 0.0), (1e308, 1e308, 1e308, 1e308), (1.0, 0.0, 0.0)])
def test_vectors_that_say_nothing_are_like_no_other(vector: tuple[float, ...]) -> None:
    assert found([refused("a"), refused("b")], (1.0, 0.0), vector) == []


def test_the_higher_priority_stays_then_the_first() -> None:
    cases = [refused("a", priority="P2"), refused("b"), refused("c")]
    assert found(cases) == [("c", "b"), ("a", "b")]


def test_it_repeats_the_one_that_it_is_most_like() -> None:
    cases = [refused("a"), refused("b", expect=Expectation((409,))), refused("c", expect=Expectation((409, 422)))]
    assert found(cases, (1.0, 0.3), (1.0, 0.1), (1.0, 0.0), least=0.9) == [("c", "b")]


@pytest.mark.parametrize(
    "changes",
    [
        {"source": RULES},
        {"valid": False},
        {"expect": Expectation((409,))},
        {"targets": ("meaning:b", "body.name:min-length")},
        {"request": replace(refused("b").request, credentials="foreign")},
        {"request": replace(refused("b").request, without_scope=MissingScope("login", "read"))},
    ],
)
def test_what_is_more_than_other_words_stays(changes: dict[str, object]) -> None:
    assert found([refused("a"), refused("b", **changes)]) == []


def test_statuses_agree_by_range_too() -> None:
    assert found([refused("a"), refused("b", expect=Expectation(("4XX",)))]) == [("b", "a")]
    assert found([refused("a"), refused("b", expect=Expectation(("5XX",)))]) == []


def test_a_request_that_may_be_accepted_does_not_stand_for_one_that_is_refused() -> None:
    accepted = refused("a", targets=("body:minimal",), expect=Expectation((201, 422)))
    assert found([accepted, refused("b")]) == []


def test_a_case_goes_where_others_hit_its_targets() -> None:
    shared = ("body.name:min-length",)
    cases = [refused("a", targets=shared), refused("b", targets=shared), refused("c", targets=shared)]
    assert found(cases) == [("b", "a"), ("c", "a")]


def test_the_last_case_that_hits_a_target_stays() -> None:
    cases = [refused("a"), *(refused(name, targets=(f"meaning:{name}", "body.name:min-length")) for name in "bcd")]
    assert found(cases) == [("b", "a"), ("c", "a")]


def test_texts_have_the_title_and_the_values_that_differ() -> None:
    later = refused("b", "Not yet born", born="3000", bindings=(Binding("/body/owner", "owner", "/id"),))
    assert texts_to_compare([refused("a"), later]) == {
        "a": 'Refuses a birthday to come\nbody.born: "2999"',
        "b": 'Not yet born\n/body/owner from owner /id\nbody.born: "3000"',
    }


@pytest.mark.parametrize(
    "cases",
    [
        [],
        [refused("a")],
        [refused("a"), refused("b", source=RULES, valid=False, targets=("body:missing",))],
        [refused("a"), refused("b", targets=("query.limit:above-maximum",), valid=False)],
        [refused("a"), refused("b", "long" * 1000)],
    ],
)
def test_nothing_to_compare(cases: list[Case]) -> None:
    assert texts_to_compare(cases) == {}


def test_texts_can_be_sent_whatever_the_model_wrote() -> None:
    wild = {"\ud800": "\udfff", "big": 2**70, "deep": [[]], "many": [1, {"x": None}]}
    cases = [refused("a", "\ud800"), refused("b", request=replace(refused("b").request, body=wild))]
    for text in texts_to_compare(cases).values():
        assert text.encode()


targets = st.lists(st.sampled_from(["meaning:1", "meaning:2", "meaning:3", "x", "y", "z"]), max_size=3, unique=True)
statuses = st.lists(st.sampled_from([200, 400, 422, "4XX"]), min_size=1, max_size=2)
made = st.builds(
    lambda priority, hit, status, source, valid: refused(
        "", priority=priority, targets=tuple(hit), expect=Expectation(tuple(status)), source=source, valid=valid
    ),
    st.sampled_from(["P0", "P1", "P2"]),
    targets,
    statuses,
    st.sampled_from([MODEL, OTHER, RULES]),
    st.booleans(),
)
suites = st.lists(made, max_size=8).map(lambda cases: [replace(it, id=f"{at}") for at, it in enumerate(cases)])


vectors_of_few = st.sampled_from([(1.0, 0.0), (0.9, 0.1), (0.0, 1.0)]) | st.tuples(st.floats(-1, 1), st.floats(-1, 1))


def covered(cases: Sequence[Case]) -> set[str]:
    return {target for case in cases for target in case.targets if not target.startswith("meaning:")}


@given(suites, st.lists(vectors_of_few, min_size=8, max_size=8), st.floats(0.1, 1))
def test_no_coverage_is_lost(cases: list[Case], vectors: list[tuple[float, float]], least: float) -> None:
    texts = texts_to_compare(cases)
    given_vectors = {name: vectors[at] for at, name in enumerate(texts)}
    going = near_duplicates(cases, given_vectors, least)
    gone = {it.case.id for it in going}
    staying = [case for case in cases if case.id not in gone]
    assert covered(staying) == covered(cases)
    assert {case.id for case in cases if case.source == RULES} <= {case.id for case in staying}
    for it in going:
        assert it.repeats in staying
        assert it.repeats.valid == it.case.valid
        assert it.repeats.priority <= it.case.priority
        assert least <= it.similarity <= 1
    assert any(t.startswith("meaning:") for case in cases for t in case.targets) == any(
        t.startswith("meaning:") for case in staying for t in case.targets
    )


@given(suites)
def test_all_that_could_go_is_compared(cases: list[Case]) -> None:
    """What is not sent for a vector could not have gone, whatever its vector."""
    alike = {case.id: (1.0, 0.0) for case in cases}
    everything = near_duplicates(cases, alike, 0.9)
    texts = texts_to_compare(cases)
    assert near_duplicates(cases, {name: alike[name] for name in texts}, 0.9) == everything
    assert len(texts) != 1
