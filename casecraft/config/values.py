"""The kinds of values that settings have."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints


def split_names(value: object) -> object:
    """`"glm, qwen"` and `"glm>qwen"` as a list; anything else unchanged."""
    if isinstance(value, str):
        return [name for part in re.split(r"[,>]", value) if (name := part.strip())]
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(split_names)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
IsoDate = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Money = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
