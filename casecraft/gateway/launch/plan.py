"""How a client is started: with which model, at which provider, through the gateway or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import SecretStr

from casecraft.config import Settings
from casecraft.errors import LaunchError, ProviderNotFoundError
from casecraft.gateway.launch.client import Client, Preparation, Target
from casecraft.gateway.launch.direct import direct_address, gateway_rules, obstacle
from casecraft.gateway.routing import Router, Traits
from casecraft.providers import (
    Detected,
    canonical_name,
    create,
    detect,
    no_provider_named,
    profile_of,
    resolve_names,
    settings_of,
    split_name,
)
from casecraft.providers.selection import AUTO, row_of

Way: TypeAlias = Literal["auto", "gateway", "direct"]

UNKNOWN_MODEL = "default"
"""What a client asks for where rules alone decide: no model is called so."""

USUAL_MODEL = "claude-sonnet-4-5"
"""What stands for the names that a client has of its own."""

SMALL_MODEL = "claude-haiku-4-5"
"""What a client asks for in the background where there is a rule for it: rules know small models by their names."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """A client and its target, which has no address yet where the gateway is to be started for it.

    `direct` says that the target is the provider itself. `candidates` are who is asked first, then next.
    """

    client: Client
    target: Target
    direct: bool
    candidates: tuple[str, ...]

    def at_gateway(self, url: str, token: str) -> "LaunchPlan":
        """The same plan with a gateway's address and token."""
        target = replace(self.target, base_url=f"{url}{self.client.path}", token=SecretStr(token))
        return replace(self, target=target)

    def prepare(self, environ: Mapping[str, str]) -> Preparation:
        """What the client is started with, where `environ` is what the user has set."""
        prepared = self.client.prepare(self.target, environ)
        added = _no_proxy(environ) if urlsplit(self.target.base_url).hostname in LOOPBACK else {}
        return replace(prepared, variables={**prepared.variables, **added})

    def describe(self) -> str:
        """The plan in a line, without the token."""
        way = "directly at" if self.direct else "through the gateway at"
        return f"{self.client.title} with {self.candidates[0]}, {way} {self.target.base_url}"


def plan_launch(
    client: Client,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    provider: str | None = None,
    model: str | None = None,
    way: Way = "auto",
) -> LaunchPlan:
    """How this client is started. `environ` is what tells which providers there are; `model` may be `provider/model`.

    Raises `ProviderError` where nobody can answer, and `LaunchError` where the client cannot go the wanted way.
    """
    name = _provider(settings, environ, provider, model)
    if name is not None:
        create(name, settings_of(name, settings.provider_settings)).validate()
    rule = gateway_rules(settings)
    if name is not None and way != "gateway" and not (rule and way == "auto"):
        address = direct_address(client, name, settings)
        if address is not None:
            return _direct_plan(client, name, settings, address)
    if way == "direct":
        reason = obstacle(client, name, settings) if name is not None else "no single provider is named"
        raise LaunchError(f"{client.title} cannot do without the gateway: {reason}", hint="Leave `--direct` out.")
    named = name if provider or model or not rule else None
    return _gateway_plan(client, named, settings, model)


def _provider(settings: Settings, environ: Mapping[str, str], provider: str | None, model: str | None) -> str | None:
    """The one provider that is meant, with the model that is asked for; None where rules have to choose."""
    if provider is None and model is not None and "/" in model:
        try:
            return canonical_name(model, settings.provider_settings)
        except ProviderNotFoundError:
            return None  # a slash may be part of a model's name
    names = (provider,) if provider else settings.gateway.providers or settings.providers
    found = tuple(detect(environ, settings.provider_settings)) if not names or AUTO in names else ()
    meant = resolve_names(names, settings, found) if names else _likely(found, settings)
    if not names and len(meant) != 1 and not gateway_rules(settings):
        hint = "Name one with `--provider`, or give the key of one alone: see `casecraft providers show`."
        raise LaunchError(str(no_provider_named(found)), hint=hint)
    if len(meant) != 1:
        return None
    return f"{split_name(meant[0])[0]}/{model}" if model else meant[0]


def _likely(found: Sequence[Detected], settings: Settings) -> tuple[str, ...]:
    """Those of the detected for which the user has a key; servers that merely run here where there are none."""
    names = tuple(it.name for it in found)
    return tuple(it for it in names if settings_of(it, settings.provider_settings).api_key is not None) or names


def _direct_plan(client: Client, name: str, settings: Settings, address: str) -> LaunchPlan:
    own = settings_of(name, settings.provider_settings)
    row, profile = row_of(name, own), profile_of(name, own)
    # Whose client it is knows better which of its models are for what.
    model = "" if row.name == client.vendor and own.model is None else profile.model
    target = replace(
        _target(name, settings),
        base_url=address,
        token=own.api_key,
        header=row.auth.name if row.auth.scheme == "header" else "",
        model=model,
        small_model=model,
        vendor_tools=row.name == client.vendor,
    )
    return LaunchPlan(client, target, True, (f"{row.name}/{model}" if model else row.name,))


def _gateway_plan(client: Client, name: str | None, settings: Settings, model: str | None) -> LaunchPlan:
    asked = _with_model(name, settings) if name is not None else model or ""
    if not asked and not client.asks_by_rule:
        asked = UNKNOWN_MODEL
    traits = Traits(asked or USUAL_MODEL, 0, images=False, thinking=False, tools=1, dialect=client.dialect)
    candidates = Router(settings).route(traits).candidates
    target = replace(
        _target(candidates[0], settings),
        model=asked,
        small_model=SMALL_MODEL if settings.gateway.routes.background else asked,
        vendor_tools=all(split_name(candidate)[0] == client.vendor for candidate in candidates),
    )
    return LaunchPlan(client, target, False, candidates)


def _with_model(name: str, settings: Settings) -> str:
    """`provider/model`, with the provider's own model where none is named."""
    if split_name(name)[1]:
        return name
    model = profile_of(name, settings_of(name, settings.provider_settings)).model
    return f"{name}/{model}" if model else name


def _target(name: str, settings: Settings) -> Target:
    """What is known of a provider's model, for a target without an address."""
    own = settings_of(name, settings.provider_settings)
    row, profile = row_of(name, own), profile_of(name, own)
    known = next((model for model in row.models if model.id == profile.model), None)
    return Target(
        base_url="",
        context_tokens=own.context_tokens or (known.context_tokens if known else None) or profile.context_tokens,
        max_output_tokens=own.max_output_tokens
        or (known.max_output_tokens if known else None)
        or profile.max_output_tokens,
        images="images" in row.capabilities,
    )


def _no_proxy(environ: Mapping[str, str]) -> dict[str, str]:
    """This machine's own addresses among those that no proxy is asked for, in the spellings that are in use."""
    spellings = [name for name in ("NO_PROXY", "no_proxy") if environ.get(name)] or ["NO_PROXY"]
    return {name: _joined(environ.get(name, "")) for name in spellings}


def _joined(given: str) -> str:
    hosts = [host.strip() for host in given.split(",") if host.strip()]
    return given if "*" in hosts else ",".join(dict.fromkeys((*hosts, *LOOPBACK)))
