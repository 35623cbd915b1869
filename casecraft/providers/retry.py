"""When a failed request is tried again, and after how long."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from casecraft.errors import ProviderError, RateLimitError


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential back-off with full jitter; a provider's own `Retry-After` comes first.

    `max_attempts` counts requests to one provider for one question. Rate limits are counted apart, up to
    `max_rate_limits`, since they say nothing about the request. A `Retry-After` over `max_retry_after` seconds is not
    waited for: a provider that limits for so long is out for the run. The longest wait is `initial` seconds at first,
    `multiplier` times as long after each failure, and never more than `maximum`. Raises `ValueError` for numbers that
    make no policy.
    """

    max_attempts: int = 4
    initial: float = 0.5
    maximum: float = 30.0
    multiplier: float = 2.0
    max_rate_limits: int = 12
    max_retry_after: float = 120.0

    def __post_init__(self) -> None:
        least = {
            "max_attempts": 1,
            "max_rate_limits": 1,
            "initial": 0,
            "maximum": 0,
            "multiplier": 1,
            "max_retry_after": 0,
        }
        for name, bound in least.items():
            value = getattr(self, name)
            if not value >= bound:  # what is no number at all is not, either
                raise ValueError(f"{name} is {value}; it must be at least {bound}")


class Retry:
    """The retries of one question to one provider."""

    __slots__ = ("_backoff", "_failures", "_policy", "_rate_limits")

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._failures = 0
        self._rate_limits = 0
        self._backoff = wait_random_exponential(policy.initial, policy.maximum, policy.multiplier)

    def loop(self, sleep: Callable[[float], Awaitable[None]]) -> AsyncRetrying:
        """The loop to send requests in; `sleep` waits between them."""
        return AsyncRetrying(
            retry=retry_if_exception(self._again), stop=self._stop, wait=self._wait, sleep=sleep, reraise=True
        )

    def _again(self, error: BaseException) -> bool:
        return isinstance(error, ProviderError) and error.retryable

    def _stop(self, state: RetryCallState) -> bool:
        error = _error_of(state)
        if isinstance(error, ProviderError) and (error.retry_after or 0.0) > self._policy.max_retry_after:
            return True
        if isinstance(error, RateLimitError):
            self._rate_limits += 1
            return self._rate_limits >= self._policy.max_rate_limits
        self._failures += 1
        return self._failures >= self._policy.max_attempts

    def _wait(self, state: RetryCallState) -> float:
        error = _error_of(state)
        if isinstance(error, ProviderError) and error.retry_after is not None:
            return error.retry_after
        return self._backoff(state)


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None
