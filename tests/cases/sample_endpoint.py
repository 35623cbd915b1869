"""One endpoint, written out by hand, that the tests of prompts look at."""

from typing import Any

from casecraft.core.case import Target
from casecraft.core.endpoint import Body, Complexity, Endpoint, MediaType, Parameter, Response, SecurityScheme
from casecraft.core.schema import Definitions, Schema

SCHEMAS: dict[str, Schema] = {
    "NewPet": {
        "type": "object",
        "required": ["name", "kind"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 40, "examples": ["Mochi"]},
            "kind": {"type": "string", "enum": ["cat", "dog", "rabbit"]},
            "born": {"type": "string", "format": "date", "description": "Day of birth, if known"},
            "owner": {"$ref": "#/$defs/Owner"},
        },
    },
    "Owner": {
        "type": "object",
        "required": ["email"],
        "properties": {"email": {"type": "string", "format": "email"}, "friends": {"$ref": "#/$defs/Friends"}},
    },
    "Friends": {"type": "array", "items": {"$ref": "#/$defs/Owner"}},
    "Unrelated": {"type": "object", "description": "No request of this endpoint holds one"},
}

TARGETS = (
    Target("query.notify:true", "equivalence_partitioning", True, "notify is true"),
    Target("body.name:too-long", "boundary_value_analysis", False, "name has 41 characters"),
    Target("body.kind:unknown", "equivalence_partitioning", False, "kind is none of its members"),
)


def make_endpoint(schemas: dict[str, Schema] | None = None, **changes: Any) -> Endpoint:
    definitions = Definitions((SCHEMAS if schemas is None else schemas).__getitem__)
    fields: dict[str, Any] = {
        "method": "POST",
        "path": "/shelters/{shelterId}/pets",
        "definitions": definitions,
        "response_definitions": definitions,
        "fingerprint": "0" * 64,
        "complexity": Complexity(12, "medium"),
        "summary": "Register a pet",
        "description": "Adds a pet to a shelter.\n\nThe name must be free in that shelter.",
        "parameters": (
            Parameter("notify", "query", required=False, schema={"type": "boolean"}, style="form"),
            Parameter("shelterId", "path", required=True, schema={"type": "integer", "minimum": 1}),
        ),
        "body": Body(required=True, media_types=(MediaType("application/json", {"$ref": "#/$defs/NewPet"}),)),
        "responses": (Response("201", "Registered"), Response("409", "The name is taken"), Response("422", "Refused")),
        "security": ((SecurityScheme("key", "apiKey", location="header", parameter="X-Api-Key"),),),
    }
    return Endpoint(**fields | changes)
