"""What the gateway costs, beside others: time added to the direct request, requests a second, CPU of a request.

    python -m benchmarks.gateway

Every request to a gateway has a direct one beside it, which it is compared with: what else the machine does meets both.
The gateways take turns in short blocks, for the same reason. CPU is that of the gateway's process, as the system counts
it, and hardly depends on what else runs.
"""

import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks.figures import Figure, note, report
from benchmarks.gateway_bodies import PATHS, body_of
from benchmarks.gateway_clients import Waiting, ask_at_once, request_to
from benchmarks.gateway_peers import Gateway, casecraft, claude_code_router, portkey
from benchmarks.gateway_upstream import upstream
from casecraft.core.event_loop import run_async

BLOCKS, PAIRS, WARM = 6, 50, 30
CLIENTS, CROWDS, SECONDS = 64, 2, 1.0
AFTERWARDS = 0.2
"""Seconds in which a gateway ends what it does later, as writing a ledger: that is CPU of these requests, too."""

CONVERTED = 1.0, 0.8
"""Bars of 2 KB with conversion: milliseconds added, and of CPU."""

LONG = 3.0
"""The bar of 80 KB: milliseconds added."""


@dataclass(slots=True)
class Course:
    """A gateway with one dialect of its clients, and what was measured of it with one kind of request."""

    gateway: Gateway
    dialect: str
    first: list[float] = field(default_factory=list)
    direct_first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    direct: list[float] = field(default_factory=list)
    cpu: float = 0.0
    crowd: list[float] = field(default_factory=list)
    crowd_seconds: float = 0.0
    crowd_cpu: float = 0.0

    @property
    def name(self) -> str:
        """Who, and from what to what."""
        return f"{self.gateway.name} {SHORT[self.dialect]}"

    def request(self, size: str, stream: bool) -> bytes:
        """What its clients send."""
        return request_to(PATHS[self.dialect], self.gateway.headers, body_of(self.dialect, size, stream=stream))

    @property
    def added(self) -> float:
        """Milliseconds until the end: the median over pairs."""
        return _median_of_pairs(self.whole, self.direct)

    @property
    def first_added(self) -> float:
        """The same until the first byte of the body."""
        return _median_of_pairs(self.first, self.direct_first)

    @property
    def added_p99(self) -> float:
        """The 99th percentile with the gateway, less that without."""
        return _p99(self.whole) - _p99(self.direct)

    @property
    def cpu_each(self) -> float:
        """Milliseconds of CPU for a request, one after another."""
        return self.cpu / len(self.whole) * 1000


SHORT = {"anthropic_messages": "Messages→Chat", "openai_responses": "Responses→Chat", "openai_chat": "Chat→Chat"}


def _median_of_pairs(with_gateway: Sequence[float], without: Sequence[float]) -> float:
    return statistics.median(one - other for one, other in zip(with_gateway, without, strict=True))


def _p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100)[98] if values else 0.0


def main(arguments: list[str]) -> int:
    return report(measure(own_alone="--own" in arguments))


def measure(*, own_alone: bool) -> Iterator[Figure]:
    with ExitStack() as stack:
        port = stack.enter_context(upstream())
        direct = Gateway("direct", port, {}, None)
        own = stack.enter_context(casecraft(port))
        courses = [(own, dialect) for dialect in SHORT]
        if not own_alone:
            courses.append((stack.enter_context(portkey(port)), "openai_chat"))
            courses.append((stack.enter_context(claude_code_router(port)), "anthropic_messages"))
        for size in ("2 KB", "80 KB"):
            for stream in (False, True):
                yield from _figures(size, stream, direct, [Course(*course) for course in courses])


def _figures(size: str, stream: bool, direct: Gateway, courses: list[Course]) -> Iterator[Figure]:
    alone = Course(direct, "openai_chat")
    for course in courses:
        _ask(course, alone, size, stream, WARM)
        for values in (course.first, course.direct_first, course.whole, course.direct):
            values.clear()
    for _ in range(BLOCKS):
        for course in courses:
            before = course.gateway.cpu
            _ask(course, alone, size, stream, PAIRS)
            time.sleep(AFTERWARDS)
            course.cpu += course.gateway.cpu - before
    for _ in range(CROWDS):
        for course in (alone, *courses):
            _ask_at_once(course, size, stream)
    kind = f"{size}{', streamed' if stream else ''}"
    note(f"{kind}: {statistics.median(courses[0].direct):.2f} ms directly; {_rate(alone):,.0f} requests/s")
    for course in courses:
        yield from _figures_of(course, kind, size, stream)


def _ask(course: Course, alone: Course, size: str, stream: bool, pairs: int) -> None:
    """Requests to a gateway, each with a direct one beside it."""
    through, direct = Waiting(course.gateway.port), Waiting(alone.gateway.port)
    asked, asked_direct = course.request(size, stream), alone.request(size, stream)
    for _ in range(pairs):
        first, whole = through.ask(asked)
        direct_first, direct_whole = direct.ask(asked_direct)
        course.first.append(first)
        course.whole.append(whole)
        course.direct_first.append(direct_first)
        course.direct.append(direct_whole)
    through.close()
    direct.close()


def _ask_at_once(course: Course, size: str, stream: bool) -> None:
    before = course.gateway.cpu
    took, seconds = run_async(ask_at_once(course.gateway.port, course.request(size, stream), CLIENTS, SECONDS))
    course.crowd += took
    course.crowd_seconds += seconds
    course.crowd_cpu += course.gateway.cpu - before


def _rate(course: Course) -> float:
    return len(course.crowd) / course.crowd_seconds


def _figures_of(course: Course, kind: str, size: str, stream: bool) -> Iterator[Figure]:
    converts = course.gateway.name == "casecraft" and course.dialect != "openai_chat"
    added, cpu = (CONVERTED if size == "2 KB" else (LONG, None)) if converts else (None, None)
    what = f"{kind}, {course.name}"
    if stream:
        yield Figure(f"{what}: first byte added, p50", course.first_added, "ms", added)
    else:
        yield Figure(f"{what}: added, p50", course.added, "ms", added)
    yield Figure(f"{what}: CPU", course.cpu_each, "ms", None if stream else cpu)
    cpu_at_once = course.crowd_cpu / len(course.crowd) * 1000
    p50, p99 = statistics.median(course.crowd), _p99(course.crowd)
    note(f"whole answer +{course.added:.2f} ms p50, +{course.added_p99:.2f} ms p99")
    note(f"{CLIENTS} at once: {_rate(course):,.0f}/s, {p50:.0f} ms p50, {p99:.0f} ms p99, CPU {cpu_at_once:.2f} ms")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
