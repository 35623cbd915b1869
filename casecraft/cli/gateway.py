"""`casecraft gateway`."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casecraft.cli import options
from casecraft.cli.flags import flags_of, read_money

if TYPE_CHECKING:
    from casecraft.config import Settings
    from casecraft.errors import CasecraftError
    from casecraft.gateway.gateway import Gateway
    from casecraft.gateway.server import GatewayServer

WHERE, ROUTES = "Where", "Routes"

Host = Annotated[
    str | None,
    typer.Option("--host", rich_help_panel=WHERE, help="Address to listen at; others than this machine need a token."),
]
Port = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, rich_help_panel=WHERE, help="Default 4141; 0 for any free.")
]
Default = Annotated[
    str | None,
    typer.Option(
        "--default", metavar="NAME[/MODEL]", rich_help_panel=ROUTES,
        help="Who answers where no other route fits; several as A>B are asked in turn.",
    ),
]  # fmt: skip
Budget = Annotated[
    str | None,
    typer.Option("--budget", metavar="'5 USD'", rich_help_panel=ROUTES, help="The most that a day may cost."),
]


def gateway(
    providers: options.Providers = None,
    default: Default = None,
    strategy: options.Strategy = None,
    provider_map: options.ProviderMap = None,
    fallback: options.Fallback = None,
    model: options.Models = None,
    workers: options.Workers = None,
    budget: Budget = None,
    host: Host = None,
    port: Port = None,
    state_dir: options.StateDir = None,
    log_calls: options.LogCalls = None,
    log_bodies: options.LogBodies = False,
    quiet: options.Quiet = False,
) -> None:
    """Serve coding clients of any wire format with the models of any provider, until Ctrl-C.

    It speaks Messages (Anthropic), Chat Completions and Responses (OpenAI), generateContent (Gemini) and embeddings. A
    client names a model as `provider/model`, or any other name, for which `[gateway.routes]` of casecraft.toml says who
    answers. Several that `--providers` names take turns, or a strategy chooses. What everything used and cost goes into
    the state file; `casecraft usage` shows it.
    """
    from casecraft.api import environment, settings_for  # noqa: PLC0415  # `--help` must not pay for it
    from casecraft.core.event_loop import run_async  # noqa: PLC0415
    from casecraft.gateway.candidates import resolve_auto  # noqa: PLC0415
    from casecraft.gateway.reloading import watch  # noqa: PLC0415
    from casecraft.gateway.server import GatewayServer  # noqa: PLC0415

    flags = _flags(
        flags_of(
            providers=providers, models=model, workers=workers, state_dir=state_dir, log_calls=log_calls,
            log_bodies=log_bodies or None,
        ),
        budget=budget, default=default, strategy=strategy, provider_map=provider_map, fallback=fallback,
        host=host, port=port,
    )  # fmt: skip

    def load() -> "Settings":
        return resolve_auto(settings_for(flags), environment())

    settings = load()

    async def reload(running: "Gateway") -> None:
        await watch(load, running.take, _say, settings=settings, folder=Path.cwd())

    server = GatewayServer(settings, reloads=reload, report=_say)
    with suppress(KeyboardInterrupt):  # its usual end
        run_async(server.run(lambda: None if quiet else _greet(server, settings)))


def _flags(flags: dict[str, Any], *, default: str | None, budget: str | None, **given: Any) -> dict[str, Any]:
    """The settings of the gateway in a table of their own, beside those of every command."""
    several = len(flags.get("providers", ())) > 1
    if several and given["strategy"] is None and given["provider_map"] is None and not default:
        given["strategy"] = "round_robin"
    if budget is not None:
        given["budget"], flags["currency"] = read_money(budget, "--budget")
    of_gateway = {**given, "routes": {"default": default} if default else None}
    return {**flags, "gateway": {name: value for name, value in of_gateway.items() if value is not None}}


def _greet(server: "GatewayServer", settings: "Settings") -> None:
    """Where it is, and how clients are told of it."""
    own = settings.gateway.token is not None
    token = "the configured token" if own else server.token
    typer.echo(f"The gateway is at {server.url} (Ctrl-C ends it).")
    typer.echo(f"Token: {token}")
    typer.echo(f"Page: {server.url}/ui" + (" (asks for the token)" if own else f"?token={server.token}"))
    typer.echo("Claude Code: ANTHROPIC_BASE_URL=" + server.url + " ANTHROPIC_AUTH_TOKEN=<token> claude")
    typer.echo(f"OpenAI SDKs: OPENAI_BASE_URL={server.url}/v1 OPENAI_API_KEY=<token>")
    typer.echo("`casecraft launch claude`, `codex` or `opencode` does all of it at once.")
    for note in server.notes:
        typer.echo(f"note: {note}", err=True)


def _say(error: "CasecraftError") -> None:
    from casecraft.cli.exits import say_error  # noqa: PLC0415

    say_error(error)
