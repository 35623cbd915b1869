"""The gateway: what all requests of all clients share."""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from casecraft.config import Settings
from casecraft.core.exchange import Exchange, ExchangeOutcome
from casecraft.core.usage import Usage
from casecraft.errors import CasecraftError, ProviderError, ServerError, StateError, StrategyError
from casecraft.gateway.access import Access
from casecraft.gateway.answering import Answer
from casecraft.gateway.asking import ClientRequest
from casecraft.gateway.budget import DayBudget, read_spent
from casecraft.gateway.call_logging import secrets_of
from casecraft.gateway.counting import count_tokens
from casecraft.gateway.exchanging import Exchanging
from casecraft.gateway.exposure import check_exposure
from casecraft.gateway.failing import unexpected
from casecraft.gateway.lanes import Lanes
from casecraft.gateway.retiring import Retirement
from casecraft.gateway.routing import Router, Traits, traits_of
from casecraft.providers import create
from casecraft.providers.call_log import CallLog
from casecraft.providers.provider import Provider
from casecraft.providers.selection import profile_of, settings_of, split_name
from casecraft.state import Store, record_exchange

Report: TypeAlias = Callable[[CasecraftError], None]

RECENT = 200
"""So many of the last exchanges are kept at hand, for the page."""

_SAMPLE = Usage(input=1000, output=1000)


class Gateway:
    """All that requests share: who may ask, where they go, the providers, the budget and the ledger.

    `under_way` are the requests that are being answered, by id; `recent` the last that ended, newest first. `report` is
    told what fails beside the requests: the ledger, or a strategy that learns.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        token: str,
        ledger: Store | None = None,
        log: CallLog | None = None,
        report: Report | None = None,
    ) -> None:
        self._token = token
        self._report = report
        self._ledger = ledger
        self._log = log
        self._said = ""
        self._stopping = False
        self._retired = Retirement()
        self.under_way: dict[str, Exchanging] = {}
        self.recent: deque[Exchange] = deque(maxlen=RECENT)
        self.settings = settings
        self.router, self.access = self._made_of(settings)
        self.budget = self._budget_of(settings)
        self.lanes = Lanes(self._create)

    def take(self, settings: Settings) -> None:
        """Go by these settings from now on. Requests under way end as they began.

        Raises a `CasecraftError` where they cannot be used; the old ones then stay in force.
        """
        check_exposure(settings.gateway)
        router, access = self._made_of(settings)
        if self._log is not None:
            self._log.blot_out(secrets_of(settings, self._token))
        old, self.settings, self.router, self.access = self.settings, settings, router, access
        spent, self.budget = self.budget, self._budget_of(settings)
        self.budget.take_over(spent)
        self._renew_lanes(old)

    def _made_of(self, settings: Settings) -> tuple[Router, Access]:
        keys = {name: key.token.get_secret_value() for name, key in settings.gateway.keys.items()}
        return Router(settings), Access(self._token, keys)

    def _renew_lanes(self, old: Settings) -> None:
        """Keep the lanes of providers that are set as before, with their limits; the others are made anew."""
        same = old.gateway.timeout == self.settings.gateway.timeout and old.workers == self.settings.workers

        def stays(provider: str) -> bool:
            before, after = (settings_of(provider, each.provider_settings) for each in (old, self.settings))
            return same and before == after

        kept, gone = self.lanes.divided(stays)
        self.lanes = Lanes(self._create, kept)
        self._retired.add(gone, self.under_way)

    def _create(self, provider: str, model: str) -> Provider:
        """The provider, with the gateway's patience, and the model that a route names, where it has none of its own."""
        settings = settings_of(provider, self.settings.provider_settings)
        if model and not profile_of(provider, settings).model:
            settings = settings.model_copy(update={"model": model})
        if settings.timeout is None:
            settings = settings.model_copy(update={"timeout": self.settings.gateway.timeout})
        return create(provider, settings, workers=self.settings.workers, log=self._log)

    def _budget_of(self, settings: Settings) -> DayBudget:
        keys = {name: key.budget for name, key in settings.gateway.keys.items() if key.budget is not None}
        budget = DayBudget(settings.currency, settings.gateway.budget, keys)
        if self._ledger is not None and budget.watches:
            budget.spent = read_spent(self._ledger, budget.currency, self.say)
        return budget

    async def count(self, asked: ClientRequest) -> int:
        """The tokens of a request, by its provider or an estimate. Raises `ModelNotFoundError` without a route."""
        traits = traits_of(asked.asked.request, dialect=asked.door.dialect, model=asked.model)
        candidate = self.router.route(traits).candidates[0]
        return await count_tokens(asked, self.lanes, candidate, traits.input_tokens)

    async def exchange(self, exchanging: Exchanging) -> None:
        """Have a client's request answered, and write down what came of it. Nothing is raised but a cancellation."""
        asked, answer = exchanging.asked, exchanging.answer
        router, rule, error = self.router, "", None
        traits = traits_of(asked.asked.request, dialect=asked.door.dialect, model=asked.model)
        outcome: ExchangeOutcome = "answered"
        self.under_way[asked.id] = exchanging
        try:
            self.budget.check(asked.key)
            route = router.route(traits)
            rule = route.rule
            await exchanging.run(self._with_known_prices(route.candidates))
        except ProviderError as failure:
            error = failure
            outcome = "failed" if exchanging.was_asked else "refused"
            await answer_error(asked, answer, failure)
        except asyncio.CancelledError:
            if self._stopping and not answer.ended:
                error = ServerError("the gateway was stopped in the middle of the request", status=503)
                outcome = "cut" if answer.begun else "failed"
                await exchanging.give_up(error)
            elif not answer.ended:
                outcome = "cancelled"
            raise
        except Exception as failure:  # noqa: BLE001  # told to the client and the user
            error = unexpected(failure)
            outcome = "cut" if answer.begun else "failed"
            self.say(error)
            await exchanging.give_up(error)
        finally:
            del self.under_way[asked.id]
            self._retired.ended(asked.id)
            if exchanging.error is not None and outcome == "answered":
                outcome, error = "cut", exchanging.error
            exchange = _exchange_of(exchanging, rule, outcome, error)
            self.note(exchange)
            self._teach(router, traits, exchange)

    def _with_known_prices(self, candidates: tuple[str, ...]) -> tuple[str, ...]:
        """Where there is a budget, those whose price is known. Raises `ProviderConfigurationError` where none is."""
        if not self.budget.watches:
            return candidates
        known, problem = [], None
        for candidate in candidates:
            provider, model = split_name(candidate)
            try:
                lane = self.lanes.of(provider, model)
                model = model or lane.provider.profile.model
                self.budget.check_price(provider, model, lane.provider.price(_SAMPLE, model))
            except ProviderError as error:
                problem = problem or error
            else:
                known.append(candidate)
        if problem is not None and not known:
            raise problem
        return tuple(known)

    def note(self, exchange: Exchange, *, keep: bool = True) -> None:
        """Write down how a request ended; without `keep`, only for the page. Nothing is raised."""
        self.budget.add(exchange.key, exchange.spending)
        self.recent.appendleft(exchange)
        if self._ledger is not None and keep:
            try:
                record_exchange(self._ledger, exchange).add_done_callback(self._check_record)
            except StateError as error:
                self.say(error)

    def _check_record(self, record: "asyncio.Future[None]") -> None:
        error = None if record.cancelled() else record.exception()
        if isinstance(error, CasecraftError):
            self.say(error)

    def say(self, error: CasecraftError) -> None:
        """Report what fails beside the requests, once in a row: a full disk fails every one."""
        if self._report is not None and str(error) != self._said:
            self._said = str(error)
            self._report(error)

    def _teach(self, router: Router, traits: Traits, exchange: Exchange) -> None:
        try:
            router.learn(traits, exchange)
        except StrategyError as error:
            self.say(error)

    def stop(self) -> None:
        """Note that what is called off from now on is called off by the gateway's end, and not by its client."""
        self._stopping = True

    async def aclose(self) -> None:
        """Close all connections."""
        await self.lanes.aclose()
        await self._retired.aclose()


