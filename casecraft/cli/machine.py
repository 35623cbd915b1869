"""Output for machines."""

import sys


def write_json(value: object) -> None:
    """One JSON value on standard output, and a line's end."""
    import orjson  # noqa: PLC0415  # `--help` must not pay for it

    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
