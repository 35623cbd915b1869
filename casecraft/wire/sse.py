"""Server-sent events, read incrementally.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation. Only `data`
matters to most dialects; comments and the other fields are passed over.
"""

BOM = b"\xef\xbb\xbf"


class EventReader:
    """Turns chunks of bytes, cut anywhere, into the data of the events that they complete."""

    __slots__ = ("_data", "_held", "_last", "_parts", "_started", "is_cut")

    def __init__(self) -> None:
        self.is_cut = False
        """Whether the body ended within an event that has no data yet."""
        self._last = b""
        """The last whole line."""
        self._parts: list[bytes] = []
        self._data: list[bytes] = []
        self._held = b""
        self._started = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of every event that ends in this chunk."""
        if not chunk:
            return []
        chunk = self._held + chunk
        self._held = b""
        if b"\r" in chunk:
            chunk = self._with_plain_line_ends(chunk)
        if b"\n" not in chunk:
            self._parts.append(chunk)
            return []
        self._parts.append(chunk)
        lines = b"".join(self._parts).split(b"\n")
        self._parts = [lines.pop()]
        self._last = lines[-1]
        return self._read(lines)

    def finish(self) -> list[bytes]:
        """The data of an event that the stream's end completes: many servers leave out the last empty line."""
        line = b"".join(self._parts)
        self._parts, self._held = [], b""
        events = self._read([line, b""])
        last = line.strip() or self._last
        self.is_cut = not events and bool(last) and not last.startswith(b":")
        return events

    def _with_plain_line_ends(self, chunk: bytes) -> bytes:
        if chunk.endswith(b"\r"):  # the line feed that belongs to it may be the next chunk's first byte
            chunk, self._held = chunk[:-1], b"\r"
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _read(self, lines: list[bytes]) -> list[bytes]:
        self._pass_mark(lines)
        events: list[bytes] = []
        data = self._data
        for line in lines:
            if line.startswith(b"data:"):
                data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif not line and data:
                events.append(data[0] if len(data) == 1 else b"\n".join(data))
                data.clear()
        return events

    def _pass_mark(self, lines: list[bytes]) -> None:
        if not self._started:
            self._started = True
            lines[0] = lines[0].removeprefix(BOM)


class NamedEventReader(EventReader):
    """Reads events whose names matter: each comes out as its name, a line feed, and its data."""

    __slots__ = ("_name",)

    def __init__(self) -> None:
        super().__init__()
        self._name = b""

    def _read(self, lines: list[bytes]) -> list[bytes]:
        self._pass_mark(lines)
        events: list[bytes] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif line.startswith(b"event:"):
                self._name = line[6:].removeprefix(b" ")
            elif not line:
                if self._data:
                    events.append(self._name + b"\n" + b"\n".join(self._data))
                    self._data.clear()
                self._name = b""
        return events


def write_event(data: bytes, name: str = "") -> bytes:
    """One event, for data on one line."""
    return (b"event: %s\n" % name.encode() if name else b"") + b"data: %s\n\n" % data
