"""`casecraft resume`."""

from typing import Annotated

import typer

from casecraft.cli import options
from casecraft.cli.flags import flags_of


def resume(
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="The run's id, or how it begins. Default: the newest stopped one."),
    ] = None,
    max_cost: options.MaxCost = None,
    state_dir: options.StateDir = None,
    log_calls: options.LogCalls = None,
    log_bodies: options.LogBodies = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Go on with a run that was interrupted, killed, stopped by its budget, or left endpoints failed.

    Its document, providers and strategy are those that it began with; answers that the state file holds are not asked
    for again. `--max-cost` replaces the run's own and counts what it has spent already.
    """
    from casecraft.api import aresume  # noqa: PLC0415  # `--help` must not pay for it
    from casecraft.cli.running import carry_out  # noqa: PLC0415

    flags = flags_of(max_cost=max_cost, log_calls=log_calls, log_bodies=log_bodies)
    carry_out(
        lambda listen, control: aresume(run, state_dir=state_dir, on_event=listen, control=control, **flags),
        as_json=as_json,
        quiet=quiet,
        verbose=verbose,
    )
