"""A few of many, evenly spread: the same ones wherever a sample is taken."""

BRANCH_SAMPLE = 24
"""Branches of one union that are looked at."""


def spread(count: int, limit: int) -> list[int]:
    """At most `limit` indexes below `count`, evenly spread, the first and the last among them."""
    if count <= limit:
        return list(range(count))
    return sorted({round(index * (count - 1) / (limit - 1)) for index in range(limit)})
