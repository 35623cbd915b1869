"""Making the same twice, where the document says that the second is refused."""

from collections.abc import Iterator
from dataclasses import replace

from casecraft.cases.scenarios.paths import readable_name, shape_of
from casecraft.cases.scenarios.registry import Registry
from casecraft.cases.scenarios.uniqueness import unique_bindings
from casecraft.core.case import Binding, Expectation, Source
from casecraft.core.scenario import Scenario, Step

CONFLICT = 409


def duplicates_of(registry: Registry) -> Iterator[Scenario]:
    """For each POST that documents 409 and sends a name, an address or the like: the same once more is a conflict.

    Idempotency keys are what makes a repeated request no second one: an endpoint with such a key has no scenario.
    """
    for (method, _), operation in registry.graph.operations.items():
        endpoint, request = operation.endpoint, operation.least.request
        own = tuple(unique_bindings(registry.graph.shapes, endpoint, request))
        if method != "POST" or not operation.documents(CONFLICT) or not _are_fields(own):
            continue
        others = (*registry.path_bindings(endpoint), *registry.reference_bindings(endpoint, request))
        taken = {binding.place for binding in own}
        shared = tuple(binding for binding in others if binding.place not in taken)
        success = tuple(status for status in operation.least.expect.status if str(status)[0] == "2")
        first = Step(
            "create", "Make one", endpoint.id, request, replace(operation.least.expect, status=success), own + shared
        )
        same = tuple(Binding(binding.place, "create", f"request:{binding.place}") for binding in own)
        again = Step(
            "create-again", "Make the same again", endpoint.id, request, Expectation((CONFLICT,)), same + shared
        )
        name = f"{readable_name(shape_of(endpoint.path))}--duplicate"
        title = f"{endpoint.id}: the same a second time"
        yield Scenario(name, title, "P1", (f"scenario:{name}",), (first, again), Source("rules"))


def _are_fields(bindings: tuple[Binding, ...]) -> bool:
    return bool(bindings) and all(binding.place.startswith("/body/") for binding in bindings)
