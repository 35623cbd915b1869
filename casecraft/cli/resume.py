"""`casecraft resume`."""

from typing import Annotated

import typer

from casecraft.cli import options


def resume(
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="The run's id, or how it begins. Default: the newest stopped one."),
    ] = None,
    state_dir: options.StateDir = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Go on with a run that was interrupted, killed, stopped by its budget, or left endpoints failed.

    Its document, providers and strategy are those that it began with; answers that the state file holds are not asked
    for again.
    """
    from casecraft.api import aresume  # noqa: PLC0415  # `--help` must not pay for it
    from casecraft.cli.running import carry_out  # noqa: PLC0415

    carry_out(
        lambda listen, control: aresume(run, state_dir=state_dir, on_event=listen, control=control),
        as_json=as_json,
        quiet=quiet,
        verbose=verbose,
    )
