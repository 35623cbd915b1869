"""How large, how deep and how aliased a document may be."""

from dataclasses import dataclass

from casecraft.errors import DocumentLimitError

MEGABYTE = 1_000_000
GREATEST_DEPTH = 240
"""What the JSON writer can still write out."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may cost.

    `max_bytes` counts the document and every file that it refers to together. The largest published document that is
    not a dereferenced copy has 14 MB. `max_depth` is the nesting of mappings and lists. `max_alias_bytes` is how much
    the aliases of a YAML document may add when each is written out in full.
    """

    max_bytes: int = 64 * MEGABYTE
    max_depth: int = 200
    max_alias_bytes: int = 16 * MEGABYTE

    def __post_init__(self) -> None:
        if not 0 < self.max_depth <= GREATEST_DEPTH:
            raise ValueError(f"max_depth is {self.max_depth}; it may be 1 to {GREATEST_DEPTH}")


def refuse_size(source: str, limit: int) -> DocumentLimitError:
    """The error for a document of more than `limit` bytes."""
    return DocumentLimitError(
        f"the document {source!r} has more than {limit / MEGABYTE:g} MB",
        hint="give the document without its examples, or as several",
    )


def refuse_depth(source: str, limit: int) -> DocumentLimitError:
    """The error for a document that is nested deeper than `limit`."""
    return DocumentLimitError(
        f"the document {source!r} is nested deeper than {limit} levels",
        hint="move inner schemas to components, and refer to them with `$ref`",
    )


def refuse_aliases(source: str, limit: int) -> DocumentLimitError:
    """The error for a YAML document whose aliases add more than `limit` bytes."""
    return DocumentLimitError(
        f"the YAML aliases of {source!r} add more than {limit / MEGABYTE:g} MB when written out",
        hint="use `$ref` to components in place of aliases",
    )
