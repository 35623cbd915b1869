"""Thirty mutants of the petstore that remembers: each is the right one with one realistic fault.

They are meant to be what goes wrong in real services, each kind as it does there, and were written down from the
document alone: not from what a generator of tests happens to find. Every fault shows over HTTP, to one who knows the
document; tests/petstore/test_mutants.py shows how.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request

from tests.petstore.app import Store, create_app_of
from tests.petstore.bugs import set_to
from tests.petstore.rules import Rules
from tests.petstore.shop import TAKEN_EMAIL, Shop
from tests.petstore.values import Answer, Call, RefusedError


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: where it sits is where the petstore differs. Everything else is as in the right one."""

    name: str
    kind: str
    fault: str
    rules: Callable[[Rules], None] = lambda rules: None
    """Edits what is asked of requests."""
    shop: type[Shop] = Shop
    """Does what is asked."""
    instead: Callable[[str, Request, bytes], Answer | None] = lambda operation, request, body: None
    """Answers in the place of everything else, with an answer or by raising RefusedError."""
    change: Callable[[str, Answer], Answer] = lambda operation, answer: answer
    """Changes answers, also those that refuse."""

    def create_app(self) -> Starlette:
        """The petstore with this fault, as it is before its first request."""
        return create_app_of(_MutatedStore(self))


class _MutatedStore(Store):
    def __init__(self, mutant: Mutant) -> None:
        super().__init__(shop=mutant.shop())
        mutant.rules(self.rules)
        self._mutant = mutant

    def answer(self, operation: str, request: Request, body: bytes) -> Answer:
        try:
            answer = self._mutant.instead(operation, request, body) or super().answer(operation, request, body)
        except RefusedError as refused:
            answer = refused.answer
        return self._mutant.change(operation, answer)


def crash(called: str, when: Callable[[Request, bytes], bool]) -> Callable[[str, Request, bytes], None]:
    """An operation answers 500 where a request has something that its code did not expect."""

    def instead(operation: str, request: Request, body: bytes) -> None:
        if operation == called and when(request, body):
            raise RefusedError(500, "crashed", "something broke")

    return instead


def turn(called: str, status: int, /, **changes: Any) -> Callable[[str, Answer], Answer]:
    """Answers of an operation with one status are changed."""

    def change(operation: str, answer: Answer) -> Answer:
        return answer.changed(**changes) if operation == called and answer.status == status else answer

    return change


def edit(called: str, how: Callable[[Any], Any]) -> Callable[[str, Answer], Answer]:
    """The content of an operation's successful answers is changed."""

    def change(operation: str, answer: Answer) -> Answer:
        if operation != called or not answer.is_success:
            return answer
        return answer.changed(content=how(answer.content))

    return change


# What the shop does wrong


class _LenientNotes(Shop):
    def add_note(self, call: Call) -> Answer:
        call.body = {"rating": 5, **call.body}
        return super().add_note(call)


class _KeepsRemovedPets(Shop):
    def remove_pet(self, call: Call) -> Answer:
        self._pet(call)
        return Answer(204)


class _RemovesUnknownPets(Shop):
    def remove_pet(self, call: Call) -> Answer:
        self.pets.pop(call.parameters["petId"].lower(), None)
        return Answer(204)


class _ForgetsChanges(Shop):
    def change_pet(self, call: Call) -> Answer:
        return Answer(200, {**self._pet(call), **call.body})


class _ForgetsNewPets(Shop):
    def create_pet(self, call: Call) -> Answer:
        answer = super().create_pet(call)
        del self.pets[answer.content["id"]]
        return answer


class _RoundsPrices(Shop):
    def create_pet(self, call: Call) -> Answer:
        if "price" in call.body:
            call.body["price"] = int(call.body["price"])
        return super().create_pet(call)


class _ListsWithoutLimit(Shop):
    def list_pets(self, call: Call) -> Answer:
        answer = super().list_pets(call)
        everything = super().list_pets(Call({**call.parameters, "limit": 100}))
        return answer.changed(content={**answer.content, "items": everything.content["items"]})


class _ListsEveryStatus(Shop):
    def list_pets(self, call: Call) -> Answer:
        call.parameters.pop("status", None)
        return super().list_pets(call)


class _ShowsOrdersToAll(Shop):
    def get_order(self, call: Call) -> Answer:
        call.user = self.owners.get(call.parameters["orderId"], call.user)
        return super().get_order(call)


class _CrashesOnUnknownPets(Shop):
    def get_pet(self, call: Call) -> Answer:
        if call.parameters["petId"].lower() not in self.pets:
            raise RefusedError(500, "crashed", "something broke")
        return super().get_pet(call)


class _TakesAddressesTwice(Shop):
    def register_user(self, call: Call) -> Answer:
        self.users.pop(call.body["email"].lower(), None)
        return super().register_user(call)


# What is read wrongly


def _take_any_token(operation: str, request: Request, body: bytes) -> Answer | None:
    """Looks whether there is a token, not whether it is a good one."""
    if operation != "getMyself" or not request.headers.get("Authorization", "").startswith("Bearer "):
        return None
    return Shop().get_myself(Call({}, user=TAKEN_EMAIL))


