"""A call to the petstore as it was read, and its answer."""

from dataclasses import dataclass, field, replace
from typing import Any


@dataclass
class Call:
    """One request: parameters by name, as far as they were sent, the body (None where there is none), and whose it is.

    `user` is the e-mail address of a customer.
    """

    parameters: dict[str, Any]
    body: Any = None
    user: str = ""


@dataclass(frozen=True)
class Answer:
    status: int
    content: Any = None
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        return self.status < 400

    def changed(self, **changes: Any) -> "Answer":
        return replace(self, **changes)


class RefusedError(Exception):
    """The request cannot be served; carries the answer that says so."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        headers = {"WWW-Authenticate": 'Bearer realm="petstore"'} if status == 401 else {}
        self.answer = Answer(status, {"code": code, "message": message, "field": field}, headers=headers)
