"""`casecraft plugins`."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casecraft.cli import options
from casecraft.cli.exits import INTERRUPTED, one_line
from casecraft.cli.machine import write_json

if TYPE_CHECKING:
    from casecraft.core.plugin import Plugin

app = typer.Typer(name="plugins", help="Show, install and uninstall plugins.", no_args_is_help=True)

# What is not ours goes to pip as it is.
PASS_ON = {"ignore_unknown_options": True, "allow_interspersed_args": True}


@app.command("list")
def list_plugins(as_json: options.Json = False) -> None:
    """List the installed packages that register providers, strategies or formats, and what each registers."""
    from casecraft.core.plugin import installed_plugins  # noqa: PLC0415  # `--help` must not pay for it

    rows = [_row(plugin) for plugin in installed_plugins()]
    if as_json:
        write_json({"plugins": rows})
        return
    if not rows:
        typer.echo("No plugins. Install one with `casecraft plugins install NAME`.")
        return
    from rich.table import Table  # noqa: PLC0415

    from casecraft.cli.tables import output_console  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("plugin", "version", "from", "providers", "strategies", "formats"):
        table.add_column(name)
    for row in rows:
        cells = (row["name"], row["version"], row["source"] or "package index")
        table.add_row(*cells, *(", ".join(row[kind]) or "-" for kind in ("providers", "strategies", "formats")))
    output_console().print(table)
    for row in rows:
        for error in row["errors"]:
            typer.echo(f"error: {error}", err=True)


@app.command("install", context_settings=PASS_ON)
def install(
    packages: Annotated[list[str], typer.Argument(metavar="PACKAGE…", help="As for `pip install`, its options too.")],
) -> None:
    """Install packages into casecraft's own environment, with pip."""
    _run_pip("install", packages)


@app.command("uninstall", context_settings=PASS_ON)
def uninstall(
    packages: Annotated[list[str], typer.Argument(metavar="PLUGIN…", help="Names of plugins.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Uninstall plugins, and nothing else, from casecraft's own environment, with pip."""
    from casecraft.core.plugin import installed_plugins, normalized  # noqa: PLC0415
    from casecraft.errors import ConfigurationError  # noqa: PLC0415

    plugins = [plugin.name for plugin in installed_plugins()]
    for name in packages:
        if not name.startswith("-") and normalized(name) not in map(normalized, plugins):
            message = f"{name!r} is no plugin of casecraft"
            raise ConfigurationError(message, hint=f"Plugins: {', '.join(plugins) or 'none'}.")
    _run_pip("uninstall", [*(["--yes"] if yes else []), *packages])


def _row(plugin: "Plugin") -> dict[str, Any]:
    from casecraft.core.plugin import STRATEGIES  # noqa: PLC0415
    from casecraft.providers import load_catalog  # noqa: PLC0415
    from casecraft.providers.plugins import registered_by  # noqa: PLC0415
    from casecraft.suites import registered_by as formats_registered_by  # noqa: PLC0415

    providers, wrong_providers = registered_by(plugin, load_catalog())
    formats, wrong_formats = formats_registered_by(plugin)
    return {
        "name": plugin.name,
        "version": plugin.version,
        "source": plugin.source or None,
        "location": plugin.location,
        "providers": providers,
        "strategies": [entry.name for entry in plugin.entries if entry.group == STRATEGIES],
        "formats": formats,
        "errors": [one_line(str(error)) for error in (*wrong_providers, *wrong_formats)],
    }


def _run_pip(command: str, arguments: list[str]) -> None:
    """Let pip have the terminal, and leave with its exit code."""
    import importlib.util  # noqa: PLC0415
    import subprocess  # noqa: PLC0415  # pip has no interface but its command

    from casecraft.errors import ConfigurationError  # noqa: PLC0415

    if importlib.util.find_spec("pip") is None:
        raise ConfigurationError(
            f"there is no pip in casecraft's environment, {sys.prefix!r}", hint=_without_pip(command)
        )
    try:
        done = subprocess.run([sys.executable, "-m", "pip", command, *arguments], check=False)  # noqa: S603
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(done.returncode)


def _without_pip(command: str) -> str:
    """What to do instead, by the marks that the tools leave in the environments that they make."""
    from pathlib import Path  # noqa: PLC0415

    prefix = Path(sys.prefix)
    adding = command == "install"
    if (prefix / "pipx_metadata.json").is_file():
        return f"Run `pipx {'inject' if adding else 'uninject'} casecraft-engine PLUGIN`."
    if (prefix / "uv-receipt.toml").is_file():
        return "Run `uv tool install casecraft-engine --with PLUGIN`, with every plugin that is to be there."
    return f"Run `uv pip {command} --python {sys.executable} PLUGIN`, or add pip with `python -m ensurepip`."
