"""How a case ended when its suite was run against a service."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Outcome: TypeAlias = Literal["passed", "failed", "finding", "unanswered", "blocked"]
"""`failed`: the service does not do what its document says. `finding`: it accepted an invalid request, or an
error shows its inside, of which documents say nothing. `unanswered`: what answered was not the service, or nothing did.
`blocked`: the case could not be carried out here."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case in one run of a suite.

    `case_id` is the case's id, or a scenario's; `endpoint_id` is "" for what belongs to no endpoint. `kind` says what
    went wrong in snake_case ("server_error"), "" where nothing did. `status` is the HTTP status of a failure's answer.
    A `flaky` case failed at first and then passed: its outcome is "passed", kind and message are those of the failure.
    `message` is short and holds no secret.
    """

    case_id: str
    endpoint_id: str
    outcome: Outcome
    kind: str = ""
    status: int | None = None
    seconds: float = 0.0
    flaky: bool = False
    message: str = ""
