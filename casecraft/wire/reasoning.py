"""How hard a model is to think: some vendors take a word, others a number of tokens."""

from collections.abc import Mapping

from casecraft.core.chat import ReasoningEffort

# The budgets that gateways and vendors commonly give the words.
BUDGETS: Mapping[ReasoningEffort, int] = {
    "none": 0,
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 16384,
    "xhigh": 32768,
}


def budget_of(effort: ReasoningEffort) -> int:
    """The tokens that an effort stands for."""
    return BUDGETS[effort]


def effort_of(budget: int) -> ReasoningEffort:
    """The least effort that has room for so many tokens."""
    return next((effort for effort, tokens in BUDGETS.items() if tokens >= budget), "xhigh")
