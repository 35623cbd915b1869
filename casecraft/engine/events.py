"""What the engine says while it runs. It does not know who listens."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from casecraft.core.job import JobResult
from casecraft.core.usage import Cost, Usage

RunStatus: TypeAlias = Literal["done", "failed", "budget", "interrupted"]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run begins: its id, the number of its jobs, each lane with its workers, and what the user should know."""

    run_id: str
    jobs: int
    lanes: tuple[tuple[str, int], ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobStarted:
    """A lane has taken up a job."""

    endpoint_id: str
    provider: str


@dataclass(frozen=True, slots=True)
class AttemptAnswered:
    """A provider has answered, and the answer is in the state file. `replayed`: it was there from before.

    The provider of embeddings has no lane, unless it is one of the run's providers too.
    """

    endpoint_id: str
    provider: str
    usage: Usage | None
    cost: Cost | None
    latency: float
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """A request failed. `retry_in` is the seconds until it is tried again here, None where it is not."""

    endpoint_id: str
    provider: str
    error: str
    retry_in: float | None


@dataclass(frozen=True, slots=True)
class JobMoved:
    """An idle lane has taken over a job that waited in another."""

    endpoint_id: str
    provider: str
    taken_by: str


@dataclass(frozen=True, slots=True)
class FellBack:
    """A provider could not answer; the job goes to the next one of its chain, None at its end."""

    endpoint_id: str
    provider: str
    next_provider: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class LanePaused:
    """A lane sends nothing for some seconds, and afterwards starts with fewer workers."""

    provider: str
    seconds: float
    workers: int
    reason: str


@dataclass(frozen=True, slots=True)
class LaneClosed:
    """A lane is out for the rest of the run; `hint` says what to do about it."""

    provider: str
    reason: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class ComparisonEnded:
    """Cases are not compared by their meaning for the rest of the run: the provider of embeddings is out. `hint` says
    what to do about it.
    """

    provider: str
    reason: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class JobCompleted:
    """A job has ended, well or not, and its result is in the state file."""

    result: JobResult


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run is over."""

    status: RunStatus


Event: TypeAlias = (
    RunStarted
    | JobStarted
    | AttemptAnswered
    | AttemptFailed
    | JobMoved
    | FellBack
    | LanePaused
    | LaneClosed
    | ComparisonEnded
    | JobCompleted
    | RunEnded
)
