"""The library's front: plan, generate, resume."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import orjson

from casecraft.config import ProviderSettings, Settings, load_settings, read_environment
from casecraft.core.document import Document
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import JobResult
from casecraft.core.profile import Price, Profile
from casecraft.core.usage import Spending, Usage
from casecraft.engine.budget import Budget
from casecraft.engine.case_work import CaseWork
from casecraft.engine.context import RunContext, job_key
from casecraft.engine.control import RunControl
from casecraft.engine.engine import Engine
from casecraft.engine.estimate import Estimate, estimate_share
from casecraft.engine.events import Event, JobCompleted, RunStarted, RunStatus
from casecraft.engine.lane import Lane
from casecraft.engine.plan import RULES, fallback_chain, make_jobs
from casecraft.engine.reuse import answers_to_replay, finished_results, results_of_run
from casecraft.errors import ConfigurationError, DocumentError, StateError
from casecraft.providers import Provider, create, detect, load_catalog, profile_of, resolve_names
from casecraft.spec import Filters, load, split
from casecraft.state import Store, open_store, state_path
from casecraft.strategy import Adaptive, Strategy, load_strategy
from casecraft.suites import RenderReport, Run, Suite, choose_formats, refuse_unwritable, render

Listener = Callable[[Event], None]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do: the endpoints, and by their ids the providers that they go to.

    `profiles` are the named providers, `chain` those that a job goes to in turn when its own cannot answer.
    """

    document: Document
    settings: Settings
    endpoints: tuple[Endpoint, ...]
    profiles: tuple[Profile, ...]
    assignment: Mapping[str, str]
    chain: tuple[str, ...]
    strategy: Strategy = field(repr=False)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know before the run: problems of the document, notes of the strategy."""
        problems = tuple(f"{self.document.source}: {problem}" for problem in self.document.problems)
        return problems + tuple(getattr(self.strategy, "notes", ()))


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did. `spending` is by provider; `manifest` is what `suite.json` holds."""

    run_id: str
    status: RunStatus
    results: tuple[JobResult, ...]
    spending: Mapping[str, Spending]
    suite: Path
    files: RenderReport
    manifest: Mapping[str, Any] = field(repr=False)
    state_file: Path


def settings_for(flags: Mapping[str, Any] | None = None, *, folder: Path | None = None) -> Settings:
    """The settings of a run from flags, environment, `casecraft.toml` in `folder` and defaults, in this order.

    Raises ConfigurationError.
    """
    return load_settings(flags or {}, os.environ, folder or Path.cwd(), load_catalog().known())


def environment() -> Mapping[str, str]:
    """The process's environment with what `.env` in the working folder adds to it."""
    return read_environment(os.environ, Path.cwd())


def plan(document: str | Path, *, settings: Settings | None = None, **flags: Any) -> Plan:
    """Load and split a document and assign its endpoints. Asks no provider.

    `flags` are fields of Settings by name (`providers=["glm"]`), over `settings` or over what environment and
    `casecraft.toml` say. Raises DocumentError, ConfigurationError, StrategyError and ProviderError.
    """
    settings = _settings(settings, flags)
    choose_formats(settings.formats)
    loaded = load(str(document), strict=settings.strict, allow_external_refs=settings.allow_external_refs)
    endpoints = split(loaded, _filters(settings))
    settings, names = _with_detected(settings)
    profiles = tuple(_profile(name, settings) for name in names)
    chain = fallback_chain(names, _canonical(settings.fallback, settings), rules=settings.rules_fallback)
    strategy = load_strategy(_strategy_name(settings), seed=settings.seed, provider_map=settings.provider_map)
    assignment = strategy.assign(endpoints, profiles)
    return Plan(loaded, settings, endpoints, profiles, assignment, chain, strategy)


def estimate(made: Plan) -> tuple[Estimate, ...]:
    """What the run would use and cost, for each provider that it names. Asks no provider."""
    work = _work(made)
    shares = []
    for profile in made.profiles:
        provider = None if profile.name == RULES else create(profile.name, _of(made.settings, profile.name))
        assigned = (it for it in made.endpoints if made.assignment[it.id] == profile.name)
        shares.append(estimate_share(profile, provider, assigned, work))
    return tuple(shares)


