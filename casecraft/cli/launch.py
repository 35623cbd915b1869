"""`casecraft launch`."""

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from casecraft.cli import options
from casecraft.cli.flags import flags_of

if TYPE_CHECKING:
    from casecraft.config import Settings
    from casecraft.gateway.launch import LaunchPlan, Way

PASSED = "casecraft.passed"

Name = Annotated[
    str | None,
    typer.Argument(metavar="[CLIENT]", help="claude, codex or opencode. Default: `default_cli`, else the installed."),
]
Provider = Annotated[
    str | None, typer.Option("--provider", "-p", metavar="NAME", help="Who answers. Default: as configured.")
]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="MODEL", help="Its model, or `provider/model`. Default: the provider's."),
]
ThroughGateway = Annotated[
    bool | None,
    typer.Option(
        "--gateway/--direct",
        help="Always through the gateway, or never. Default: direct where both speak the same format and no routes, "
        "strategy, fallback or budget are configured.",
        show_default=False,
    ),
]
PrintEnv = Annotated[
    bool,
    typer.Option(
        "--print-env", help="Start nothing; print lines for a shell. They hold a key. Without a same format: for a "
        "gateway that runs at the configured address with the configured token.",
    ),
]  # fmt: skip
Shell = Annotated[
    str, typer.Option("--shell", metavar="posix|fish|powershell", help="Whose lines `--print-env` prints.")
]


class PassingCommand(TyperCommand):
    """A command that passes on what stands after `--`, which no option or argument of its own may take."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse what stands before `--`."""
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[PASSED] = args[at + 1 :]
        return super().parse_args(ctx, args[:at])

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The usage, with what is passed on."""
        return [*super().collect_usage_pieces(ctx), "[-- ARGS]..."]


def launch(
    context: typer.Context,
    client: Name = None,
    provider: Provider = None,
    model: Model = None,
    gateway: ThroughGateway = None,
    print_env: PrintEnv = False,
    shell: Shell = "posix",
    quiet: options.Quiet = False,
) -> None:
    """Start a coding client with any provider's model, for this process alone.

    The user's own files stay as they are. Arguments after `--`, the terminal and signals go to the client; its exit
    code is this command's. A gateway that was started for it ends with it. Exit codes of its own: 2 wrong usage or
    configuration, or the client is not installed.
    """
    from casecraft.api import environment, settings_for  # noqa: PLC0415  # `--help` must not pay for it
    from casecraft.gateway.launch import choose_client, find_program, plan_launch, run  # noqa: PLC0415

    models = [f"{provider}={model}"] if provider and model else None

    def load() -> "Settings":
        return settings_for(flags_of(providers=[provider] if provider else None, models=models))

    settings = load()
    chosen = choose_client(client, settings, os.environ)
    way: Way = "auto" if gateway is None else "gateway" if gateway else "direct"
    program = "" if print_env else find_program(chosen, os.environ)
    plan = plan_launch(chosen, settings, environment(), provider=provider, model=model, way=way)
    if print_env:
        _print(plan, settings, shell)
        return
    say = _say_nothing if quiet else _say
    raise typer.Exit(run(plan, settings, program, context.meta[PASSED], os.environ, load=load, say=say))


def _say_nothing(_line: str) -> None:
    pass


def _say(line: str) -> None:
    typer.echo(f"casecraft: {line}", err=True)


def _print(plan: "LaunchPlan", settings: "Settings", shell: str) -> None:
    from casecraft.gateway.launch import SHELLS, configured_gateway, lines  # noqa: PLC0415

    if shell not in SHELLS:
        raise typer.BadParameter(f"{shell!r} is none of {', '.join(SHELLS)}", param_hint="--shell")
    plan = plan if plan.direct else plan.at_gateway(*configured_gateway(settings))
    _say(f"{plan.describe()}. The lines hold a key: do not keep them.")
    for line in lines(plan.prepare(os.environ), plan.client.name, shell, os.environ):
        typer.echo(line)
