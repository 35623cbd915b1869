"""A real implementation of specs/petstore.yaml, right unless a bug is switched on.

The shop begins as it is seeded, and remembers; without `stateful` every request meets it as it was in the beginning.
"""

import copy
import json
import math
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

import jsonschema_rs
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.petstore.bugs import BUGS, CRASHES, FORGOTTEN, WRONG_ANSWERS, WRONG_RULES
from tests.petstore.rules import API_KEY, OTHER_KEY, OTHER_TOKEN, SESSION, TOKEN, Rules, Schema, build_rules
from tests.petstore.shop import OTHER_EMAIL, TAKEN_EMAIL, Shop
from tests.petstore.values import Answer, Call, RefusedError

__all__ = ["BUGS", "create_app"]

OPERATIONS = {
    "listPets": ("GET", "/pets"),
    "createPet": ("POST", "/pets"),
    "getPet": ("GET", "/pets/{petId}"),
    "replacePet": ("PUT", "/pets/{petId}"),
    "changePet": ("PATCH", "/pets/{petId}"),
    "removePet": ("DELETE", "/pets/{petId}"),
    "addNote": ("POST", "/pets/{petId}/notes"),
    "listOrders": ("GET", "/orders"),
    "placeOrder": ("POST", "/orders"),
    "getOrder": ("GET", "/orders/{orderId}"),
    "registerUser": ("POST", "/users"),
    "getMyself": ("GET", "/users/me"),
    "getBranch": ("GET", "/branches/{branchId}"),
    "checkHealth": ("GET", "/health"),
}
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def create_app(bug: str | None = None, *, stateful: bool = True) -> Starlette:
    """The petstore, with one of BUGS or FORGOTTEN or with none."""
    if bug is not None and bug not in (*BUGS, *FORGOTTEN):
        raise ValueError(f"{bug!r} is no bug of the petstore")
    return create_app_of(Store(bug, Shop() if stateful else None))


def create_app_of(store: "Store") -> Starlette:
    """The petstore whose requests this store answers."""
    routes = [Route(path, store.serve(name), methods=[method]) for name, (method, path) in OPERATIONS.items()]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _answer_error})
    app.router.redirect_slashes = False
    return app


def _answer_error(request: Request, error: Exception) -> Response:
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (500, None)
    answer = RefusedError(status, "not_found", "there is nothing of this kind here").answer
    return _respond(answer.changed(headers=dict(headers or {})))


