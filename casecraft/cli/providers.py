"""`casecraft providers`."""

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casecraft.cli import options
from casecraft.cli.exits import SOME_FAILED, one_line, say_error
from casecraft.cli.machine import write_json
from casecraft.cli.tables import lines_of, show_table

if TYPE_CHECKING:
    from casecraft.config import Settings
    from casecraft.providers import Detected

app = typer.Typer(name="providers", help="Show and check providers.", no_args_is_help=True)


Name = Annotated[str, typer.Argument(metavar="NAME", help="A provider's name or alias.")]


@app.command("list")
def list_providers(
    capability: Annotated[
        list[str] | None,
        typer.Option("--capability", metavar="WHAT", help="Only with it: tools, images, json_schema, …; repeatable."),
    ] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="REGION", help="Only with a site there.")] = None,
    max_price: Annotated[
        str | None,
        typer.Option("--max-price", metavar="'2 USD'", help="Only where a million output tokens cost at most this."),
    ] = None,
    ready: Annotated[bool, typer.Option("--ready", help="Only those that could be used now.")] = False,
    as_json: options.Json = False,
) -> None:
    """List the providers that casecraft knows, and which of them could be used now."""
    from casecraft.cli.provider_facts import Wanted, broken_plugins, provider_rows  # noqa: PLC0415  # `--help` must not pay for it

    rows = provider_rows(Wanted(tuple(capability or ()), region, max_price, ready))
    for error in broken_plugins():
        say_error(error)
    if as_json:
        write_json({"providers": rows})
        return
    show_table(
        ("provider", "ready", "model", "workers", "capabilities", "regions", "aliases", "base URL"),
        (
            (
                _marked(row), row["ready"], row["model"], row["workers"], row["capabilities"], row["regions"],
                row["aliases"], row["base_url"],
            )
            for row in rows
        ),
    )  # fmt: skip


def _marked(row: dict[str, Any]) -> str:
    return f"{row['name']} (retired on {row['retired']})" if row["retired"] else str(row["name"])


@app.command("show")
def show(name: Name, as_json: options.Json = False) -> None:
    """Show all that the catalog says of a provider, with the sources of its facts."""
    from casecraft.cli.provider_facts import provider_facts  # noqa: PLC0415

    facts = provider_facts(name)
    if as_json:
        write_json(facts)
        return
    for line in lines_of(facts):
        typer.echo(line)


@app.command("models")
def models(name: Name, as_json: options.Json = False) -> None:
    """Ask a provider which models it has."""
    from casecraft.cli.provider_facts import list_models  # noqa: PLC0415

    found = asyncio.run(list_models(name))
    if as_json:
        write_json({"provider": name, "models": list(found)})
        return
    for model in found:
        typer.echo(model)


@app.command("price")
def price(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", help="Default: all that have prices.")] = None,
    update: Annotated[bool, typer.Option("--update", help="Fetch the newest prices first; they are kept.")] = False,
    as_json: options.Json = False,
) -> None:
    """Show prices per million tokens, with currency and date. Offline unless `--update` is given."""
    from casecraft.cli.provider_facts import price_rows  # noqa: PLC0415

    if update:
        from casecraft.providers.priced_models import update_prices  # noqa: PLC0415

        typer.echo(update_prices(), err=True)
    rows = price_rows(names or ())
    if as_json:
        write_json({"prices": rows})
        return
    columns = (
        "provider", "model", "region", "above", "input", "output", "cached_input", "cache_write", "thinking_output",
        "batch_factor", "currency", "as_of",
    )  # fmt: skip
    show_table(columns, ([row[column] for column in columns] for row in rows))


@app.command("check")
def check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]…", help="Default: all that are detected.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Ask providers whether they answer and take the key. Exit code 1 where one does not.

    Each is sent a tiny request. A server that has not answered within 30 seconds counts as not ready.
    """
    from casecraft.api import environment, settings_for  # noqa: PLC0415  # `--help` must not pay for it
    from casecraft.providers import detect, no_provider_named  # noqa: PLC0415

    settings = settings_for({"providers": names} if names else {})
    if not settings.providers:
        settings = settings_for({"providers": ["auto"]})
    found = detect(environment(), settings.provider_settings)
    resolved = tuple(dict.fromkeys(it for name in settings.providers for it in _meant_by(name, settings, found)))
    if not resolved:
        raise no_provider_named(found)
    results = asyncio.run(_check_all(resolved, settings))
    if as_json:
        write_json({"providers": results})
    else:
        for result in results:
            typer.echo(_line_of(result))
    if not all(result["healthy"] for result in results):
        raise typer.Exit(SOME_FAILED)


def _meant_by(name: str, settings: "Settings", found: "list[Detected]") -> tuple[str, ...]:
    """The canonical names that a name stands for. One that is wrong stays as it is: its check says so."""
    from casecraft.errors import ProviderError  # noqa: PLC0415
    from casecraft.providers import canonical_name  # noqa: PLC0415
    from casecraft.providers.selection import AUTO  # noqa: PLC0415

    if name.strip().lower() == AUTO:
        return tuple(it.name for it in found)
    try:
        return (canonical_name(name, settings.provider_settings),)
    except ProviderError:
        return (name,)


async def _check_all(names: tuple[str, ...], settings: "Settings") -> list[dict[str, Any]]:
    return list(await asyncio.gather(*(_check(name, settings) for name in names)))


async def _check(name: str, settings: "Settings") -> dict[str, Any]:
    from casecraft.errors import ProviderError  # noqa: PLC0415
    from casecraft.providers import create, settings_of  # noqa: PLC0415
    from casecraft.wire.embeddings import EMBEDDING_DIALECTS  # noqa: PLC0415

    if name == "rules":
        return {"provider": name, "healthy": True, "model": None, "latency": 0.0, "error": None, "hint": None}
    model, began = None, time.perf_counter()
    try:
        async with aclosing(create(name, settings_of(name, settings.provider_settings))) as provider:
            model = provider.profile.model
            if provider.profile.dialect not in EMBEDDING_DIALECTS:
                provider.validate()
            health = await provider.health()
    except ProviderError as error:
        latency = time.perf_counter() - began
        said = {"error": str(error), "hint": error.hint}
        return {"provider": name, "healthy": False, "model": model, "latency": latency, **said}
    warning = f"its list of models lacks {health.model!r}" if health.lists_model is False else None
    said = {"error": None, "hint": warning}
    return {"provider": name, "healthy": True, "model": health.model, "latency": health.latency, **said}


def _line_of(result: dict[str, Any]) -> str:
    if result["healthy"]:
        note = f" ({one_line(result['hint'])})" if result["hint"] else ""
        return f"{result['provider']}: ok, {result['model'] or 'no model'}, {result['latency'] * 1000:.0f} ms{note}"
    hint = f" {one_line(result['hint'])}" if result["hint"] else ""
    return f"{result['provider']}: {one_line(result['error'])}.{hint}"
