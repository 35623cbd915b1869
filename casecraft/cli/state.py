"""`casecraft state`."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casecraft.cli import options
from casecraft.cli.machine import write_json
from casecraft.cli.usage import DAY_FORMATS, ledger_facts, unix_time

if TYPE_CHECKING:
    from casecraft.state import ImportReport, RunRecord, Store

_KEPT = 10
app = typer.Typer(name="state", help="Look into state files, and move what is in them.", no_args_is_help=True)

File = Annotated[
    Path | None,
    typer.Option("--file", metavar="STATE", help="The state file. Default: the only one in the state folder."),
]


@app.command("list")
def list_runs(state_dir: options.StateDir = None, as_json: options.Json = False) -> None:
    """List the runs of every state file in the state folder, and what passed through the gateway."""
    from casecraft.state import open_store  # noqa: PLC0415  # `--help` must not pay for it

    rows, ledgers = [], []
    for path in _files(state_dir):
        with open_store(path, read_only=True) as store:
            rows += [_row(path, run) for run in store.runs()]
            ledgers += [facts for facts in [ledger_facts(path, store)] if facts is not None]
    if as_json:
        write_json({"runs": rows, "ledgers": ledgers})
        return
    for row in rows:
        typer.echo(
            f"{row['id']}  {row['status']:<11}  {row['endpoints']:>5} endpoints  {row['document']}  ({row['file']})"
        )
    if not rows:
        typer.echo("no runs")
    for it in ledgers:
        typer.echo(f"gateway: {it['exchanges']} exchanges, the newest {it['newest']}, {it['cost']}  ({it['file']})")


@app.command("show")
def show(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="Default: the newest run.")] = None,
    file: File = None,
    state_dir: options.StateDir = None,
    as_json: options.Json = False,
) -> None:
    """Show one run in figures: jobs, attempts, cases, tokens and cost; of a gateway's ledger, exchanges."""
    from casecraft.state import open_store  # noqa: PLC0415  # `--help` must not pay for it

    path, run_id = (_file(file, state_dir, run), run) if file or run else _newest(state_dir)
    with open_store(path, read_only=True) as store:
        ledger = None if run_id or store.runs() else ledger_facts(path, store)
        figures = ledger or _run_facts(path, store, run_id)
    if as_json:
        write_json(figures)
        return
    for name, value in figures.items():
        typer.echo(f"{name:<9} {_words(value)}")


def _run_facts(path: Path, store: "Store", run_id: str | None) -> dict[str, Any]:
    from casecraft.cli.reporters import money  # noqa: PLC0415  # `--help` must not pay for it

    summary = store.summary(run_id or _newest_of(store).id)
    return {
        **_row(path, summary.run),
        "jobs": dict(summary.jobs),
        "attempts": dict(summary.attempts),
        "cases": summary.cases,
        "tokens": {"input": summary.spending.usage.input, "output": summary.spending.usage.output},
        "cost": money(summary.spending),
        "settings": dict(summary.run.settings),
    }


@app.command("export")
def export_state(
    file: File = None,
    state_dir: options.StateDir = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: standard output.")] = None,
) -> None:
    """Write a state file as JSON; state/v4/export.schema.json describes it."""
    from casecraft.errors import StateError  # noqa: PLC0415  # `--help` must not pay for it
    from casecraft.state import encode, export, open_store  # noqa: PLC0415

    with open_store(_file(file, state_dir), read_only=True) as store:
        data = encode(export(store))
    if output is None:
        sys.stdout.buffer.write(data)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise StateError(f"cannot write {str(output)!r}: {error.strerror}") from error


@app.command("import")
def import_state(
    source: Annotated[Path, typer.Argument(help="An export, or the earlier tool's .casecraft_state.json.")],
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="STATE", help="The state file to put it in. Default: one named for SOURCE."),
    ] = None,
    state_dir: options.StateDir = None,
) -> None:
    """Bring in runs from an export, or the history of the earlier tool."""
    from casecraft.errors import StateError  # noqa: PLC0415
    from casecraft.state import import_file, open_store  # noqa: PLC0415  # `--help` must not pay for it

    if not source.is_file():
        raise StateError(
            f"there is no file {str(source)!r} to import", hint="Name an export or a state of the earlier tool."
        )
    target = file or _folder(state_dir) / f"{source.stem.strip('.') or 'imported'}.sqlite"
    with open_store(target) as store:
        report = import_file(store, source)
    _say_import(report, target)


