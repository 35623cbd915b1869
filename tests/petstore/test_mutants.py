"""Every mutant shows over HTTP: requests whose answers the document settles, and which the right petstore gives."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from tests.petstore.app import create_app
from tests.petstore.mutants import MUTANTS, Mutant
from tests.petstore.rules import API_KEY, OTHER_KEY, OTHER_TOKEN, TOKEN
from tests.petstore.shop import ORDER_ID, PET_ID, TAKEN_EMAIL

KEY = {"X-API-Key": API_KEY}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
OTHER = {"Authorization": f"Bearer {OTHER_TOKEN}"}
ORDER = {**BEARER, "Idempotency-Key": "5f0c3d0e-8d6b-4c36-9d5e-1f1a6b1f7c11"}
MERGE_PATCH = {**KEY, "Content-Type": "application/merge-patch+json"}
JSON = {"Content-Type": "application/json"}
NEW_PET = {"name": "Mia", "animal": {"kind": "cat", "lives": 9}, "price": 9.5}
NEW_USER = {"email": "grace@example.com", "username": "grace", "password": "12345678"}
NEW_ORDER = {"petId": PET_ID, "quantity": 1}
PET, UNKNOWN = f"/pets/{PET_ID}", f"/pets/{uuid.UUID(int=0)}"

Sending = Callable[[httpx.AsyncClient], Awaitable[object]]


def status(method: str, url: str, **options: Any) -> Sending:
    async def send(client: httpx.AsyncClient) -> object:
        return (await client.request(method, url, **options)).status_code

    return send


def content(method: str, url: str, *path: str | int, **options: Any) -> Sending:
    async def send(client: httpx.AsyncClient) -> object:
        node = (await client.request(method, url, **options)).json()
        for step in path:
            node = node[step] if isinstance(step, int) else node.get(step, "missing")
        return node

    return send


async def length_of_page(client: httpx.AsyncClient) -> object:
    return len((await client.get("/pets", params={"limit": 1})).json()["items"])


async def sold_pets(client: httpx.AsyncClient) -> object:
    return {pet["status"] for pet in (await client.get("/pets", params={"status": "sold"})).json()["items"]}


async def content_type(client: httpx.AsyncClient) -> object:
    return (await client.get("/branches/2")).headers["Content-Type"].partition(";")[0]


async def new_pet(client: httpx.AsyncClient) -> object:
    made = (await client.post("/pets", json=NEW_PET, headers=KEY)).json()
    return (await client.get(f"/pets/{made['id']}")).status_code


def register(**changes: Any) -> Sending:
    return status("POST", "/users", json={**NEW_USER, **changes})


REVEALING: dict[str, Sequence[tuple[Sending, object]]] = {
    "limit-of-101-accepted": [(status("GET", "/pets?limit=101"), 422)],
    "longest-note-refused": [(status("POST", f"{PET}/notes", data={"text": "n" * 200, "rating": "5"}), 201)],
    "username-pattern-unchecked": [(register(username="Grace!"), 422)],
    "status-unchecked-on-replacing": [(status("PUT", PET, json={**NEW_PET, "status": "lost"}, headers=KEY), 422)],
    "address-unchecked-on-registration": [(register(email="nobody"), 422)],
    "idempotency-key-not-required": [(status("POST", "/orders", json=NEW_ORDER, headers=BEARER), 422)],
    "rating-not-required": [(status("POST", f"{PET}/notes", data={"text": "Sweet"}), 422)],
    "unknown-field-accepted-in-change": [(status("PATCH", PET, content=b'{"wings": 2}', headers=MERGE_PATCH), 422)],
    "registration-answers-200": [(register(), 201)],
    "missing-token-answers-403": [(status("POST", "/orders", json=NEW_ORDER), 401)],
    "unknown-pet-crashes": [(status("GET", UNKNOWN), 404)],
    "removal-of-unknown-pet-answers-204": [(status("DELETE", UNKNOWN, headers=KEY), 404)],
    "removed-pet-stays": [(status("DELETE", PET, headers=KEY), 204), (status("GET", PET), 404)],
    "change-not-stored": [
        (status("PATCH", PET, content=b'{"name": "Mo"}', headers=MERGE_PATCH), 200),
        (content("GET", PET, "name"), "Mo"),
    ],
    "new-pet-not-stored": [(new_pet, 200)],
    "price-rounded": [(content("POST", "/pets", "price", json=NEW_PET, headers=KEY), 9.5)],
    "limit-ignored": [(length_of_page, 1)],
    "status-filter-ignored": [(sold_pets, {"sold"})],
    "removal-without-key": [(status("DELETE", PET), 401)],
    "any-token-taken": [(status("GET", "/users/me", headers={"Authorization": "Bearer wrong"}), 401)],
    "order-of-another-readable": [(status("GET", f"/orders/{ORDER_ID}", headers=OTHER), 404)],
    "listed-pets-without-date": [(content("GET", "/pets", "items", 0, "createdAt"), "2024-03-01T09:30:00Z")],
    "password-in-answer": [(content("POST", "/users", "password", json=NEW_USER), "missing")],
    "null-date-in-order": [(content("POST", "/orders", "deliverOn", json=NEW_ORDER, headers=ORDER), "missing")],
    "branch-as-html": [(content_type, "application/json")],
    "unicode-name-crashes": [
        (status("PATCH", PET, content='{"name": "Möhre"}'.encode(), headers=MERGE_PATCH), 200),
    ],
    "malformed-json-crashes": [(status("POST", "/pets", content=b'{"name":', headers={**KEY, **JSON}), 400)],
    "great-quantity-crashes": [(status("POST", "/orders", json={**NEW_ORDER, "quantity": 2**31}, headers=ORDER), 422)],
    "missing-content-type-crashes": [(status("POST", "/users", content=b"{}"), 415)],
    "taken-address-accepted": [(register(email=TAKEN_EMAIL), 409)],
}


def connect(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://petstore")


async def answers(app: Starlette, name: str) -> list[object]:
    async with connect(app) as client:
        return [await send(client) for send, _ in REVEALING[name]]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
async def test_mutant_shows_and_the_right_petstore_is_right(mutant: Mutant) -> None:
    documented = [expected for _, expected in REVEALING[mutant.name]]
    assert await answers(create_app(stateful=True), mutant.name) == documented
    assert await answers(mutant.create_app(), mutant.name) != documented


def test_there_are_thirty_mutants_of_distinct_names() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) == 30


async def test_customers_see_their_own_orders_only() -> None:
    async with connect(create_app(stateful=True)) as client:
        made = await client.post("/orders", json=NEW_ORDER, headers={**ORDER, **OTHER})
        assert made.status_code == 201
        assert [order["id"] for order in (await client.get("/orders", headers=OTHER)).json()] == [made.json()["id"]]
        assert [order["id"] for order in (await client.get("/orders", headers=BEARER)).json()] == [ORDER_ID]
        assert (await client.get(f"/orders/{made.json()['id']}", headers=BEARER)).status_code == 404


async def test_another_shop_has_none_of_the_pets() -> None:
    async with connect(create_app(stateful=True)) as client:
        assert (await client.delete(PET, headers={"X-API-Key": OTHER_KEY})).status_code == 404
        assert (await client.get(PET)).status_code == 200
