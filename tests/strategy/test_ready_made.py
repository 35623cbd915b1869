from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from casecraft.core.case import Case, CaseRequest, Expectation, Source
from casecraft.core.job import JobResult
from casecraft.core.profile import Price, Profile
from casecraft.core.usage import Cost, Usage, UsageMeter
from casecraft.strategy import Adaptive, load_strategy
from tests.strategy.factories import endpoint, profile

FOLDER = Path(__file__).parents[2] / "strategies"
ENDPOINT = endpoint("GET /a")


def price(input_: str, output: str, currency: str = "USD") -> Price:
    return Price(Decimal(input_), Decimal(output), currency, "2026-11-01")


@pytest.mark.parametrize(
    ("profiles", "cheapest", "notes"),
    [
        ([profile("a", price=price("2", "2")), profile("b", price=price("1", "2"))], "b", ()),
        ([profile("a", price=price("0.1", "9")), profile("b", price=price("2", "2"))], "b", ()),
        ([profile("a"), profile("b", price=price("9", "9"))], "b", ("a",)),
        ([profile("a"), profile("b")], "a", ("a, b",)),
        ([profile("a", price=price("1", "1")), profile("b", local=True)], "b", ()),
        ([profile("a", price=price("9", "9")), profile("b", price=price("1", "1", "CNY"))], "a", ("b",)),
    ],
)
def test_cheapest_takes_the_lowest_price_and_says_what_it_could_not_compare(
    profiles: list[Profile], cheapest: str, notes: tuple[str, ...]
) -> None:
    strategy = load_strategy(str(FOLDER / "cheapest.py"))
    assert strategy.assign([ENDPOINT], profiles) == {"GET /a": cheapest}
    assert strategy.notes == tuple(f"no comparable price is known for {names}: last in line" for names in notes)


def made(provider: str, cases: int, cost: str | None, currency: str = "USD") -> JobResult:
    case = Case(
        "id",
        "title",
        True,
        "equivalence_partitioning",
        "P1",
        (),
        CaseRequest("GET", "/a"),
        Expectation((200,)),
        Source(provider),
    )
    spending = UsageMeter()
    spending.add(Usage(1000, 500), None if cost is None else Cost(Decimal(cost), currency, "2026-11-01"))
    return JobResult(ENDPOINT, "done", provider, cases=(case,) * cases, spending=spending)


def chosen(results: dict[str, JobResult], times: int = 60) -> Counter[str]:
    strategy = load_strategy(str(FOLDER / "bandit.py"))
    assert isinstance(strategy, Adaptive)
    profiles = [profile(name) for name in results]
    choices = []
    for _ in range(times):
        choices.append(strategy.choose(ENDPOINT, profiles))
        strategy.learn(results[choices[-1]])
    assert set(choices[: len(profiles)]) == set(results)
    return Counter(choices)


def test_bandit_prefers_more_cases_for_the_money() -> None:
    choices = chosen({"dear": made("dear", 10, "0.10"), "good": made("good", 8, "0.01"), "bad": made("bad", 1, "0.01")})
    assert choices["good"] > 40


def test_bandit_counts_tokens_where_money_cannot_be_compared() -> None:
    choices = chosen({"yuan": made("yuan", 2, "0.0001", "CNY"), "dollar": made("dollar", 9, "0.1")})
    assert choices["dollar"] > 40


def test_bandit_prefers_what_costs_nothing_but_only_if_it_yields() -> None:
    assert chosen({"paid": made("paid", 9, "0.1"), "free": made("free", 5, "0")})["free"] > 40
    assert chosen({"paid": made("paid", 9, "0.1"), "free": made("free", 0, "0")})["paid"] > 40


def test_bandit_gives_no_credit_for_the_cases_of_others() -> None:
    filled = replace(made("lazy", 0, "0.1"), cases=made("rules", 9, "0").cases)
    stood_in = replace(made("rules", 9, "0"), fell_back=("broken",))
    choices = chosen({"lazy": filled, "broken": stood_in, "works": made("works", 3, "0.1")})
    assert choices["works"] > 40


def test_bandit_credits_the_one_that_stood_in() -> None:
    helped = replace(made("works", 9, "0.1"), fell_back=("broken",))
    assert chosen({"other": made("other", 2, "0.1"), "works": helped})["works"] > 40


def test_bandit_does_the_same_again() -> None:
    results = {"a": made("a", 5, "0.02"), "b": made("b", 6, "0.02"), "c": made("c", 4, None)}
    assert chosen(results) == chosen(results)
