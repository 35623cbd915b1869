"""What a coding client is, where it is sent, and what it is started with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Target:
    """Where a client sends its requests.

    The client appends the paths of its dialect to `base_url`. `token` goes as a bearer token, or under `header` where
    that is named. Without a `model` the client's own names go out. `small_model` is for titles and the like.
    `context_tokens` and `max_output_tokens` are the model's, None where they are not known. `vendor_tools` says that
    the other side has the tools which OpenAI itself runs.
    """

    base_url: str
    token: SecretStr | None = None
    header: str = ""
    model: str = ""
    small_model: str = ""
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    images: bool = False
    vendor_tools: bool = False


@dataclass(frozen=True, slots=True)
class Preparation:
    """What one process of a client differs in: variables that are set, which hold the token, variables that it must
    not see, and arguments before the user's own.
    """

    variables: Mapping[str, str] = field(repr=False)
    hidden: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The environment of the process, made from this one."""
        kept = {name: value for name, value in environ.items() if name not in self.hidden}
        return {**kept, **self.variables}


class Prepare(Protocol):
    """Turns a target into what a client is started with."""

    def __call__(self, target: Target, environ: Mapping[str, str]) -> Preparation:
        """The preparation; `environ` is what the user has set."""


@dataclass(frozen=True, slots=True)
class Client:
    """A coding client: the command that starts it, the package of npm that brings it, and what it speaks.

    `headers` are those under which it can send a token, beside `Authorization`. `fields` are those of its requests
    that some providers refuse. `vendor` is the provider that it is made for, whose models it knows best.
    `asks_by_rule` says that its own names for models mean something to rules, so that it needs none given.
    """

    name: str
    title: str
    package: str
    dialect: str
    path: str
    prepare: Prepare
    headers: frozenset[str] | None = None
    fields: frozenset[str] = frozenset()
    vendor: str | None = None
    asks_by_rule: bool = False

    @property
    def installation(self) -> str:
        """The command that installs it."""
        return f"npm install -g {self.package}"

    def can_send(self, header: str) -> bool:
        """Whether a token can go under this header; empty means `Authorization`."""
        return not header or self.headers is None or header.lower() in self.headers
