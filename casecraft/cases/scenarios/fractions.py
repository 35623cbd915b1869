"""Numbers with fractions in what a scenario sends: a service that rounds them, or keeps whole ones alone, shows it."""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from casecraft.cases.numbers import ends_of, moved, nearest
from casecraft.cases.requests import request_model
from casecraft.cases.scenarios.graph import Operation
from casecraft.cases.shapes import Number, Shape, same_value
from casecraft.core.case import CaseRequest

CENTS = 2
"""Digits after the point: what prices have, and what services that keep decimals give back as they were sent."""

_WISHES = (12.34, 23.45, 0.34, 0.45, 1234.56)
_STEP = 0.01
_MOST = 3


def with_fractions(
    operation: Operation,
    request: CaseRequest,
    sent: Mapping[str, Shape],
    names: Collection[str],
    before: Mapping[str, Any],
) -> CaseRequest:
    """The request with a fraction in each of these fields of its body that may have one, three at most.

    `sent` are the shapes of what the body may have. No field gets the value that it has in `before`. A request that
    would not conform with them, or only in doubt, stays as it is.
    """
    if not isinstance(request.body, Mapping):
        return request
    found = {name: _fraction(sent[name], before.get(name)) for name in names if name in sent}
    fractions = dict([(name, number) for name, number in found.items() if number is not None][:_MOST])
    changed = replace(request, body={**request.body, **fractions})
    return changed if fractions and _conforms(operation, changed) else request


def is_fraction(value: Any) -> bool:
    """Whether a value is a number with one or two digits after the point."""
    return isinstance(value, float) and not value.is_integer() and round(value, CENTS) == value


def _fraction(shape: Shape, other: Any) -> Number | None:
    if not shape.typed or "number" not in shape.types or shape.types - {"number", "integer", "null"} or shape.members:
        return None
    fitting = (number for number in _candidates(shape) if is_fraction(number) and math.isfinite(number))
    return next((number for number in fitting if not same_value(number, other)), None)


def _candidates(shape: Shape) -> Iterator[Number]:
    lowest, highest = ends_of(shape)
    yield from (nearest(shape, wish) for wish in _WISHES)
    if lowest is not None:
        yield moved(lowest, shape.multiple_of or _STEP, 34)
    if highest is not None:
        yield moved(highest, shape.multiple_of or _STEP, -34)


def _conforms(operation: Operation, request: CaseRequest) -> bool:
    inspection = request_model(operation.endpoint).inspect(request)
    return not (inspection.findings or inspection.unclear or inspection.doubtful or inspection.probing)
