"""What a look at a request shows."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from casecraft.cases.judgement import Reading
from casecraft.cases.violations import Finding


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a look at a request shows: what is wrong with it; what cannot be judged; and, where nothing is wrong, the
    ids of the valid targets that it hits. Where it is `probing`, these are probes: it conforms, and a server may refuse
    it all the same.

    A request that is `doubtful` conforms to every schema and breaks a rule between places that only names and texts
    speak of, or stands on its boundary: it hits the target of that alone. One that is `unproven` conforms as far as its
    schemas could be read.
    """

    findings: tuple[Finding, ...]
    unclear: tuple[str, ...]
    hits: frozenset[str]
    probing: bool = False
    doubtful: bool = False
    unproven: bool = False


@dataclass(slots=True)
class Look:
    """An inspection on its way. `sends_other_type` says that its body is not of the main type."""

    findings: list[Finding] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    hits: set[str] = field(default_factory=set)
    probes: set[str] = field(default_factory=set)
    doubts: set[str] = field(default_factory=set)
    given: dict[str, Any] = field(default_factory=dict)
    sends_other_type: bool = False
    unproven: bool = False

    def add(self, reading: Reading, place: str) -> None:
        """Add what is known of the value at one place of the request."""
        if reading.value:
            self.given[place] = reading.value[0]
        self.findings.extend(reading.findings)
        self.unclear.extend(reading.unclear)
        self.hits |= reading.hits
        self.probes |= reading.probes
        self.unproven |= reading.unproven

    def concluded(self, known: Collection[str]) -> Inspection:
        """The inspection, with the targets that are `known` alone."""
        if self.findings or self.unclear:
            return Inspection(tuple(self.findings), tuple(self.unclear), frozenset())
        if self.probes:
            return Inspection((), (), frozenset(self.probes).intersection(known), probing=True)
        if self.doubts:
            hits = self.doubts.intersection(known) if len(self.doubts) == 1 else ()
            return Inspection((), (), frozenset(hits), doubtful=True)
        return Inspection((), (), frozenset(self.hits).intersection(known), unproven=self.unproven)
