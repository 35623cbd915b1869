"""What the text of a failure says: its kind, its outcome, the status of the answer, and the command that shows it."""

import re
from dataclasses import dataclass

from casecraft.core.outcome import Outcome

PREFIXES = {
    "server error": "server_error",
    "accepted an invalid request": "accepted_invalid",
    "refused a valid request": "refused_valid",
    "unexpected status": "unexpected_status",
    "schema mismatch": "schema_mismatch",
    "content type mismatch": "content_type_mismatch",
    "header mismatch": "header_mismatch",
    "verbose error": "verbose_error",
    "injection": "injection",
    "no answer": "no_answer",
    "not the service": "not_the_service",
}
"""How the first line of a failure's text begins, by the templates of suites, and the kind that it is."""

OUTCOMES: dict[str, Outcome] = {
    "accepted_invalid": "finding",
    "verbose_error": "finding",
    "no_answer": "unanswered",
    "not_the_service": "unanswered",
}
"""Of the kinds that are no failure."""

WORDS = {kind: words for words, kind in PREFIXES.items()} | {"blocked": "blocked", "other": "failed"}

_STATUS = re.compile(r"status (\d{3}), expected")
_ANSWER = re.compile(r"\n\n(\d{3}) [^\n]*(?:\n|\Z)")
_COMMAND = re.compile(r"^(curl -X .*?)(?=\n\n\d{3} |\Z)", re.DOTALL | re.MULTILINE)
_STEP = re.compile(r"^  (curl -X .*?)\n  (?:(\d{3})\b|no answer:)", re.DOTALL | re.MULTILINE)
_SUCCESS, _CLIENT_ERROR, _SERVER_ERROR = range(200, 400), range(400, 500), range(500, 600)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a failure is. `problem` is its first line; `command` sends the same request with curl, where it has one."""

    kind: str
    outcome: Outcome
    problem: str
    status: int | None
    command: str


def judge(text: str, *, valid: bool) -> Verdict:
    """Read a failure's text. `valid` says whether the case's request conforms to the document."""
    problem = text.strip().partition("\n")[0].removeprefix("Failed: ")
    kind = _kind(problem, valid=valid)
    status, command = _exchange(text)
    return Verdict(kind, OUTCOMES.get(kind, "failed"), problem, int(status) if status else None, command)


def _exchange(text: str) -> tuple[str | None, str]:
    """The status of the answer and the command; of a scenario those of the last step and of all steps."""
    if steps := _STEP.findall(text):
        return steps[-1][1] or None, "\n".join(command for command, _ in steps)
    answer, command = _ANSWER.search(text), _COMMAND.search(text)
    return answer[1] if answer else None, command[1].strip() if command else ""


def _kind(problem: str, *, valid: bool) -> str:
    for words, kind in PREFIXES.items():
        if problem.startswith(words):
            return kind
    if status := _STATUS.match(problem):
        return _kind_of_status(int(status[1]), valid=valid)
    if problem.startswith("content type "):
        return "content_type_mismatch"
    return "schema_mismatch" if problem.startswith("the body ") else "other"


def _kind_of_status(status: int, *, valid: bool) -> str:
    if status in _SERVER_ERROR:
        return "server_error"
    if not valid and status in _SUCCESS:
        return "accepted_invalid"
    return "refused_valid" if valid and status in _CLIENT_ERROR else "unexpected_status"
