"""What the document says of answers, for checkers that know JSON Schema up to draft 7."""

from collections.abc import Iterable
from typing import Any

from casecraft.core.endpoint import Endpoint
from casecraft.suites.older_schemas import as_draft7
from casecraft.suites.schemas import schemas_file
from casecraft.suites.suite import Entry


def documented_answers(entries: Iterable[Entry]) -> dict[str, Any]:
    """Contents by endpoint (its id) and status under `responses`, and under `$defs` the schemas that they share."""
    endpoints = [entry.result.endpoint for entry in entries]
    definitions = schemas_file(endpoints)["$defs"]
    return {
        "responses": {endpoint.id: _responses(endpoint) for endpoint in endpoints},
        "$defs": {name: as_draft7(schema) for name, schema in definitions.items()},
    }


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    return {
        response.status: {media.content_type: as_draft7(media.schema) for media in response.media_types}
        for response in endpoint.responses
    }
