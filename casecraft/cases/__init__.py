"""Targets and cases: what to exercise at an endpoint, the rules that make cases for it, and their verification."""

from casecraft.cases.draft import Draft
from casecraft.cases.parse import Parsed, parse
from casecraft.cases.prompts import PROMPT_VERSION, generation_request
from casecraft.cases.repair import repair_request
from casecraft.cases.tokens import OUTPUT_TOKENS_PER_CASE, estimate_tokens

__all__ = [
    "OUTPUT_TOKENS_PER_CASE",
    "PROMPT_VERSION",
    "Draft",
    "Parsed",
    "estimate_tokens",
    "generation_request",
    "parse",
    "repair_request",
]
