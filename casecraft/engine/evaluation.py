"""How good a provider's answers were, from what the state file has of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from casecraft.cases import Rating, read_relations, refused_relations
from casecraft.cases.scenarios import chain, read_proposals
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import Attempt, JobResult
from casecraft.core.profile import Profile
from casecraft.core.usage import UsageMeter
from casecraft.engine.case_work import CaseWork
from casecraft.engine.context import request_key
from casecraft.engine.plan import RULES
from casecraft.state import Store

PER_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class ProposalCounts:
    """What became of the proposals beside the cases: rules between fields ("rule"), sources of values ("edge") and
    sequences ("scenario"). `refused` counts them by kind and reason.
    """

    kept: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A provider's answers for a document. `asked` are the endpoints that it was asked about, `failed` the requests
    that got no answer. Shares are between 0 and 1, None where nothing can be divided.
    """

    provider: str
    model: str
    asked: int
    failed: int
    rating: Rating
    spending: UsageMeter = field(default_factory=UsageMeter)
    proposals: ProposalCounts = field(default_factory=ProposalCounts)

    @property
    def parsed(self) -> float | None:
        """The share of answers in which a case could be read."""
        return _share(self.rating.parsed, self.rating.answers)

    @property
    def verified(self) -> float | None:
        """The share of the proposed cases that the check passed at first."""
        return _share(self.rating.verified, self.rating.proposed)

    @property
    def repaired(self) -> float | None:
        """The share that it passed after a repair."""
        return _share(self.rating.repaired, self.rating.proposed)

    @property
    def relabelled(self) -> float | None:
        """The share of which the check proved another label than their own."""
        return _share(self.rating.relabelled, self.rating.proposed)

    @property
    def dropped(self) -> float | None:
        """The share that was lost."""
        return _share(self.rating.dropped, self.rating.proposed)

    @property
    def new_targets(self) -> float | None:
        """The targets that rules do not hit, per 1,000 tokens."""
        usage = self.spending.usage
        return _share(self.rating.new_targets * PER_TOKENS, usage.input + usage.output)

    @property
    def cost_per_case(self) -> Mapping[str, Decimal] | None:
        """What a kept case cost, by currency; None where a price is not known or nothing was kept."""
        if self.spending.unpriced or not self.rating.kept:
            return None
        return {name: Decimal(amount) / self.rating.kept for name, amount in self.spending.amounts.items()}


def evaluate(
    store: Store, endpoints: Iterable[Endpoint], profile: Profile, work: CaseWork
) -> tuple[Evaluation, tuple[Endpoint, ...]]:
    """Evaluate the newest conversation of each endpoint with a provider, whichever run it was part of.

    Only those that began with the question that would be asked today count. Beside the evaluation come the endpoints
    that were not answered.
    """
    attempts = _attempts(store, profile.name)
    rating, spending, asked, failed = Rating(), UsageMeter(), 0, 0
    unanswered = []
    texts: dict[str, list[str]] = {}
    endpoints = tuple(endpoints)
    for endpoint in endpoints:
        conversation = _newest(attempts.get(endpoint.id, ()), first_key(endpoint, profile, work))
        answered = [attempt for attempt in conversation if attempt.outcome == "answered"]
        if not answered:
            unanswered.append(endpoint)
        asked += bool(conversation)
        failed += len(conversation) - len(answered)
        texts[endpoint.id] = [attempt.answer or "" for attempt in answered]
        rating += work.rate(endpoint, texts[endpoint.id])
        for attempt in conversation:
            if attempt.outcome == "answered" or attempt.usage is not None:
                spending.add(attempt.usage, attempt.cost)
    proposals = count_proposals(endpoints, texts, work)
    return Evaluation(profile.name, profile.model, asked, failed, rating, spending, proposals), tuple(unanswered)


def count_proposals(
    endpoints: Sequence[Endpoint], answers: Mapping[str, Sequence[str]], work: CaseWork
) -> ProposalCounts:
    """Check again what answers, by endpoint id, propose beside their cases."""
    kept: Counter[str] = Counter()
    refused: dict[str, Counter[str]] = defaultdict(Counter)
    for endpoint in endpoints:
        relations = dict.fromkeys(it for text in answers.get(endpoint.id, ()) for it in read_relations(text))
        for refusal in refused_relations(endpoint, relations) if relations else ():
            if refusal is None:
                kept["rule"] += 1
            else:
                refused["rule"][refusal] += 1
    proposed = {name: read_proposals(name, *texts) for name, texts in answers.items()}
    if any(it.edges or it.scenarios for it in proposed.values()):
        results = [JobResult(it, "done", RULES, cases=work.rules(it)) for it in endpoints]
        judged = chain(results, proposed=proposed).judged
        kept += Counter({"edge": judged.edges, "scenario": judged.scenarios})
        for each in judged.refused:
            refused[each.kind][each.reason] += 1
    return ProposalCounts(dict(kept), {kind: dict(reasons) for kind, reasons in refused.items()})


def first_key(endpoint: Endpoint, profile: Profile, work: CaseWork) -> str:
    """The key of the first question for an endpoint to a provider."""
    request = work.request(endpoint, profile)
    return request_key(profile.name, replace(request, model=request.model or profile.model))


def _attempts(store: Store, provider: str) -> Mapping[str, Sequence[Attempt]]:
    """The provider's attempts of all runs by endpoint, oldest first."""
    found: dict[str, list[Attempt]] = defaultdict(list)
    for run in store.runs():
        for attempt in store.attempts_of(run.id):
            if attempt.provider == provider and attempt.purpose in ("generate", "repair"):
                found[attempt.endpoint_id].append(attempt)
    return found


def _newest(attempts: Sequence[Attempt], key: str) -> Sequence[Attempt]:
    """The last question of this key with its failed tries and all that followed its answer."""
    newest: list[Attempt] = []
    answered = False
    for attempt in attempts:
        if attempt.purpose == "generate":
            if answered or attempt.request_key != key:
                newest, answered = [], False
            if attempt.request_key != key:
                continue
        if newest or attempt.purpose == "generate":
            newest.append(attempt)
            answered = answered or attempt.outcome == "answered"
    return newest


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
