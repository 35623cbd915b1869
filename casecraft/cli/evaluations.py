"""How evaluations are shown."""

from collections.abc import Iterator, Sequence
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
PROPOSAL_COLUMNS = ("provider", "proposals", "kept", "refused", "why refused")


def show_evaluations(evaluations: Sequence["Evaluation"]) -> None:
    """A row for each provider, and below what each proposed beside its cases."""
    show_table(COLUMNS, map(_row, evaluations))
    proposals = [row for it in evaluations for row in _proposal_rows(it)]
    if proposals:
        show_table(PROPOSAL_COLUMNS, proposals)


def _proposal_rows(it: "Evaluation") -> Iterator[Sequence[object]]:
    kept, refused = it.proposals.kept, it.proposals.refused
    for kind in sorted({*(name for name, count in kept.items() if count), *refused}):
        reasons = sorted(refused.get(kind, {}).items(), key=lambda each: (-each[1], each[0]))
        why = "; ".join(f"{count} {reason}" for reason, count in reasons) or "-"
        yield it.provider, f"{kind}s", str(kept.get(kind, 0)), str(sum(count for _, count in reasons)), why


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
        "proposals": asdict(it.proposals),
        "usage": asdict(it.spending.usage),
        "new_targets_per_1000_tokens": it.new_targets,
        "cost_per_kept_case": None if cost is None else {name: f"{amount:f}" for name, amount in cost.items()},
    }
