"""Fields of requests that name a resource by its id: `petId`, `owner.id`, `pet_ids`."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from casecraft.cases.scenarios.fields import escape
from casecraft.cases.scenarios.graph import Graph
from casecraft.cases.scenarios.paths import common_segments, noun_of, shape_of, singular, words_of
from casecraft.cases.scenarios.xml_values import body_value
from casecraft.core.case import CaseRequest
from casecraft.core.endpoint import Endpoint

_ID_ENDINGS = frozenset({"id", "ids", "uuid", "guid"})
_DEEPEST = 3
_MOST_FIELDS = 200


class References:
    """Finds the item path that a field's name speaks of, among the items whose parameters a graph knows."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._items: dict[str, list[str]] = defaultdict(list)
        for item in graph.names:
            noun = noun_of(item)
            if noun:
                self._items[noun[-1]].append(item)

    def find(self, endpoint: Endpoint, request: CaseRequest) -> Iterator[tuple[str, str]]:
        """Places of a request (`/body/petId`) with the item paths of what they name."""
        fields = [(f"/query/{escape(name)}", words_of(name), value) for name, value in request.query.items()]
        body = body_value(endpoint, request)
        if isinstance(body, dict):
            fields += list(_leaves(body, "/body", (), 1))[:_MOST_FIELDS]
        for place, words, value in fields:
            item = self.item_of(endpoint, words, value)
            if item is not None:
                yield place, item

    def item_of(self, endpoint: Endpoint, words: tuple[str, ...], value: Any) -> str | None:
        """The item path that a field of these words and this value speaks of, where only one can be meant."""
        if len(words) < len(("pet", "id")) or words[-1] not in _ID_ENDINGS or isinstance(value, bool):
            return None
        *head, last = words[:-1]
        stem = (*head, singular(last))
        items = [item for item in self._items.get(stem[-1], ()) if noun_of(item)[-len(stem) :] == stem]
        shape = shape_of(endpoint.path)
        near = [item for item in items if self._fits(item, value) and shape != item.rpartition("/")[0]]
        best = max((common_segments(item, shape) for item in near), default=0)
        nearest = [item for item in near if common_segments(item, shape) == best]
        return nearest[0] if len(nearest) == 1 else None

    def _fits(self, item: str, value: Any) -> bool:
        """Whether a value of this type can be the id in an item's path."""
        name = next(iter(self._graph.names[item]))
        types = self._graph.wanted(item, name).types
        return "string" in types if isinstance(value, str) else isinstance(value, int) and "integer" in types


def _leaves(value: Any, place: str, above: tuple[str, ...], depth: int) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Scalar fields with their places; the words of a field called `id` alone are led by its object's name."""
    if not isinstance(value, Mapping) or depth > _DEEPEST:
        return
    for name, each in value.items():
        here, words = f"{place}/{escape(name)}", words_of(name)
        if isinstance(each, Mapping):
            yield from _leaves(each, here, words, depth + 1)
        elif isinstance(each, list):
            if each and isinstance(each[0], str | int):
                yield f"{here}/0", words, each[0]
        elif isinstance(each, str | int):
            yield here, (*above, *words) if len(words) == 1 else words, each
