"""Whose turn it is, by weight."""

from collections.abc import Iterator, Sequence

from casecraft.core.profile import Profile


def turns(profiles: Sequence[Profile]) -> Iterator[str]:
    """The profiles' names without end, each as often as its share of all workers, evenly spread.

    After any number of turns a name has had its exact share, rounded up or down. That is earliest deadline first over
    unit jobs: of those whose next turn is not ahead of their share, the one whose turn would be late first; of equals,
    the one named first.
    """
    total = sum(profile.max_workers for profile in profiles)
    taken = dict.fromkeys((profile.name for profile in profiles), 0)
    number = 0
    while True:
        number += 1
        due = [profile for profile in profiles if taken[profile.name] * total < number * profile.max_workers]
        name = min(due, key=lambda profile: _deadline(taken[profile.name], total, profile.max_workers)).name
        taken[name] += 1
        yield name


def _deadline(taken: int, total: int, workers: int) -> int:
    return -((taken + 1) * total // -workers)
