"""What the petstore does once a request is known to be right."""

import uuid
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from tests.petstore.values import Answer, Call, RefusedError

PET_ID = "3f2b1c9a-7d54-4e0b-9a6f-0c1d2e3f4a5b"
SOLD_PET_ID = "8c7d6e5f-1a2b-4c3d-8e9f-a0b1c2d3e4f5"
ORDER_ID = "ORD-000001"
TAKEN_EMAIL = "taken@example.com"
OTHER_EMAIL = "other@example.com"

_PETS = [
    {
        "id": PET_ID,
        "createdAt": "2024-03-01T09:30:00Z",
        "name": "Momo",
        "nickname": None,
        "status": "available",
        "animal": {"kind": "cat", "lives": 7, "indoor": True},
        "bornAt": "2023-11-20T06:00:00Z",
        "price": 120.5,
        "tags": ["calm", "grey"],
    },
    {
        "id": SOLD_PET_ID,
        "createdAt": "2024-01-15T12:00:00+01:00",
        "name": "Bello",
        "status": "sold",
        "animal": {"kind": "dog", "breed": "Beagle", "weight": 11.5},
        "owner": {"name": "Ada", "email": "ada@example.com"},
    },
]
_ORDER = {"id": ORDER_ID, "petId": SOLD_PET_ID, "quantity": 1, "state": "delivered", "total": 300}
_USERS = [
    {"id": 1, "email": TAKEN_EMAIL, "username": "taken", "birthDate": None},
    {"id": 2, "email": OTHER_EMAIL, "username": "other"},
]
_CITIES = ["Berlin", "Graz", "Bern", "Suzhou"]
_GREETINGS = {"en": "Welcome", "de": "Willkommen", "zh": "欢迎"}


class Shop:
    """The seeded world. One method for each operation of the document, of the same name in snake case."""

    def __init__(self) -> None:
        self.pets: dict[str, dict[str, Any]] = {pet["id"]: deepcopy(pet) for pet in _PETS}
        self.orders: dict[str, dict[str, Any]] = {ORDER_ID: deepcopy(_ORDER)}
        self.owners: dict[str, str] = {ORDER_ID: TAKEN_EMAIL}
        self.users: dict[str, dict[str, Any]] = {user["email"]: deepcopy(user) for user in _USERS}

    def list_pets(self, call: Call) -> Answer:
        wanted = call.parameters
        found = [pet for pet in self.pets.values() if _matches(pet, wanted)]
        limit, offset = int(wanted.get("limit", 20)), int(wanted.get("offset", 0))
        page = found[max(offset, 0) :][: max(limit, 0)]
        content = {"items": page, "total": len(found), "limit": min(max(limit, 1), 100), "offset": max(offset, 0)}
        return Answer(200, content)

    def create_pet(self, call: Call) -> Answer:
        pet = _made(str(uuid.uuid4()), call.body)
        self.pets[pet["id"]] = pet
        return Answer(201, pet, headers={"Location": f"/pets/{pet['id']}"})

    def get_pet(self, call: Call) -> Answer:
        return Answer(200, self._pet(call))

    def replace_pet(self, call: Call) -> Answer:
        pet = self._pet(call)
        self.pets[pet["id"]] = {**_made(pet["id"], call.body), "createdAt": pet["createdAt"]}
        return Answer(200, self.pets[pet["id"]])

    def change_pet(self, call: Call) -> Answer:
        pet = self._pet(call)
        pet.update(call.body)
        return Answer(200, pet)

    def remove_pet(self, call: Call) -> Answer:
        del self.pets[self._pet(call)["id"]]
        return Answer(204)

    def add_note(self, call: Call) -> Answer:
        self._pet(call)
        return Answer(201, {**call.body, "rating": min(int(call.body["rating"]), 5)})

    def list_orders(self, call: Call) -> Answer:
        wanted = call.parameters
        state, total = wanted.get("state"), wanted.get("minTotal", 0)
        own = [order for order in self.orders.values() if self.owners[order["id"]] == call.user]
        return Answer(200, [order for order in own if state in (None, order["state"]) and order["total"] >= total])

    def place_order(self, call: Call) -> Answer:
        pet = self.pets.get(call.body["petId"].lower())
        if pet is not None and pet.get("status") == "sold":
            raise RefusedError(409, "conflict", "this pet is sold")
        quantity = min(max(int(call.body["quantity"]), 1), 10)
        total = quantity * (pet or {}).get("price", 100)
        order = {**call.body, "quantity": quantity, "id": f"ORD-{len(self.orders) + 1:06}", "state": "placed"}
        self.orders[order["id"]] = {**order, "total": total}
        self.owners[order["id"]] = call.user
        return Answer(201, self.orders[order["id"]])

    def get_order(self, call: Call) -> Answer:
        order = self.orders.get(call.parameters["orderId"])
        if order is None or self.owners[order["id"]] != call.user:
            raise RefusedError(404, "not_found", "there is no such order", "orderId")
        return Answer(200, order)

    def register_user(self, call: Call) -> Answer:
        email = call.body["email"].lower()
        if email in self.users:
            raise RefusedError(409, "conflict", "this address is taken", "email")
        user = {key: value for key, value in call.body.items() if key != "password"}
        self.users[email] = {**user, "id": len(self.users) + 1}
        return Answer(201, self.users[email])

    def get_myself(self, call: Call) -> Answer:
        return Answer(200, self.users[call.user])

    def get_branch(self, call: Call) -> Answer:
        number = min(int(call.parameters["branchId"]), len(_CITIES))
        greeting = _GREETINGS.get(call.parameters.get("locale", "en"), "?")
        return Answer(200, {"id": number, "city": _CITIES[number - 1], "greeting": greeting})

    def check_health(self, call: Call) -> Answer:
        return Answer(200, "open", content_type="text/plain")

    def _pet(self, call: Call) -> dict[str, Any]:
        pet = self.pets.get(call.parameters["petId"].lower())
        if pet is None:
            raise RefusedError(404, "not_found", "there is no such pet", "petId")
        return pet


def _made(pet_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return {**(body or {}), "id": pet_id, "createdAt": datetime.now(UTC).isoformat(timespec="seconds")}


def _matches(pet: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if wanted.get("status") not in (None, pet.get("status")):
        return False
    if not set(wanted.get("tags", ())) <= set(pet.get("tags", ())):
        return False
    after = _moment(wanted.get("bornAfter"))
    return after is None or ("bornAt" in pet and _moment(pet["bornAt"]) > after)


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.upper()) if text else None
    except ValueError:  # a leap second, or a bug that lets anything through
        return None
    return moment.astimezone(UTC) if moment else None
