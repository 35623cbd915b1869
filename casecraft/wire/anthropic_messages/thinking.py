"""Anthropic Messages: how much the model thinks, both ways.

Sources: https://platform.claude.com/docs/en/build-with-claude/thinking and …/effort. An effort is said by
`output_config.effort` with `thinking: {"type": "adaptive"}`, a budget by `thinking: {"type": "enabled"}`. Which of the
two a model takes is its own matter: those before Claude 4.6 know budgets alone, those from Opus 4.7 on efforts alone.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from casecraft.core.chat import ChatRequest, Loss, ReasoningEffort
from casecraft.wire.answers import mapping
from casecraft.wire.request_fields import RequestFields, wrong

SMALLEST_BUDGET = 1024

DEFAULT_MAX_TOKENS = 8192
"""`max_tokens` of a request that has no limit: Messages requires one. All models since Claude 3.5 allow so many."""

EFFORTS: Mapping[ReasoningEffort, str] = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
}
READ_EFFORTS: Mapping[object, ReasoningEffort] = {
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "xhigh",
}
DEFAULT_EFFORT: ReasoningEffort = "high"
"""Anthropic's own, where `thinking` is adaptive and no effort is named."""


class Thinking(NamedTuple):
    """What a request says of it: its `thinking`, its `output_config.effort` and its `max_tokens`."""

    config: dict[str, Any] | None
    effort: str | None
    max_tokens: int

    @property
    def is_on(self) -> bool:
        """Whether the model is told to think."""
        return self.config is not None and self.config["type"] != "disabled"


def write_thinking(request: ChatRequest, losses: list[Loss]) -> Thinking:
    """How much to think, and the limit of the output that holds thinking too."""
    effort, budget = request.reasoning_effort, request.reasoning_budget
    limit = request.max_output_tokens
    if limit is None:
        limit = DEFAULT_MAX_TOKENS + max(budget or 0, 0)
        losses.append(Loss("max_output_tokens", f"Messages requires a limit: {limit}", harmless=True))
    if effort == "minimal":
        losses.append(Loss("reasoning_effort", "the least effort of Messages is low", harmless=True))
    word = EFFORTS.get(effort) if effort else None
    if budget is not None and (effort == "none" or budget <= 0):
        losses.append(Loss("reasoning_budget", "a budget is of tokens to think with", harmless=True))
        if effort is None:
            losses.append(Loss("reasoning_effort", "the budget is said by it", harmless=True))
    elif budget is not None:
        return _with_budget(budget, word, limit, losses)
    if effort == "none" or (effort is None and budget == 0):
        return Thinking({"type": "disabled"}, None, limit)
    if effort is None and budget is None:
        return Thinking(None, None, limit)
    return Thinking({"type": "adaptive"}, word, limit)


def _with_budget(budget: int, effort: str | None, limit: int, losses: list[Loss]) -> Thinking:
    """A budget within what Messages allows: at least 1,024 and less than `max_tokens`."""
    allowed = max(min(budget, limit - 1), SMALLEST_BUDGET)
    if allowed >= limit:
        losses.append(Loss("reasoning_budget", f"{limit} tokens of output leave none to think with", harmless=True))
        losses.append(Loss("reasoning_effort", "the model is told not to think", harmless=True))
        return Thinking({"type": "disabled"}, None, limit)
    if allowed != budget:
        losses.append(Loss("reasoning_budget", f"Messages allows {allowed} here", harmless=True))
    return Thinking({"type": "enabled", "budget_tokens": allowed}, effort, limit)


def read_thinking(fields: RequestFields) -> tuple[ReasoningEffort | None, int | None]:
    """Effort and budget of a client's request. What they cannot hold, such as `display`, stays in its `extra`.

    An effort without `thinking` is one of the whole output, not of reasoning: it stays there as well.
    """
    thinking = fields.take_of("thinking", dict) or {}
    config = mapping(fields.rest.get("output_config"))
    known = READ_EFFORTS.get(word) if isinstance(word := config.get("effort"), str) else None
    match thinking.get("type"):
        case "disabled":
            return "none", None
        case "enabled":
            budget = thinking.get("budget_tokens")
            if not isinstance(budget, int) or isinstance(budget, bool):
                raise wrong("thinking.budget_tokens", "must be a whole number")
            _keep(fields, thinking, {"type", "budget_tokens"}, known)
            return known, budget
        case "adaptive":
            _keep(fields, thinking, {"type"}, known)
            return known or DEFAULT_EFFORT, None
    if thinking:
        fields.rest["thinking"] = thinking
    return None, None


def _keep(fields: RequestFields, thinking: dict[str, Any], said: set[str], effort: ReasoningEffort | None) -> None:
    """Leave in the request what our own words for it do not say."""
    if thinking.keys() - said:
        fields.rest["thinking"] = thinking
    config = mapping(fields.rest.get("output_config"))
    if effort is not None and config.get("effort") == EFFORTS[effort]:
        fields.rest["output_config"] = {key: value for key, value in config.items() if key != "effort"}
