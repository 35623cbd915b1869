"""The petstore answers as its document says, and each of its bugs can be seen from outside."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import openapi_spec_validator
import pytest
import yaml

from tests.petstore.app import BUGS, OPERATIONS, create_app
from tests.petstore.rules import API_KEY, SESSION, TOKEN
from tests.petstore.shop import ORDER_ID, PET_ID, SOLD_PET_ID, TAKEN_EMAIL

DOCUMENT = yaml.safe_load((Path(__file__).parents[2] / "specs" / "petstore.yaml").read_text("utf-8"))
KEY = {"X-API-Key": API_KEY}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ORDER = {**BEARER, "Idempotency-Key": "5f0c3d0e-8d6b-4c36-9d5e-1f1a6b1f7c11"}
NOTE_URL = f"/pets/{PET_ID}/notes"
PET_URL = f"/pets/{PET_ID}"


@dataclass(frozen=True)
class Sent:
    """A request and the only status that answers it rightly."""

    status: int
    method: str
    url: str
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] | None = None


def listing(status: int, query: str = "", **headers: str) -> Sent:
    return Sent(status, "GET", f"/pets?{query}", headers={key.replace("_", "-"): text for key, text in headers.items()})


def pet(status: int, /, **changes: Any) -> Sent:
    body = {"name": "Mia", "animal": {"kind": "cat", "lives": 9}, **changes}
    return Sent(status, "POST", "/pets", {key: value for key, value in body.items() if value is not ...}, KEY)


def cat(status: int, /, **changes: Any) -> Sent:
    return pet(status, animal={"kind": "cat", "lives": 9, **changes})


def dog(status: int, /, **changes: Any) -> Sent:
    return pet(status, animal={"kind": "dog", "breed": "Beagle", **changes})


def owner(status: int, /, **changes: Any) -> Sent:
    body = {"name": "Ada", "email": "ada@example.com", **changes}
    return pet(status, owner={key: value for key, value in body.items() if value is not ...})


def order(status: int, headers: dict[str, str] = ORDER, **changes: Any) -> Sent:
    return Sent(status, "POST", "/orders", {"petId": PET_ID, "quantity": 1, **changes}, headers)


def user(status: int, /, **changes: Any) -> Sent:
    body = {"email": "grace@example.com", "username": "grace", "password": "12345678", **changes}
    return Sent(status, "POST", "/users", body)


def note(status: int, /, **changes: str) -> Sent:
    return Sent(status, "POST", NOTE_URL, form={"text": "Sweet", "rating": "5", **changes})


ADDRESS = {"street": "Main Street 1", "city": "Berlin"}

RIGHT = [
    listing(200, "limit=1&offset=10000"),
    listing(200, "limit=100&status=sold&tags=calm&tags=grey&bornAfter=2020-01-01T00:00:00Z"),
    listing(200, X_Request_Id="0b9e2a44-55d2-4b7c-8a39-6f5d1e7c2b10"),
    listing(422, "limit=%00"),
    pet(201),
    pet(201, name="Ünïcødé 🐈", nickname=None, price=0, chip="276098102345678", bornAt="2024-02-29T23:59:59.5+02:00"),
    owner(201, address={**ADDRESS, "postcode": "10115"}),
    dog(201, weight=0.5),
    pet(422, animal={"kind": "bird"}),
    pet(201, name="\ud800"),
    Sent(415, "POST", "/pets", headers=KEY, form={"name": "Mia"}),
    Sent(401, "POST", "/pets", headers={"X-API-Key": "wrong"}),
    Sent(200, "GET", PET_URL),
    Sent(404, "GET", "/pets/00000000-0000-4000-8000-000000000000"),
    Sent(422, "GET", "/pets/17"),
    Sent(200, "PUT", PET_URL, {"name": "Mia", "animal": {"kind": "cat", "lives": 1}}, KEY),
    Sent(200, "PATCH", PET_URL, {"nickname": None}, {**KEY, "Content-Type": "application/merge-patch+json"}),
    Sent(204, "DELETE", PET_URL, headers=KEY),
    note(201, anonymous="true"),
    note(422, anonymous="perhaps"),
    note(422, rating="five"),
    Sent(200, "GET", "/orders?minTotal=99999.5&state=paid", headers=BEARER),
    order(201, deliverOn="2030-12-31", coupon=None),
    order(422, deliverOn="2030-02-30"),
    order(409, petId=SOLD_PET_ID),
    Sent(200, "GET", f"/orders/{ORDER_ID}", headers=BEARER),
    Sent(404, "GET", "/orders/ORD-999999", headers=BEARER),
    Sent(422, "GET", "/orders/1", headers=BEARER),
    user(201, birthDate=None),
    user(409, email=TAKEN_EMAIL),
    Sent(200, "GET", "/users/me", headers=BEARER),
    Sent(200, "GET", "/users/me", headers={"Cookie": f"session={SESSION}"}),
    Sent(200, "GET", "/branches/4", headers={"Cookie": "locale=zh"}),
    Sent(200, "GET", "/health"),
]

REVEALING = {
    "limit-above-maximum-accepted": listing(422, "limit=101"),
    "limit-below-minimum-accepted": listing(422, "limit=0"),
    "limit-maximum-refused": listing(200, "limit=100"),
    "limit-minimum-refused": listing(200, "limit=1"),
    "offset-below-minimum-accepted": listing(422, "offset=-1"),
    "tags-above-maximum-accepted": listing(422, "tags=aa&tags=bb&tags=cc&tags=dd"),
    "min-total-at-exclusive-maximum-accepted": Sent(422, "GET", "/orders?minTotal=100000", headers=BEARER),
    "branch-above-maximum-accepted": Sent(422, "GET", "/branches/5"),
    "name-empty-accepted": pet(422, name=""),
    "name-too-long-accepted": pet(422, name="n" * 51),
    "name-longest-refused": pet(201, name="n" * 50),
    "price-negative-accepted": pet(422, price=-0.01),
    "price-minimum-refused": pet(201, price=0),
    "cat-with-ten-lives-accepted": cat(422, lives=10),
    "dog-weight-zero-accepted": dog(422, weight=0),
    "dog-weight-to-the-gram-accepted": dog(422, weight=0.75),
    "pet-tags-above-maximum-accepted": pet(422, tags=["aa", "bb", "cc", "dd", "ee", "ff"]),
    "pet-tags-twice-accepted": pet(422, tags=["calm", "calm"]),
    "quantity-above-maximum-accepted": order(422, quantity=11),
    "quantity-zero-accepted": order(422, quantity=0),
    "rating-above-maximum-accepted": note(422, rating="6"),
    "password-too-short-accepted": user(422, password="1234567"),
    "empty-change-accepted": Sent(422, "PATCH", PET_URL, {}, {**KEY, "Content-Type": "application/merge-patch+json"}),
    "status-filter-unchecked": listing(422, "status=lost"),
    "tag-filter-pattern-unchecked": listing(422, "tags=Calm"),
    "born-after-format-unchecked": listing(422, "bornAfter=yesterday"),
    "request-id-format-unchecked": listing(422, X_Request_Id="17"),
    "locale-unchecked": Sent(422, "GET", "/branches/1", headers={"Cookie": "locale=fr"}),
    "pet-status-unchecked": pet(422, status="lost"),
    "chip-pattern-unchecked": pet(422, chip="12"),
    "born-at-format-unchecked": pet(422, bornAt="2024-02-30T00:00:00Z"),
    "owner-email-unchecked": owner(422, email="nobody"),
    "postcode-pattern-unchecked": owner(422, address={**ADDRESS, "postcode": "1011"}),
    "username-pattern-unchecked": user(422, username="Grace"),
    "price-as-text-accepted": pet(422, price="12"),
    "name-as-number-accepted": pet(422, name=12),
    "name-null-accepted": pet(422, name=None),
    "name-missing-accepted": pet(422, name=...),
    "owner-email-missing-accepted": owner(422, email=...),
    "unknown-property-accepted": pet(422, colour="grey"),
    "unknown-owner-property-accepted": owner(422, phone="1"),
    "body-missing-accepted": Sent(400, "POST", "/pets", headers=KEY),
    "idempotency-key-missing-accepted": order(422, BEARER),
    "dog-refused": dog(201),
    "sold-refused": pet(201, status="sold"),
    "nickname-null-refused": pet(201, nickname=None),
    "indoor-refused": cat(201, indoor=False),
    "key-missing-accepted": Sent(401, "POST", "/pets", {"name": "Mia", "animal": {"kind": "cat", "lives": 9}}),
    "token-missing-accepted": Sent(401, "GET", "/orders"),
    "credentials-missing-accepted": Sent(401, "GET", "/users/me"),
    "name-null-crashes": pet(422, name=None),
    "name-empty-crashes": pet(422, name=""),
    "name-unicode-crashes": pet(201, name="Möhre"),
    "limit-text-crashes": listing(422, "limit=ten"),
    "body-list-crashes": Sent(422, "POST", "/pets", [], KEY),
    "pet-without-name": Sent(200, "GET", PET_URL),
    "pet-price-as-text": Sent(200, "GET", PET_URL),
    "pet-with-note-of-staff": Sent(200, "GET", PET_URL),
    "pet-id-no-uuid": Sent(200, "GET", PET_URL),
    "page-without-total": listing(200),
    "page-limit-zero": listing(200),
    "order-in-unknown-state": Sent(200, "GET", f"/orders/{ORDER_ID}", headers=BEARER),
    "orders-in-an-object": Sent(200, "GET", "/orders", headers=BEARER),
    "creation-answers-200": pet(201),
    "removal-answers-202": Sent(204, "DELETE", PET_URL, headers=KEY),
    "branch-as-html": Sent(200, "GET", "/branches/1"),
    "health-as-json": Sent(200, "GET", "/health"),
    "error-without-message": listing(422, "limit=0"),
}


def connect(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://petstore")


async def deviations(bug: str | None, sent: Sent) -> list[str]:
    """How the answer to a request differs from what the document says of it."""
    headers, content = sent.headers, None
    if sent.json is not None:
        headers, content = {"Content-Type": "application/json", **headers}, json.dumps(sent.json)
    async with connect(create_app(bug)) as client:
        response = await client.request(sent.method, sent.url, content=content, headers=headers, data=sent.form)
    if response.status_code != sent.status:
        return [f"status {response.status_code}"]
    documented = _documented(sent)
    contents = documented.get("content", {})
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    if kind not in contents:
        return [f"content type {kind!r}"] if contents or response.content else []
    value = response.json() if kind == "application/json" else response.text
    return [error.message for error in _validator(contents[kind]["schema"]).iter_errors(value)]


def _documented(sent: Sent) -> dict[str, Any]:
    for method, template in OPERATIONS.values():
        path = re.sub(r"\{\w+\}", "[^/]+", template)
        if method == sent.method and re.fullmatch(path, sent.url.partition("?")[0]):
            found = DOCUMENT["paths"][template][method.lower()]["responses"][str(sent.status)]
            name = found.get("$ref", "").rpartition("/")[2]
            return DOCUMENT["components"]["responses"][name] if name else found
    raise AssertionError(sent)


def _validator(schema: Any) -> jsonschema.Draft202012Validator:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(
        {**_as_response(schema), "components": _as_response(DOCUMENT["components"])}, format_checker=checker
    )


def _as_response(node: Any) -> Any:
    """The schema as it holds for answers: there, what is writeOnly is not required, and must not appear."""
    if isinstance(node, list):
        return [_as_response(item) for item in node]
    if not isinstance(node, dict):
        return node
    hidden = [name for name, value in node.get("properties", {}).items() if value.get("writeOnly") is True]
    copy = {key: _as_response(value) for key, value in node.items()}
    if hidden:
        copy["required"] = [name for name in node.get("required", []) if name not in hidden]
        copy["properties"] = {name: value for name, value in copy["properties"].items() if name not in hidden}
    return copy


@pytest.mark.parametrize("sent", [*RIGHT, *REVEALING.values()], ids=lambda sent: f"{sent.method}-{sent.status}")
async def test_right_petstore_answers_as_documented(sent: Sent) -> None:
    assert await deviations(None, sent) == []


@pytest.mark.parametrize("bug", BUGS)
async def test_bug_is_seen_by_one_request(bug: str) -> None:
    assert await deviations(bug, REVEALING[bug]) != []


def test_app_serves_every_documented_operation() -> None:
    documented = {
        operation["operationId"]: (method.upper(), path)
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    assert documented == OPERATIONS


def test_examples_name_seeded_objects() -> None:
    assert DOCUMENT["components"]["parameters"]["PetId"]["example"] == PET_ID
    assert DOCUMENT["paths"]["/orders/{orderId}"]["get"]["parameters"][0]["example"] == ORDER_ID


def test_document_is_valid() -> None:
    openapi_spec_validator.validate(DOCUMENT)


async def test_requests_do_not_disturb_each_other() -> None:
    async with connect(create_app(stateful=False)) as client:
        assert (await client.delete(PET_URL, headers=KEY)).status_code == 204
        assert (await client.get(PET_URL)).status_code == 200


async def test_stateful_petstore_remembers() -> None:
    async with connect(create_app()) as client:
        assert (await client.delete(PET_URL, headers=KEY)).status_code == 204
        assert (await client.get(PET_URL)).status_code == 404


def test_unknown_bug_is_refused() -> None:
    with pytest.raises(ValueError, match="no-such-bug"):
        create_app("no-such-bug")
