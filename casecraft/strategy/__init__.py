"""Strategies: which provider each endpoint goes to."""

from casecraft.strategy.loader import available_strategies, load_strategy
from casecraft.strategy.protocol import Adaptive, Strategy
from casecraft.strategy.turns import turns

__all__ = ["Adaptive", "Strategy", "available_strategies", "load_strategy", "turns"]
