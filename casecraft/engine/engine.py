"""Carries out a run: gives jobs to lanes, moves them on when a provider cannot answer, and records how they end."""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import replace

from casecraft.core.case import Case
from casecraft.core.job import Job, JobResult
from casecraft.engine.context import RunContext, job_key
from casecraft.engine.conversation import Conversation, MovedError, StoppedError
from casecraft.engine.events import FellBack, JobCompleted, JobMoved, JobStarted, LaneClosed, RunEnded, RunStatus
from casecraft.engine.lane import Lane, Ticket
from casecraft.engine.near_duplicates import NearDuplicates
from casecraft.errors import CasecraftError, StateError
from casecraft.providers import Provider
from casecraft.strategy import Adaptive

AHEAD = 2
"""Jobs that an adaptive strategy places ahead, for each worker: few, so that it has learned before it chooses."""


class Engine:
    """Runs jobs over lanes until each has a result, or until it is stopped.

    `rebalance` lets an idle lane take over what waits in another. The lane of the built-in rules takes nothing
    over. `near_duplicates` leaves out cases that say the same in other words.
    """

    def __init__(
        self,
        context: RunContext,
        lanes: Sequence[Lane],
        *,
        rebalance: bool = False,
        near_duplicates: NearDuplicates | None = None,
    ) -> None:
        self._context = context
        self._near_duplicates = near_duplicates
        self._lanes = {lane.name: lane for lane in lanes}
        self._rebalance = rebalance
        self._adaptive: Adaptive | None = None
        self._candidates: tuple[str, ...] = ()
        self._backlog: deque[Job] = deque()
        self._left = 0
        self._placed = 0
        self._failed = 0
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed: set[str] = set()
        self._failure: BaseException | None = None

    async def run(self, jobs: Sequence[Job]) -> RunStatus:
        """Carry out jobs whose first provider is already chosen."""
        self._left = self._placed = len(jobs)
        for job in jobs:
            self._lanes[job.chain[0]].put(Ticket(job))
        return await self._drive()

    async def run_adaptive(self, jobs: Sequence[Job], candidates: Sequence[str], strategy: Adaptive) -> RunStatus:
        """Carry out jobs for which the strategy chooses the first provider, of the candidates, when they are about to
        start; their chains say who comes after it.
        """
        self._left = len(jobs)
        self._adaptive = strategy
        self._candidates = tuple(candidates)
        self._backlog.extend(jobs)
        self._place()
        return await self._drive()

    def stop(self) -> None:
        """Send nothing more. What is in flight is let finish; `abort` ends that too."""
        self._context.stopping = True
        if self._near_duplicates is not None:
            self._near_duplicates.stop()
        for lane in self._lanes.values():
            for ticket in lane.drain():
                if ticket.turn is not None:
                    ticket.turn.set_exception(StoppedError())
            lane.work.set()
        self._check_over()

    def abort(self) -> None:
        """Cancel what is in flight."""
        self.stop()
        for task in self._tasks:
            task.cancel()

    async def _drive(self) -> RunStatus:
        self._check_over()
        feeders = [asyncio.create_task(self._feed(lane)) for lane in self._lanes.values()]
        try:
            await self._over.wait()
        finally:
            for feeder in feeders:
                feeder.cancel()
            await asyncio.gather(*feeders, *self._tasks, return_exceptions=True)
        if self._failure is not None:
            raise self._failure
        status = self._status()
        self._context.emit(RunEnded(status))
        return status

    def _status(self) -> RunStatus:
        if self._context.out_of_budget:
            return "budget"
        if self._left:
            return "interrupted"
        return "failed" if self._failed else "done"

    def _check_over(self) -> None:
        if self._left == 0 or (self._context.stopping and not self._tasks):
            self._over.set()

    async def _feed(self, lane: Lane) -> None:
        while True:
            await lane.limit.acquire()
            ticket = await self._next(lane)
            ticket.permit = lane.limit
            if ticket.turn is not None:
                ticket.turn.set_result(lane)
            else:
                self._spawn(self._serve(ticket, lane))

    async def _serve(self, ticket: Ticket, lane: Lane) -> None:
        """Use one permit for one first request after another, while there are any; what follows an answer goes on
        beside that.

        The next request leaves in the same turn of the loop in which the last answer came. Where many answers come at
        once, turns between the two would make all their successors late. After a failure the permit goes back: others
        that failed with it may tell that the lane must rest.
        """
        following: Ticket | None = ticket
        while following is not None:
            ticket = following
            if lane.provider is None:
                return await self._hold(ticket, lane)
            self._context.emit(JobStarted(ticket.job.endpoint.id, lane.name))
            conversation = self._converse(ticket, lane, lane.provider)
            try:
                answered = await conversation.open()
            except asyncio.CancelledError:
                ticket.release()
                raise
            following = self._pass_on(ticket, lane, at_once=answered)
            self._spawn(self._hold(ticket, lane, conversation))
        return None

    def _pass_on(self, ticket: Ticket, lane: Lane, *, at_once: bool) -> Ticket | None:
        """Give the permit to the next in line, else back; the next one if its first request is to be sent."""
        may = at_once and not (self._context.stopping or lane.limit.shrinking or lane.pause_left() > 0)
        following = (lane.take() or self._take_over(lane)) if may and lane.closed_by is None else None
        if following is None:
            ticket.release()
            return None
        following.permit, ticket.permit = ticket.permit, None
        if following.turn is None:
            return following
        following.turn.set_result(lane)
        return None

    def _converse(self, ticket: Ticket, lane: Lane, provider: Provider) -> Conversation:
        return Conversation(self._context, ticket, lane, provider, movable=self._rebalance, wake=self._wake)

    async def _next(self, lane: Lane) -> Ticket:
        while True:
            await lane.rest()
            if not self._context.stopping:
                ticket = lane.take() or self._take_over(lane)
                if ticket is not None:
                    return ticket
            lane.work.clear()
            await lane.work.wait()

    def _take_over(self, lane: Lane) -> Ticket | None:
        if not self._rebalance or lane.closed_by is not None or lane.provider is None:
            return None
        for other in sorted(self._lanes.values(), key=lambda other: -len(other.queue)):
            if other is lane or other.provider is None:
                continue
            ticket = other.give(lane)
            if ticket is not None:
                self._context.emit(JobMoved(ticket.job.endpoint.id, other.name, lane.name))
                return ticket
        return None

    def _wake(self) -> None:
        if self._rebalance:
            for lane in self._lanes.values():
                lane.work.set()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = self._failure or error
            self.stop()
        self._check_over()

    async def _hold(self, ticket: Ticket, lane: Lane, opened: Conversation | None = None) -> None:
        while True:
            if opened is None:
                self._context.emit(JobStarted(ticket.job.endpoint.id, lane.name))
            try:
                cases = await self._distinct(ticket, await self._cases(ticket, lane, opened))
            except MovedError as moved:
                lane, opened = moved.lane, None
            except StoppedError:
                return self._stop_if_broke()
            except StateError:
                raise
            except Exception as error:  # noqa: BLE001  # one job's failure, a bug of ours even, never costs the others
                return await self._fall_back(ticket, lane, error)
            else:
                return await self._finish(ticket, lane, cases)

    async def _cases(self, ticket: Ticket, lane: Lane, opened: Conversation | None) -> tuple[Case, ...]:
        work, endpoint = self._context.work, ticket.job.endpoint
        try:
            if lane.provider is None:
                cases = work.rules(endpoint)
            else:
                conversation = opened or self._converse(ticket, lane, lane.provider)
                cases = work.complete(endpoint, await conversation.run())
        except MovedError:
            raise
        except BaseException:
            ticket.release()
            raise
        ticket.release()
        self._close_if_out(lane)
        return cases

    async def _distinct(self, ticket: Ticket, cases: tuple[Case, ...]) -> tuple[Case, ...]:
        return cases if self._near_duplicates is None else await self._near_duplicates.leave_out(ticket, cases)

    def _stop_if_broke(self) -> None:
        if self._context.out_of_budget and not self._context.stopping:
            self.stop()

    async def _fall_back(self, ticket: Ticket, lane: Lane, error: Exception) -> None:
        self._close_if_out(lane)
        reason = str(error) if isinstance(error, CasecraftError) else f"unexpected {error!r}"
        ticket.failed.append(lane.name)
        ticket.causes.append(f"{lane.name}: {reason}")
        following = self._following(ticket)
        next_name = following.name if following else None
        self._context.emit(FellBack(ticket.job.endpoint.id, lane.name, next_name, reason))
        await self._go_on(ticket)

    async def _go_on(self, ticket: Ticket) -> None:
        following = self._following(ticket)
        if following is None:
            return await self._finish(ticket, None, ())
        ticket.turn = None
        ticket.movable = True
        following.put(ticket, first=True)
        return None

    def _following(self, ticket: Ticket) -> Lane | None:
        for name in ticket.job.chain:
            lane = self._lanes[name]
            if name not in ticket.failed and lane.closed_by is None:
                return lane
        return None

    def _close_if_out(self, lane: Lane) -> None:
        error = lane.closed_by
        if error is None or lane.name in self._closed:
            return
        self._closed.add(lane.name)
        self._context.emit(LaneClosed(lane.name, str(error), error.hint))
        for ticket in lane.drain():
            if ticket.turn is not None:
                ticket.turn.set_exception(error)
            else:
                self._spawn(self._fall_back(ticket, lane, error))

    async def _finish(self, ticket: Ticket, lane: Lane | None, cases: tuple[Case, ...]) -> None:
        endpoint = ticket.job.endpoint
        profile = lane.profile if lane is not None else None
        result = JobResult(
            endpoint=endpoint,
            status="done" if profile else "failed",
            provider=profile.name if profile else None,
            model=(profile.model or None) if profile else None,
            cases=cases,
            fell_back=tuple(ticket.failed),
            dropped=ticket.dropped,
            error=None if profile else "; ".join(ticket.causes),
            spending=ticket.spending,
            notes=(*endpoint.notes, *ticket.notes),
        )
        work = self._context.work
        if profile is not None:
            result = work.described(result)
        await self._context.store.finish_job(self._context.run_id, job_key(endpoint, work), result)
        self._count(result)

    def _count(self, result: JobResult) -> None:
        self._left -= 1
        self._placed -= 1
        self._failed += result.status == "failed"
        self._context.emit(JobCompleted(result))
        if self._adaptive is not None:
            self._adaptive.learn(result)
            self._place()

    def _place(self) -> None:
        """Queue as many jobs of the backlog as keep the lanes busy, each where the strategy wants it now."""
        if self._adaptive is None:
            return
        open_lanes = [self._lanes[name] for name in self._candidates if self._lanes[name].closed_by is None]
        profiles = [lane.profile for lane in open_lanes]
        most = AHEAD * sum(profile.max_workers for profile in profiles) or len(self._backlog)
        while self._backlog and self._placed < most:
            self._placed += 1
            job = self._backlog.popleft()
            if not profiles:
                self._spawn(self._go_on(Ticket(job)))
                continue
            first = self._adaptive.choose(job.endpoint, profiles)
            self._lanes[first].put(Ticket(replace(job, chain=(first, *(name for name in job.chain if name != first)))))