async def agenerate(
    document: str | Path,
    *,
    settings: Settings | None = None,
    on_event: Listener | None = None,
    control: RunControl | None = None,
    force: bool = False,
    resume: bool = False,
    **flags: Any,
) -> Summary:
    """Make a suite for a document and write it.

    What an earlier run made for an unchanged endpoint is taken from the state file, unless `force`. With `resume` the
    newest run that stopped early goes on instead of a new one. Raises what `plan` raises, StateError and SuiteError.
    """
    return await _carry_out(
        plan(document, settings=settings, **flags),
        on_event or _ignore,
        control or RunControl(),
        force=force,
        resume=resume,
    )


def generate(document: str | Path, **options: Any) -> Summary:
    """`agenerate` for programs that are not asynchronous."""
    return run_async(agenerate(document, **options))


async def aresume(
    run: str | None = None,
    *,
    state_dir: Path | None = None,
    on_event: Listener | None = None,
    control: RunControl | None = None,
    **flags: Any,
) -> Summary:
    """Go on with a run that stopped early: the one of this id, or the newest, of any document.

    Its document, providers and strategy are those it began with, unless `flags` (fields of Settings, such as another
    `max_cost`) say otherwise; keys and addresses are those of today. Raises StateError where there is no such run.
    """
    folder = state_dir or settings_for().state_dir
    path, run_id, stored = _find_run(folder, run)
    source = stored.pop("document")
    made = plan(source, **{**stored, **flags, "state_dir": folder})
    return await _carry_out(
        made, on_event or _ignore, control or RunControl(), force=False, resume=True, run_id=run_id, path=path
    )


def resume(run: str | None = None, **options: Any) -> Summary:
    """`aresume` for programs that are not asynchronous."""
    return run_async(aresume(run, **options))


