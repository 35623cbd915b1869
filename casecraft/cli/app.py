"""The command `casecraft`."""

import sys

import typer

from casecraft.cli import (
    diff,
    endpoints,
    estimate,
    evaluate,
    explain,
    gateway,
    generate,
    init,
    launch,
    plugins,
    providers,
    report,
    resume,
    run,
    state,
    strategies,
    usage,
)
from casecraft.cli.exits import INTERRUPTED, WRONG_USE, say_error
from casecraft.cli.streams import give_up_output, prepare_streams
from casecraft.errors import CasecraftError

app = typer.Typer(
    name="casecraft",
    help="Turn an OpenAPI document into API test suites that run, with many model providers at once.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("generate")(generate.generate)
app.command("resume")(resume.resume)
app.command("run")(run.run)
app.command("report")(report.report)
app.command("explain")(explain.explain)
app.command("diff")(diff.diff)
app.command("estimate")(estimate.estimate)
app.command("evaluate")(evaluate.evaluate)
app.command("gateway")(gateway.gateway)
app.command("endpoints")(endpoints.endpoints)
app.add_typer(providers.app, name="providers")
app.add_typer(plugins.app, name="plugins")
app.command("strategies")(strategies.strategies)
app.command("usage")(usage.usage)
app.add_typer(state.app, name="state")
app.command("launch", cls=launch.PassingCommand)(launch.launch)
app.command("init")(init.init)


def _show_version(value: bool) -> None:
    if value:
        from casecraft.core.version import program_version  # noqa: PLC0415  # only who asks pays for it

        typer.echo(f"casecraft {program_version()}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and leave."
    ),
) -> None:
    """Turn an OpenAPI document into API test suites that run, with many model providers at once."""


def main() -> None:
    """Run the command line; every error of ours is one line, what to do about it, and an exit code."""
    prepare_streams()
    try:
        _run()
    except CasecraftError as error:
        say_error(error)
        sys.exit(WRONG_USE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        give_up_output()  # whoever read it has gone
        sys.exit(0)
    except OSError as error:
        if error.filename is not None:  # no stream of ours
            raise
        give_up_output()
        say_error(_unwritten(error))
        sys.exit(WRONG_USE)


def _run() -> None:
    try:
        app()
    finally:
        sys.stdout.flush()


def _unwritten(error: OSError) -> CasecraftError:
    return CasecraftError(
        f"cannot write the output: {error.strerror or error}",
        hint="Let it go elsewhere. What a run made is in its folder and in the state file.",
    )