def _is_malformed(request: Request, body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return bool(body) and request.headers.get("Content-Type", "").startswith("application/json")
    return False


def _orders_too_many(request: Request, body: bytes) -> bool:
    """The number does not fit the 32 bits that the database has for it."""
    try:
        quantity = json.loads(body)["quantity"]
    except (ValueError, KeyError, TypeError):
        return False
    return isinstance(quantity, int | float) and abs(quantity) >= 2**31


MUTANTS: tuple[Mutant, ...] = (
    # bounds
    Mutant("limit-of-101-accepted", "boundary", "The page size may be one above its maximum.",
           rules=set_to(101, "parameters", "listPets", "query limit", "maximum")),
    Mutant("longest-note-refused", "boundary", "A note of the greatest length allowed is refused.",
           rules=set_to(199, "bodies", "addNote", "properties", "text", "maxLength")),
    # what is not checked
    Mutant("username-pattern-unchecked", "validation", "Any text is a user name.",
           rules=set_to("", "bodies", "registerUser", "properties", "username", "pattern")),
    Mutant("status-unchecked-on-replacing", "validation", "PUT takes a status that does not exist; POST does not.",
           rules=set_to({"type": "string"}, "bodies", "replacePet", "properties", "status")),
    Mutant("address-unchecked-on-registration", "validation", "Any text is an e-mail address.",
           rules=set_to("string", "bodies", "registerUser", "properties", "email", "format")),
    Mutant("idempotency-key-not-required", "validation", "An order without its required header is taken.",
           rules=set_to([], "required", "placeOrder")),
    Mutant("rating-not-required", "validation", "A note without its required rating gets one.",
           rules=set_to(["text"], "bodies", "addNote", "required"), shop=_LenientNotes),
    Mutant("unknown-field-accepted-in-change", "validation", "PATCH stores fields that a pet does not have.",
           rules=set_to(True, "bodies", "changePet", "additionalProperties")),
    # statuses
    Mutant("registration-answers-200", "status", "A new customer is answered with 200, not 201.",
           change=turn("registerUser", 201, status=200)),
    Mutant("missing-token-answers-403", "status", "An order without a token is answered with 403, not 401.",
           change=turn("placeOrder", 401, status=403)),
    Mutant("unknown-pet-crashes", "status", "A pet that does not exist is answered with 500, not 404.",
           shop=_CrashesOnUnknownPets),
    Mutant("removal-of-unknown-pet-answers-204", "status", "Removing what does not exist is no 404.",
           shop=_RemovesUnknownPets),
    # what is stored
    Mutant("removed-pet-stays", "state", "DELETE answers 204 and removes nothing.", shop=_KeepsRemovedPets),
    Mutant("change-not-stored", "state", "PATCH answers with the change and does not store it.", shop=_ForgetsChanges),
    Mutant("new-pet-not-stored", "state", "POST answers with the pet and does not store it.", shop=_ForgetsNewPets),
    Mutant("price-rounded", "state", "POST stores the price without its cents.", shop=_RoundsPrices),
    # lists
    Mutant("limit-ignored", "list", "A page has more pets than its limit.", shop=_ListsWithoutLimit),
    Mutant("status-filter-ignored", "list", "A page has pets of other statuses than the one asked for.",
           shop=_ListsEveryStatus),
    # who may
    Mutant("removal-without-key", "authorization", "One endpoint forgets to ask for the key.",
           rules=set_to([], "credentials", "removePet")),
    Mutant("any-token-taken", "authorization", "One endpoint looks for a token, not whether it is good.",
           instead=_take_any_token),
    Mutant("order-of-another-readable", "authorization", "Whoever has an order's id can read it.",
           shop=_ShowsOrdersToAll),
    # answers
    Mutant("listed-pets-without-date", "response", "Pets in a list lack a required field.",
           change=edit("listPets", lambda page: {**page, "items": [
               {key: value for key, value in pet.items() if key != "createdAt"} for pet in page["items"]]})),
    Mutant("password-in-answer", "response", "The answer to a registration has the password in it.",
           change=edit("registerUser", lambda user: {**user, "password": "correct horse"})),
    Mutant("null-date-in-order", "response", "An order that has no date has null, which the schema does not allow.",
           change=edit("placeOrder", lambda order: {"deliverOn": None, **order})),
    Mutant("branch-as-html", "response", "A branch comes with the content type of a page.",
           change=turn("getBranch", 200, content_type="text/html")),
    # crashes
    Mutant("unicode-name-crashes", "crash", "PATCH answers 500 to text beyond ASCII.",
           instead=crash("changePet", lambda request, body: not body.isascii() or b"\\u" in body)),
    Mutant("malformed-json-crashes", "crash", "POST answers 500, not 400, where the body is no JSON.",
           instead=crash("createPet", _is_malformed)),
    Mutant("great-quantity-crashes", "crash", "An order of more than 32 bits can hold is answered with 500.",
           instead=crash("placeOrder", _orders_too_many)),
    Mutant("missing-content-type-crashes", "crash", "A registration without a content type is answered with 500.",
           instead=crash("registerUser", lambda request, body: bool(body) and "Content-Type" not in request.headers)),
    # what depends on what there is already
    Mutant("taken-address-accepted", "conflict", "An address can be registered twice.", shop=_TakesAddressesTwice),
)  # fmt: skip
