"""`casecraft endpoints`, which is also `casecraft generate --dry-run`."""

import sys
from typing import TYPE_CHECKING, Any

from casecraft.cli import options
from casecraft.cli.exits import one_line
from casecraft.cli.flags import flags_of
from casecraft.cli.machine import write_json

if TYPE_CHECKING:
    from casecraft.api import Plan


def endpoints(
    document: options.Document,
    providers: options.Providers = None,
    strategy: options.Strategy = None,
    provider_map: options.ProviderMap = None,
    seed: options.Seed = None,
    include_tag: options.IncludeTag = None,
    exclude_tag: options.ExcludeTag = None,
    include_path: options.IncludePath = None,
    exclude_path: options.ExcludePath = None,
    include_method: options.IncludeMethod = None,
    strict: options.Strict = None,
    allow_external_refs: options.ExternalRefs = None,
    as_json: options.Json = False,
) -> None:
    """Show what a document splits into: each endpoint's complexity, and where it would go.

    With no provider named, `rules` stands for all of them.
    """
    flags = flags_of(
        providers=providers,
        strategy=strategy,
        provider_map=provider_map,
        seed=seed,
        include_tags=include_tag,
        exclude_tags=exclude_tag,
        include_paths=include_path,
        exclude_paths=exclude_path,
        include_methods=include_method,
        strict=strict,
        allow_external_refs=allow_external_refs,
    )
    show_endpoints(document, flags, as_json=as_json)


def show_endpoints(document: str, flags: dict[str, Any], *, as_json: bool) -> None:
    """Split, assign, and show the outcome; nothing is asked and nothing written."""
    from casecraft.api import plan, settings_for  # noqa: PLC0415  # `--help` must not pay for it

    settings = settings_for(flags)
    if not settings.providers:
        settings = settings.model_copy(update={"providers": ("rules",)})
    made = plan(document, settings=settings)
    if as_json:
        _write_json(made)
    else:
        _show_table(made)


def _write_json(made: "Plan") -> None:
    rows = [
        {
            "id": endpoint.id,
            "method": endpoint.method,
            "path": endpoint.path,
            "complexity": endpoint.complexity.score,
            "tier": endpoint.complexity.tier,
            "provider": made.assignment[endpoint.id],
        }
        for endpoint in made.endpoints
    ]
    write_json({"endpoints": rows})


def _show_table(made: "Plan") -> None:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from casecraft.cli.reporters import warnings  # noqa: PLC0415
    from casecraft.cli.tables import output_console  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("endpoint", "complexity", "tier", "provider", "notes"):
        table.add_column(name, justify="right" if name == "complexity" else "left")
    for it in made.endpoints:
        provider, notes = Text(made.assignment[it.id]), Text(one_line("; ".join(it.notes)), style="dim")
        table.add_row(Text(one_line(it.id)), str(it.complexity.score), it.complexity.tier, provider, notes)
    console = output_console()
    console.print(table)
    console.print(f"\n{len(made.endpoints)} endpoints in {made.document.title!r}", markup=False, highlight=False)
    for line in warnings(made.warnings, verbose=True):
        sys.stderr.write(f"{line}\n")
