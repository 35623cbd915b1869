"""Output for machines."""

import sys


def json_text(value: object) -> bytes:
    """One JSON value as a person can read it, and a line's end."""
    import orjson  # noqa: PLC0415  # `--help` must not pay for it

    return orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n"


def write_json(value: object) -> None:
    """One JSON value on standard output."""
    sys.stdout.buffer.write(json_text(value))
