"""What the page knows of the gateway's providers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias
from urllib.parse import urlsplit

from casecraft.config import ProviderSettings, Settings
from casecraft.core.exchange import Exchange
from casecraft.core.profile import Profile
from casecraft.errors import ProviderError
from casecraft.gateway.candidates import Candidates
from casecraft.gateway.lanes import ProviderLane
from casecraft.gateway.page.wording import told
from casecraft.providers import CatalogRow, canonical_name, profile_of, settings_of
from casecraft.providers.selection import AUTO, RULES, row_of, split_name

LaneState: TypeAlias = tuple[int, int, float, str]
"""Requests in flight, how many may be, seconds of rest left, and what that comes from."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a provider answered when it was asked. `at` is Unix time."""

    at: float
    healthy: bool
    said: str


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """A provider as the page shows it; never its key.

    `key` is "set", "missing" or "not needed"; `host` the host of its address; `problem` why it cannot be used.
    `in_flight`, `limit` and `pause` (seconds) are those of now. `answered`, `failed`, `median` (seconds) and
    `last_error` are of the last requests.
    """

    name: str
    title: str
    dialect: str
    model: str
    models: tuple[str, ...]
    key: str
    host: str
    local: bool
    workers: int
    rpm: int | None
    problem: str
    in_flight: int
    limit: int
    pause: float
    cause: str
    answered: int
    failed: int
    median: float | None
    last_error: str
    last_error_at: float
    health: Health | None


def names_of(settings: Settings) -> tuple[str, ...]:
    """The canonical names of the providers that the settings name or configure, in that order."""
    return tuple(dict.fromkeys((*_named(settings), *settings.provider_settings)))


def _named(settings: Settings) -> Iterator[str]:
    for name in (*settings.gateway.named, *settings.providers):
        if name.strip().lower() in {AUTO, RULES}:
            continue
        try:
            yield split_name(canonical_name(name, settings.provider_settings))[0]
        except ProviderError:  # the router says what is wrong with it
            continue


def problems_of(settings: Settings) -> dict[str, str]:
    """Why each provider cannot be used; nothing for one that can."""
    candidates = Candidates(settings)
    found = {name: candidates.problem(name) for name in names_of(settings)}
    return {name: told(error) if error is not None else "" for name, error in found.items()}


def state_of(lane: ProviderLane) -> LaneState:
    """As it is now."""
    return lane.in_flight, lane.limit, lane.pause_left, str(lane.cause or "")


def facts_of(
    name: str,
    settings: Settings,
    state: LaneState | None,
    problem: str,
    recent: Iterable[Exchange],
    health: Health | None,
) -> ProviderFacts:
    """All that the page shows of a provider, out of settings, the last requests and the last question."""
    own = settings_of(name, settings.provider_settings)
    profile, row = _profile_and_row(name, own, settings.workers)
    attempts = [(it.started, attempt) for it in recent for attempt in it.attempts if attempt.provider == name]
    failed = [(at, attempt.error) for at, attempt in attempts if attempt.error]
    answered = [attempt.seconds for _, attempt in attempts if not attempt.error]
    in_flight, limit, pause, cause = state or (0, profile.max_workers, 0.0, "")
    return ProviderFacts(
        name=name,
        title=row.title if row is not None else name,
        dialect=profile.dialect,
        model=profile.model,
        models=tuple(dict.fromkeys(it.id for it in row.models)) if row is not None else (),
        key=_key_of(own, row),
        host=_host_of(profile),
        local=profile.local,
        workers=profile.max_workers,
        rpm=profile.rpm,
        problem=problem,
        in_flight=in_flight,
        limit=limit,
        pause=pause,
        cause=cause,
        answered=len(answered),
        failed=len(failed),
        median=median(answered) if answered else None,
        last_error=failed[0][1] if failed else "",
        last_error_at=failed[0][0] if failed else 0.0,
        health=health,
    )


def _profile_and_row(name: str, own: ProviderSettings, workers: int | None) -> tuple[Profile, CatalogRow | None]:
    """What the provider is used as; of one whose row is wrong nothing is known, and its problem says why."""
    try:
        return profile_of(name, own, workers=workers), row_of(name, own)
    except ProviderError:
        return Profile(name, "unknown"), None


def _key_of(own: ProviderSettings, row: CatalogRow | None) -> str:
    if own.api_key is not None:
        return "set"
    return "missing" if row is not None and row.needs_key else "not needed"


def _host_of(profile: Profile) -> str:
    """The host alone: an address may have a password in it."""
    try:
        split = urlsplit(profile.base_url)
        port = f":{split.port}" if split.port is not None else ""
    except ValueError:
        return ""
    return f"{split.hostname}{port}" if split.hostname else ""
