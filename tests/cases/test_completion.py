"""What is kept of the cases that were made."""

from dataclasses import replace

from casecraft.cases import Draft, Verified, complete, generate, targets_of, verify
from casecraft.core.case import Case, Source
from tests.cases.sample_endpoints import endpoint, pet_endpoint, query

PETS = pet_endpoint()
MODEL = Source("glm", "glm-5")


def made(of: object = PETS, **change: object) -> Case:
    draft = Draft(
        title="By a model",
        valid=True,
        path_params={"petId": 7},
        query={},
        headers={},
        cookies={},
        body={"name": "Tom", "kind": "cat"},
        content_type="application/json",
        expect_status=(),
    )
    result = verify(of, replace(draft, **change), source=MODEL)  # type: ignore[arg-type]
    assert isinstance(result, Verified), result
    return result.case


def covered(cases: tuple[Case, ...]) -> set[str]:
    return {target for case in cases for target in case.targets}


def test_rules_fill_what_models_left() -> None:
    cases = complete(PETS, [made(), made(valid=False, query={"limit": 0})])
    assert covered(cases) == {target.id for target in targets_of(PETS)}
    assert [case.source for case in cases if case.targets == ("query.limit:below-minimum",)] == [MODEL]


def test_of_two_that_hit_the_same_the_model_s_is_kept() -> None:
    ruled = next(case for case in generate(PETS) if case.targets == ("query.limit:below-minimum",))
    own = made(valid=False, query={"limit": -5}, title="A negative limit")
    assert complete(PETS, [ruled, own], fill=False) == (own,)
    assert complete(PETS, [own, ruled], fill=False) == (own,)


def test_the_same_request_is_kept_once() -> None:
    own = made(query={"limit": 5})
    again = replace(own, request=replace(own.request, query={"limit": "5"}))
    assert complete(PETS, [own, again], fill=False) == (own,)
    by_rules = replace(own, source=Source("rules"))
    assert complete(PETS, [by_rules, own], fill=False) == (own,)


def test_what_hits_nothing_new_is_dropped() -> None:
    cases = complete(PETS, [made(), made(body={"name": "Tim", "kind": "cat"})], fill=False)
    assert len(cases) == 1


def test_claims_do_not_count() -> None:
    claimed = replace(made(), targets=("auth:missing",))
    kept = complete(PETS, [claimed], fill=False)
    assert "auth:missing" not in covered(kept)
    assert "body.kind:enum=cat" in covered(kept)


def test_ids_do_not_depend_on_other_cases() -> None:
    own = made(valid=False, query={"limit": 0})
    alone = complete(PETS, [own], fill=False)[0].id
    assert alone == "post.pets._petId--query.limit:below-minimum"
    assert alone in {case.id for case in complete(PETS, [own])}
    assert alone in {case.id for case in complete(PETS, [made(), own])}


def test_endpoints_that_look_alike_have_different_ids() -> None:
    paths = ["/a/b", "/a-b", "/a.b", "/a/{b}", "/a/b/", "/A/b", "/a/_b", "/a?b", "/a#b", "/"]
    count = query("q", {"type": "integer"})
    found = [case.id for path in paths for case in generate(endpoint(count, path=path, method="GET"))]
    assert len(found) >= len(paths)
    assert len(set(found)) == len(found)


def test_cases_come_by_priority_and_id() -> None:
    order = [(case.priority, case.id) for case in complete(PETS, [])]
    assert order == sorted(order)
    assert {priority for priority, _ in order} == {"P0", "P1", "P2"}
