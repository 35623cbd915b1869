"""What a model is asked beside the cases of an endpoint."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """Who gives the values of `fields` (named as targets begin), and, with `scenarios`, which sequences business needs.

    `endpoints` are those that an answer may name, as JSON values.
    """

    fields: tuple[str, ...]
    scenarios: bool
    endpoints: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """What a prompt shows."""
        shown = {"fields": list(self.fields)} if self.fields else {}
        return {**shown, "endpoints": list(self.endpoints)}
