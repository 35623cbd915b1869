"""Splits a document into its endpoints."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from casecraft.core.document import Document
from casecraft.core.endpoint import Endpoint
from casecraft.spec.bodies import read_body, read_responses
from casecraft.spec.bundle import as_written
from casecraft.spec.complexity import Complexities
from casecraft.spec.filters import Filters
from casecraft.spec.fingerprint import Fingerprints
from casecraft.spec.operation import Context, Operation, mapping, strings, text
from casecraft.spec.parameters import read_parameters
from casecraft.spec.path_methods import methods_by_path
from casecraft.spec.references import References
from casecraft.spec.schemas import Schemas
from casecraft.spec.security import read_schemes, read_security
from casecraft.spec.servers import read_servers
from casecraft.spec.version import version_of

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
"""The fields of a path item that hold an operation; `query` from 3.2 on."""

_SHARED: Final = ("openapi", "swagger", "servers", "host", "basePath", "schemes", "consumes", "produces", "security")
_NO_FILTERS: Final = Filters()


def split(document: Document, filters: Filters = _NO_FILTERS) -> tuple[Endpoint, ...]:
    """Every endpoint that the filters admit, in the document's order.

    What cannot be understood is passed over and said in the endpoint's `notes`; nothing in a loaded document raises.
    """
    return tuple(_Splitter(document.root).split(filters))


class _Splitter:
    def __init__(self, root: Mapping[str, Any]) -> None:
        version, references = version_of(root), References(root)
        requests = Schemas(references, version, "request")
        responses = Schemas(references, version, "response")
        self._context = Context(root, version, references, requests, responses)
        self._complexities = Complexities(requests.definitions)
        self._fingerprints = Fingerprints(references, requests.discriminators)
        self._schemes = read_schemes(root, version, references)
        self._operations = tuple(self._read_operations())
        self._path_methods = methods_by_path((each.path, each.method) for each in self._operations)

    def split(self, filters: Filters) -> Iterator[Endpoint]:
        seen: set[str] = set()
        for operation in self._operations:
            tags = strings(operation.content.get("tags"))
            identity = f"{operation.method} {operation.path}"
            if identity not in seen and filters.admit(operation.method, operation.path, tags):
                seen.add(identity)
                yield self._read(operation, tags)

    def _read_operations(self) -> Iterator[Operation]:
        for path, raw in mapping(self._context.root, "paths").items():
            if path.startswith("x-"):
                continue
            referred, _ = self._context.references.resolve(raw)
            item = {**(referred if isinstance(referred, dict) else {}), **(raw if isinstance(raw, dict) else {})}
            for method, content in self._methods(item):
                yield Operation(self._context, method, path, item, content)

    def _methods(self, item: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for key, value in item.items():
            if key.lower() in METHODS and isinstance(value, dict):
                if key.lower() != "query" or self._context.version == "3.2":
                    yield key.upper(), value
            elif key == "additionalOperations" and isinstance(value, dict):
                yield from ((method, each) for method, each in value.items() if isinstance(each, dict))

    def _read(self, operation: Operation, tags: tuple[str, ...]) -> Endpoint:
        content, notes = operation.content, operation.notes
        parameters, body = read_parameters(operation), read_body(operation)
        responses = read_responses(operation)
        security = read_security(self._context.root, content, self._schemes, notes)
        fingerprint, lost = self._fingerprints.take(self._reached_content(operation))
        notes.extend(f"the `$ref` {as_written(each)!r} {self._context.references.why_lost(each)}" for each in lost)
        return Endpoint(
            method=operation.method,
            path=operation.path,
            definitions=self._context.requests.definitions,
            response_definitions=self._context.responses.definitions,
            fingerprint=fingerprint,
            complexity=self._complexities.score(parameters, body, responses, security),
            operation_id=text(content, "operationId") or None,
            summary=text(content, "summary") or text(operation.item, "summary"),
            description=text(content, "description") or text(operation.item, "description"),
            tags=tags,
            parameters=parameters,
            body=body,
            responses=responses,
            security=security,
            servers=read_servers(operation),
            deprecated=content.get("deprecated") is True,
            notes=tuple(dict.fromkeys(notes)),
            path_methods=self._path_methods[operation.path],
        )

    def _reached_content(self, operation: Operation) -> dict[str, Any]:
        """What decides about the endpoint, before references are followed."""
        root, item, content = self._context.root, operation.item, operation.content
        shared = {key: root[key] for key in _SHARED if key in root and key not in content}
        if "servers" in item or "servers" in content:
            shared.pop("servers", None)
        asked = content.get("security", root.get("security"))
        alternatives = asked if isinstance(asked, list) else ()
        names = {str(name) for each in alternatives if isinstance(each, dict) for name in each}
        around = {key: item[key] for key in ("parameters", "servers", "summary", "description") if key in item}
        methods = self._path_methods[operation.path]
        # The first endpoint of a path stands for the path as a whole.
        path_wide = {"methods": methods} if methods[0] == operation.method else {}
        return {
            "method": operation.method,
            "path": operation.path,
            "operation": content,
            "item": around,
            "shared": shared,
            "schemes": {name: self._schemes.get(name) for name in names},
            **path_wide,
        }
