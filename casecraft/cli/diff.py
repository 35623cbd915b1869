"""`casecraft diff`."""

from typing import TYPE_CHECKING, Annotated

import typer

from casecraft.cli import options

if TYPE_CHECKING:
    from casecraft.api import Difference

Old = Annotated[str, typer.Argument(metavar="OLD", help="A document, or the folder of a suite.")]
New = Annotated[str, typer.Argument(metavar="NEW", help="A document.")]
ExitCode = Annotated[bool, typer.Option("--exit-code", help="Leave with 1 where there are differences, as diff does.")]


def diff(old: Old, new: New, exit_code: ExitCode = False, as_json: options.Json = False) -> None:
    """Show which endpoints and cases are new, changed or stale in a document, against another or against a suite.

    For documents the cases are those that rules make. `casecraft generate` makes anew only what changed, and keeps the
    cases that people edited or added.
    """
    from casecraft.api import diff as compare  # noqa: PLC0415  # `--help` must not pay for it
    from casecraft.cli.machine import write_json  # noqa: PLC0415
    from casecraft.runner.difference import as_json as difference_json  # noqa: PLC0415

    found = compare(old, new)
    if as_json:
        write_json(difference_json(found))
    else:
        _show(found)
    if exit_code and not found.is_empty:
        raise typer.Exit(1)


def _show(found: "Difference") -> None:
    from casecraft.cli.exits import one_line  # noqa: PLC0415

    groups = (
        ("new", found.new_endpoints, "+"),
        ("changed", found.changed_endpoints, "~"),
        ("stale", found.stale_endpoints, "-"),
    )
    cases = {"+": found.new_cases, "~": found.changed_cases, "-": found.stale_cases}
    for words, endpoints, sign in groups:
        for endpoint in endpoints:
            typer.echo(f"{sign} {one_line(endpoint)} ({words})")
            for mark, listed in cases.items():
                for case in listed:
                    if case.endpoint_id == endpoint:
                        reason = f": {case.reason}" if case.reason and words == "changed" else ""
                        typer.echo(f"    {mark} {one_line(f'{case.id}: {case.title}{reason}')}")
    endpoints_said = ", ".join(f"{len(endpoints)} {words}" for words, endpoints, _ in groups)
    said = ", ".join(
        f"{len(listed)} {words}" for words, listed in zip(("new", "changed", "stale"), cases.values(), strict=True)
    )
    typer.echo(f"endpoints: {endpoints_said}, {found.unchanged} as they were; cases: {said}")
