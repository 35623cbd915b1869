"""What is there already: where nothing makes things of a kind, the first of their list is one that exists."""

from casecraft.cases.scenarios.fields import id_pointer, successes
from casecraft.cases.scenarios.graph import Graph, Operation
from casecraft.cases.scenarios.listings import arrays_of
from casecraft.cases.shapes import Shape
from casecraft.core.endpoint import Endpoint

_IDS = frozenset({"string", "integer"})


def first_of_list(graph: Graph, operation: Operation, item: str) -> dict[str, str]:
    """Where the answer of a list has what the path parameter of an item is, in its first entry, by the names of that
    parameter; empty where it has nothing of the kind.
    """
    endpoint = operation.endpoint
    for response in successes(endpoint):
        answer = graph.shapes.of_answer(endpoint, response)
        for pointer, schema in arrays_of(graph.shapes, endpoint, answer) if answer is not None else ():
            entry = graph.shapes.read(endpoint.response_definitions, schema)
            may_be_bare = pointer == ""
            inside = {name: _pointer(graph, endpoint, entry, name, item, may_be_bare) for name in graph.names[item]}
            found = {name: f"{pointer}/0{held}" for name, held in inside.items() if held is not None}
            if found:
                return found
    return {}


def _pointer(graph: Graph, endpoint: Endpoint, entry: Shape, name: str, item: str, may_be_bare: bool) -> str | None:
    """Where an entry has the value; "" where it is the value itself, as it is in a list of names."""
    wanted = graph.wanted(item, name)
    if may_be_bare and entry.typed and len(entry.types) == 1 and entry.types <= wanted.types & _IDS:
        return ""
    return id_pointer(graph.shapes, endpoint, entry, name, item, wanted) or None
