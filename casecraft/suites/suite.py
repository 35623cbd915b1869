"""What a suite is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from casecraft.core.document import Document
from casecraft.core.job import JobResult
from casecraft.core.scenario import Listing, Removal, Resource, Scenario
from casecraft.core.usage import UsageMeter
from casecraft.suites.slugs import endpoint_slugs

PERSON = "person"
"""The provider of a case that a person vouches for."""


@dataclass(frozen=True, slots=True)
class PersonsCase:
    """A case that a person added or, where `edited`, changed. `data` is its JSON object as it stands."""

    endpoint_id: str
    data: Mapping[str, Any] = field(repr=False)
    edited: bool

    @property
    def id(self) -> str:
        """The case's id."""
        return str(self.data["id"])


@dataclass(frozen=True, slots=True)
class StaleCase:
    """A person's case that the suite cannot hold any longer, and why."""

    case: PersonsCase
    reason: str


@dataclass(frozen=True, slots=True)
class Run:
    """The run that a suite comes from.

    `id` is written as it is given: a run that must give the same bytes again needs an id made from what went in.
    `state` is the name of the state file; `started` and `finished` are ISO 8601 texts. What of these is None is left
    out of the manifest.
    """

    id: str
    strategy: str = ""
    providers: tuple[str, ...] = ()
    started: str | None = None
    finished: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """The results of one run on one document.

    `spending` is what each provider used, by its name; empty, it is summed up from the results under the provider
    whose answer was kept. `version` is casecraft's own, as the manifest names it. `resources` are what cases with
    bindings need to exist; `scenarios` stand beside the cases of the results; `listings` are lists, by endpoint id.
    `removals` say how what cases make is removed; `alone` are the ids of cases that no other may be run beside.
    `persons` are the cases among the results that people made: they are written as they made them. `stale` are those
    that no result can hold.
    """

    document: Document
    results: tuple[JobResult, ...]
    run: Run
    spending: Mapping[str, UsageMeter] = field(default_factory=dict)
    version: str = ""
    resources: tuple[Resource, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    listings: Mapping[str, Listing] = field(default_factory=dict)
    removals: tuple[Removal, ...] = ()
    alone: frozenset[str] = frozenset()
    persons: tuple[PersonsCase, ...] = ()
    stale: tuple[StaleCase, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One endpoint's result, the name of its files, and the cases among its own that people made, by id.

    `alone` are the ids of cases that no other may be run beside.
    """

    result: JobResult
    slug: str
    listing: Listing | None = None
    persons: Mapping[str, PersonsCase] = field(default_factory=dict)
    alone: frozenset[str] = frozenset()

    @property
    def file(self) -> str | None:
        """Where its cases are, relative to the suite's folder; None where there are no cases."""
        return path_of_cases(self) if self.result.cases else None


def path_of_cases(entry: Entry) -> str:
    """The path of an endpoint's file, whether it has cases or not."""
    return f"cases/{entry.slug}.json"


def list_entries(suite: Suite) -> tuple[Entry, ...]:
    """Every result of the suite with its slug, sorted by path and method."""
    results = sorted(suite.results, key=lambda result: (result.endpoint.path, result.endpoint.method))
    slugs = endpoint_slugs([result.endpoint for result in results])
    persons: dict[str, dict[str, PersonsCase]] = {}
    for case in suite.persons:
        persons.setdefault(case.endpoint_id, {})[case.id] = case
    return tuple(_entry(suite, result, slugs, persons) for result in results)


def _entry(
    suite: Suite, result: JobResult, slugs: Mapping[str, str], persons: Mapping[str, Mapping[str, PersonsCase]]
) -> Entry:
    name = result.endpoint.id
    return Entry(result, slugs[name], suite.listings.get(name), persons.get(name, {}), suite.alone)
