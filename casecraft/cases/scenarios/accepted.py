"""An edge between endpoints that was checked, as resources use it."""

from dataclasses import dataclass

from casecraft.cases.scenarios.graph import Operation
from casecraft.cases.scenarios.paths import places_of
from casecraft.core.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class AcceptedEdge:
    """The answer of `producer` has at `source` what stands at `place` of the requests of the endpoint `consumer`.

    For a path parameter `shape` is that of the path up to it: whatever has such a path takes the same value. Where the
    value is `borrowed`, what it names may have been there before: it is only read.
    """

    consumer: str
    place: str
    shape: str | None
    producer: Operation
    source: str
    borrowed: bool

    @property
    def fills(self) -> tuple[str, str]:
        """What two edges must not share."""
        return ("", self.shape) if self.shape is not None else (self.consumer, self.place)

    def is_taken_by(self, endpoint: Endpoint) -> bool:
        """Whether the requests of an endpoint take the value."""
        if self.shape is None:
            return endpoint.id == self.consumer
        return any(place.shape == self.shape for place in places_of(endpoint.path))
