"""Jobs, their attempts and their results."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from casecraft.core.case import Case
from casecraft.core.endpoint import Endpoint
from casecraft.core.usage import Cost, Usage, UsageMeter

Purpose: TypeAlias = Literal["generate", "repair", "embed"]
JobStatus: TypeAlias = Literal["done", "reused", "failed", "pending"]


@dataclass(frozen=True, slots=True)
class Job:
    """One endpoint on its way through a run: first to `chain[0]`, then to the next when that cannot answer."""

    endpoint: Endpoint
    chain: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to one provider for one job.

    `request_key` is the SHA-256 of provider, model and canonical request: equal keys ask for the same answer.
    `outcome` is "answered" or the snake_case name of the error. `started` is Unix time, `latency` seconds. `answer` is
    the model's text, `raw` the body as it came; both None where nothing came. The answer to an embedding ("embed") is
    a line for each text, its vector as base64 of 32-bit floats, lowest byte first; its body, many times as large, is
    not kept.
    """

    endpoint_id: str
    provider: str
    model: str
    purpose: Purpose
    request_key: str
    outcome: str
    started: float
    latency: float
    status: int | None = None
    error: str | None = None
    answer: str | None = None
    raw: bytes | None = field(default=None, repr=False)
    usage: Usage | None = None
    cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """The targets of an endpoint by their ids: those that some request is known to hit, and those that none was found
    to hit, with the reason.
    """

    reachable: tuple[str, ...] = ()
    unreachable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobResult:
    """How a job ended. `provider` is the one whose answer was kept; `fell_back` the ones that could not answer.

    `coverage` is None where nobody has looked at the endpoint's targets.
    """

    endpoint: Endpoint
    status: JobStatus
    provider: str | None
    model: str | None = None
    cases: tuple[Case, ...] = ()
    fell_back: tuple[str, ...] = ()
    dropped: int = 0
    error: str | None = None
    spending: UsageMeter = field(default_factory=UsageMeter)
    notes: tuple[str, ...] = ()
    coverage: Coverage | None = None