@app.command("prune")
def prune_state(
    keep: Annotated[
        int | None, typer.Option("--keep", min=0, help="How many of the newest runs to keep. Default: 10.")
    ] = None,
    before: Annotated[
        datetime | None,
        typer.Option(
            "--before",
            metavar="2026-11-01",
            formats=DAY_FORMATS,
            help="Drop what passed through the gateway before this day (UTC), out of all of its ledgers, and no runs.",
        ),
    ] = None,
    file: File = None,
    state_dir: options.StateDir = None,
) -> None:
    """Drop old runs. What later runs would reuse stays, and so does what passed through the gateway."""
    from casecraft.state import open_store, prune  # noqa: PLC0415  # `--help` must not pay for it

    if before is not None:
        _drop_exchanges(unix_time(before), [file] if file is not None else _ledgers(state_dir))
    if keep is not None or before is None:
        path = _file(file, state_dir)
        with open_store(path) as store:
            dropped = prune(store, keep=_KEPT if keep is None else keep)
        typer.echo(f"dropped {len(dropped)} runs from {path}")


def _drop_exchanges(before: float, files: Sequence[Path]) -> None:
    from casecraft.state import drop_exchanges, open_store  # noqa: PLC0415  # `--help` must not pay for it

    for path in files:
        with open_store(path) as store:
            dropped = drop_exchanges(store, before=before)
        typer.echo(f"dropped {dropped} exchanges from {path}")


def _folder(state_dir: Path | None) -> Path:
    from casecraft.api import settings_for  # noqa: PLC0415

    return state_dir or settings_for().state_dir


def _files(state_dir: Path | None) -> list[Path]:
    return sorted(_folder(state_dir).glob("*.sqlite"))


def _ledgers(state_dir: Path | None) -> list[Path]:
    from casecraft.state import ledgers  # noqa: PLC0415  # `--help` must not pay for it

    return ledgers(_folder(state_dir))


def _file(file: Path | None, state_dir: Path | None, run: str | None = None) -> Path:
    """The file that is meant: the one named, the one with the run, or the only one that there is.

    A gateway's ledger is only meant where there is nothing else.
    """
    from casecraft.errors import StateError  # noqa: PLC0415
    from casecraft.state import open_store  # noqa: PLC0415

    if file is not None:
        return file
    found = _files(state_dir)
    if run is not None:
        for path in found:
            with open_store(path, read_only=True) as store:
                if any(record.id.startswith(run) for record in store.runs()):
                    return path
        raise StateError(f"no run {run!r} in {str(_folder(state_dir))!r}", hint="`casecraft state list` shows all.")
    ledgers = _ledgers(state_dir)
    found = [path for path in found if path not in ledgers] or found
    if len(found) == 1:
        return found[0]
    folder = str(_folder(state_dir))
    if not found:
        raise StateError(f"no state file in {folder!r}", hint="`casecraft generate` makes one; or name it with --file.")
    names = ", ".join(path.name for path in found)
    raise StateError(f"several state files in {folder!r}: {names}", hint="Say which with --file.")


def _newest(state_dir: Path | None) -> tuple[Path, str]:
    """The newest run of all state files in the folder, and the file that it is in."""
    from casecraft.errors import StateError  # noqa: PLC0415
    from casecraft.state import open_store  # noqa: PLC0415

    newest: list[tuple[str, Path]] = []
    for path in _files(state_dir) or [_file(None, state_dir)]:
        with open_store(path, read_only=True) as store:
            newest += [(record.id, path) for record in store.runs()[-1:]]
    if not newest:
        raise StateError(
            f"no runs in {str(_folder(state_dir))!r}",
            hint="`casecraft generate` makes one; `casecraft usage` shows what passed through the gateway.",
        )
    run_id, path = max(newest)
    return path, run_id


def _newest_of(store: "Store") -> "RunRecord":
    from casecraft.errors import StateError  # noqa: PLC0415

    runs = store.runs()
    if not runs:
        raise StateError(f"no runs in {str(store.path)!r}", hint="`casecraft generate` makes one.")
    return runs[-1]


def _row(path: Path, run: "RunRecord") -> dict[str, Any]:
    return {
        "id": run.id,
        "status": run.status,
        "started": datetime.fromtimestamp(run.started, UTC).isoformat(timespec="seconds"),
        "endpoints": len(run.endpoints),
        "document": run.document_source,
        "file": str(path),
    }


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(part)}" for key, part in value.items()) or "-"
    return str(value)


def _say_import(report: "ImportReport", target: Path) -> None:
    typer.echo(f"{len(report.runs)} runs, {report.jobs} jobs and {report.attempts} attempts are now in {target}")
    if report.exchanges:
        typer.echo(f"and {report.exchanges} exchanges of the gateway")
    for lost in report.lost:
        typer.echo(f"not carried over: {lost}")
