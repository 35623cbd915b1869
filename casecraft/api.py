"""The library's front: plan, estimate, generate, resume; run suites; and providers for programs of one's own."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from casecraft import providers
from casecraft.config import Settings, load_settings, read_environment
from casecraft.core.endpoint import Endpoint
from casecraft.core.event_loop import run_async
from casecraft.core.profile import Profile
from casecraft.core.usage import UsageMeter
from casecraft.engine.control import RunControl
from casecraft.engine.estimate import Estimate, estimate_comparison, estimate_share
from casecraft.engine.evaluation import Evaluation
from casecraft.engine.evaluation import evaluate as evaluate_answers
from casecraft.engine.events import Event
from casecraft.engine.plan import RULES, Plan, make_plan
from casecraft.engine.session import Listener, Summary, carry_out, find_run, work_of
from casecraft.errors import ConfigurationError, StateError, SuiteError
from casecraft.providers import (
    BlockingProvider,
    CallLog,
    CatalogRow,
    Detected,
    Provider,
    RetryPolicy,
    load_catalog,
    settings_of,
)
from casecraft.runner.difference import Difference, compare, read_side
from casecraft.runner.explanation import LAST_RESULTS, Explanation, find_case
from casecraft.runner.explanation import explain as explain_case
from casecraft.runner.history import History, compare_runs
from casecraft.runner.report import CheckedCase, SuiteReport
from casecraft.runner.running import Progress, RunOptions, state_file
from casecraft.runner.running import run_suite as run_written_suite
from casecraft.runner.selection import Selection
from casecraft.state import (
    USAGE_GROUPS,
    UsageReport,
    UsageRow,
    open_store,
    read_usage,
    results_of_case,
    state_path,
)
from casecraft.suites import read_suite

__all__ = [
    "BlockingProvider",
    "CallLog",
    "CheckedCase",
    "Difference",
    "Evaluation",
    "Explanation",
    "History",
    "Plan",
    "Progress",
    "RetryPolicy",
    "Selection",
    "SuiteReport",
    "Summary",
    "UsageMeter",
    "UsageReport",
    "UsageRow",
    "aevaluate",
    "agenerate",
    "aresume",
    "create",
    "create_for_model",
    "detect",
    "diff",
    "environment",
    "estimate",
    "evaluate",
    "explain",
    "generate",
    "plan",
    "refresh_providers",
    "report",
    "resume",
    "run_async",
    "run_suite",
    "settings_for",
    "usage",
]


def settings_for(flags: Mapping[str, Any] | None = None, *, folder: Path | None = None) -> Settings:
    """The settings of a run from flags, environment, `casecraft.toml` in `folder` and defaults, in this order.

    Raises ConfigurationError.
    """
    catalog = load_catalog()
    return load_settings(
        flags or {},
        os.environ,
        folder or Path.cwd(),
        catalog.known_without_plugins(),
        known_with_plugins=catalog.known,
        row_fields=CatalogRow.model_fields,
    )


def environment() -> Mapping[str, str]:
    """The process's environment with what `.env` in the working folder adds to it."""
    return read_environment(os.environ, Path.cwd())


def plan(document: str | Path, *, settings: Settings | None = None, **flags: Any) -> Plan:
    """Load and split a document and assign its endpoints. Asks no provider.

    `flags` are fields of Settings by name (`providers=["glm"]`), over `settings` or over what environment and
    `casecraft.toml` say. Raises DocumentError, ConfigurationError, StrategyError and ProviderError.
    """
    return make_plan(str(document), _settings(settings, flags), environment())


def estimate(made: Plan) -> tuple[Estimate, ...]:
    """What the run would use and cost, for each provider that it names, and for embeddings. Asks no provider."""
    work = work_of(made)
    shares = []
    own = made.settings.provider_settings
    for profile in made.profiles:
        provider = None if profile.name == RULES else providers.create(profile.name, settings_of(profile.name, own))
        assigned = (it for it in made.endpoints if made.assignment[it.id] == profile.name)
        shares.append(estimate_share(profile, provider, assigned, work))
    if made.embeddings is not None:
        asked = (it for it in made.endpoints if made.assignment[it.id] != RULES)
        embedder = providers.create(made.embeddings, settings_of(made.embeddings, own))
        shares.append(estimate_comparison(made.embeddings, embedder, asked))
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
    return await carry_out(
        plan(document, settings=settings, **flags),
        on_event or _ignore,
        control or RunControl(),
        force=force,
        resume=resume,
    )


