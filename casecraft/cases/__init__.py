"""Targets and cases: what to exercise at an endpoint, the rules that make cases for it, and their verification."""

from casecraft.cases.completion import complete
from casecraft.cases.draft import Draft
from casecraft.cases.rules import generate, notes_of, targets_of, unreachable
from casecraft.cases.verification import Rejected, Verified, hits, verify

__all__ = [
    "Draft",
    "Rejected",
    "Verified",
    "complete",
    "generate",
    "hits",
    "notes_of",
    "targets_of",
    "unreachable",
    "verify",
]
