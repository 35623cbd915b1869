"""What one source says, with where it says it; and how that becomes a checked value."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from casecraft.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Found:
    """A value, which may be a key, and where it was found, in words."""

    value: object = field(repr=False)
    where: str


Layer: TypeAlias = dict[str, Found]
Model = TypeVar("Model", bound=BaseModel)


def unknown(key: str, allowed: Iterable[str], message: str) -> ConfigurationError:
    """The error for a key that is no setting, with the nearest that is one."""
    nearest = difflib.get_close_matches(key, list(allowed), n=1, cutoff=0.5)
    hint = f"Did you mean {nearest[0]!r}?" if nearest else f"Keys: {', '.join(sorted(allowed))}."
    return ConfigurationError(f"{message}, which is no setting", hint=hint)


def validate(model: type[Model], layer: Layer, subject: str) -> Model:
    """The checked value. Raises `ConfigurationError` that says where the wrong setting was found."""
    strange = [name for name in layer if name not in model.model_fields]
    if strange:
        raise unknown(strange[0], model.model_fields, f"{layer[strange[0]].where} hold {strange[0]!r}")
    try:
        return model(**{name: found.value for name, found in layer.items()})
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
        key = ".".join(str(part) for part in problem["loc"])
        found = layer.get(str(problem["loc"][0])) if problem["loc"] else None
        where = found.where if found else subject
    # Not chained: pydantic's error shows the value, which may be a key.
    raise ConfigurationError(
        f"{where} is wrong: {key}: {problem['msg']}", hint="Correct it, or leave it out for the default."
    )
