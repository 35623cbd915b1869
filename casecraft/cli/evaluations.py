"""How evaluations are shown."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from casecraft.cli.machine import write_json
from casecraft.cli.tables import show_table

if TYPE_CHECKING:
    from casecraft.engine.evaluation import Evaluation

COLUMNS = (
    "provider", "model", "endpoints", "answers", "parsed", "cases", "verified", "repaired", "relabelled", "dropped",
    "kept", "new targets per 1,000 tokens", "cost per kept case",
)  # fmt: skip


def show_evaluations(evaluations: Sequence["Evaluation"]) -> None:
    """A row for each provider."""
    show_table(COLUMNS, map(_row, evaluations))


def _row(it: "Evaluation") -> Sequence[object]:
    rating = it.rating
    shares = (it.verified, it.repaired, it.relabelled, it.dropped)
    answers = f"{rating.answers} ({it.failed} failed)" if it.failed else str(rating.answers)
    new = "-" if it.new_targets is None else f"{it.new_targets:.2f}"
    counts = (str(it.asked), answers, _percent(it.parsed), str(rating.proposed))
    return (it.provider, it.model, *counts, *map(_percent, shares), str(rating.kept), new, _cost(it))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _cost(it: "Evaluation") -> str:
    if it.cost_per_case is None:
        return "unknown" if it.spending.unpriced else "-"
    return ", ".join(f"{amount:.5f} {currency}" for currency, amount in it.cost_per_case.items()) or "0"


def write_evaluations(evaluations: Sequence["Evaluation"]) -> None:
    """The same as one JSON object, with the counts behind the shares."""
    write_json({"evaluations": [_facts(it) for it in evaluations]})


def _facts(it: "Evaluation") -> dict[str, Any]:
    cost = it.cost_per_case
    return {
        "provider": it.provider,
        "model": it.model or None,
        "endpoints": it.asked,
        "failed_requests": it.failed,
        **asdict(it.rating),
        "proposed": it.rating.proposed,
        "shares": {
            "parsed": it.parsed,
            "verified": it.verified,
            "repaired": it.repaired,
            "relabelled": it.relabelled,
            "dropped": it.dropped,
        },
        "usage": asdict(it.spending.usage),
        "new_targets_per_1000_tokens": it.new_targets,
        "cost_per_kept_case": None if cost is None else {name: f"{amount:f}" for name, amount in cost.items()},
    }
