"""One run from its plan to its suite: what is known already, the engine over the rest, the files."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from casecraft.cases import choose_techniques
from casecraft.cases.scenarios import chain
from casecraft.config import Settings
from casecraft.core.job import JobResult
from casecraft.core.usage import Usage, UsageMeter
from casecraft.engine.budget import Budget
from casecraft.engine.case_work import CaseWork
from casecraft.engine.context import RunContext, job_key
from casecraft.engine.control import RunControl
from casecraft.engine.engine import Engine
from casecraft.engine.events import Event, JobCompleted, RunStarted, RunStatus
from casecraft.engine.lane import Lane
from casecraft.engine.near_duplicates import NearDuplicates
from casecraft.engine.plan import RULES, Plan, filters_of, make_jobs, strategy_name
from casecraft.engine.reuse import answers_to_replay, finished_results, proposals_of, results_of_run
from casecraft.engine.upkeep import keep_persons_cases
from casecraft.errors import ConfigurationError, DocumentError, StateError
from casecraft.providers import CallLog, Provider, create, create_for_embeddings, profile_of, settings_of, split_name
from casecraft.spec import Filters
from casecraft.state import Store, ledgers, open_store, state_path
from casecraft.strategy import Adaptive
from casecraft.suites import RenderReport, Run, Suite, persons_cases, refuse_unwritable, render

Listener = Callable[[Event], None]
# What concerns this machine or the gateway alone. Keys stand in the first and the last.
_NOT_STORED = {"provider_settings", "state_dir", "log_calls", "log_bodies", "default_cli", "gateway"}


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did. `spending` is by provider; `manifest` is what `suite.json` holds."""

    run_id: str
    status: RunStatus
    results: tuple[JobResult, ...]
    spending: Mapping[str, UsageMeter]
    suite: Path
    files: RenderReport
    manifest: Mapping[str, Any] = field(repr=False)
    state_file: Path


async def carry_out(
    made: Plan,
    on_event: Listener,
    control: RunControl,
    *,
    force: bool,
    resume: bool,
    run_id: str | None = None,
    path: Path | None = None,
) -> Summary:
    """Carry a plan out and write its suite.

    `force` asks anew for what the state file has. With `resume` the run `run_id`, by default the newest that stopped
    early, goes on. `path` is the state file's, by default the document's own. Raises DocumentError where there is
    nothing to test, ConfigurationError, ProviderError, StateError and SuiteError.
    """
    if not made.endpoints:
        raise _nothing_to_test(made)
    refuse_unwritable(_output(made))
    persons_cases(_output(made))  # what cannot be read now could not be kept at the end
    log = _open_log(made.settings)
    providers = _providers(made, log)
    embedder = _embedder(made, log)
    asked = [*providers.values(), *([embedder] if embedder is not None else [])]
    _refuse_unpriced(made, asked)
    work = work_of(made)
    path = path or state_path(made.settings.state_dir, made.document)
    with open_store(path) as store:
        try:
            run = _begin(store, made, resume=resume, run_id=run_id)
            known = _known(store, made, work, run if resume else None, force=force)
            context = RunContext(
                run_id=run,
                work=work,
                store=store,
                emit=on_event,
                budget=_budget(made, store, run),
                replay={} if force else dict(answers_to_replay(store, resumed=run if resume else None)),
            )
            status, results = await _run(made, context, providers, embedder, known, control)
            return _finish(made, store, path, run, status, results)
        finally:
            await asyncio.gather(*(provider.aclose() for provider in asked))
            if log is not None:
                log.close()


