"""`casecraft usage`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casecraft.cli import options

if TYPE_CHECKING:
    from casecraft.api import UsageReport
    from casecraft.state import Store, UsageRow

DAY_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
_FIGURES = ("requests", "failed", "input", "cached", "output", "cost")

By = Annotated[
    list[str] | None,
    typer.Option(
        "--by", metavar="NAME[,NAME…]", rich_help_panel=options.OUTPUT,
        help="What to add up by: day, provider, model, client, key. Default: provider,model.",
    ),
]  # fmt: skip
Since = Annotated[
    datetime | None,
    typer.Option(
        "--since", metavar="2026-11-01", formats=DAY_FORMATS, rich_help_panel=options.WHAT,
        help="Only from this day (UTC) on.",
    ),
]  # fmt: skip


def usage(
    by: By = None, since: Since = None, state_dir: options.StateDir = None, as_json: options.Json = False
) -> None:
    """Show what was asked, used and spent, through the gateway and in runs, out of all state files of the folder.

    Days are those of UTC. Money of different currencies is kept apart; a price that is not known is never taken as 0.
    """
    from casecraft.api import usage as read_usage  # noqa: PLC0415  # `--help` must not pay for it

    names = [name.strip() for text in by or ["provider,model"] for name in text.split(",")]
    groups = list(dict.fromkeys(name for name in names if name))
    report = read_usage(*groups, since=None if since is None else unix_time(since), state_dir=state_dir)
    if as_json:
        _write(groups, since, report)
    else:
        _show(groups, report)


def unix_time(day: datetime) -> float:
    """The Unix time of a day or moment that was given without a zone: it is one of UTC."""
    return day.replace(tzinfo=UTC).timestamp()


def ledger_facts(path: Path, store: "Store") -> dict[str, Any] | None:
    """What a state file has of the gateway, in figures; None where it has nothing."""
    from casecraft.cli.reporters import money  # noqa: PLC0415  # `--help` must not pay for it
    from casecraft.state import exchanges, usage_by  # noqa: PLC0415

    totals = usage_by(store)
    if not totals:
        return None
    (newest,) = exchanges(store, limit=1)
    tokens = totals[0].spending.usage
    return {
        "file": str(path),
        "exchanges": totals[0].exchanges,
        "failures": totals[0].failures,
        "newest": datetime.fromtimestamp(newest.started, UTC).isoformat(timespec="seconds"),
        "providers": {row.groups[0] or "nobody": row.exchanges for row in usage_by(store, "provider")},
        "tokens": {"input": tokens.input, "output": tokens.output},
        "cost": money(totals[0].spending),
    }


def _show(groups: Sequence[str], report: "UsageReport") -> None:
    from casecraft.cli.tables import show_table  # noqa: PLC0415  # `--help` must not pay for it

    rows = [[source, *_cells(row)] for source, found in report.rows.items() for row in found]
    if rows:
        total = ["total", *[""] * len(groups), *_cells(report.total)]
        show_table(["from", *groups, *_FIGURES], [*rows, total] if len(rows) > 1 else rows)
    else:
        typer.echo("nothing was used")
    _say_unread(report)


def _cells(row: "UsageRow") -> list[str]:
    from casecraft.cli.exits import one_line  # noqa: PLC0415  # `--help` must not pay for it
    from casecraft.cli.reporters import money  # noqa: PLC0415

    tokens = row.spending.usage
    numbers = (row.exchanges, row.failures, tokens.input, tokens.cached_input, tokens.output)
    return [*map(one_line, row.groups), *(f"{number:,}" for number in numbers), money(row.spending)]


def _say_unread(report: "UsageReport") -> None:
    from casecraft.cli.exits import one_line  # noqa: PLC0415  # `--help` must not pay for it

    for problem in report.unread.values():
        typer.echo(f"warning: not counted: {one_line(problem)}", err=True)


def _write(groups: Sequence[str], since: datetime | None, report: "UsageReport") -> None:
    from casecraft.cli.machine import write_json  # noqa: PLC0415  # `--help` must not pay for it

    write_json(
        {
            "by": list(groups),
            "since": None if since is None else since.replace(tzinfo=UTC).isoformat(),
            "rows": [
                {"from": source, **dict(zip(groups, row.groups, strict=True)), **_figures(row)}
                for source, found in report.rows.items()
                for row in found
            ],
            "totals": {source: _figures(row) for source, row in report.totals.items()},
            "unread": {str(path): problem for path, problem in report.unread.items()},
        }
    )


def _figures(row: "UsageRow") -> Mapping[str, Any]:
    """Money is decimal text by currency; `unpriced` counts the answers of unknown price."""
    spending = row.spending
    return {
        "requests": row.exchanges,
        "failed": row.failures,
        "answers": spending.answers,
        "tokens": asdict(spending.usage),
        "cost": {currency: f"{amount:f}" for currency, amount in sorted(spending.amounts.items())},
        "unpriced": spending.unpriced,
    }
