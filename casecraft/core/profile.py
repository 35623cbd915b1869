"""What a provider is and can do; never its key."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

StructuredOutput: TypeAlias = Literal["json_schema", "json_object", "prompt"]


@dataclass(frozen=True, slots=True)
class Price:
    """Money per million tokens. What is None is not priced apart: it is billed as plain input or output."""

    input: Decimal
    output: Decimal
    currency: str
    as_of: str
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    reasoning: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """One provider as this run uses it.

    `max_workers` requests at most are in flight; `rpm` is the most that start in a minute, None for no such limit;
    `timeout` is in seconds, for one request. `local` says that it runs on this machine and costs nothing.
    """

    name: str
    dialect: str
    base_url: str = ""
    model: str = ""
    max_workers: int = 1
    rpm: int | None = None
    timeout: float = 120.0
    structured_output: StructuredOutput = "prompt"
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    price: Price | None = None
    local: bool = False
