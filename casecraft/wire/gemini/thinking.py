"""Gemini: how much the model is to think.

Source: https://ai.google.dev/gemini-api/docs/thinking. `thinkingLevel` came with Gemini 3; models before it take
`thinkingBudget`, in tokens, alone. Both at once are refused.
"""

from collections.abc import Mapping
from typing import Any

from casecraft.core.chat import ChatRequest, Loss, ReasoningEffort

LEVELS: Mapping[str, ReasoningEffort] = {
    "MINIMAL": "minimal",
    "LOW": "low",
    "MEDIUM": "medium",
    "HIGH": "high",
    "XHIGH": "xhigh",
}
# What Google's own OpenAI-compatible API makes of efforts for models without levels.
# Source: https://ai.google.dev/gemini-api/docs/openai
BUDGETS: Mapping[ReasoningEffort, int] = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576}
WITHOUT_LEVELS = "gemini-2.5"


def write_thinking(request: ChatRequest, losses: list[Loss]) -> dict[str, Any]:
    """The `thinkingConfig`; empty where nothing is asked. What is thought is wanted back wherever it is asked for."""
    effort, budget = request.reasoning_effort, request.reasoning_budget
    if budget is not None:
        if effort is not None:
            losses.append(Loss("reasoning_effort", "Gemini takes a budget or a level, not both", harmless=True))
        if budget == 0:
            losses.append(Loss("reasoning_budget", "no tokens mean the same as the effort 'none'", harmless=True))
        return {"thinkingBudget": budget, "includeThoughts": budget != 0}
    if effort is None:
        return {}
    if effort == "none":
        return {"thinkingBudget": 0, "includeThoughts": False}
    if WITHOUT_LEVELS in request.model:
        losses.append(Loss("reasoning_effort", "this model takes a budget in tokens", harmless=True))
        return {"thinkingBudget": BUDGETS[effort], "includeThoughts": True}
    return {"thinkingLevel": effort.upper(), "includeThoughts": True}


def read_thinking(config: dict[str, Any]) -> tuple[ReasoningEffort | None, int | None]:
    """Effort and budget. What they say is taken out of `config`; the rest stays."""
    level, budget = config.get("thinkingLevel"), config.get("thinkingBudget")
    effort = LEVELS.get(level.upper()) if isinstance(level, str) else None
    if effort is not None:
        del config["thinkingLevel"]
    tokens = budget if isinstance(budget, int) and not isinstance(budget, bool) and budget >= 0 else None
    if tokens is not None:
        del config["thinkingBudget"]
    if tokens == 0:
        effort, tokens = "none", None
    thinks = tokens is not None or effort not in (None, "none")
    if (effort is not None or tokens is not None) and config.get("includeThoughts") is thinks:
        del config["includeThoughts"]
    return effort, tokens
