"""How estimates are shown."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from casecraft.cli.machine import write_json
from casecraft.cli.tables import output_console
from casecraft.core.usage import Cost

if TYPE_CHECKING:
    from casecraft.engine.estimate import Estimate


def show_estimates(estimates: Sequence["Estimate"]) -> None:
    """A row for each provider, and the sums."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("provider", "model", "endpoints", "input tokens", "output tokens", "cost"):
        table.add_column(name, justify="left" if name in {"provider", "model"} else "right")
    for it in estimates:
        cost = f"{it.cost.amount:.4f} {it.cost.currency}" if it.cost is not None else "unknown"
        numbers = (it.endpoints, it.usage.input, it.usage.output)
        name = it.provider if it.purpose == "cases" else f"{it.provider} ({it.purpose})"
        table.add_row(name, it.model or "-", *(f"{number:,}" for number in numbers), cost)
    console = output_console()
    console.print(table)
    for it in estimates:
        if it.cost is not None and it.cost.amount:
            console.print(f"{it.provider}: prices as of {it.cost.as_of}", markup=False, highlight=False)


def write_estimates(estimates: Sequence["Estimate"]) -> None:
    """The same as one JSON object."""
    rows = [
        {
            "provider": it.provider,
            "purpose": it.purpose,
            "model": it.model or None,
            "endpoints": it.endpoints,
            "input_tokens": it.usage.input,
            "output_tokens": it.usage.output,
            "cost": _cost(it.cost),
        }
        for it in estimates
    ]
    write_json({"estimates": rows})


def _cost(cost: Cost | None) -> dict[str, str] | None:
    if cost is None:
        return None
    return {"amount": f"{cost.amount:f}", "currency": cost.currency, "as_of": cost.as_of}
