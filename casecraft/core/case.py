"""Targets and test cases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Priority: TypeAlias = Literal["P0", "P1", "P2"]
Scalar: TypeAlias = str | int | float | bool | None
Technique: TypeAlias = Literal[
    "equivalence_partitioning",
    "boundary_value_analysis",
    "pairwise_testing",
    "decision_table_testing",
    "syntax_testing",
    "error_guessing",
    "security",
    "scenario_testing",
]
Credentials: TypeAlias = Literal["own", "none", "invalid", "foreign"]
"""As whom a request is sent: as the tester, as nobody, with credentials that nobody has, as another user."""


@dataclass(frozen=True, slots=True)
class MissingScope:
    """A scope of a security scheme, both by name, that the tester's credentials for a request do not have."""

    scheme: str
    scope: str


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that a good suite must exercise for an endpoint.

    `id` is stable and readable (`query.limit:above-maximum`); `valid` says whether a request that hits it conforms
    to the document.
    """

    id: str
    technique: Technique
    valid: bool
    description: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """A text that stands in a longer one several times in a row."""

    text: str
    times: int = 1


RawBody: TypeAlias = str | tuple[Repeat, ...]
"""The exact text of a body: written out, or in parts where it is too long for that."""


def read_raw_body(data: Any) -> RawBody | None:
    """The text of a body as its JSON form has it: a text, or a list of objects with `text` and `times`.

    Raises TypeError or ValueError for anything else.
    """
    if data is None or isinstance(data, str):
        return data
    parts = tuple(Repeat(**part) for part in data)
    for part in parts:
        if not _is_text(part.text) or part.times < 0:
            raise ValueError("a part of raw_body needs a text and how many times it stands there")
    return parts


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def written_out(raw: RawBody) -> str:
    """The whole text of a body."""
    return raw if isinstance(raw, str) else "".join(part.text * part.times for part in raw)


@dataclass(frozen=True, slots=True)
class CaseRequest:
    """A request as it goes out.

    `path` is the document's template; `path_params` fill it. Names map to JSON scalars, written on the wire as JSON
    writes them (strings bare); a list under `query` repeats the name. Values of other styles (pipes, deep objects) are
    already in their wire form, but for percent-encoding: the signs of a style are sent as they are. A body is sent
    exactly when `content_type` is not None: as JSON, as form fields (a mapping) or, where the body is a string and the
    type no JSON, as that text. `raw_body` is sent as it is in the body's place, which need not be of its content type
    then; with the type "" it is sent without one. One that is huge is there in parts, which are put together only where
    it is sent. `without_scope` is of the tester's own credentials.
    `credentials_for` names the scheme that "invalid" or "foreign" credentials are tried for: an alternative that has it
    is used; beside an invalid one the credentials for its other schemes are the tester's own, beside a foreign one they
    are foreign, too. Without it any alternative is used, and all of "invalid" ones are invalid.
    """

    method: str
    path: str
    path_params: Mapping[str, Scalar] = field(default_factory=dict)
    query: Mapping[str, Scalar | list[Scalar]] = field(default_factory=dict)
    headers: Mapping[str, Scalar] = field(default_factory=dict)
    cookies: Mapping[str, Scalar] = field(default_factory=dict)
    body: Any = None
    content_type: str | None = None
    raw_body: RawBody | None = None
    credentials: Credentials = "own"
    without_scope: MissingScope | None = None
    credentials_for: str | None = None


def read_request(data: Mapping[str, Any]) -> CaseRequest:
    """The request that its JSON form describes, which need not have what has a default.

    Raises TypeError or ValueError for what is none.
    """
    missing = data.get("without_scope")
    parts = {
        "raw_body": read_raw_body(data.get("raw_body")),
        "without_scope": None if missing is None else MissingScope(**missing),
    }
    return CaseRequest(**{**data, **parts})


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the answer must be: any of `status` (numbers, or ranges such as "2XX"), and, where `check_schema`, a body
    that fits the schema documented for the status that came.
    """

    status: tuple[int | str, ...]
    check_schema: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """Who made the case: a provider and its model (None for `rules`)."""

    provider: str
    model: str | None = None


RUN = "run"
"""The step of a binding whose value comes from no answer."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A value of a request that is known only when the suite runs: it comes out of an earlier answer.

    `place` is where it goes, a JSON pointer into the request's JSON form (`/path_params/petId`, `/body/owner/id`), or
    `/body#` and a mark, which stands in an XML body for the value.
    `step` is the id of the step or of the resource whose answer has it, `source` where: a JSON pointer into that
    answer's body, `header:` and a header's name (`header:Location#last` is its last path segment), or `request:` and
    the place of what that step itself sent (`request:/body/name`). The step `run` (`RUN`) is the run of the
    suite: its sources `unique`, `unique:email`, `unique:uuid` and `unique:integer` give another value each time.
    """

    place: str
    step: str
    source: str


@dataclass(frozen=True, slots=True)
class Case:
    """One test case: a request, what is expected, and the targets that it hits (ids).

    `valid` says whether the request conforms to the document. `id` is unique in the suite. `bindings` take values from
    the suite's resources, which are made before the case; with `fresh` they are made for it alone, as it may change
    them so that others could not use them.
    """

    id: str
    title: str
    valid: bool
    technique: Technique
    priority: Priority
    targets: tuple[str, ...]
    request: CaseRequest
    expect: Expectation
    source: Source
    bindings: tuple[Binding, ...] = ()
    fresh: bool = False
