"""A suite may be made by some techniques alone."""

from typing import get_args

import pytest

from casecraft.cases import (
    ALL_TECHNIQUES,
    Draft,
    Verified,
    choose_techniques,
    complete,
    generate,
    targets_of,
    unreachable,
    verify,
)
from casecraft.core.case import Technique
from casecraft.errors import ConfigurationError
from tests.cases.sample_endpoints import pet_endpoint

OF = pet_endpoint()


def test_every_technique_of_the_contract_can_be_chosen() -> None:
    assert choose_techniques(()) == ALL_TECHNIQUES == set(get_args(Technique))
    assert choose_techniques(["security", "security"]) == {"security"}


@pytest.mark.parametrize(
    ("name", "meant"), [("boundary-value-analysis", "boundary_value_analysis"), ("Securty", "security")]
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, meant: str) -> None:
    with pytest.raises(ConfigurationError, match=name) as raised:
        choose_techniques(["security", name])
    assert f"Did you mean {meant!r}?" in str(raised.value.hint)


@pytest.mark.parametrize(
    "technique",
    ["equivalence_partitioning", "boundary_value_analysis", "syntax_testing", "error_guessing", "security"],
)
def test_rules_make_targets_of_the_chosen_technique_alone(technique: Technique) -> None:
    chosen = frozenset({technique})
    targets = targets_of(OF, chosen)
    assert targets
    assert {target.technique for target in targets} == chosen
    cases = generate(OF, techniques=chosen)
    assert {case.technique for case in cases} == chosen
    assert {target for case in cases for target in case.targets} == {target.id for target in targets}
    assert {target.id for target in targets} == {each.id for each in targets_of(OF) if each.technique == technique}
    known = {target.id for target in targets_of(OF)}
    assert not unreachable(OF, chosen).keys() & known


def test_a_models_case_counts_by_the_chosen_techniques_alone() -> None:
    draft = Draft(
        "Too many", False, {"petId": 1}, {"limit": 101}, {}, {}, {"name": "Tom", "kind": "cat"}, "application/json", ()
    )
    boundary = verify(OF, draft, techniques=frozenset({"boundary_value_analysis"}))
    security = verify(OF, draft, techniques=frozenset({"security"}))
    assert isinstance(boundary, Verified)
    assert isinstance(security, Verified)
    assert boundary.case.targets == ("query.limit:above-maximum",)
    kept = complete(OF, [security.case], fill=False, techniques=frozenset({"security"}))
    assert kept == ()
