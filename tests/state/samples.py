"""Values for the tests of the state file, and Hypothesis strategies for any of them."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from casecraft.core.case import Binding, Case, CaseRequest, Expectation, Repeat, Source
from casecraft.core.document import Document
from casecraft.core.endpoint import Complexity, Endpoint
from casecraft.core.exchange import Exchange, ExchangeAttempt
from casecraft.core.job import Attempt, JobResult, JobStatus
from casecraft.core.schema import Definitions
from casecraft.core.usage import Cost, Usage

DOCUMENT = Document("api.yaml", "api", "Things", "1.0", "3.1.0", "d" * 64, {})
DEFINITIONS = Definitions(lambda name: {})
CASE = Case(
    id="get-things-1",
    title="The limit is above its maximum",
    valid=False,
    technique="boundary_value_analysis",
    priority="P1",
    targets=("query.limit:above-maximum",),
    request=CaseRequest("GET", "/things", query={"limit": 101, "tag": ["a", None]}, headers={"X-Trace": True}),
    expect=Expectation((400, "4XX")),
    source=Source("glm", "glm-4.6"),
)


def endpoint(path: str) -> Endpoint:
    return Endpoint("GET", path, DEFINITIONS, DEFINITIONS, "f" * 64, Complexity(1, "simple"))


def attempt(path: str, key: str, **changes: Any) -> Attempt:
    values: dict[str, Any] = {
        "endpoint_id": f"GET {path}",
        "provider": "glm",
        "model": "glm-4.6",
        "purpose": "generate",
        "request_key": key,
        "outcome": "answered",
        "started": 1_800_000_000.25,
        "latency": 0.5,
        "status": 200,
        "answer": f"answer to {key}",
        "raw": b'{"answer": "raw"}',
        "usage": Usage(900, 400, 300, 0, 100),
        "cost": Cost(Decimal("0.00123"), "CNY", "2026-11-01"),
    }
    return Attempt(**values | changes)


def result(path: str, *, status: JobStatus = "done", cases: tuple[Case, ...] = (CASE,), **changes: Any) -> JobResult:
    return JobResult(endpoint(path), status, "glm", "glm-4.6", cases, **changes)


def exchange_attempt(provider: str = "glm", **changes: Any) -> ExchangeAttempt:
    values: dict[str, Any] = {
        "provider": provider,
        "model": f"{provider}-1",
        "status": 200,
        "error": "",
        "usage": Usage(900, 400, 300, 0, 100),
        "cost": Cost(Decimal("0.00123"), "CNY", "2026-11-01"),
        "seconds": 0.5,
    }
    return ExchangeAttempt(**values | changes)


def exchange(id_: str, *attempts: ExchangeAttempt, **changes: Any) -> Exchange:
    values: dict[str, Any] = {
        "id": id_,
        "started": 1_800_000_000.25,
        "client": "claude",
        "key": "team",
        "dialect": "messages",
        "path": "/v1/messages?beta=true",
        "asked_model": "claude-opus",
        "rule": "routes.default",
        "streamed": True,
        "status": 200,
        "outcome": "answered",
        "error": "",
        "attempts": attempts,
        "losses": ("top_k", "messages[2].image"),
        "seconds": 0.75,
        "first_byte": 0.25,
    }
    return Exchange(**values | changes)


FAILED = exchange_attempt("qwen", status=429, error="RateLimitError: slow down", usage=None, cost=None)
UNPRICED = exchange_attempt("llama", cost=None)
EXCHANGES = (
    exchange("e1", exchange_attempt()),
    exchange("e2", FAILED, UNPRICED, client="codex", key="", dialect="responses", started=1_800_090_000.5),
    exchange("e3", started=1_800_090_001.0, status=401, outcome="refused", error="no such token", first_byte=None),
)
"""One answered; one that fell back to a model of unknown price, a day later; one refused."""

texts = st.text(max_size=20)
names = st.text(min_size=1, max_size=10)
numbers = st.integers(0, 2**63 - 1)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=10)  # lone surrogates too
)
bodies = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
requests = st.builds(
    CaseRequest,
    method=names,
    path=names,
    path_params=st.dictionaries(texts, scalars, max_size=2),
    query=st.dictionaries(texts, scalars | st.lists(scalars, max_size=3), max_size=2),
    headers=st.dictionaries(texts, scalars, max_size=2),
    cookies=st.dictionaries(texts, scalars, max_size=2),
    body=bodies,
    content_type=st.none() | names,
    raw_body=st.none() | texts | st.lists(st.builds(Repeat, texts, st.integers(0, 2**40)), max_size=3).map(tuple),
    credentials=st.sampled_from(["own", "none", "invalid", "foreign"]),
    credentials_for=st.none() | texts,
)
cases = st.builds(
    Case,
    id=names,
    title=texts,
    valid=st.booleans(),
    technique=st.sampled_from(["equivalence_partitioning", "security"]),
    priority=st.sampled_from(["P0", "P1", "P2"]),
    targets=st.lists(names, max_size=3).map(tuple),
    request=requests,
    expect=st.builds(Expectation, st.lists(st.integers(100, 599) | names, max_size=3).map(tuple), st.booleans()),
    source=st.builds(Source, names, st.none() | names),
    bindings=st.lists(st.builds(Binding, names, names, names), max_size=2).map(tuple),
    fresh=st.booleans(),
)
usages = st.builds(Usage, numbers, numbers, numbers, numbers, numbers)
costs = st.builds(Cost, st.decimals(allow_nan=False, allow_infinity=False), names, names)
attempts = st.builds(
    Attempt,
    endpoint_id=names,
    provider=names,
    model=texts,
    purpose=st.sampled_from(["generate", "repair", "embed"]),
    request_key=names,
    outcome=names,
    started=st.floats(0, 1e12),
    latency=st.floats(0, 1e6),
    status=st.none() | st.integers(0, 999),
    error=st.none() | texts,
    answer=st.none() | texts,
    raw=st.none() | st.binary(max_size=50),
    usage=st.none() | usages,
    cost=st.none() | costs,
)
results = st.builds(
    JobResult,
    endpoint=names.map(lambda path: endpoint(f"/{path}")),
    status=st.sampled_from(["done", "failed", "pending"]),
    provider=st.none() | names,
    model=st.none() | names,
    cases=st.lists(cases, max_size=3).map(tuple),
    fell_back=st.lists(names, max_size=3).map(tuple),
    dropped=st.integers(0, 1000),
    error=st.none() | texts,
    notes=st.lists(texts, max_size=3).map(tuple),
)
exchange_attempts = st.builds(
    ExchangeAttempt,
    provider=names,
    model=texts,
    status=st.none() | st.integers(100, 599),
    error=texts,
    usage=st.none() | usages,
    cost=st.none() | costs,
    seconds=st.floats(0, 1e6),
)
exchanges = st.builds(
    Exchange,
    id=names,
    started=st.floats(0, 1e12),
    client=texts,
    key=texts,
    dialect=names,
    path=texts,
    asked_model=texts,
    rule=texts,
    streamed=st.booleans(),
    status=st.integers(100, 599),
    outcome=st.sampled_from(["answered", "failed", "refused", "cancelled", "cut"]),
    error=texts,
    attempts=st.lists(exchange_attempts, max_size=3).map(tuple),
    losses=st.lists(texts, max_size=2).map(tuple),
    seconds=st.floats(0, 1e6),
    first_byte=st.none() | st.floats(0, 1e6),
)
