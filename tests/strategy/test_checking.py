"""Strategies of others that fail."""

import pytest

from casecraft.errors import StrategyError
from casecraft.strategy.checking import CheckedAdaptive, checked
from tests.strategy.factories import profile


class Broken:
    """Fails in each of its methods."""

    rebalance = False

    def assign(self, *args):
        raise KeyError("weights")

    choose = learn = assign


def test_an_error_in_a_strategy_names_it_and_its_method():
    strategy = checked(Broken(), "mine.py")
    assert isinstance(strategy, CheckedAdaptive)
    with pytest.raises(StrategyError, match=r"'assign' of the strategy 'mine\.py' failed: KeyError") as caught:
        strategy.assign([], [profile("a")])
    assert caught.value.hint
    with pytest.raises(StrategyError, match="'choose'"):
        strategy.choose(None, [profile("a")])
    with pytest.raises(StrategyError, match="'learn'"):
        strategy.learn(None)
