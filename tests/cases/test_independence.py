"""Rules between fields that hide each other: what is left of them can be kept and broken."""

from dataclasses import replace

import pytest

from casecraft.cases import targets_of, unreachable
from casecraft.cases.independence import independent
from casecraft.cases.relations import Relation, relation_of
from casecraft.core.endpoint import Endpoint
from tests.cases.sample_endpoints import endpoint, query


def endpoint_with(**texts: str) -> Endpoint:
    fields = [replace(query(name, {"type": "number"}), description=text) for name, text in texts.items()]
    return endpoint(*fields, method="GET")


def read(rules: str) -> list[Relation]:
    found = [relation_of(f"relation:{rule}:kept") for rule in rules.split()]
    return [relation for relation in found if relation is not None]


@pytest.mark.parametrize(
    ("found", "left"),
    [
        ("a->b a&b", "a&b"),
        ("a->b b->a a&b", "a&b"),
        ("a->b b->c a->c", "a->b b->c"),
        ("a&b b&c", "a&b&c"),
        ("a&b a->c b->c", "a&b a->c"),
        ("a&b a|c b|c", "a&b a|c"),
        ("a->b b|c a|c", "a->b b|c"),
        # Of two that contradict each other the more explicit one is believed.
        ("a->b a|b", "a|b"),
        ("a&b a|b", "a|b"),
        ("a->b b->c a|c", "a->b a|c"),
        ("a<=b a|b", "a|b"),
        ("a<=b b<=a", "a<=b"),
        # These can all be broken alone.
        ("a->b b->a", "a->b b->a"),
        ("a|b b|c a|c", "a|b b|c a|c"),
        ("a<=b b<=c a<=c", "a<=b b<=c a<=c"),
        ("a<=b a->b", "a<=b a->b"),
    ],
)
def test_rules_that_others_imply_or_contradict_are_left_out(found: str, left: str) -> None:
    assert list(independent(read(found))) == read(left)


@pytest.mark.parametrize(
    "of",
    [
        endpoint_with(lat="Requires `lon`.", lon="Must be given together with `lat`."),
        endpoint_with(a="Must be used together with `b`.", b="Must be used together with `c`.", c=""),
        endpoint_with(a="Must be used together with `b`. Requires `c`.", b="Requires `c`.", c=""),
        endpoint_with(a="Requires `b`. Mutually exclusive with `d`.", b="Requires `c`.", c="", d=""),
        endpoint_with(a="Requires `b`. Mutually exclusive with `b`.", b=""),
    ],
)
def test_every_rule_is_kept_and_broken(of: Endpoint) -> None:
    assert any(target.id.startswith("relation:") for target in targets_of(of))
    assert not [target for target in unreachable(of) if target.startswith("relation:")]
