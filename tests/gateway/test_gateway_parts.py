"""The parts of the gateway that need no server: what breaks off, what a day may cost, what settings leave behind."""

import asyncio
from decimal import Decimal
from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casecraft.config import ProviderSettings
from casecraft.core.usage import Cost, Usage, UsageMeter
from casecraft.errors import AuthenticationError, ProviderConfigurationError, RateLimitError, ServerError
from casecraft.gateway import budget
from casecraft.gateway.budget import DayBudget
from casecraft.gateway.failing import unexpected
from casecraft.gateway.lanes import ProviderLane
from casecraft.gateway.retiring import Retirement
from casecraft.providers import create
from casecraft.providers.passage import WholeEvents, readable_part
from casecraft.wire.openai_responses.stream_writing import write_failure
from casecraft.wire.sse import EventReader

STREAM = b': hello\n\nevent: a\ndata: {"a": 1}\n\ndata: {"b": 2}\r\n\r\n: keep\n\ndata: {"c": 3}\n\ndata: {"d'


@given(st.lists(st.integers(1, len(STREAM) - 1)))
def test_streams_are_cut_after_whole_events_wherever_their_chunks_end(cuts: list[int]) -> None:
    places = [0, *sorted(set(cuts)), len(STREAM)]
    events = WholeEvents()
    given_out = [piece for begin, end in pairwise(places) if (piece := events.feed(STREAM[begin:end]))]
    assert b"".join(given_out) + events.rest == STREAM
    assert EventReader().feed(given_out[0]), "the first piece has an event with data"
    assert all(piece.endswith((b"\n\n", b"\n\r\n")) for piece in given_out)
    assert events.rest.endswith(b'data: {"d')


def test_comments_wait_for_the_first_event() -> None:
    events = WholeEvents()
    assert events.feed(b": processing\n\n") == b""
    assert events.feed(b"data: {}\n\n") == b": processing\n\ndata: {}\n\n"
    assert events.feed(b": processing\n\n") == b": processing\n\n"


def test_what_can_be_read_ends_before_the_first_event_that_cannot() -> None:
    good = b'event: a\ndata: {"a": 1}\n\n: comment\n\ndata: [DONE]\n\n'
    assert readable_part(good) == good
    for bad in (b"data: nonsense\n\n", b"data: [1]\n\n", b'data: {"half'):
        assert readable_part(good + bad + good) == good


def test_a_failure_of_responses_goes_on_with_the_numbers() -> None:
    written = write_failure(ServerError("it broke"), number=7, frame={"id": "resp_1", "status": "in_progress"})
    error, failed = (orjson.loads(data) for data in EventReader().feed(written))
    assert (error["type"], error["sequence_number"], error["message"]) == ("error", 7, "it broke")
    assert (failed["type"], failed["sequence_number"]) == ("response.failed", 8)
    assert failed["response"]["id"] == "resp_1"
    assert failed["response"]["status"] == "failed"
    assert len(EventReader().feed(write_failure(ServerError("x"), number=0, frame=None))) == 1


def spent(amount: str, currency: str = "USD") -> UsageMeter:
    meter = UsageMeter()
    meter.add(Usage(input=1), Cost(Decimal(amount), currency, "2026-01-01"))
    return meter


def test_a_day_counts_its_own_currency_and_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    day = DayBudget("USD", Decimal(2), {"alice": Decimal(1)})
    day.add("alice", spent("5", "CNY"))
    day.check("alice")
    day.add("alice", spent("1.2"))
    with pytest.raises(AuthenticationError, match="key 'alice' is spent") as caught:
        day.check("alice")
    assert caught.value.status == 402
    day.check("")
    day.add("", spent("0.8"))
    with pytest.raises(AuthenticationError, match="budget of 2 USD"):
        day.check("")
    monkeypatch.setattr(budget, "today", lambda: day.day + 1)
    day.check("alice")
    assert day.spent == {}


def test_a_budget_wants_prices_in_its_currency() -> None:
    day = DayBudget("USD", Decimal(2))
    day.check_price("p", "m", Cost(Decimal(1), "USD", ""))
    day.check_price("p", "m", Cost(Decimal(0), "CNY", ""))
    for price in (None, Cost(Decimal(1), "CNY", "")):
        with pytest.raises(ProviderConfigurationError):
            day.check_price("p", "m", price)
        DayBudget("USD").check_price("p", "m", price)


def test_other_settings_keep_what_was_spent_in_the_same_currency() -> None:
    earlier = DayBudget("USD", None, {}, {"alice": Decimal(3), "": Decimal(1)})
    for currency, expected in (("USD", {"alice": Decimal(3), "": Decimal(2)}), ("CNY", {"": Decimal(2)})):
        later = DayBudget(currency, None, {}, {"": Decimal(2)})
        later.take_over(earlier)
        assert later.spent == expected


class Lane:
    """A lane as far as it is closed."""

    def __init__(self) -> None:
        self.provider = self
        self.closed = False

    async def aclose(self) -> None:
        self.closed = True


async def test_a_lane_is_closed_after_the_requests_that_may_need_it() -> None:
    first, second, third = Lane(), Lane(), Lane()
    retirement = Retirement()
    retirement.add([first], ["a", "b"])  # type: ignore[list-item]
    retirement.add([second], [])  # type: ignore[list-item]
    retirement.ended("a")
    await asyncio.sleep(0)
    assert (first.closed, second.closed) == (False, True)
    retirement.ended("b")
    await asyncio.sleep(0)
    assert first.closed
    retirement.add([third], ["c"])  # type: ignore[list-item]
    await retirement.aclose()
    assert third.closed
    assert len(retirement) == 0


def test_what_nobody_foresaw_is_told_by_its_kind_and_place_alone() -> None:
    with pytest.raises(KeyError) as caught:
        {}["what the client said"]
    told = unexpected(caught.value)
    assert "KeyError at test_gateway_parts.py:" in str(told)
    assert "client said" not in f"{told} {told.hint}"
    assert told.status == 500


async def test_who_waits_for_a_short_rest_is_told_when_it_becomes_a_long_one() -> None:
    settings = ProviderSettings(base_url="http://127.0.0.1:9/v1", model="m", workers=1)
    lane = ProviderLane(create("own", settings))
    lane.failed(RateLimitError("slow down", retry_after=0.05), asyncio.get_running_loop().time())
    assert 0 < lane.pause_left <= 0.05
    waiting = asyncio.create_task(enter(lane))
    await asyncio.sleep(0)
    lane._lane.pause(30)
    with pytest.raises(RateLimitError, match="rests for 30 s more: slow down") as caught:
        await waiting
    assert caught.value.retry_after == pytest.approx(30, abs=1)
    assert lane.in_flight == 0
    assert not lane._lane.limit._semaphore.locked(), "the permit is given back"


async def enter(lane: ProviderLane) -> None:
    async with lane.permit():
        pass
