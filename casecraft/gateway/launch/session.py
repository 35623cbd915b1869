"""A client from its start to its end, with the gateway that it needs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from casecraft.config import Settings
from casecraft.errors import LaunchError
from casecraft.gateway.launch.plan import LaunchPlan
from casecraft.gateway.launch.process import run_client

if TYPE_CHECKING:
    from casecraft.gateway.gateway import Gateway

LOOPBACK = "127.0.0.1"
ANYWHERE = {"0.0.0.0": LOOPBACK, "::": "[::1]"}  # noqa: S104  # where others listen, to be spoken to from here


def run(
    plan: LaunchPlan,
    settings: Settings,
    program: str,
    arguments: Sequence[str],
    environ: Mapping[str, str],
    *,
    load: Callable[[], Settings],
    say: Callable[[str], None],
) -> int:
    """Start the client's program as planned, wait for its end, and stop the gateway that was started for it.

    `load` reads the settings anew, for a gateway whose files change. `say` gets a line before the client starts, and
    one where changed files cannot be used. The exit code is the client's, as `run_client` gives it.
    """
    if plan.direct:
        return _run(plan, program, arguments, environ, say)
    from casecraft.gateway.reloading import watch  # noqa: PLC0415  # a client that needs none pays for none
    from casecraft.gateway.server import running_gateway  # noqa: PLC0415

    async def reload(running: "Gateway") -> None:
        changed, failed = running.take, lambda error: say(f"the changed settings are not used: {error}")
        await watch(lambda: _of_this_start(load()), changed, failed, settings=settings, folder=Path.cwd())

    with running_gateway(_of_this_start(settings), reload) as started:
        return _run(plan.at_gateway(started.url, started.token), program, arguments, environ, say)


def _of_this_start(settings: Settings) -> Settings:
    """The same at any free port of this machine."""
    own = settings.gateway.model_copy(update={"host": LOOPBACK, "port": 0})
    return settings.model_copy(update={"gateway": own})


def _run(
    plan: LaunchPlan, program: str, arguments: Sequence[str], environ: Mapping[str, str], say: Callable[[str], None]
) -> int:
    prepared = plan.prepare(environ)
    say(plan.describe())
    return run_client([program, *prepared.arguments, *arguments], prepared.environment(environ))


def configured_gateway(settings: Settings) -> tuple[str, str]:
    """The URL and the token at which a gateway with these settings is found.

    Raises `LaunchError` where they are others at each start.
    """
    own = settings.gateway
    token = own.token.get_secret_value() if own.token is not None else ""
    if not token or not own.port:
        lacking = "token" if not token else "port"
        hint = f"Set `{lacking}` under [gateway] in casecraft.toml or CASECRAFT_GATEWAY_{lacking.upper()}."
        raise LaunchError(f"the gateway has a new {lacking} at each start", hint=hint)
    host = ANYWHERE.get(own.host, f"[{own.host}]" if ":" in own.host else own.host)
    return f"http://{host}:{own.port}", token
