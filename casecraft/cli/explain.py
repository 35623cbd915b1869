"""`casecraft explain`."""

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

    case = it.case
    conforms = "conforms to the document" if case.valid else "does not conform to the document"
    lines = [case.title, f"  id         {case.id}"]
    if case.endpoint_id:
        lines.append(f"  endpoint   {case.endpoint_id}{f' ({it.endpoint_summary})' if it.endpoint_summary else ''}")
        lines.append(f"  request    {conforms}")
    lines.append(f"  priority   {case.priority}")
    lines.append(f"  technique  {it.technique.replace('_', ' ')}: {it.meaning}")
    lines.append(f"  made by    {it.made_by}")
    lines += [f"  hits       {target}{f': {text}' if text else ''}" for target, text in it.targets.items()]
    lines += [f"  expects    {status}{f': {text}' if text else ''}" for status, text in it.expected.items()]
    lines += [f"  needs      {need}" for need in it.needs]
    for run, result in it.results:
        flaky = ", flaky" if result.flaky else ""
        lines.append(f"  run        {run.id}: {result.outcome}{flaky}{f': {result.message}' if result.message else ''}")
    if not it.results:
        lines.append("  run        never")
    if it.note:
        lines.append(f"  note       {it.note}")
    for line in lines:
        typer.echo("  " * line.startswith("  ") + one_line(line))
