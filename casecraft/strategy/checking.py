"""Holds strategies, whoever wrote them, to what they promise."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches

from casecraft.core.endpoint import Endpoint
from casecraft.core.job import JobResult
from casecraft.core.profile import Profile
from casecraft.errors import CasecraftError, StrategyError
from casecraft.strategy.protocol import Adaptive, Strategy


class CheckedStrategy:
    """A strategy whose assignment is checked: every endpoint, known providers only.

    `name` is what the user called it; `notes` is what it wants the user to know, after `assign`.
    """

    def __init__(self, strategy: Strategy, name: str, notes: Sequence[str] = ()) -> None:
        self.rebalance = bool(strategy.rebalance)
        self.name = name
        self._strategy = strategy
        self._own_notes = tuple(notes)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of the assignment."""
        return self._own_notes + tuple(map(str, getattr(self._strategy, "notes", ())))

    def assign(self, endpoints: Sequence[Endpoint], profiles: Sequence[Profile]) -> Mapping[str, str]:
        """A provider for each endpoint, in the order of the endpoints. Raises StrategyError."""
        if not profiles:
            raise StrategyError(f"the strategy {self.name!r} has no providers to choose from", hint="name some")
        with self._guarded("assign"):
            assigned = self._strategy.assign(endpoints, profiles)
        if not isinstance(assigned, Mapping):
            raise StrategyError(f"the strategy {self.name!r} returned {type(assigned).__name__!r}, not a mapping")
        missing = [endpoint.id for endpoint in endpoints if endpoint.id not in assigned]
        if missing:
            raise StrategyError(
                f"the strategy {self.name!r} leaves out {len(missing)} endpoints, {missing[0]!r} among them",
                hint="`assign` must name a provider for the id of each endpoint",
            )
        known = [profile.name for profile in profiles]
        return {endpoint.id: self._known(endpoint, assigned[endpoint.id], known) for endpoint in endpoints}

    @contextmanager
    def _guarded(self, method: str) -> Iterator[None]:
        """Whatever the strategy's own code raises becomes a StrategyError."""
        try:
            yield
        except CasecraftError:
            raise
        except Exception as error:
            raise StrategyError(
                f"{method!r} of the strategy {self.name!r} failed: {type(error).__name__}: {error}",
                hint="correct it there, or name another with --strategy",
            ) from error

    def _known(self, endpoint: Endpoint, name: object, known: Collection[str]) -> str:
        if isinstance(name, str) and name in known:
            return name
        nearest = get_close_matches(str(name), known, n=1)
        raise StrategyError(
            f"the strategy {self.name!r} sends {endpoint.id!r} to {name!r}, which is no provider of this run",
            hint=f"did you mean {nearest[0]!r}?" if nearest else f"this run has {', '.join(known)}",
        )


class CheckedAdaptive(CheckedStrategy):
    """An adaptive strategy whose choices are checked too."""

    def __init__(self, strategy: Adaptive, name: str, notes: Sequence[str] = ()) -> None:
        super().__init__(strategy, name, notes)
        self._adaptive = strategy

    def choose(self, endpoint: Endpoint, profiles: Sequence[Profile]) -> str:
        """The strategy's choice, one of `profiles`. Raises StrategyError."""
        with self._guarded("choose"):
            chosen = self._adaptive.choose(endpoint, profiles)
        return self._known(endpoint, chosen, [profile.name for profile in profiles])

    def learn(self, result: JobResult) -> None:
        """Pass on how a job ended."""
        with self._guarded("learn"):
            self._adaptive.learn(result)


def checked(strategy: Strategy, name: str, notes: Sequence[str] = ()) -> CheckedStrategy:
    """The strategy behind its check; adaptive where it is."""
    if isinstance(strategy, Adaptive):
        return CheckedAdaptive(strategy, name, notes)
    return CheckedStrategy(strategy, name, notes)
