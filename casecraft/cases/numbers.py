"""Exact arithmetic on bounds and multiples, as decimals have it."""

from decimal import Decimal
from fractions import Fraction

from casecraft.cases.shapes import Bounds, Number, Shape

FINE_STEP = 0.01
"""How far beyond a bound a number with a fraction goes, less in a range that is narrow."""

_TOO_LARGE = 10**300


def step_of(shape: Shape) -> Number:
    """The distance between neighbouring values of a number."""
    if shape.multiple_of is not None:
        return shape.multiple_of
    return _fine_step(shape.bounds) if "number" in shape.types else 1


def _fine_step(bounds: Bounds) -> Number:
    if bounds.minimum is None or bounds.maximum is None:
        return FINE_STEP
    width = _fraction(bounds.maximum) - _fraction(bounds.minimum)
    return FINE_STEP if width <= 0 or width > 2 * FINE_STEP else _plain(width / 4)


def ends_of(shape: Shape) -> tuple[Number | None, Number | None]:
    """The smallest and the largest number allowed, None where there is no such end."""
    bounds = shape.bounds
    lowest = None if bounds.minimum is None else _inside(shape, bounds.minimum, 1, strictly=bounds.open_below)
    highest = None if bounds.maximum is None else _inside(shape, bounds.maximum, -1, strictly=bounds.open_above)
    return lowest, highest


def beyond(shape: Shape) -> tuple[Number | None, Number | None]:
    """The nearest numbers outside the bounds, below and above; a bound itself where it is excluded."""
    bounds, step = shape.bounds, step_of(shape)
    lowest, highest = ends_of(shape)
    below = None if lowest is None else bounds.minimum if _is_on_grid(bounds, shape, -1) else moved(lowest, step, -1)
    above = None if highest is None else bounds.maximum if _is_on_grid(bounds, shape, 1) else moved(highest, step, 1)
    return below, above


def moved(number: Number, step: Number, count: int) -> Number:
    """`number + step * count`."""
    if isinstance(number, int) and isinstance(step, int):
        return number + step * count
    return _plain(_fraction(number) + _fraction(step) * count)


def off_grid(shape: Shape, near: Number) -> Number:
    """A number between two multiples, next to `near`; an integer where the multiple is one."""
    step = shape.multiple_of or 1
    if isinstance(step, int) and step > 1:
        return moved(near, 1, 1)
    return _plain(_fraction(near) + _fraction(step) / 2)


def nearest(shape: Shape, wish: Number) -> Number:
    """The allowed number nearest to the one wished for."""
    lowest, highest = ends_of(shape)
    number = wish if shape.multiple_of is None else _rounded(wish, shape.multiple_of)
    if lowest is not None and number < lowest:
        number = lowest
    return highest if highest is not None and number > highest else number


def _rounded(wish: Number, step: Number) -> Number:
    return _plain(_fraction(step) * max(1, round(_fraction(wish) / _fraction(step))))


def _is_on_grid(bounds: Bounds, shape: Shape, sign: int) -> bool:
    """Whether the excluded bound is itself the nearest number outside."""
    bound, is_open = (bounds.minimum, bounds.open_below) if sign < 0 else (bounds.maximum, bounds.open_above)
    if not is_open or bound is None:
        return False
    if shape.multiple_of is None:
        return "number" in shape.types or isinstance(bound, int)
    return (_fraction(bound) / _fraction(shape.multiple_of)).denominator == 1


def _inside(shape: Shape, bound: Number, sign: int, *, strictly: bool) -> Number:
    """The number on the inner side of a bound that is nearest to it."""
    step = step_of(shape)
    if (shape.multiple_of is None and "number" in shape.types) or (step == 1 and isinstance(bound, int)):
        return moved(bound, step, sign) if strictly else bound
    quotient = _fraction(bound) / _fraction(step)
    whole = -((-quotient) // 1) if sign > 0 else quotient // 1
    if strictly and whole == quotient:
        whole += sign
    return _plain(_fraction(step) * whole)


def _fraction(number: Number) -> Fraction:
    return Fraction(number) if isinstance(number, int) else Fraction(Decimal(repr(number)))


def _plain(number: Fraction) -> Number:
    if number.denominator == 1:
        return int(number)
    return float(number) if abs(number) < _TOO_LARGE else int(number)
