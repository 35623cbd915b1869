"""Targets and cases: what to exercise at an endpoint, the rules that make cases for it, and their verification."""

from casecraft.cases.draft import Draft

__all__ = ["Draft"]
