"""`casecraft providers`."""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casecraft.cli import options
from casecraft.cli.exits import SOME_FAILED, one_line
from casecraft.cli.machine import write_json

if TYPE_CHECKING:
    from casecraft.config import Settings

app = typer.Typer(name="providers", help="Show and check providers.", no_args_is_help=True)


@app.command("list")
def list_providers(as_json: options.Json = False) -> None:
    """List the providers that casecraft knows, and which of them could be used now."""
    rows = _rows()
    if as_json:
        write_json({"providers": rows})
        return
    from rich.table import Table  # noqa: PLC0415  # `--help` must not pay for it

    from casecraft.cli.tables import output_console  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("provider", "ready", "model", "workers", "aliases", "base URL"):
        table.add_column(name)
    for row in rows:
        table.add_row(
            row["name"], row["ready"] or "-", row["model"] or "-", str(row["workers"]), ", ".join(row["aliases"]),
            row["base_url"] or "-",
        )  # fmt: skip
    output_console().print(table)


@app.command("check")
def check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]…", help="Default: all that are detected.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Ask providers whether they answer and take the key. Exit code 1 where one does not."""
    from casecraft.api import environment, settings_for  # noqa: PLC0415  # `--help` must not pay for it
    from casecraft.providers import detect, resolve_names  # noqa: PLC0415

    settings = settings_for()
    wanted = names or list(settings.providers) or ["auto"]
    resolved = resolve_names(wanted, settings, detect(environment()))
    results = asyncio.run(_check_all(resolved, settings))
    if as_json:
        write_json({"providers": results})
    else:
        for result in results:
            typer.echo(_line_of(result))
    if not all(result["healthy"] for result in results):
        raise typer.Exit(SOME_FAILED)


async def _check_all(names: tuple[str, ...], settings: "Settings") -> list[dict[str, Any]]:
    return list(await asyncio.gather(*(_check(name, settings) for name in names)))


async def _check(name: str, settings: "Settings") -> dict[str, Any]:
    from casecraft.errors import ProviderError  # noqa: PLC0415
    from casecraft.providers import create, settings_of  # noqa: PLC0415

    if name == "rules":
        return {"provider": name, "healthy": True, "model": None, "latency": 0.0, "error": None, "hint": None}
    provider = create(name, settings_of(name, settings.provider_settings))
    began = time.perf_counter()
    try:
        provider.validate()
        health = await provider.health()
    except ProviderError as error:
        latency = time.perf_counter() - began
        said = {"error": str(error), "hint": error.hint}
        return {"provider": name, "healthy": False, "model": provider.profile.model, "latency": latency, **said}
    finally:
        await provider.aclose()
    warning = f"its list of models lacks {health.model!r}" if health.lists_model is False else None
    said = {"error": None, "hint": warning}
    return {"provider": name, "healthy": True, "model": health.model, "latency": health.latency, **said}


def _line_of(result: dict[str, Any]) -> str:
    if result["healthy"]:
        note = f" ({one_line(result['hint'])})" if result["hint"] else ""
        return f"{result['provider']}: ok, {result['model'] or 'no model'}, {result['latency'] * 1000:.0f} ms{note}"
    hint = f" {one_line(result['hint'])}" if result["hint"] else ""
    return f"{result['provider']}: {one_line(result['error'])}.{hint}"


def _rows() -> list[dict[str, Any]]:
    from casecraft.api import environment, settings_for  # noqa: PLC0415
    from casecraft.providers import detect, load_catalog, profile_of, settings_of  # noqa: PLC0415

    settings = settings_for()
    catalog = load_catalog()
    found = {it.name: it.how for it in detect(environment())}
    own = [name for name in settings.provider_settings if name not in catalog]
    rows = []
    for name in (*catalog.names, *own):
        profile = profile_of(name, settings_of(name, settings.provider_settings))
        configured = settings.provider_settings.get(name)
        ready = "built in" if name == "rules" else found.get(name)
        if ready is None and configured is not None and (configured.api_key or configured.base_url):
            ready = "configured"
        rows.append(
            {
                "name": name,
                "ready": ready,
                "model": profile.model,
                "workers": profile.max_workers,
                "aliases": list(catalog.get(name).aliases) if name in catalog else [],
                "base_url": profile.base_url,
                "dialect": profile.dialect,
            }
        )
    return rows
