"""The user's own map."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from casecraft.core.endpoint import Endpoint
from casecraft.core.profile import Profile
from casecraft.errors import StrategyError
from casecraft.strategy.provider_map import EXAMPLE, Rule, read_rules


class Manual:
    """Follows the map of `--provider-map`: patterns over paths, the first that matches counts; kept so.

    After `assign`, `notes` names the patterns that match no endpoint.
    """

    rebalance = False

    def __init__(self, *, provider_map: str | None = None) -> None:
        if provider_map is None:
            raise StrategyError("the strategy 'manual' needs a map", hint=f"give one with --provider-map {EXAMPLE}")
        self._rules = read_rules(provider_map)
        self.notes: tuple[str, ...] = ()

    def assign(self, endpoints: Sequence[Endpoint], profiles: Sequence[Profile]) -> Mapping[str, str]:
        """The provider of the first rule that matches, for each endpoint.

        Raises StrategyError where a rule names a provider that is not among `profiles`, or no rule matches.
        """
        for rule in self._rules:
            _refuse_unknown(rule, [profile.name for profile in profiles])
        self.notes = tuple(_unused(rule, endpoints) for rule in self._rules if not any(map(rule.matches, endpoints)))
        return {endpoint.id: self._provider(endpoint) for endpoint in endpoints}

    def _provider(self, endpoint: Endpoint) -> str:
        for rule in self._rules:
            if rule.matches(endpoint):
                return rule.provider
        raise StrategyError(
            f"no pattern of the provider map matches {endpoint.id!r}",
            hint=f"add one for all the rest at its end: '*:{self._rules[-1].provider}'",
        )


def _refuse_unknown(rule: Rule, names: Sequence[str]) -> None:
    if rule.provider in names:
        return
    nearest = get_close_matches(rule.provider, names, n=1)
    advice = f"did you mean {nearest[0]!r}?" if nearest else f"name it with --providers too: {','.join(names)},…"
    raise StrategyError(
        f"the provider map sends {rule.pattern!r} to {rule.provider!r}, which is no provider of this run",
        hint=f"{advice} (this run has {', '.join(names)})",
    )


def _unused(rule: Rule, endpoints: Sequence[Endpoint]) -> str:
    known = {name for endpoint in endpoints for name in (endpoint.id, endpoint.path)}
    nearest = get_close_matches(rule.pattern, sorted(known), n=1, cutoff=0.5)
    return f"the pattern {rule.pattern!r} matches no endpoint" + (f"; the nearest is {nearest[0]!r}" if nearest else "")
