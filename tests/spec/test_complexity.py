"""Complexity: the weights, the caps, and that the document about them is right."""

import re
from pathlib import Path
from typing import Any

import pytest

from casecraft.core import endpoint
from casecraft.core.endpoint import Body, MediaType, Parameter, Response, SecurityScheme, tier_of
from casecraft.core.schema import Definitions
from casecraft.spec import complexity
from casecraft.spec.complexity import Complexities

A, B = SecurityScheme("a", "http"), SecurityScheme("b", "http")
PAGE = Path(__file__).parents[2] / "docs" / "complexity.md"


def score(
    *schemas: Any,
    parameters: int = 0,
    responses: int = 1,
    security: Any = (),
    definitions: dict[str, Any] | None = None,
) -> int:
    known = definitions or {}
    body = Body(True, tuple(MediaType(f"a/{n}", schema) for n, schema in enumerate(schemas))) if schemas else None
    return (
        Complexities(Definitions(known.__getitem__))
        .score(
            tuple(Parameter(str(n), "query", False, {"type": "string"}) for n in range(parameters)),
            body,
            tuple(Response(str(200 + n)) for n in range(responses)),
            security,
        )
        .score
    )


def properties(count: int) -> dict[str, Any]:
    return {"properties": {str(n): {} for n in range(count)}}


def nested(levels: int) -> Any:
    return {"items": nested(levels - 1)} if levels else {}


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (score(), 0),
        (score(parameters=3), 3),
        (score({}), 2),
        (score(properties(1)), 2 + 1 + 2),
        (score(properties(100)), 2 + 30 + 2),
        (score(nested(3)), 2 + 3 * 2),
        (score(nested(40)), 2 + 10 * 2),
        (score({"oneOf": [{}, {}, {}]}), 2 + 2 * 2),
        (score({"anyOf": [{}] * 50}), 2 + 10 * 2),
        (score({"format": "date", "pattern": "a", "enum": [1]}), 2 + 3),
        (score({"allOf": [{"format": "date"}] * 50}), 2 + 15),
        (score({}, properties(2)), 2 + 2 + 2),
        (score(responses=4), 3),
        (score(responses=40), 10),
        (
            score(
                security=((SecurityScheme("a", "http"), SecurityScheme("b", "http")), (SecurityScheme("a", "http"),))
            ),
            2,
        ),
    ],
)
def test_weights(actual: int, expected: int) -> None:
    assert actual == expected


def test_a_definition_counts_once_and_recursion_ends() -> None:
    node = {"properties": {"left": {"$ref": "#/$defs/Node"}, "right": {"$ref": "#/$defs/Node"}}}
    assert score({"$ref": "#/$defs/Node"}, definitions={"Node": node}) == 2 + 2 + 2
    chain = {str(n): {"properties": {"next": {"$ref": f"#/$defs/{n + 1}"}}} for n in range(4)} | {"4": {}}
    assert score({"$ref": "#/$defs/0"}, definitions=chain) == 2 + 4 + 4 * 2


def test_tiers() -> None:
    assert [tier_of(score) for score in (0, 7, 8, 24, 25)] == ["simple", "simple", "medium", "medium", "complex"]


def test_the_page_has_the_weights_of_the_code() -> None:
    rows = re.findall(r"^\| [^|]+ \| `(\w+)` = (\d+) \| (?:`(\w+)` = (\d+)|none) \|", PAGE.read_text(), re.MULTILINE)
    written = {name: int(value) for row in rows for name, value in (row[:2], row[2:]) if name}
    written |= {name: int(value) for name, value in re.findall(r"`(\w+_FROM)` = (\d+)", PAGE.read_text())}
    assert written == {
        name: value
        for name, value in {**vars(complexity), **vars(endpoint)}.items()
        if name.isupper() and isinstance(value, int)
    }
