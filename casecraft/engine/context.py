"""What all jobs of a run share."""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from hashlib import sha256

import orjson

from casecraft.core.chat import ChatRequest
from casecraft.core.embedding import EmbeddingRequest
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import Attempt
from casecraft.engine.budget import Budget
from casecraft.engine.events import Event
from casecraft.engine.work import Work
from casecraft.providers.retry import RetryPolicy
from casecraft.state import Store


@dataclass(slots=True)
class RunContext:
    """The run's id, its work, its store and its limits.

    `replay` holds the answers of interrupted runs by their request key: what is in it is not asked again. `stopping`
    is set when no new request may be sent.
    """

    run_id: str
    work: Work
    store: Store
    emit: Callable[[Event], None]
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    budget: Budget | None = None
    replay: MutableMapping[str, Attempt] = field(default_factory=dict)
    repairs: int = 2
    stopping: bool = False
    out_of_budget: bool = False


def request_key(provider: str, request: ChatRequest | EmbeddingRequest) -> str:
    """The SHA-256 that equal questions to the same provider and model share."""
    return sha256(orjson.dumps((provider, request), option=orjson.OPT_SORT_KEYS)).hexdigest()


def job_key(endpoint: Endpoint, work: Work) -> str:
    """The SHA-256 of all that shapes an endpoint's result: its definition and the work's settings."""
    return sha256(f"{endpoint.id}\n{endpoint.fingerprint}\n{work.key}".encode()).hexdigest()
