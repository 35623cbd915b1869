"""What can be set of the gateway."""

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ByteSize, ConfigDict, Field, SecretStr, model_validator

from casecraft.config.values import Money, Names

LONG = 60_000
MAX_BODY = 32 * 1024 * 1024

# How alike the name of a model must be to that of a rule to be called a mistake: one slip.
RESEMBLANCE = 0.85

Seconds: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]
KeyName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class KeySettings(BaseModel):
    """A client's key: its token, and what it may spend in a day. An empty token is none, and the gateway refuses it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: SecretStr = SecretStr("")
    budget: Money | None = None


class LongContextSettings(BaseModel):
    """Where requests go that have more than `over` input tokens, by an estimate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    over: Annotated[int, Field(ge=1)] = LONG
    to: Annotated[Names, Field(min_length=1)]


def _spell_out(value: object) -> object:
    """Candidates alone stand for the usual length."""
    return {"to": value} if isinstance(value, str | list | tuple) else value


class RouteSettings(BaseModel):
    """Which providers answer which requests. Each rule has candidates, `provider/model` or a provider alone, which are
    asked one after the other until one answers.

    `background` is for clients' small models, `thinking` for requests that ask for reasoning, `vision` for those with
    images, `default` for what no other rule takes. `patterns` map names of models, in which `*` and `?` stand for
    anything; as input they stand beside the rules: every key that is no rule is a pattern.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: Names = ()
    background: Names = ()
    thinking: Names = ()
    vision: Names = ()
    long_context: Annotated[LongContextSettings | None, BeforeValidator(_spell_out)] = None
    patterns: Mapping[str, Annotated[Names, Field(min_length=1)]] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather_patterns(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        rules = {name: value for name, value in given.items() if name in cls.model_fields}
        patterns = {name: value for name, value in given.items() if name not in rules}
        for pattern in patterns:
            _refuse_misspelt(str(pattern), cls.model_fields)
        own = rules.pop("patterns", {})
        if not isinstance(own, Mapping):  # a model of this name
            own = {"patterns": own}
        return {**rules, "patterns": {**own, **patterns}}

    @property
    def candidates(self) -> dict[str, tuple[str, ...]]:
        """The candidates of each rule that has some, under the rule's name; patterns under themselves."""
        rules = {name: getattr(self, name) for name in ("default", "background", "thinking", "vision")}
        long_context = self.long_context.to if self.long_context is not None else ()
        return {name: it for name, it in {**rules, "long_context": long_context, **self.patterns}.items() if it}


def _refuse_misspelt(pattern: str, rules: Mapping[str, Any]) -> None:
    """A pattern is whatever is no rule; what is nearly one was meant to be it."""
    nearest = difflib.get_close_matches(pattern.lower(), rules, n=1, cutoff=RESEMBLANCE)
    if nearest:
        raise ValueError(f"{pattern!r} is no rule; did you mean {nearest[0]!r}?")


class GatewaySettings(BaseModel):
    """Every setting of the gateway.

    It listens at `host` and `port`, 0 meaning any that is free. `token` is what clients show; without one a new one is
    made at each start, which only `host`s of this machine may do with. `keys` are further tokens, by names of their
    own. `providers` are those that `strategy` shares requests out to, by default those of the run; `fallback` are
    candidates after those of any route. `budget` is money of the run's currency, per day and over all keys. `max_body`
    is in bytes; `timeout` in seconds, for a whole exchange, `idle_timeout` between two events of a stream.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 4141
    token: SecretStr | None = None
    keys: Mapping[KeyName, KeySettings] = Field(default_factory=dict)
    providers: Names = ()
    strategy: str | None = None
    provider_map: str | None = None
    fallback: Names = ()
    routes: RouteSettings = RouteSettings()
    budget: Money | None = None
    max_body: Annotated[ByteSize, Field(ge=1)] = ByteSize(MAX_BODY)
    timeout: Seconds = 600.0
    idle_timeout: Seconds = 120.0

    @property
    def named(self) -> tuple[str, ...]:
        """Every provider that is named here, with its model where one is: for the strategy, in routes, as fallback."""
        routed = (name for candidates in self.routes.candidates.values() for name in candidates)
        return tuple(dict.fromkeys((*self.providers, *routed, *self.fallback)))
