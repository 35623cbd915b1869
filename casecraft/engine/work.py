"""What is asked for a job, and what becomes of the answer."""

from dataclasses import dataclass
from typing import Protocol

from casecraft.core.case import Case
from casecraft.core.chat import ChatRequest, ChatResponse
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import JobResult
from casecraft.core.profile import Profile


@dataclass(frozen=True, slots=True)
class Examined:
    """What an answer was good for.

    `cases` are verified. `relabelled` were not what they said, but the check proves what they are: they count where
    nothing better comes. `dropped` is how many cases are lost then. `repair` is the request that would mend the rest,
    None where nothing is to be mended.
    """

    cases: tuple[Case, ...] = ()
    relabelled: tuple[Case, ...] = ()
    dropped: int = 0
    repair: ChatRequest | None = None


class Work(Protocol):
    """The content of a run, which the engine carries out without knowing it."""

    @property
    def key(self) -> str:
        """Everything besides the endpoint that shapes a result; a result is reused only where it is equal."""

    def request(self, endpoint: Endpoint, profile: Profile) -> ChatRequest:
        """The first question for an endpoint."""

    def examine(self, endpoint: Endpoint, profile: Profile, request: ChatRequest, answer: ChatResponse) -> Examined:
        """Check an answer. The cases that fail are asked for once more by `repair`."""

    def complete(self, endpoint: Endpoint, cases: tuple[Case, ...]) -> tuple[Case, ...]:
        """The suite of the endpoint from the models' verified cases."""

    def rules(self, endpoint: Endpoint) -> tuple[Case, ...]:
        """The suite of the endpoint by rules alone."""

    def described(self, result: JobResult) -> JobResult:
        """The result with what is to be said of it, its endpoint's targets among that."""

    def estimate(self, request: ChatRequest) -> int:
        """The tokens of a request, about."""
