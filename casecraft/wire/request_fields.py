"""Fields of clients' requests, read with a word on what is wrong where they are not what they should be."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from casecraft.core.chat import Loss
from casecraft.errors import InvalidRequestError

Value = TypeVar("Value")


class RequestFields:
    """The fields of one request. Each is taken once; `rest` is what nobody took.

    Every `take_…` raises `InvalidRequestError` where the field is of another type. A null counts as not sent.
    """

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._left = dict(body)
        self.losses: list[Loss] = []

    @property
    def rest(self) -> dict[str, Any]:
        """The fields that nobody took."""
        return self._left

    def take(self, name: str) -> Any:
        """The field's value, None where there is none."""
        return self._left.pop(name, None)

    def take_of(self, name: str, kind: type[Value]) -> Value | None:
        """The field's value, of this type. Whole numbers do for `float`."""
        value: Any = self.take(name)
        if value is None:
            return None
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise wrong(name, f"must be {WORDS.get(kind, kind.__name__)}")
        return value

    def take_list(self, name: str) -> list[dict[str, Any]]:
        """A list of objects, empty where there is none."""
        return objects(self.take(name), name)

    def lose(self, *names: str, reason: str, harmless: bool = True) -> None:
        """Put away fields that the canonical values have no place for."""
        for name in names:
            if self.take(name) is not None:
                self.losses.append(Loss(name, reason, harmless=harmless))


WORDS: Mapping[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "an object",
    list: "a list",
}


def objects(value: object, where: str) -> list[dict[str, Any]]:
    """A list of objects, empty for None. Raises `InvalidRequestError` for anything else."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise wrong(where, "must be a list of objects")
    return value


def text_at(source: Mapping[str, Any], name: str, where: str) -> str:
    """A text that must be there. Raises `InvalidRequestError`."""
    value = source.get(name)
    if not isinstance(value, str):
        raise wrong(f"{where}.{name}", "must be text")
    return value


def wrong(where: str, says: str) -> InvalidRequestError:
    """The error for a client whose request is not what it should be."""
    return InvalidRequestError(f"{where!r} {says}", status=400)


def numbered(items: list[dict[str, Any]], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Objects of a list with where each stands: `messages[0]`."""
    return ((f"{name}[{number}]", item) for number, item in enumerate(items))
