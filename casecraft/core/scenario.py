"""Requests that belong together: what must exist before a case, and the life of a resource from step to step."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from casecraft.core.case import Binding, CaseRequest, Expectation, Priority, Scalar, Source


@dataclass(frozen=True, slots=True)
class Step:
    """One request of several, with values bound from the steps before it. `id` is unique among them.

    `values` are what must stand in the answer's body beside what is expected of it, by JSON pointer.
    """

    id: str
    title: str
    endpoint_id: str
    request: CaseRequest
    expect: Expectation
    bindings: tuple[Binding, ...] = ()
    values: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that cases need to exist: the step that makes it and the one that removes it, if there is one.

    `id` is unique in the suite and also that of its step `create`, to whose answer bindings refer. Bindings of
    `create` name other resources (its parents), those of `remove` this one and its parents.
    """

    id: str
    create: Step
    remove: Step | None = None


CREATED = "create"
"""The step of a removal's bindings that stands for the request whose answer was a success."""


@dataclass(frozen=True, slots=True)
class Removal:
    """How what an endpoint's cases make is removed again.

    A case of `endpoint_id` that is answered with one of `statuses` has made something. The bindings of `step` name
    `CREATED`: what the case sent and what it was answered.
    """

    endpoint_id: str
    statuses: tuple[int | str, ...]
    step: Step


@dataclass(frozen=True, slots=True)
class Listing:
    """How an endpoint's answer to a request that conforms is a list.

    `items` is the JSON pointer to it in the answer's body. `limit` is the parameter of the query that says how many
    items there may be at most, `filters` are those that say which value the field of their name has in every item.
    """

    items: str
    limit: str | None
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Steps in their order, each of which is checked; the first that fails ends the scenario.

    Bindings name earlier steps of it, or resources of the suite. The steps of `cleanup` are tried in any case, as far
    as the steps that their values come from were made, and are not checked.
    """

    id: str
    title: str
    priority: Priority
    targets: tuple[str, ...]
    steps: tuple[Step, ...]
    source: Source
    cleanup: tuple[Step, ...] = ()
