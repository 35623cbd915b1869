"""What earlier runs have already made."""

from collections.abc import Iterable, Mapping

from casecraft.cases.scenarios import Proposals, read_proposals
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import Attempt, JobResult
from casecraft.engine.context import job_key
from casecraft.engine.plan import RULES
from casecraft.engine.work import Work
from casecraft.state import Store


def finished_results(store: Store, endpoints: Iterable[Endpoint], work: Work) -> dict[str, JobResult]:
    """The results of earlier runs that still hold, by endpoint id: same definition, same settings.

    What rules made is left out: it costs nothing to make again, and where they only stood in for a provider, that one
    is to be asked.
    """
    results: dict[str, JobResult] = {}
    for endpoint in endpoints:
        stored = store.finished(job_key(endpoint, work))
        if stored is not None and stored.provider != RULES:
            results[endpoint.id] = stored.result(endpoint, status="reused")
    return results


def results_of_run(store: Store, run_id: str, endpoints: Iterable[Endpoint], work: Work) -> dict[str, JobResult]:
    """What a run had finished before it was stopped, by endpoint id, as far as it still holds."""
    stored = {job.endpoint_id: job for job in store.jobs_of(run_id) if job.status in {"done", "reused"}}
    results: dict[str, JobResult] = {}
    for endpoint in endpoints:
        job = stored.get(endpoint.id)
        if job is not None and job.job_key == job_key(endpoint, work):
            results[endpoint.id] = job.result(endpoint)
    return results


def proposals_of(store: Store, results: Iterable[JobResult]) -> dict[str, Proposals]:
    """What the models whose answers these results are of propose between endpoints, by endpoint id.

    It is read out of the newest conversation that the state file has of each endpoint with the provider of its result,
    whichever run that was part of: what was answered once is not asked again.
    """
    asked = {(it.endpoint.id, it.provider) for it in results if it.provider not in (None, RULES)}
    found = {}
    for (endpoint_id, provider), texts in (store.conversations() if asked else {}).items():
        if (endpoint_id, provider) in asked:
            found[endpoint_id] = read_proposals(endpoint_id, *texts)
    return found


def answers_to_replay(store: Store, *, resumed: str | None = None) -> Mapping[str, Attempt]:
    """The answers that were paid for but had not led to a result when their run stopped, by request key.

    Of all runs that stopped early, and of the one that is resumed. Those of jobs that failed are left out: they are
    known not to do.
    """
    runs = [run.id for run in store.runs() if run.status in _STOPPED or run.id == resumed]
    failed = {job.endpoint_id for run in runs for job in store.jobs_of(run) if job.status == "failed"}
    answers = store.answers(runs)
    return {key: attempt for key, attempt in answers.items() if attempt.endpoint_id not in failed}


_STOPPED = frozenset({"running", "interrupted", "budget"})
