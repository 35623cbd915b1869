"""Every exception that casecraft raises on purpose.

CasecraftError
├── DocumentError                  the OpenAPI document cannot be used
│   ├── DocumentUnreadableError    no such file, no answer from the URL, no text
│   ├── DocumentSyntaxError        neither JSON nor YAML, or not a mapping
│   ├── DocumentLimitError         larger, deeper or more aliased than allowed
│   ├── DocumentReferenceError     a `$ref` leads where it may not
│   └── DocumentInvalidError       problems, under `--strict`
├── ConfigurationError             a setting is unknown, malformed or missing
├── StrategyError                  no such strategy, or it cannot assign
├── ProviderError                  a provider cannot be used or did not answer
│   ├── ProviderNotFoundError
│   ├── ProviderConfigurationError
│   ├── HealthCheckError
│   ├── AuthenticationError
│   ├── RateLimitError
│   ├── ModelNotFoundError
│   ├── InvalidRequestError
│   ├── ContextTooLongError
│   ├── ContentFilteredError
│   ├── ProviderTimeoutError
│   ├── NetworkError
│   ├── ServerError
│   └── BadAnswerError
│       └── OutputLimitError       cut before any text
├── StateError                     the state file cannot be used
│   ├── StateNewerError            written by a later casecraft
│   ├── StateDamagedError          no SQLite file of ours, or broken
│   └── StateLockedError           another run holds it
├── SuiteError                     the suite cannot be written, read or run
├── ServiceError                   the service under test is not there
└── LaunchError                    a coding client cannot be started
"""

from typing import ClassVar


class CasecraftError(Exception):
    """What went wrong and where, in one line; `hint` says what to do next."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class DocumentError(CasecraftError):
    """The OpenAPI document cannot be used."""


class DocumentUnreadableError(DocumentError):
    """The document could not be read from where it was said to be."""


class DocumentSyntaxError(DocumentError):
    """The text is neither JSON nor YAML, or it is not a mapping."""


class DocumentLimitError(DocumentError):
    """The document is larger, deeper or more aliased than allowed."""


class DocumentReferenceError(DocumentError):
    """A `$ref` leads out of the places that the document may read."""


class DocumentInvalidError(DocumentError):
    """The document has problems and `--strict` makes them errors."""


class ConfigurationError(CasecraftError):
    """A setting is unknown, malformed or missing."""


class StrategyError(CasecraftError):
    """A strategy cannot be found, loaded or applied."""


class ProviderError(CasecraftError):
    """A provider cannot be used, or a request to it failed.

    `retryable` says that the same request to the same provider may yet succeed; `fatal` that no
    further request to this provider can succeed in this run. `body` is what the provider sent, if anything;
    `retry_after` the seconds that it asked to wait, if it did.
    """

    retryable: ClassVar[bool] = False
    fatal: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        provider: str | None = None,
        status: int | None = None,
        body: bytes | None = None,
        retry_after: float | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.provider = provider
        self.status = status
        self.body = body
        self.retry_after = retry_after


class ProviderNotFoundError(ProviderError):
    """No provider has this name."""


class ProviderConfigurationError(ProviderError):
    """The provider lacks a setting that it needs, or has a wrong one."""

    fatal = True


class HealthCheckError(ProviderError):
    """The provider did not pass its health check."""


class AuthenticationError(ProviderError):
    """The provider refused the key."""

    fatal = True


class RateLimitError(ProviderError):
    """The provider asked to slow down, for `retry_after` seconds if it said so."""

    retryable = True


class ModelNotFoundError(ProviderError):
    """The provider has no such model, or not for this key."""

    fatal = True


class InvalidRequestError(ProviderError):
    """The provider refused the request as malformed."""


class ContextTooLongError(ProviderError):
    """The request is longer than the model's context."""


class ContentFilteredError(ProviderError):
    """The provider's content filter withheld the answer."""


class ProviderTimeoutError(ProviderError):
    """The provider did not answer in time."""

    retryable = True


class NetworkError(ProviderError):
    """The provider could not be reached, or the connection broke."""

    retryable = True


class ServerError(ProviderError):
    """The provider failed on its side (5xx)."""

    retryable = True


class BadAnswerError(ProviderError):
    """The provider answered with something that is no answer in its dialect."""

    retryable = True


class OutputLimitError(BadAnswerError):
    """The answer reached the output limit before any text."""


class StateError(CasecraftError):
    """The state file cannot be used."""


class StateNewerError(StateError):
    """The state file was written by a later version of casecraft."""


class StateDamagedError(StateError):
    """The file is no state file, or it is damaged."""


class StateLockedError(StateError):
    """Another run holds the state file."""


class SuiteError(CasecraftError):
    """The suite cannot be written, read or run."""


class ServiceError(CasecraftError):
    """The service under test cannot be reached, or what answers is not it."""


class LaunchError(CasecraftError):
    """A coding client cannot be started: it is not installed, or not meant clearly, or cannot go the wanted way."""
