"""Providers that begin an answer and then say no more."""

from casecraft.errors import ProviderTimeoutError


def stalled(provider: str, seconds: float) -> ProviderTimeoutError:
    """The error of a stream of which nothing has come for so many seconds."""
    message = f"{provider!r} sent nothing for {seconds:g} s in the middle of its answer"
    return ProviderTimeoutError(message, provider=provider)
