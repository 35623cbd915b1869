"""A case as it is proposed, before anything about it has been checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from casecraft.core.case import Priority, Technique


@dataclass(frozen=True, slots=True)
class Draft:
    """What a generator or a model proposes; `verify` turns it into a case or says what is wrong with it.

    Values are JSON values as the schemas describe them (a number for an integer parameter, a list for an array
    one); bringing them to their wire form is the verifier's work. A body is sent exactly when `content_type` is not
    None. `valid` is the claim that the request conforms to the document; `violates` the id of the one target that an
    invalid request breaks on purpose, where its author knows it. An empty `expect_status` leaves the choice to the
    document. `raw_body` is a text that is sent as it is, in the body's place; `credentials` say as whom the request is
    sent where it is neither as the tester nor as nobody.
    """

    title: str
    valid: bool
    path_params: Mapping[str, Any]
    query: Mapping[str, Any]
    headers: Mapping[str, Any]
    cookies: Mapping[str, Any]
    body: Any
    content_type: str | None
    expect_status: tuple[int | str, ...]
    authenticated: bool = True
    violates: str | None = None
    technique: Technique = "equivalence_partitioning"
    priority: Priority = "P1"
    raw_body: str | None = None
    credentials: Literal["invalid", "foreign"] | None = None
