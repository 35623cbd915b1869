"""What the document says of answers, for checkers that know JSON Schema up to draft 7."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from casecraft.core.endpoint import Endpoint
from casecraft.suites.answer_schemas import answer_schema
from casecraft.suites.cases import find_required_headers
from casecraft.suites.older_schemas import as_draft7
from casecraft.suites.schemas import schemas_file
from casecraft.suites.suite import Entry


def documented_answers(entries: Iterable[Entry]) -> dict[str, Any]:
    """Under `endpoints`, by its id, what is said of the answers of each, and under `$defs` the schemas that they share.

    Of an endpoint there are `responses` (contents by status) and, where there are any, `headers` (the names of those
    that are required, by status) and `listing`.
    """
    listed = list(entries)
    definitions = schemas_file(entry.result.endpoint for entry in listed)["$defs"]
    return {
        "endpoints": {entry.result.endpoint.id: _answers(entry) for entry in listed},
        "$defs": {name: as_draft7(schema) for name, schema in definitions.items()},
    }


def _answers(entry: Entry) -> dict[str, Any]:
    endpoint = entry.result.endpoint
    headers = find_required_headers(endpoint)
    return {
        "responses": _responses(endpoint),
        **({"headers": headers} if headers else {}),
        **({"listing": asdict(entry.listing)} if entry.listing else {}),
    }


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    return {
        response.status: {
            media.content_type: as_draft7(answer_schema(endpoint, media)) for media in response.media_types
        }
        for response in endpoint.responses
    }
