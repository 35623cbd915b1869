"""What a suite is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from casecraft.core.document import Document
from casecraft.core.job import JobResult
from casecraft.core.scenario import Listing, Resource, Scenario
from casecraft.core.usage import UsageMeter
from casecraft.suites.slugs import endpoint_slugs


@dataclass(frozen=True, slots=True)
class Run:
    """The run that a suite comes from.

    `id` is written as it is given: a run that must give the same bytes again needs an id made from what went in.
    `started` and `finished` are ISO 8601 texts, left out of the manifest where they are None.
    """

    id: str
    strategy: str = ""
    providers: tuple[str, ...] = ()
    started: str | None = None
    finished: str | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """The results of one run on one document.

    `spending` is what each provider used, by its name; empty, it is summed up from the results under the provider
    whose answer was kept. `version` is casecraft's own, as the manifest names it. `resources` are what cases with
    bindings need to exist; `scenarios` stand beside the cases of the results; `listings` are lists, by endpoint id.
    """

    document: Document
    results: tuple[JobResult, ...]
    run: Run
    spending: Mapping[str, UsageMeter] = field(default_factory=dict)
    version: str = ""
    resources: tuple[Resource, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    listings: Mapping[str, Listing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One endpoint's result and the name of its files."""

    result: JobResult
    slug: str
    listing: Listing | None = None

    @property
    def file(self) -> str | None:
        """Where its cases are, relative to the suite's folder; None where there are no cases."""
        return f"cases/{self.slug}.json" if self.result.cases else None


def list_entries(suite: Suite) -> tuple[Entry, ...]:
    """Every result of the suite with its slug, sorted by path and method."""
    results = sorted(suite.results, key=lambda result: (result.endpoint.path, result.endpoint.method))
    slugs = endpoint_slugs([result.endpoint for result in results])
    return tuple(Entry(result, slugs[result.endpoint.id], suite.listings.get(result.endpoint.id)) for result in results)
