"""The known bugs of the petstore, each switched on by its name."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.petstore.rules import Rules
from tests.petstore.values import Answer, Call

PET = ("bodies", "createPet", "properties")
LIST = ("parameters", "listPets")


def set_to(value: Any, *path: str | int) -> Callable[[Rules], None]:
    """An edit of the rules: what stands at the path becomes the value."""

    def edit(rules: Rules) -> None:
        node: Any = vars(rules)
        for step in path[:-1]:
            node = node[step]
        node[path[-1]]  # the right rules have it: no bug without effect
        node[path[-1]] = value

    return edit


def drop(*path: str | int) -> Callable[[Rules], None]:
    """An edit of the rules: what stands at the path is no rule any longer."""

    def edit(rules: Rules) -> None:
        node: Any = vars(rules)
        for step in path[:-1]:
            node = node[step]
        del node[path[-1]]

    return edit


WRONG_RULES: Mapping[str, Callable[[Rules], None]] = {
    # one too many, one too few, on both sides of a bound
    "limit-above-maximum-accepted": set_to(101, *LIST, "query limit", "maximum"),
    "limit-below-minimum-accepted": set_to(0, *LIST, "query limit", "minimum"),
    "limit-maximum-refused": set_to(99, *LIST, "query limit", "maximum"),
    "limit-minimum-refused": set_to(2, *LIST, "query limit", "minimum"),
    "offset-below-minimum-accepted": set_to(-1, *LIST, "query offset", "minimum"),
    "tags-above-maximum-accepted": set_to(4, *LIST, "query tags", "maxItems"),
    "min-total-at-exclusive-maximum-accepted": set_to(
        100001, "parameters", "listOrders", "query minTotal", "exclusiveMaximum"
    ),
    "branch-above-maximum-accepted": set_to(5, "parameters", "getBranch", "path branchId", "maximum"),
    "name-empty-accepted": set_to(0, *PET, "name", "minLength"),
    "name-too-long-accepted": set_to(51, *PET, "name", "maxLength"),
    "name-longest-refused": set_to(49, *PET, "name", "maxLength"),
    "price-negative-accepted": set_to(-1, *PET, "price", "minimum"),
    "price-minimum-refused": set_to(0.01, *PET, "price", "minimum"),
    "cat-with-ten-lives-accepted": set_to(10, *PET, "animal", "oneOf", 0, "properties", "lives", "maximum"),
    "dog-weight-zero-accepted": set_to(-0.5, *PET, "animal", "oneOf", 1, "properties", "weight", "exclusiveMinimum"),
    "dog-weight-to-the-gram-accepted": drop(*PET, "animal", "oneOf", 1, "properties", "weight", "multipleOf"),
    "pet-tags-above-maximum-accepted": set_to(6, *PET, "tags", "maxItems"),
    "pet-tags-twice-accepted": drop(*PET, "tags", "uniqueItems"),
    "quantity-above-maximum-accepted": set_to(11, "bodies", "placeOrder", "properties", "quantity", "maximum"),
    "quantity-zero-accepted": set_to(0, "bodies", "placeOrder", "properties", "quantity", "minimum"),
    "rating-above-maximum-accepted": set_to(6, "bodies", "addNote", "properties", "rating", "maximum"),
    "password-too-short-accepted": set_to(7, "bodies", "registerUser", "properties", "password", "minLength"),
    "empty-change-accepted": set_to(0, "bodies", "changePet", "minProperties"),
    # what is not checked at all
    "status-filter-unchecked": drop(*LIST, "query status", "enum"),
    "tag-filter-pattern-unchecked": drop(*LIST, "query tags", "items", "pattern"),
    "born-after-format-unchecked": drop(*LIST, "query bornAfter", "format"),
    "request-id-format-unchecked": drop(*LIST, "header X-Request-Id", "format"),
    "locale-unchecked": drop("parameters", "getBranch", "cookie locale", "enum"),
    "pet-status-unchecked": drop(*PET, "status", "enum"),
    "chip-pattern-unchecked": drop(*PET, "chip", "pattern"),
    "born-at-format-unchecked": drop(*PET, "bornAt", "format"),
    "owner-email-unchecked": drop(*PET, "owner", "properties", "email", "format"),
    "postcode-pattern-unchecked": drop(*PET, "owner", "properties", "address", "properties", "postcode", "pattern"),
    "username-pattern-unchecked": drop("bodies", "registerUser", "properties", "username", "pattern"),
    "price-as-text-accepted": set_to(["number", "string"], *PET, "price", "type"),
    "name-as-number-accepted": set_to(["number", "string"], *PET, "name", "type"),
    "name-null-accepted": set_to(["null", "string"], *PET, "name", "type"),
    # what is missing, and what is too much
    "name-missing-accepted": set_to(["animal"], "bodies", "createPet", "required"),
    "owner-email-missing-accepted": set_to(["name"], *PET, "owner", "required"),
    "unknown-property-accepted": set_to(True, "bodies", "createPet", "additionalProperties"),
    "unknown-owner-property-accepted": set_to(True, *PET, "owner", "additionalProperties"),
    "body-missing-accepted": set_to(False, "body_required", "createPet"),
    "idempotency-key-missing-accepted": set_to([], "required", "placeOrder"),
    # what is right and refused
    "dog-refused": drop(*PET, "animal", "oneOf", 1),
    "sold-refused": set_to(["available", "pending"], *PET, "status", "enum"),
    "nickname-null-refused": set_to("string", *PET, "nickname", "type"),
    "indoor-refused": drop(*PET, "animal", "oneOf", 0, "properties", "indoor"),
    # who may
    "key-missing-accepted": set_to([], "credentials", "createPet"),
    "token-missing-accepted": set_to([], "credentials", "listOrders"),
    "credentials-missing-accepted": set_to([], "credentials", "getMyself"),
}


def _name(call: Call) -> Any:
    return call.body.get("name", "-") if isinstance(call.body, dict) else "-"


CRASHES: Mapping[str, Callable[[Call], bool]] = {
    "name-null-crashes": lambda call: _name(call) is None,
    "name-empty-crashes": lambda call: _name(call) == "",
    "name-unicode-crashes": lambda call: isinstance(name := _name(call), str) and not name.isascii(),
    "limit-text-crashes": lambda call: not str(call.parameters.get("limit", "1")).lstrip("-").isdigit(),
    "body-list-crashes": lambda call: isinstance(call.body, list),
}


def _edit(operation: str, change: Callable[[Answer], Answer]) -> Callable[[str, Answer], Answer]:
    def edit(called: str, answer: Answer) -> Answer:
        return change(answer) if called == operation and answer.is_success else answer

    return edit


def _without(key: str) -> Callable[[Answer], Answer]:
    return lambda answer: answer.changed(content={k: v for k, v in answer.content.items() if k != key})


def _with(**more: Any) -> Callable[[Answer], Answer]:
    return lambda answer: answer.changed(content={**answer.content, **more})


def _without_message(called: str, answer: Answer) -> Answer:
    return answer if answer.is_success else _without("message")(answer)


WRONG_ANSWERS: Mapping[str, Callable[[str, Answer], Answer]] = {
    "pet-without-name": _edit("getPet", _without("name")),
    "pet-price-as-text": _edit("getPet", _with(price="12.50")),
    "pet-with-note-of-staff": _edit("getPet", _with(staffNote="bites")),
    "pet-id-no-uuid": _edit("getPet", _with(id="17")),
    "page-without-total": _edit("listPets", _without("total")),
    "page-limit-zero": _edit("listPets", _with(limit=0)),
    "order-in-unknown-state": _edit("getOrder", _with(state="lost")),
    "orders-in-an-object": _edit("listOrders", lambda answer: answer.changed(content={"items": answer.content})),
    "creation-answers-200": _edit("createPet", lambda answer: answer.changed(status=200)),
    "removal-answers-202": _edit("removePet", lambda answer: answer.changed(status=202)),
    "branch-as-html": _edit("getBranch", lambda answer: answer.changed(content_type="text/html")),
    "health-as-json": _edit("checkHealth", lambda answer: answer.changed(content_type="application/json")),
    "error-without-message": _without_message,
}

BUGS: tuple[str, ...] = (*WRONG_RULES, *CRASHES, *WRONG_ANSWERS)

FORGOTTEN: Mapping[str, str] = {
    "creation-forgotten": "createPet",
    "replacement-forgotten": "replacePet",
    "change-forgotten": "changePet",
    "removal-forgotten": "removePet",
    "order-forgotten": "placeOrder",
}
"""Bugs that one request does not show: the operation answers rightly, and nothing of it is kept."""