async def _run(
    made: Plan,
    context: RunContext,
    providers: Mapping[str, Provider],
    embedder: Provider | None,
    known: Mapping[str, JobResult],
    control: RunControl,
) -> tuple[RunStatus, dict[str, JobResult]]:
    results: dict[str, JobResult] = {}
    listen = context.emit

    def emit(event: Event) -> None:
        if isinstance(event, JobCompleted):
            results[event.result.endpoint.id] = event.result
        listen(event)

    context.emit = emit
    lanes = _lanes(made, providers)
    sizes = tuple((lane.name, lane.profile.max_workers) for lane in lanes)
    emit(RunStarted(context.run_id, len(made.endpoints), sizes, made.warnings))
    for result in known.values():
        if result.status == "reused":
            await context.store.finish_job(context.run_id, job_key(result.endpoint, context.work), result)
        emit(JobCompleted(result))
    near_duplicates = None if embedder is None else NearDuplicates(context, embedder, made.settings.similarity)
    engine = Engine(context, lanes, rebalance=made.strategy.rebalance, near_duplicates=near_duplicates)
    control.attach(engine)
    jobs = make_jobs((it for it in made.endpoints if it.id not in known), made.assignment, made.chain)
    if isinstance(made.strategy, Adaptive):
        status = await engine.run_adaptive(jobs, [profile.name for profile in made.profiles], made.strategy)
    else:
        status = await engine.run(jobs)
    return status, results


def _finish(
    made: Plan, store: Store, path: Path, run: str, status: RunStatus, results: Mapping[str, JobResult]
) -> Summary:
    spending = store.spending_by_provider(run)
    complete = tuple(results.get(it.id) or JobResult(it, "pending", None, notes=it.notes) for it in made.endpoints)
    out = _output(made)
    techniques = choose_techniques(made.settings.techniques)
    proposed = proposals_of(store, complete)
    chained = chain(
        complete,
        fill=made.settings.rules_fallback,
        techniques=techniques,
        proposed=proposed,
        max_cases=made.settings.max_cases,
    )
    upkeep = keep_persons_cases(out, chained.results, {resource.id for resource in chained.resources})
    suite = Suite(
        made.document,
        upkeep.results,
        _manifest_run(made, run, path),
        spending,
        resources=chained.resources,
        scenarios=chained.scenarios,
        listings=chained.listings,
        removals=chained.removals,
        alone=chained.alone,
        persons=upkeep.kept,
        stale=upkeep.stale,
    )
    files = render(suite, out, made.settings.formats)
    store.finish_run(run, status, {"endpoints": len(complete), "cases": sum(len(result.cases) for result in complete)})
    manifest = orjson.loads((out / "suite.json").read_bytes())
    return Summary(run, status, chained.results, spending, out, files, manifest, path)


def _output(made: Plan) -> Path:
    return made.settings.output or Path("suites") / made.document.name


def _manifest_run(made: Plan, run: str, path: Path) -> Run:
    """With rules alone a suite is the same to the byte each time, and so is what it says of its run."""
    names = tuple(profile.name for profile in made.profiles)
    identity = made.document.digest[:12] if set(names) == {RULES} else run
    return Run(identity, strategy_name(made.settings), names, state=path.name)


def _begin(store: Store, made: Plan, *, resume: bool, run_id: str | None) -> str:
    if not resume:
        return store.begin_run(made.document, _stored(made), [it.id for it in made.endpoints])
    if run_id is None:
        latest = store.latest_unfinished()
        if latest is None:
            raise StateError("no run of this document stopped early", hint="Leave --resume out to begin a new one.")
        run_id = latest.id
    return store.resume_run(run_id).id


def _known(store: Store, made: Plan, work: CaseWork, resumed: str | None, *, force: bool) -> dict[str, JobResult]:
    if force:
        return {}
    earlier = finished_results(store, made.endpoints, work)
    known = earlier | results_of_run(store, resumed, made.endpoints, work) if resumed else earlier
    return {name: work.described(result) for name, result in known.items()}


def find_run(folder: Path, run: str | None) -> tuple[Path, str, dict[str, Any]]:
    """The newest run that stopped early, or the one whose id begins with `run`: its state file, id and settings."""
    found = []
    for path in sorted({*folder.glob("*.sqlite")} - {*ledgers(folder)}):
        with open_store(path, read_only=True) as store:
            for record in store.runs():
                if record.status in {"done", "imported"} or (run is not None and not record.id.startswith(run)):
                    continue
                found.append((record.id, path, dict(record.settings)))
    if not found:
        which = f"run {run!r}" if run else "run"
        raise StateError(
            f"no {which} in {str(folder)!r} stopped early", hint="`casecraft state list` shows the runs that there are."
        )
    run_id, path, settings = max(found, key=lambda it: it[0])
    return path, run_id, settings


