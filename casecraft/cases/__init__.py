"""Targets and cases: what to exercise at an endpoint, who makes the cases for it, and their verification."""

from casecraft.cases.completion import complete
from casecraft.cases.conformity import why_stale
from casecraft.cases.coverage import coverage_of
from casecraft.cases.draft import Draft
from casecraft.cases.evaluation import Rating, rate
from casecraft.cases.near_duplicates import NearDuplicate, near_duplicates, texts_to_compare
from casecraft.cases.parse import Parsed, parse
from casecraft.cases.prompts import PROMPT_VERSION, generation_request
from casecraft.cases.proposals import proposed_cases, read_relations, refused_relations
from casecraft.cases.repair import repair_request
from casecraft.cases.rules import generate, notes_of, targets_of, unreachable
from casecraft.cases.techniques import ALL_TECHNIQUES, choose_techniques
from casecraft.cases.tokens import (
    OUTPUT_TOKENS_PER_CASE,
    TOKENS_PER_COMPARED_CASE,
    estimate_tokens,
    estimate_tokens_of_texts,
)
from casecraft.cases.verification import Rejected, Verified, hits, verify

RULES_VERSION = "7"
"""Raised with every change of what the rules make, so that results of older rules are not taken for theirs."""

__all__ = [
    "ALL_TECHNIQUES",
    "OUTPUT_TOKENS_PER_CASE",
    "PROMPT_VERSION",
    "RULES_VERSION",
    "TOKENS_PER_COMPARED_CASE",
    "Draft",
    "NearDuplicate",
    "Parsed",
    "Rating",
    "Rejected",
    "Verified",
    "choose_techniques",
    "complete",
    "coverage_of",
    "estimate_tokens",
    "estimate_tokens_of_texts",
    "generate",
    "generation_request",
    "hits",
    "near_duplicates",
    "notes_of",
    "parse",
    "proposed_cases",
    "rate",
    "read_relations",
    "refused_relations",
    "repair_request",
    "targets_of",
    "texts_to_compare",
    "unreachable",
    "verify",
    "why_stale",
]
