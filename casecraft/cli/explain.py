"""`casecraft explain`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from casecraft.cli import options

if TYPE_CHECKING:
    from casecraft.api import Explanation

Case = Annotated[str, typer.Argument(metavar="CASE", help="The id of a case, or how it begins.")]
Suite = Annotated[
    Path | None, typer.Argument(metavar="[SUITE]", help="The folder of a suite. Default: the only one in suites/.")
]
Document = Annotated[
    str | None, typer.Option("--document", metavar="DOCUMENT", help="Default: where the suite says that it was.")
]


def explain(
    case: Case,
    suite: Suite = None,
    document: Document = None,
    state_dir: options.StateDir = None,
    as_json: options.Json = False,
) -> None:
    """Say why a case exists: what it tries, for which targets, who made it, what is expected and why."""
    from casecraft.api import explain as explain_case  # noqa: PLC0415  # `--help` must not pay for it
    from casecraft.cli.machine import write_json  # noqa: PLC0415
    from casecraft.cli.report import only_suite  # noqa: PLC0415
    from casecraft.runner.explanation import as_json as explanation_json  # noqa: PLC0415

    explanation = explain_case(case, only_suite(suite), document=document, state_dir=state_dir)
    if as_json:
        write_json(explanation_json(explanation))
    else:
        _show(explanation)


def _show(it: "Explanation") -> None:
    from casecraft.cli.exits import one_line  # noqa: PLC0415

    typer.echo(one_line(it.case.title))
    for label, text in _facts(it):
        typer.echo(f"  {label:<10} {one_line(text)}")


def _facts(it: "Explanation") -> Iterator[tuple[str, str]]:
    case = it.case
    yield "id", case.id
    if case.endpoint_id:
        yield "endpoint", f"{case.endpoint_id}{f' ({it.endpoint_summary})' if it.endpoint_summary else ''}"
        yield "request", "conforms to the document" if case.valid else "does not conform to the document"
    yield "priority", case.priority
    yield "technique", f"{it.technique.replace('_', ' ')}: {it.meaning}"
    yield "made by", it.made_by
    yield from (("hits", _pair(target, text)) for target, text in it.targets.items())
    yield from (("expects", _pair(status, text)) for status, text in it.expected.items())
    yield from (("needs", need) for need in it.needs)
    for run, result in it.results:
        yield "run", _pair(f"{run.id}: {result.outcome}{', flaky' if result.flaky else ''}", result.message)
    if not it.results:
        yield "run", "never"
    if it.note:
        yield "note", it.note


def _pair(name: str, text: str) -> str:
    return f"{name}: {text}" if text else name