def _stored(made: Plan) -> dict[str, Any]:
    """The run's settings as the state file keeps them: all that is needed to go on, and no secret."""
    settings = made.settings.model_dump(mode="json", exclude=_NOT_STORED, exclude_none=True)
    own: dict[str, dict[str, Any]] = {}
    for name in filter(None, (*(profile.name for profile in made.profiles), made.embeddings)):
        # A model that the provider's name says stands in the name.
        provider, model = split_name(name)
        given = settings_of(provider, made.settings.provider_settings)
        fields = {"workers", "rpm", "timeout"} | (set() if model else {"model"})
        kept = given.model_dump(mode="json", include=fields, exclude_none=True)
        if kept:
            own[provider] = {**own.get(provider, {}), **kept}
    facts = {"document": made.document.source, "strategy": strategy_name(made.settings), "provider_settings": own}
    return {**settings, **facts}


def work_of(made: Plan) -> CaseWork:
    """The work on cases as the plan wants it."""
    models = tuple(f"{profile.name}:{profile.model}" for profile in made.profiles)
    settings = made.settings
    comparison = None if made.embeddings is None else f"{made.embeddings} from {settings.similarity}"
    return CaseWork(
        lang=settings.lang,
        models=models,
        fill=settings.rules_fallback,
        comparison=comparison,
        techniques=choose_techniques(settings.techniques),
        max_cases=settings.max_cases,
        endpoints=tuple(sorted((*made.endpoints, *made.others), key=lambda it: it.id)),
    )


def _open_log(settings: Settings) -> CallLog | None:
    return CallLog(settings.log_calls, bodies=settings.log_bodies) if settings.log_calls is not None else None


def _providers(made: Plan, log: CallLog | None) -> dict[str, Provider]:
    """Every provider of the run but `rules`, validated."""
    names = dict.fromkeys((*(profile.name for profile in made.profiles), *made.chain))
    settings = made.settings
    providers = {
        name: create(name, settings_of(name, settings.provider_settings), workers=settings.workers, log=log)
        for name in names
        if name != RULES
    }
    for provider in providers.values():
        provider.validate()
    return providers


def _embedder(made: Plan, log: CallLog | None) -> Provider | None:
    """Who makes the embeddings that near-duplicates are found by, validated; None where they are not looked for."""
    if made.embeddings is None:
        return None
    own = settings_of(made.embeddings, made.settings.provider_settings)
    return create_for_embeddings(made.embeddings, own, workers=made.settings.workers, log=log)


def _lanes(made: Plan, providers: Mapping[str, Provider]) -> list[Lane]:
    lanes = [Lane(provider.profile, provider) for provider in providers.values()]
    if RULES in made.chain or any(profile.name == RULES for profile in made.profiles):
        lanes.append(Lane(profile_of(RULES), None))
    return lanes


def _refuse_unpriced(made: Plan, providers: Iterable[Provider]) -> None:
    """A budget holds only where every price is known and in its currency."""
    maximum, currency = made.settings.max_cost, made.settings.currency
    if maximum is None:
        return
    for provider in providers:
        cost = provider.price(Usage(input=1000, output=1000), provider.profile.model)
        if cost is None:
            raise ConfigurationError(
                f"the price of {provider.profile.model!r} of {provider.name!r} is not known, so no budget can hold",
                hint=f"Set [providers.{provider.name}.price] in casecraft.toml, or leave --max-cost out.",
            )
        if cost.amount and cost.currency != currency:
            raise ConfigurationError(
                f"{provider.name!r} is paid in {cost.currency}, the budget is in {currency}",
                hint=f"Say --max-cost '{maximum} {cost.currency}', or name providers of one currency.",
            )


def _budget(made: Plan, store: Store, run: str) -> Budget | None:
    maximum, currency = made.settings.max_cost, made.settings.currency
    if maximum is None:
        return None
    return Budget(maximum, currency, Decimal(store.spending(run).amounts[currency]))


def _nothing_to_test(made: Plan) -> DocumentError:
    source = made.document.source
    if filters_of(made.settings) != Filters():
        return DocumentError(
            f"no endpoint of {source!r} passes the filters",
            hint="`casecraft endpoints` without --include-… and --exclude-… shows all.",
        )
    return DocumentError(
        f"the document {source!r} has no endpoints: its `paths` are missing or empty",
        hint="Give the document that describes the API's paths.",
    )