def run_async(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end, on uvloop where that is installed."""
    try:
        from uvloop import new_event_loop  # noqa: PLC0415  # not everybody has it
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)


async def _carry_out(
    made: Plan,
    on_event: Listener,
    control: RunControl,
    *,
    force: bool,
    resume: bool,
    run_id: str | None = None,
    path: Path | None = None,
) -> Summary:
    if not made.endpoints:
        raise _nothing_to_test(made)
    refuse_unwritable(_output(made))
    providers = _providers(made)
    work = _work(made)
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
                budget=_budget(made, providers, store, run),
                replay={} if force else dict(answers_to_replay(store, resumed=run if resume else None)),
            )
            status, results = await _run(made, context, providers, known, control)
            return _finish(made, store, path, run, status, results)
        finally:
            await asyncio.gather(*(provider.aclose() for provider in providers.values()))


async def _run(
    made: Plan,
    context: RunContext,
    providers: Mapping[str, Provider],
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
    engine = Engine(context, lanes, rebalance=made.strategy.rebalance)
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
    suite = Suite(made.document, complete, _manifest_run(made, run), spending)
    files = render(suite, out, made.settings.formats)
    store.finish_run(run, status, {"endpoints": len(complete), "cases": sum(len(result.cases) for result in complete)})
    manifest = orjson.loads((out / "suite.json").read_bytes())
    return Summary(run, status, complete, spending, out, files, manifest, path)


def _output(made: Plan) -> Path:
    return made.settings.output or Path("suites") / made.document.name


def _manifest_run(made: Plan, run: str) -> Run:
    """With rules alone a suite is the same to the byte each time, and so is what it says of its run."""
    names = tuple(profile.name for profile in made.profiles)
    identity = made.document.digest[:12] if set(names) == {RULES} else run
    return Run(identity, _strategy_name(made.settings), names)


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
    return earlier | results_of_run(store, resumed, made.endpoints, work) if resumed else earlier


def _find_run(folder: Path, run: str | None) -> tuple[Path, str, dict[str, Any]]:
    found = []
    for path in sorted(folder.glob("*.sqlite")):
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
    settings = made.settings.model_dump(mode="json", exclude={"provider_settings", "state_dir"}, exclude_none=True)
    own = {}
    for profile in made.profiles:
        kept = _of(made.settings, profile.name).model_dump(
            mode="json", include={"model", "workers", "rpm", "timeout"}, exclude_none=True
        )
        if kept:
            own[profile.name] = kept
    facts = {"document": made.document.source, "strategy": _strategy_name(made.settings), "provider_settings": own}
    return {**settings, **facts}


def _work(made: Plan) -> CaseWork:
    models = tuple(f"{profile.name}:{profile.model}" for profile in made.profiles)
    return CaseWork(lang=made.settings.lang, models=models, fill=made.settings.rules_fallback)


def _providers(made: Plan) -> dict[str, Provider]:
    """Every provider of the run but `rules`, validated."""
    names = dict.fromkeys((*(profile.name for profile in made.profiles), *made.chain))
    providers = {
        name: create(name, _of(made.settings, name), workers=made.settings.workers) for name in names if name != RULES
    }
    for provider in providers.values():
        provider.validate()
    return providers


def _lanes(made: Plan, providers: Mapping[str, Provider]) -> list[Lane]:
    lanes = [Lane(provider.profile, provider) for provider in providers.values()]
    if RULES in made.chain or any(profile.name == RULES for profile in made.profiles):
        lanes.append(Lane(profile_of(RULES), None))
    return lanes


def _budget(made: Plan, providers: Mapping[str, Provider], store: Store, run: str) -> Budget | None:
    maximum, currency = made.settings.max_cost, made.settings.currency
    if maximum is None:
        return None
    for provider in providers.values():
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
    return Budget(maximum, currency, Decimal(store.spending(run).amounts[currency]))


def _settings(settings: Settings | None, flags: Mapping[str, Any]) -> Settings:
    if settings is None:
        return settings_for(flags)
    given = Settings.model_validate(dict(flags))
    return settings.model_copy(update={name: getattr(given, name) for name in given.model_fields_set})


def _with_detected(settings: Settings) -> tuple[Settings, tuple[str, ...]]:
    """The names of the run's providers, and the settings with the addresses of local servers that were found."""
    wanted = {name.strip().lower() for name in settings.providers}
    needed = not wanted or wanted & {"auto", "local"}
    detected = detect(environment()) if needed else []
    names = resolve_names(settings.providers, settings, detected)
    own = dict(settings.provider_settings)
    for it in detected:
        given = own.get(it.name, ProviderSettings())
        if it.base_url is not None and given.base_url is None:
            own[it.name] = given.model_copy(update={"base_url": it.base_url})
    return settings.model_copy(update={"provider_settings": own}), names


def _canonical(names: Sequence[str] | None, settings: Settings) -> tuple[str, ...] | None:
    return None if names is None else resolve_names(names, settings)


def _profile(name: str, settings: Settings) -> Profile:
    """A provider as strategies see it: with the price of an ordinary request, where it is known."""
    profile = profile_of(name, _of(settings, name), workers=settings.workers)
    if profile.price is not None or profile.name == RULES:
        return profile
    provider = create(name, _of(settings, name))
    parts = [provider.price(usage, profile.model) for usage in (Usage(input=1000), Usage(output=1000))]
    if parts[0] is None or parts[1] is None:
        return profile
    rates = [part.amount * 1000 for part in parts if part is not None]
    return replace(profile, price=Price(rates[0], rates[1], parts[0].currency, parts[0].as_of))


def _strategy_name(settings: Settings) -> str:
    """A map without a strategy means the one that reads maps."""
    if settings.provider_map and "strategy" not in settings.model_fields_set:
        return "manual"
    return settings.strategy


def _of(settings: Settings, name: str) -> ProviderSettings:
    return settings.provider_settings.get(name, ProviderSettings())


def _nothing_to_test(made: Plan) -> DocumentError:
    source = made.document.source
    if _filters(made.settings) != Filters():
        return DocumentError(
            f"no endpoint of {source!r} passes the filters",
            hint="`casecraft endpoints` without --include-… and --exclude-… shows all.",
        )
    return DocumentError(
        f"the document {source!r} has no endpoints: its `paths` are missing or empty",
        hint="Give the document that describes the API's paths.",
    )


def _filters(settings: Settings) -> Filters:
    return Filters(
        include_tags=settings.include_tags,
        exclude_tags=settings.exclude_tags,
        include_paths=settings.include_paths,
        exclude_paths=settings.exclude_paths,
        include_methods=settings.include_methods,
    )


def _ignore(event: Event) -> None:
    """Nobody listens."""
