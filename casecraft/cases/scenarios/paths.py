"""Paths by their shape: `/pets/{petId}` and `/pets/{id}/notes` speak of the same pets, whatever they call the id."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_PARAMETER = re.compile(r"\{([^{}]+)\}")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")
PARAMETER = "{}"


@dataclass(frozen=True, slots=True)
class Place:
    """A path parameter that fills a whole segment, and the shape of the path up to it: `/pets/{}`."""

    name: str
    shape: str


@lru_cache(maxsize=8192)
def shape_of(path: str) -> str:
    """The path without its parameters' names, query, fragment and last slash."""
    return "/" + "/".join(PARAMETER if _PARAMETER.fullmatch(each) else each for each in _segments(path))


@lru_cache(maxsize=8192)
def places_of(path: str) -> tuple[Place, ...]:
    """The parameters of a path, from left to right."""
    return tuple(_find_places(path))


def _find_places(path: str) -> Iterator[Place]:
    shape = ""
    for segment in _segments(path):
        parameter = _PARAMETER.fullmatch(segment)
        shape += f"/{PARAMETER if parameter else segment}"
        if parameter:
            yield Place(parameter[1], shape)


def _segments(path: str) -> list[str]:
    return [each for each in re.split(r"[?#]", path, maxsplit=1)[0].split("/") if each]


def is_item(shape: str) -> bool:
    """Whether the path ends in a parameter, as that of one object does."""
    return shape.endswith(f"/{PARAMETER}")


def collection_of(shape: str) -> str:
    """The path of the list in which an item is."""
    return shape.rpartition("/")[0] or "/"


def is_below(shape: str, ancestor: str) -> bool:
    """Whether a path is that of an ancestor or leads further."""
    return shape == ancestor or shape.startswith(f"{ancestor}/")


def common_segments(one: str, other: str) -> int:
    """How many leading segments two paths share."""
    count = 0
    for mine, theirs in zip(one.split("/"), other.split("/"), strict=False):
        if mine != theirs:
            break
        count += 1
    return count


@lru_cache(maxsize=8192)
def noun_of(shape: str) -> tuple[str, ...]:
    """What an item is, in the words of its collection's last segment, singular: `("pet",)`."""
    literals = [each for each in shape.split("/") if each and each != PARAMETER]
    found = words_of(literals[-1]) if literals else ()
    return (*found[:-1], singular(found[-1])) if found else ()


@lru_cache(maxsize=8192)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in any of the usual spellings, in lower case: `petId`, `pet_id`, `PetID`."""
    return tuple(word.lower() for word in _WORD.findall(name))


def singular(word: str) -> str:
    """The singular of an English noun, by its ending alone."""
    if word.endswith("ies") and len(word) > len("ties"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    return word if word.endswith(("ss", "us", "is")) or not word.endswith("s") else word[:-1]


def readable_name(shape: str) -> str:
    """`buckets.collections` for `/buckets/{}/collections/{}`."""
    literals = [each for each in shape.split("/") if each and each != PARAMETER]
    return ".".join(re.sub(r"[^A-Za-z0-9_-]+", "-", each).strip("-") or "x" for each in literals) or "root"