class Store:
    """Reads and checks requests by the rules, and has the shop answer them."""

    def __init__(self, bug: str | None = None, shop: Shop | None = None) -> None:
        self._bug = bug or ""
        self.rules = build_rules()
        if edit := WRONG_RULES.get(self._bug):
            edit(self.rules)
        self._shop = shop

    def serve(self, operation: str) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            try:
                answer = self.answer(operation, request, body)
            except RefusedError as refused:
                answer = refused.answer
            if change := WRONG_ANSWERS.get(self._bug):
                answer = change(operation, answer)
            return _respond(answer)

        return endpoint

    def answer(self, operation: str, request: Request, body: bytes) -> Answer:
        """What the shop answers; raises RefusedError where it refuses."""
        user = check_credentials(self.rules, operation, request)
        parameters = read_parameters(self.rules, operation, request)
        call = Call(parameters, read_body(self.rules, operation, request, body), user)
        if (crashes := CRASHES.get(self._bug)) and crashes(call):
            raise RefusedError(500, "crashed", "something broke")
        check_call(self.rules, operation, call)
        shop = self._shop or Shop()
        if FORGOTTEN.get(self._bug) == operation:
            shop = copy.deepcopy(shop)
        answer: Answer = getattr(shop, re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", operation))(call)
        return answer


def check_credentials(rules: Rules, operation: str, request: Request) -> str:
    """The e-mail address of the customer who asks.

    Raises RefusedError (401) unless one of the credentials that the operation takes came with the request, and (404)
    for the key of another shop, which has none of the pets here.
    """
    kinds = rules.credentials.get(operation, [])
    key, token = request.headers.get("X-API-Key"), request.headers.get("Authorization")
    if "apiKey" in kinds and key == OTHER_KEY and request.path_params:
        raise RefusedError(404, "not_found", "there is nothing of this kind here")
    came = {
        "apiKey": key == API_KEY,
        "bearer": token in (f"Bearer {TOKEN}", f"Bearer {OTHER_TOKEN}"),
        "session": request.cookies.get("session") == SESSION,
    }
    if kinds and not any(came[kind] for kind in kinds):
        raise RefusedError(401, "unauthorized", "credentials are missing or wrong")
    return OTHER_EMAIL if token == f"Bearer {OTHER_TOKEN}" else TAKEN_EMAIL


def read_parameters(rules: Rules, operation: str, request: Request) -> dict[str, Any]:
    """The parameters that came, as values of the types that they are meant to have, where the text can be one."""
    values = {}
    for key, schema in rules.parameters.get(operation, {}).items():
        place, name = key.split()
        if texts := _texts(request, place, name):
            values[name] = _value(texts, schema)
    return values


def _texts(request: Request, place: str, name: str) -> list[str]:
    if place == "query":
        return request.query_params.getlist(name)
    if place == "header":
        return [text.encode("latin-1").decode("utf-8", "replace") for text in request.headers.getlist(name)]
    text = request.path_params.get(name) if place == "path" else request.cookies.get(name)
    return [] if text is None else [text if place == "path" else unquote(text)]


def _value(texts: list[str], schema: Schema) -> Any:
    if schema["type"] == "array":
        return [_scalar(text, schema["items"]) for text in texts]
    return _scalar(texts[0], schema) if len(texts) == 1 else texts


def _scalar(text: str, schema: Schema) -> Any:
    if schema["type"] in ("integer", "number") and NUMBER.fullmatch(text):
        number = json.loads(text)
        return number if math.isfinite(number) else text
    if schema["type"] == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text


def read_body(rules: Rules, operation: str, request: Request, body: bytes) -> Any:
    """The body as a value; None where there is none and none is needed. Raises RefusedError (400, 415)."""
    if operation not in rules.bodies:
        return None
    if not body:
        if not rules.body_required[operation]:
            return None
        raise RefusedError(400, "malformed", "a body is needed")
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != rules.body_types[operation]:
        raise RefusedError(415, "unsupported_type", f"the body must be {rules.body_types[operation]}")
    try:
        return _parse(body, kind, rules.bodies[operation])
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "malformed", f"the body is no {kind}") from error


def _parse(body: bytes, kind: str, schema: Schema) -> Any:
    if kind != "application/x-www-form-urlencoded":
        return json.loads(body, parse_constant=_refuse_constant)
    fields: dict[str, list[str]] = {}
    for name, text in parse_qsl(body.decode(), keep_blank_values=True, errors="strict"):
        fields.setdefault(name, []).append(text)
    return {name: _value(texts, schema["properties"].get(name, {"type": "string"})) for name, texts in fields.items()}


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def check_call(rules: Rules, operation: str, call: Call) -> None:
    """Raises RefusedError (422) where a parameter or the body is not as the rules say."""
    parameters = rules.parameters.get(operation, {})
    for key in rules.required.get(operation, []):
        if key.split()[1] not in call.parameters:
            raise RefusedError(422, "invalid", f"{key} is missing", key)
    for key, schema in parameters.items():
        name = key.split()[1]
        if name in call.parameters:
            check_value(schema, call.parameters[name], key)
    if operation in rules.bodies and (call.body is not None or rules.body_required[operation]):
        check_value(rules.bodies[operation], call.body, "body")


def check_value(schema: Schema, value: Any, field: str) -> None:
    """Raises RefusedError (422) where the value does not fit the schema."""
    try:
        error = next(jsonschema_rs.Draft202012Validator(schema, validate_formats=True).iter_errors(value), None)
    except ValueError as unreadable:  # a lone surrogate, a number beyond all bounds
        raise RefusedError(422, "invalid", "no value of this kind", field) from unreadable
    if error is not None:
        raise RefusedError(422, "invalid", error.message, field)


def _respond(answer: Answer) -> Response:
    if answer.content is None:
        return Response(status_code=answer.status, headers=answer.headers)
    is_text = isinstance(answer.content, str)
    content = answer.content if is_text else json.dumps(answer.content)
    return Response(content, answer.status, answer.headers, answer.content_type)