def generate(document: str | Path, **options: Any) -> Summary:
    """`agenerate` for programs that are not asynchronous."""
    return run_async(agenerate(document, **options))


async def aevaluate(
    document: str | Path,
    *,
    settings: Settings | None = None,
    on_event: Listener | None = None,
    control: RunControl | None = None,
    force: bool = False,
    **flags: Any,
) -> tuple[Evaluation, ...]:
    """Ask each named provider about every endpoint, alone, and say how good its answers are.

    Each has a run of its own, over the endpoints of which the state file has no answer to today's question, or over
    all with `force`; its cases go to `evaluation/` in the folder of the state. Ends with the first run that is
    interrupted or out of its budget.
    Raises what `generate` raises.
    """
    made = plan(document, settings=settings, **flags)
    control = control or RunControl()
    evaluations = []
    asked = [profile for profile in made.profiles if profile.name != RULES]
    if not asked:
        raise ConfigurationError("rules give no answers to evaluate", hint="Name a provider with --provider.")
    for profile in asked:
        alone = _alone(made, profile)
        left = alone if force else _only(alone, _evaluate(alone)[1])
        status = "done"
        if left.endpoints:
            status = (await carry_out(left, on_event or _ignore, control, force=True, resume=False)).status
        evaluations.append(_evaluate(alone)[0])
        if status in {"interrupted", "budget"}:
            break
    return tuple(evaluations)


def evaluate(document: str | Path, **options: Any) -> tuple[Evaluation, ...]:
    """`aevaluate` for programs that are not asynchronous."""
    return run_async(aevaluate(document, **options))


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
    path, run_id, stored = find_run(folder, run)
    source = stored.pop("document")
    made = plan(source, **{**stored, **flags, "state_dir": folder})
    return await carry_out(
        made, on_event or _ignore, control or RunControl(), force=False, resume=True, run_id=run_id, path=path
    )


def resume(run: str | None = None, **options: Any) -> Summary:
    """`aresume` for programs that are not asynchronous."""
    return run_async(aresume(run, **options))


def run_suite(
    folder: str | Path,
    base_url: str | None = None,
    *,
    state_dir: Path | None = None,
    on_progress: Callable[[Progress, Sequence[CheckedCase]], None] | None = None,
    **options: Any,
) -> SuiteReport:
    """Run a suite against the service at `base_url`, by default CASECRAFT_BASE_URL, and record the results.

    Credentials come from the environment and `.env`. `options` are fields of `RunOptions`: `selection`, `headers`,
    `workers`, `rate`, `timeout`, `retries`, `fail_fast`. Raises SuiteError, ServiceError, ConfigurationError and
    StateError.
    """
    variables = environment()
    given = RunOptions(base_url=base_url or variables.get("CASECRAFT_BASE_URL", ""), environment=variables, **options)
    suite = read_suite(Path(folder))
    with open_store(state_file(suite, _state_dir(state_dir))) as store:
        return run_written_suite(suite, given, store, on_progress or _ignore_progress)


def report(folder: str | Path, *, state_dir: Path | None = None) -> History:
    """What is new since the last run of a suite. Raises SuiteError and StateError."""
    suite = read_suite(Path(folder))
    path = state_file(suite, _state_dir(state_dir))
    if not path.is_file():
        raise StateError(
            f"there is no state file {str(path)!r}: the suite was not run from here", hint="`casecraft run` makes it."
        )
    with open_store(path, read_only=True) as store:
        return compare_runs(suite, store)


def explain(
    case: str, folder: str | Path, *, document: str | None = None, state_dir: Path | None = None
) -> Explanation:
    """Why a case of a suite exists; `case` is its id or a unique beginning of one. Raises SuiteError and StateError."""
    suite = read_suite(Path(folder))
    name = find_case(suite, case).id
    path = state_file(suite, _state_dir(state_dir))
    if not path.is_file():
        return explain_case(suite, name, (), document=document)
    with open_store(path, read_only=True) as store:
        return explain_case(suite, name, results_of_case(store, name, most=LAST_RESULTS), document=document)


