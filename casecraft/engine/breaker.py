"""When a provider that keeps failing is left alone."""

from dataclasses import dataclass


@dataclass(slots=True)
class Breaker:
    """Counts failures in a row.

    `threshold` of them open it: the lane rests for `cooldown` seconds. The first answer afterwards closes it; another
    failure instead means that the provider is down, and the lane is given up.
    """

    threshold: int = 5
    cooldown: float = 10.0
    failures: int = 0
    opened: bool = False

    def succeeded(self) -> None:
        """Note an answer."""
        self.failures = 0
        self.opened = False

    def failed(self) -> None:
        """Note a failure on the provider's side."""
        self.failures += 1

    @property
    def tripped(self) -> bool:
        """Whether the lane should rest now."""
        return not self.opened and self.failures >= self.threshold

    @property
    def given_up(self) -> bool:
        """Whether the provider failed again after its rest."""
        return self.opened and self.failures > 0

    def open(self) -> None:
        """Begin the rest: only what happens afterwards counts."""
        self.opened = True
        self.failures = 0
