"""Which endpoint makes what another one asks for: the endpoints of a run by the shape of their paths."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from casecraft.cases.expectations import given_values
from casecraft.cases.scenarios.fields import SchemaShapes
from casecraft.cases.scenarios.paths import Place, places_of, shape_of
from casecraft.cases.shapes import Shape
from casecraft.core.case import Case
from casecraft.core.endpoint import Endpoint, Parameter
from casecraft.core.job import JobResult

GONE = (404, 410)
"""What services answer where nothing is, or no longer."""

_PRIORITIES = ("P0", "P1", "P2")


@dataclass(frozen=True, slots=True)
class Operation:
    """An endpoint with its cases that a service accepts, the least of them first; there is at least one."""

    endpoint: Endpoint
    cases: tuple[Case, ...]

    @property
    def least(self) -> Case:
        """The case that sends the least."""
        return self.cases[0]

    @property
    def places(self) -> tuple[Place, ...]:
        """The path parameters that may be filled with ids."""
        return bindable_places(self.endpoint)

    def documents(self, *statuses: int) -> list[int]:
        """Which of these statuses the document lists."""
        listed = {response.status for response in self.endpoint.responses}
        return [status for status in statuses if str(status) in listed]

    @property
    def not_found(self) -> tuple[int, ...]:
        """The documented answers to a request for what is not there; empty where the document has none.

        Services hide what one may not see by answering as if one might not see it: 403 is right where it is documented,
        and so is 401 where the document knows of no credentials that could be sent.
        """
        if not self.documents(*GONE):
            return ()
        hidden = (403,) if self.endpoint.security else (401, 403)
        return tuple(self.documents(*hidden, *GONE))


@dataclass(slots=True)
class Graph:
    """The endpoints of a run that have a valid case, by method and shape of their path.

    `names` holds what the parameter that ends an item path is called, each name with an endpoint that uses it. `by_id`
    has the same operations by their endpoints' ids, `endpoints` also those without a valid case.
    """

    operations: dict[tuple[str, str], Operation] = field(default_factory=dict)
    shapes: SchemaShapes = field(default_factory=SchemaShapes)
    names: dict[str, dict[str, Endpoint]] = field(default_factory=lambda: defaultdict(dict))
    by_operation_id: dict[str, Operation] = field(default_factory=dict)
    by_id: dict[str, Operation] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)

    def find(self, method: str, shape: str) -> Operation | None:
        """The operation of a method on a path of this shape."""
        return self.operations.get((method, shape))

    def operation_of(self, endpoint: Endpoint) -> Operation | None:
        """The operation of this very endpoint; of two whose paths differ in names alone, the second has none."""
        found = self.find(endpoint.method.upper(), shape_of(endpoint.path))
        return found if found is not None and found.endpoint is endpoint else None

    def wanted(self, item: str, name: str) -> Shape:
        """The shape of the path parameter that ends an item path, where it is called `name`."""
        owner = self.names[item][name]
        return self.shapes.read(owner.definitions, path_parameter(owner, name).schema)


def build_graph(results: Sequence[JobResult]) -> Graph:
    """The graph of all endpoints that have results. Names of a path parameter are those of item paths first."""
    graph = Graph()
    for result in sorted(results, key=lambda result: len(result.endpoint.path)):
        endpoint = result.endpoint
        graph.endpoints[endpoint.id] = endpoint
        for place in bindable_places(endpoint):
            graph.names[place.shape].setdefault(place.name, endpoint)
        cases = tuple(sorted((case for case in result.cases if is_accepted(case) and _is_plain_use(case)), key=_order))
        if cases:
            operation = Operation(endpoint, cases)
            graph.operations.setdefault((endpoint.method.upper(), shape_of(endpoint.path)), operation)
            graph.by_id[endpoint.id] = operation
            if endpoint.operation_id:
                graph.by_operation_id.setdefault(endpoint.operation_id, operation)
    return graph


def bindable_places(endpoint: Endpoint) -> tuple[Place, ...]:
    """The path parameters of an endpoint that are one plain text each and have no fixed list of values."""
    plain = {it.name for it in endpoint.parameters if it.location == "path" and _is_plain(it)}
    return tuple(place for place in places_of(endpoint.path) if place.name in plain)


def is_given(endpoint: Endpoint, name: str, value: object) -> bool:
    """Whether the document itself gives this value of a path parameter, so that it may well exist."""
    return value in given_values(path_parameter(endpoint, name))


def is_accepted(case: Case) -> bool:
    """Whether a case is a request that conforms and is carried out."""
    if not case.valid or case.request.credentials != "own" or case.request.raw_body is not None:
        return False
    return any(str(status)[0] in "23" for status in case.expect.status)


def _is_plain_use(case: Case) -> bool:
    """Whether a case does what users do: no probe for robustness or security, even if the service may accept it."""
    return case.technique not in ("syntax_testing", "error_guessing", "security")


def path_parameter(endpoint: Endpoint, name: str) -> Parameter:
    """The path parameter of a name."""
    return next(it for it in endpoint.parameters if it.location == "path" and it.name == name)


def _is_plain(parameter: Parameter) -> bool:
    schema = parameter.schema
    fixed = isinstance(schema, dict) and ("enum" in schema or "const" in schema)
    return parameter.style == "simple" and parameter.content_type is None and not fixed


def _order(case: Case) -> tuple[bool, bool, int, int, str]:
    conditional = case.id.endswith("-conditional")
    size = len(case.request.query) + len(case.request.headers) + len(case.request.cookies) + len(str(case.request.body))
    return (conditional, "request:minimal" not in case.targets, _PRIORITIES.index(case.priority), size, case.id)
