"""The techniques of test design by name, and which of them are wanted."""

import difflib
from collections.abc import Sequence
from typing import get_args

from casecraft.core.case import Technique
from casecraft.errors import ConfigurationError

ALL_TECHNIQUES: frozenset[Technique] = frozenset(get_args(Technique))


def choose_techniques(names: Sequence[str]) -> frozenset[Technique]:
    """The techniques of these names, all where none is named. Raises ConfigurationError for any other name."""
    for name in names:
        if name not in ALL_TECHNIQUES:
            raise _unknown(name)
    return frozenset(each for each in ALL_TECHNIQUES if each in names) or ALL_TECHNIQUES


def _unknown(name: str) -> ConfigurationError:
    known: tuple[str, ...] = get_args(Technique)
    near = difflib.get_close_matches(name.lower().replace("-", "_"), known, n=1, cutoff=0.4)
    guess = f"Did you mean {near[0]!r}? " if near else ""
    return ConfigurationError(f"no technique is called {name!r}", hint=f"{guess}The techniques are {', '.join(known)}.")
