"""What the petstore asks of each request, written down apart from the document and meant to say the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

API_KEY = "petstore-key"
TOKEN = "petstore-token"
SESSION = "petstore-session"
OTHER_KEY = "key-of-another-shop"
OTHER_TOKEN = "token-of-another-user"

STATUSES = ["available", "pending", "sold"]
STATES = ["placed", "paid", "delivered"]


@dataclass
class Rules:
    """By operation: the credentials of which one is needed, the parameters, and the body's type and schema."""

    credentials: dict[str, list[str]]
    parameters: dict[str, dict[str, Schema]]
    bodies: dict[str, Schema]
    required: dict[str, list[str]]
    body_types: dict[str, str]
    body_required: dict[str, bool]


def build_rules() -> Rules:
    """The right rules; a bug changes a copy of them."""
    bodies = {
        "createPet": _pet(),
        "replacePet": _pet(),
        "changePet": _pet_change(),
        "addNote": _note(),
        "placeOrder": _new_order(),
        "registerUser": _user(),
    }
    types = {"changePet": "application/merge-patch+json", "addNote": "application/x-www-form-urlencoded"}
    return Rules(
        credentials=_credentials(),
        parameters=_parameters(),
        bodies=bodies,
        required={"placeOrder": ["header Idempotency-Key"]},
        body_types={name: types.get(name, "application/json") for name in bodies},
        body_required=dict.fromkeys(bodies, True),
    )


def _credentials() -> dict[str, list[str]]:
    with_key = {name: ["apiKey"] for name in ("createPet", "replacePet", "changePet", "removePet")}
    with_token = {name: ["bearer"] for name in ("listOrders", "placeOrder", "getOrder")}
    return {**with_key, **with_token, "getMyself": ["bearer", "session"]}


def _parameters() -> dict[str, dict[str, Schema]]:
    pet_id = {"path petId": _text(format="uuid")}
    request_id = {"header X-Request-Id": _text(format="uuid")}
    return {
        "listPets": {
            **request_id,
            "query limit": _integer(1, 100),
            "query offset": _integer(0, 10000),
            "query status": _text(enum=list(STATUSES)),
            "query tags": {"type": "array", "minItems": 1, "maxItems": 3, "items": _tag()},
            "query bornAfter": _text(format="date-time"),
        },
        "getPet": {**pet_id, **request_id},
        "replacePet": dict(pet_id),
        "changePet": dict(pet_id),
        "removePet": dict(pet_id),
        "addNote": dict(pet_id),
        "listOrders": {
            "query state": _text(enum=list(STATES)),
            "query minTotal": {"type": "number", "minimum": 0, "exclusiveMaximum": 100000},
        },
        "placeOrder": {"header Idempotency-Key": _text(format="uuid")},
        "getOrder": {"path orderId": _text(pattern="^ORD-[0-9]{6}$")},
        "getBranch": {"path branchId": _integer(1, 4), "cookie locale": _text(enum=["en", "de", "zh"])},
    }


def _text(**more: Any) -> Schema:
    return {"type": "string", **more}


def _length(shortest: int, longest: int) -> Schema:
    return _text(minLength=shortest, maxLength=longest)


def _integer(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def _tag() -> Schema:
    return _text(pattern="^[a-z]{2,12}$")


def _closed(required: list[str], properties: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "required": required, "additionalProperties": False, "properties": dict(properties)}


def _nickname() -> Schema:
    return {"type": ["string", "null"], "minLength": 1, "maxLength": 20}


def _price() -> Schema:
    return {"type": "number", "minimum": 0, "maximum": 10000}


def _cat() -> Schema:
    return _closed(
        ["kind", "lives"], {"kind": _text(const="cat"), "lives": _integer(1, 9), "indoor": {"type": "boolean"}}
    )


def _dog() -> Schema:
    weight = {"type": "number", "exclusiveMinimum": 0, "maximum": 120, "multipleOf": 0.5}
    return _closed(["kind", "breed"], {"kind": _text(const="dog"), "breed": _length(2, 40), "weight": weight})


def _owner() -> Schema:
    address = {"street": _length(1, 120), "city": _length(1, 60), "postcode": _text(pattern="^[0-9]{5}$")}
    return _closed(
        ["name", "email"],
        {"name": _length(1, 80), "email": _text(format="email"), "address": _closed(["street", "city"], address)},
    )


def _pet() -> Schema:
    properties = {
        "id": _text(format="uuid"),
        "createdAt": _text(format="date-time"),
        "name": _length(1, 50),
        "nickname": _nickname(),
        "status": _text(enum=list(STATUSES)),
        "animal": {"oneOf": [_cat(), _dog()]},
        "bornAt": _text(format="date-time"),
        "chip": _text(pattern="^[0-9]{15}$"),
        "price": _price(),
        "tags": {"type": "array", "maxItems": 5, "uniqueItems": True, "items": _tag()},
        "owner": _owner(),
    }
    return _closed(["name", "animal"], properties)


def _pet_change() -> Schema:
    properties = {
        "name": _length(1, 50),
        "nickname": _nickname(),
        "status": _text(enum=list(STATUSES)),
        "price": _price(),
    }
    return {**_closed([], properties), "minProperties": 1}


def _note() -> Schema:
    properties = {"text": _length(1, 200), "rating": _integer(1, 5), "anonymous": {"type": "boolean"}}
    return _closed(["text", "rating"], properties)


def _new_order() -> Schema:
    properties = {
        "petId": _text(format="uuid"),
        "quantity": _integer(1, 10),
        "deliverOn": _text(format="date"),
        "coupon": {"type": ["string", "null"], "pattern": "^[A-Z]{4}[0-9]{2}$"},
    }
    return _closed(["petId", "quantity"], properties)


def _user() -> Schema:
    properties = {
        "id": {"type": "integer", "minimum": 1},
        "email": _text(format="email"),
        "username": _text(pattern="^[a-z][a-z0-9_]{2,15}$"),
        "password": _length(8, 64),
        "birthDate": {"type": ["string", "null"], "format": "date"},
    }
    return _closed(["email", "username", "password"], properties)
