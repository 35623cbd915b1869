"""Targets and cases: what to exercise at an endpoint, who makes the cases for it, and their verification."""

from casecraft.cases.completion import complete
from casecraft.cases.draft import Draft
from casecraft.cases.evaluation import Rating, rate
from casecraft.cases.parse import Parsed, parse
from casecraft.cases.prompts import PROMPT_VERSION, generation_request
from casecraft.cases.repair import repair_request
from casecraft.cases.rules import generate, notes_of, targets_of, unreachable
from casecraft.cases.tokens import OUTPUT_TOKENS_PER_CASE, estimate_tokens
from casecraft.cases.verification import Rejected, Verified, hits, verify

RULES_VERSION = "1"
"""Raised with every change of what the rules make, so that results of older rules are not taken for theirs."""

__all__ = [
    "OUTPUT_TOKENS_PER_CASE",
    "PROMPT_VERSION",
    "RULES_VERSION",
    "Draft",
    "Parsed",
    "Rating",
    "Rejected",
    "Verified",
    "complete",
    "estimate_tokens",
    "generate",
    "generation_request",
    "hits",
    "notes_of",
    "parse",
    "rate",
    "repair_request",
    "targets_of",
    "unreachable",
    "verify",
]
