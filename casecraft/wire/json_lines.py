"""Newline-delimited JSON, read incrementally.

Source: https://github.com/ndjson/ndjson-spec. Empty lines are passed over; a carriage return before the line feed is
white space that JSON allows.
"""


class LineReader:
    """Turns chunks of bytes, cut anywhere, into the lines that they complete."""

    __slots__ = ("_parts",)

    is_cut = False
    """A line that is cut comes out as it is, and is no JSON."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """Every line that ends in this chunk."""
        if b"\n" not in chunk:
            self._parts.append(chunk)
            return []
        if self._parts:
            chunk = b"".join([*self._parts, chunk])
        lines = chunk.split(b"\n")
        self._parts = [lines.pop()]
        return [line for line in lines if line and not line.isspace()]

    def finish(self) -> list[bytes]:
        """The last line, where it has no line feed."""
        line = b"".join(self._parts)
        self._parts = []
        return [] if not line or line.isspace() else [line]
