"""What cases make and nobody asks for: how it is removed again, so that a service has in the end what it had before."""

from collections.abc import Iterator

from casecraft.cases.scenarios.fields import escape
from casecraft.cases.scenarios.paths import places_of
from casecraft.cases.scenarios.producers import Producer
from casecraft.cases.scenarios.registry import Registry, path_place
from casecraft.core.case import Binding
from casecraft.core.scenario import CREATED, Removal, Step


def removals_of(registry: Registry) -> tuple[Removal, ...]:
    """The removals of all endpoints that make something which the document can remove, one for each, by their ids."""
    found: dict[str, Removal] = {}
    for producer in registry.found.values():
        removal = None if producer.linked or producer.listed else _removal(registry, producer)
        if removal is not None:
            found.setdefault(removal.endpoint_id, removal)
    return tuple(found[name] for name in sorted(found))


def _removal(registry: Registry, producer: Producer) -> Removal | None:
    remove = registry.graph.find("DELETE", producer.item)
    if remove is None:
        return None
    bindings = tuple(_bindings(producer, remove.endpoint.path))
    least = remove.least
    if {binding.place for binding in bindings} != {path_place(name) for name in least.request.path_params}:
        return None
    step = Step(f"{CREATED}-removal", "Remove it", remove.endpoint.id, least.request, least.expect, bindings)
    return Removal(producer.operation.endpoint.id, _statuses(producer), step)


def _bindings(producer: Producer, path: str) -> Iterator[Binding]:
    """The new thing's own id, and those of its parents as the creating request had them."""
    sent = {place.shape: place.name for place in places_of(producer.operation.endpoint.path)}
    for place in places_of(path):
        source = producer.source_at(place.shape)
        if source is not None:
            yield Binding(path_place(place.name), CREATED, source)
        elif place.shape in sent:
            yield Binding(path_place(place.name), CREATED, f"request:/path_params/{escape(sent[place.shape])}")


def _statuses(producer: Producer) -> tuple[int | str, ...]:
    """The answers that mean that there is something new. PUT, and who documents 201, say it by 201 alone: with another
    status it was there before.
    """
    return (201,) if producer.own is not None or producer.operation.documents(201) else ("2XX",)