def diff(old: str | Path, new: str | Path) -> Difference:
    """Which endpoints and cases a document has that are new, changed or stale against another document or a suite.

    Raises DocumentError and SuiteError.
    """
    if Path(new).is_dir():
        raise SuiteError(f"{str(new)!r} is a folder", hint="Name the suite first, then a document.")
    return compare(read_side(str(old)), read_side(str(new)))


def usage(*by: str, since: float | None = None, state_dir: Path | None = None) -> UsageReport:
    """What was asked, used and spent since a moment (Unix time), through the gateway and in runs.

    `by` names what to add up by: "day" (of UTC), "provider", "model", "client", "key". All state files of the folder
    are read. Raises ConfigurationError.
    """
    groups = {str(group): group for group in USAGE_GROUPS}
    unknown = [name for name in by if name not in groups]
    if unknown:
        raise ConfigurationError(
            f"usage cannot be added up by {unknown[0]!r}", hint=f"What there is: {', '.join(groups)}."
        )
    return read_usage(_state_dir(state_dir), *(groups[name] for name in by), since=since)


def create(name: str, *, retry: RetryPolicy | None = None, log: CallLog | None = None) -> Provider:
    """The provider of this name, or `provider/model`, as the environment and `casecraft.toml` set it up.

    Opens no connection. Raises `ProviderNotFoundError`, `ProviderConfigurationError` and `ConfigurationError`.
    """
    own = settings_for({"providers": [name]}).provider_settings
    name = providers.canonical_name(name, own)
    provider = providers.create(name, settings_of(name, own), retry=retry, log=log)
    provider.validate()
    return provider


def create_for_model(model: str, *, retry: RetryPolicy | None = None, log: CallLog | None = None) -> Provider:
    """The provider that serves a model: of those that do, the first that has a key. `providers.name_for_model` says how
    names with a slash are read. Raises `ModelNotFoundError` too.
    """
    return create(providers.name_for_model(model, settings_for().provider_settings), retry=retry, log=log)


def detect() -> list[Detected]:
    """Who could be used now: by keys in the environment, by configuration, and servers of this machine."""
    return providers.detect(environment(), settings_for().provider_settings)


def refresh_providers() -> tuple[str, ...]:
    """Read the catalog, what plugins register and the settings anew, for programs that run on; all names.

    Runs read `casecraft.toml` and `providers_file` anew in any case. Raises `ConfigurationError`.
    """
    names = providers.refresh_providers()
    return tuple(sorted({*names, *settings_for().provider_settings}))


def _settings(settings: Settings | None, flags: Mapping[str, Any]) -> Settings:
    if settings is None:
        return settings_for(flags)
    given = Settings.model_validate(dict(flags))
    return settings.model_copy(update={name: getattr(given, name) for name in given.model_fields_set})


def _alone(made: Plan, profile: Profile) -> Plan:
    """The plan with one provider for everything and nobody to stand in for it."""
    output = made.settings.state_dir / "evaluation" / made.document.name / profile.name
    settings = made.settings.model_copy(
        update={"providers": (profile.name,), "fallback": None, "output": output, "formats": ("json",)}
    )
    assignment = dict.fromkeys(made.assignment, profile.name)
    return replace(made, settings=settings, profiles=(profile,), assignment=assignment, chain=())


def _only(made: Plan, endpoints: tuple[Endpoint, ...]) -> Plan:
    """The plan for some of its endpoints, each of which is asked about as it would be among all."""
    asked = {it.id for it in endpoints}
    return replace(made, endpoints=endpoints, others=tuple(it for it in made.endpoints if it.id not in asked))


def _evaluate(alone: Plan) -> tuple[Evaluation, tuple[Endpoint, ...]]:
    """What the answers so far are worth, and which endpoints have none."""
    with open_store(state_path(alone.settings.state_dir, alone.document)) as store:
        return evaluate_answers(store, alone.endpoints, alone.profiles[0], work_of(alone))


def _state_dir(folder: Path | None) -> Path:
    return folder or settings_for().state_dir


def _ignore_progress(progress: Progress, news: Sequence[CheckedCase]) -> None:
    """Nobody listens."""


def _ignore(event: Event) -> None:
    """Nobody listens."""
