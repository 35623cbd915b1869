"""The kinds of answer that a step of a sequence may expect."""

from typing import Literal, TypeAlias, get_args

Outcome: TypeAlias = Literal["success", "refused", "not_found"]
"""Carried out, refused for the state that things are in, or nothing found."""

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
