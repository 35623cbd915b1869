"""The figures of charts, and how numbers read."""

from collections import Counter
from decimal import Decimal

import pytest

from casecraft.core.usage import UsageMeter
from casecraft.gateway.page import charts, wording
from casecraft.gateway.page.usage import latencies
from tests.gateway.page.history import attempt, exchange

WORDS = {"one": "first", "two": "second"}


def test_columns_are_as_high_as_they_are_large() -> None:
    stacks = [("a", (("one", 1.0), ("two", 3.0))), ("b", (("one", 0.0), ("two", 2.0)))]

    drawn = charts.columns(stacks, WORDS, wording.short)

    assert drawn is not None
    lower, upper, half = drawn.bars  # nothing is drawn of what is 0
    assert upper.height == pytest.approx(3 * lower.height)
    assert upper.y + upper.height == pytest.approx(lower.y)
    assert half.height == pytest.approx((lower.height + upper.height) / 2)
    assert half.y + half.height == pytest.approx(lower.y + lower.height)
    assert (lower.series, upper.series, half.series) == (1, 2, 2)
    assert (drawn.most, drawn.first, drawn.last) == ("4", "a", "b")
    assert upper.title == "a: 3 second"


def test_columns_stay_inside_however_many_there_are() -> None:
    for number in (1, 2, 30, 90):
        drawn = charts.columns([(str(it), (("one", 1.0),)) for it in range(number)], WORDS, wording.short)

        assert drawn is not None
        assert drawn.bars[0].x >= 0
        assert drawn.bars[-1].x + drawn.bars[-1].width <= charts.WIDTH
        assert all(one.x + one.width <= other.x for one, other in zip(drawn.bars, drawn.bars[1:], strict=False))


def test_of_nothing_there_is_no_chart() -> None:
    assert charts.columns([], WORDS, wording.short) is None
    assert charts.columns([("a", (("one", 0.0),))], WORDS, wording.short) is None
    assert charts.shares({"a": 0.0}, wording.short) == ()
    assert charts.length(0, 0) == 0


def test_shares_fill_the_bar_in_proportion() -> None:
    drawn = charts.shares({"a": 3.0, "none": 0.0, "b": 1.0}, wording.short)

    assert [it.width for it in drawn] == [charts.WIDTH * 0.75, charts.WIDTH * 0.25]
    assert drawn[1].x == drawn[0].width
    assert [it.series for it in drawn] == [1, 3]
    assert drawn[0].title == "a: 3, 75%"


def test_times_are_told_by_provider() -> None:
    made = [exchange(number, 100.0, attempt("glm", seconds=number)) for number in range(1, 22)]
    made += [
        exchange(30, 100.0, attempt("kimi", seconds=0.5)),
        exchange(31, 100.0, attempt("kimi", seconds=99.0), outcome="failed"),
        exchange(32, 1.0, attempt("kimi", seconds=99.0)),
    ]

    kimi, glm = latencies(made, since=50.0)

    assert (kimi.provider, kimi.requests, kimi.median, kimi.most) == ("kimi", 1, 0.5, 0.5)
    assert (glm.median, glm.most, glm.first) == (11, 20, 11 / 4)
    assert glm.most_length == 100
    assert glm.median_length == 55


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (950, "950"), (1000, "1k"), (12_345, "12.3k"), (4_500_000, "4.5M"), (10**18, "1000000T"), (0.25, "0.2")],
)
def test_large_numbers_read_short(number: float, text: str) -> None:
    assert wording.short(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0.1204, "120 ms"), (3.21, "3.2 s"), (45.4, "45 s"), (125, "2 min 5 s"), (3600, "60 min 0 s")],
)
def test_times_read_as_people_say_them(seconds: float | None, text: str) -> None:
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(
    ("amounts", "unpriced", "text"),
    [
        ({}, 0, "–"),
        ({}, 2, "unknown"),
        ({"USD": Decimal("0.01234")}, 0, "0.0123 USD"),
        ({"USD": Decimal(0)}, 0, "0 USD"),
        ({"USD": Decimal("0.00004")}, 0, "under 0.0001 USD"),
        ({"USD": Decimal(1), "CNY": Decimal(2)}, 3, "2.0000 CNY + 1.0000 USD, 3 of unknown price"),
    ],
)
def test_money_that_is_not_known_is_never_nothing(amounts: dict[str, Decimal], unpriced: int, text: str) -> None:
    assert wording.money(UsageMeter(amounts=Counter(amounts), unpriced=unpriced)) == text
