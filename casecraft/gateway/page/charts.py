"""Charts as plain figures: where each bar is and how large. The templates draw them as SVG."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

WIDTH, HEIGHT = 360, 132
_TOP, _BOTTOM, _LEFT = 14, 112, 4
_GAP = 0.2
_MOST_BAR = 28.0
SERIES = 6
"""So many colours are there; what comes after shares the last."""

Write: TypeAlias = Callable[[float], str]
"""Makes text of a number."""

Stack: TypeAlias = tuple[tuple[str, float], ...]
"""What lies on each other in one bar, from the bottom up: what it is, and how much."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle. `series` is the number of its colour, `title` what it says when it is pointed at."""

    x: float
    y: float
    width: float
    height: float
    series: int
    title: str


@dataclass(frozen=True, slots=True)
class Columns:
    """A column for each of some labels. `first` and `last` stand below the ends, `most` beside the top line."""

    bars: tuple[Bar, ...]
    most: str
    first: str
    last: str


def columns(stacks: Sequence[tuple[str, Stack]], words: Mapping[str, str], write: Write) -> Columns | None:
    """Stacked columns, one for each label; None where there is nothing to see. `words` are the series in their order,
    `write` makes text of a number.
    """
    most = max((sum(part for _, part in stack) for _, stack in stacks), default=0.0)
    if most <= 0:
        return None
    step = (WIDTH - 2 * _LEFT) / len(stacks)
    width = min(step * (1 - _GAP), _MOST_BAR)
    order = list(words)
    bars = []
    for number, (label, stack) in enumerate(stacks):
        below = float(_BOTTOM)
        for name, part in stack:
            height = (_BOTTOM - _TOP) * part / most
            below -= height
            if part:
                x = _LEFT + number * step + (step - width) / 2
                title = f"{label}: {write(part)} {words[name]}".rstrip()
                bars.append(_bar(x, below, width, height, order.index(name), title))
    return Columns(tuple(bars), write(most), stacks[0][0], stacks[-1][0] if len(stacks) > 1 else "")


def shares(amounts: Mapping[str, float], write: Write) -> tuple[Bar, ...]:
    """One bar of the chart's width, cut up in proportion, in the order given."""
    total = sum(amounts.values())
    bars, x = [], 0.0
    for number, (name, amount) in enumerate(amounts.items()):
        if amount > 0:
            width = WIDTH * amount / total
            title = f"{name or 'nobody'}: {write(amount)}, {amount / total:.0%}"
            bars.append(_bar(x, 0, width, 16, min(number, SERIES - 1), title))
            x += width
    return tuple(bars)


def length(amount: float, most: float) -> float:
    """How long a bar in a row of a table is, in hundredths."""
    return round(100 * amount / most, 2) if most > 0 else 0.0


def _bar(x: float, y: float, width: float, height: float, series: int, title: str) -> Bar:
    return Bar(round(x, 2), round(y, 2), round(width, 2), round(height, 2), series + 1, title)
