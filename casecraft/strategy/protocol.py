"""What a strategy is."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from casecraft.core.endpoint import Endpoint
from casecraft.core.job import JobResult
from casecraft.core.profile import Profile


@runtime_checkable
class Strategy(Protocol):
    """Maps endpoints to providers, once, before the run.

    `rebalance` says that an idle lane may take over jobs that wait in the longest one. A strategy may also have
    `notes`, a sequence of texts that `assign` leaves for the user.
    """

    rebalance: bool

    def assign(self, endpoints: Sequence[Endpoint], profiles: Sequence[Profile]) -> Mapping[str, str]:
        """The name of a provider for the id of every endpoint. `profiles` are in the order in which they were named,
        at least one. Raises StrategyError.
        """
        ...


@runtime_checkable
class Adaptive(Strategy, Protocol):
    """A strategy that learns while the run goes on. `assign` is its forecast; `choose` decides."""

    def choose(self, endpoint: Endpoint, profiles: Sequence[Profile]) -> str:
        """The name of the provider for an endpoint that is about to be queued, one of `profiles`."""
        ...

    def learn(self, result: JobResult) -> None:
        """Take in how a job ended, whoever it was that answered it."""
        ...
