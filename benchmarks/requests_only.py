"""What a document says of requests alone: without the content of answers, and without components that no request needs.

Prism resolves all of a document before it listens. In Stripe's, where answers refer to nearly every schema there is,
that takes longer than anyone waits; how a request is checked does not depend on it. And where the validator below it
cannot compile a schema, Prism checks no body of that endpoint and says nothing; so two such things are put differently.
"""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.traffic import METHODS

KEPT = frozenset(
    ("openapi", "swagger", "info", "jsonSchemaDialect", "servers", "host", "basePath", "schemes", "consumes",
     "produces", "security", "securityDefinitions", "tags")
)  # fmt: skip
"""What stays as it is at the top of a document."""


def keep_requests(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the statuses of answers, but not with what is in them. The document itself stays as it is."""
    kept = {key: value for key, value in document.items() if key in KEPT}
    kept["paths"] = {path: _without_answers(item) for path, item in document["paths"].items()}
    if schemes := document.get("components", {}).get("securitySchemes"):
        kept["components"] = {"securitySchemes": schemes}
    wanted = list(find_references(kept["paths"]))
    taken: set[str] = set()
    while wanted:
        reference = wanted.pop()
        if reference not in taken and not reference.startswith("#/paths/"):
            taken.add(reference)
            wanted += find_references(_copy(document, kept, reference))
    compiled: dict[str, Any] = say_to_compile(kept)
    return compiled


def _without_answers(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: {
            **{name: value for name, value in operation.items() if name not in ("responses", "callbacks")},
            "responses": {status: {"description": status} for status in operation["responses"]},
        }
        if key in METHODS
        else operation
        for key, operation in item.items()
    }


def say_to_compile(node: Any) -> Any:
    """The same with every value of an `enum` once, and `nullable` beside a union as one more branch that is null.

    Without a `type`, 3.0 gives `nullable` no effect; but whoever writes it there means it, and casecraft reads it so.
    """
    if isinstance(node, list):
        return [say_to_compile(item) for item in node]
    if not isinstance(node, dict):
        return node
    said = {key: say_to_compile(value) for key, value in node.items()}
    if isinstance(said.get("enum"), list):
        said["enum"] = [value for index, value in enumerate(said["enum"]) if value not in said["enum"][:index]]
    union = next((key for key in ("oneOf", "anyOf") if isinstance(said.get(key), list)), None)
    if said.get("nullable") is True and "type" not in said and union:
        del said["nullable"]
        said[union].append({"enum": [None]})
    return said


def find_references(node: Any) -> Iterator[str]:
    """Every `$ref` below a node, and what discriminators map to."""
    if isinstance(node, list):
        for item in node:
            yield from find_references(item)
    elif isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        mapping = node.get("mapping")
        if isinstance(mapping, dict) and "propertyName" in node:
            yield from (target for target in mapping.values() if isinstance(target, str) and target.startswith("#/"))
        for value in node.values():
            yield from find_references(value)


def _copy(document: Mapping[str, Any], kept: dict[str, Any], reference: str) -> Any:
    """Put what a reference names where it was; the node."""
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in reference.removeprefix("#/").split("/")]
    here: Any = document
    there: Any = kept
    for part in parents:
        here, there = here[part], there.setdefault(part, {})
    there[last] = copy.deepcopy(here[last])
    return here[last]