async def answer_error(asked: ClientRequest, answer: Answer, error: ProviderError) -> None:
    """Tell the client in its own format, as far as it has got nothing yet."""
    if answer.begun:
        return
    if error.retry_after is not None:
        answer.add_headers({"retry-after": f"{max(1, math.ceil(error.retry_after))}"})
    status, body = asked.dialect.encode_error(with_hint(error))
    await answer.json(status, body)


def with_hint(error: ProviderError) -> ProviderError:
    """The error with what to do about it in its message: a client shows nothing else."""
    if error.hint:
        error.args = (f"{error}. {error.hint}",)
        error.hint = None
    return error


def _exchange_of(exchanging: Exchanging, rule: str, outcome: ExchangeOutcome, error: ProviderError | None) -> Exchange:
    asked, answer = exchanging.asked, exchanging.answer
    return Exchange(
        id=asked.id,
        started=asked.started,
        client=asked.client,
        key=asked.key,
        dialect=asked.door.dialect,
        path=asked.path,
        asked_model=asked.model,
        rule=rule,
        streamed=asked.asked.stream,
        status=answer.status,
        outcome=outcome,
        error="" if error is None else f"{type(error).__name__}: {error}",
        attempts=tuple(exchanging.attempts),
        losses=tuple(exchanging.losses),
        seconds=answer.seconds,
        first_byte=answer.first_byte,
    )
