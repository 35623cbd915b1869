"""Which provider each endpoint goes to, and who comes after it."""

import difflib
from collections.abc import Iterable, Mapping, Sequence

from casecraft.core.endpoint import Endpoint
from casecraft.core.job import Job
from casecraft.errors import ConfigurationError

RULES = "rules"


def fallback_chain(named: Sequence[str], fallback: Sequence[str] | None, *, rules: bool = True) -> tuple[str, ...]:
    """The providers that a job goes to in turn when its own cannot answer.

    `fallback` is what the user asked for, None for the other named providers in their order; `rules` comes last where
    it is allowed. Raises ConfigurationError for a provider in `fallback` that the run does not name.
    """
    chosen = tuple(named) if fallback is None else tuple(fallback)
    for name in chosen:
        if name not in named and name != RULES:
            raise _not_named(name, named)
    chain = tuple(dict.fromkeys(chosen))
    return (*chain, RULES) if rules and RULES not in chain else chain


def _not_named(name: str, named: Sequence[str]) -> ConfigurationError:
    nearest = difflib.get_close_matches(name, named, n=1)
    hint = f"Did you mean {nearest[0]!r}?" if nearest else f"Name it: --providers {','.join([*named, name])}."
    return ConfigurationError(f"the fallback chain has {name!r}, which is no provider of this run", hint=hint)


def make_jobs(endpoints: Iterable[Endpoint], assignment: Mapping[str, str], chain: Sequence[str]) -> tuple[Job, ...]:
    """One job for each endpoint: first the provider that it is assigned to, then the chain."""
    jobs = []
    for endpoint in endpoints:
        first = assignment[endpoint.id]
        jobs.append(Job(endpoint, (first, *(name for name in chain if name != first))))
    return tuple(jobs)
