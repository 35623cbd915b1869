"""Strings of a format, of any length that the format has."""

from collections.abc import Callable, Iterator, Mapping

from casecraft.cases.shapes import Size

SAMPLES: Mapping[str, tuple[str, ...]] = {
    "date": ("2024-05-17",),
    "date-time": ("2024-05-17T09:30:00Z",),
    "time": ("09:30:00Z",),
    "duration": ("P1DT2H",),
    "email": ("ada@example.com",),
    "idn-email": ("ada@example.com",),
    "hostname": ("api.example.com",),
    "idn-hostname": ("api.example.com",),
    "ipv4": ("192.0.2.10", "1.1.1.1", "198.51.100.200"),
    "ipv6": ("2001:db8::10", "::1", "2001:0db8:0000:0000:0000:0000:0000:0010"),
    "uri": ("https://example.com/a",),
    "url": ("https://example.com/a",),
    "uri-reference": ("/a/b",),
    "iri": ("https://example.com/a",),
    "iri-reference": ("/a/b",),
    "uri-template": ("/a/{id}",),
    "uuid": ("3f2b8c1e-6a4d-4e0b-9f57-2c8d1a7b5e90",),
    "json-pointer": ("/a/0",),
    "relative-json-pointer": ("0/a",),
    "regex": ("^a+$",),
    "byte": ("Y2FzZWNyYWZ0",),
    "base64": ("Y2FzZWNyYWZ0",),
    "binary": ("casecraft",),
    "password": ("Sunny-Harbor-42",),
    "phone": ("+15555550123",),
    "decimal": ("12.50",),
    "int64": ("42",),
    "int32": ("42",),
}
"""Realistic strings, the likeliest first."""

_LONGEST_NAME = 253  # RFC 1035, as text
_LONGEST_LABEL = 63
_LONGEST_ADDRESS = 254  # RFC 5321
_LONGEST_LOCAL_PART = 64
_LONGEST = 64 * 1024


def format_texts(name: str | None, size: Size) -> Iterator[str]:
    """Strings of a format that have an allowed length, the most realistic first; none where it has no such length."""
    samples = SAMPLES.get(name or "", ())
    fitting = [text for text in samples if size.clamp(len(text)) == len(text)]
    yield from fitting
    make = _MAKERS.get(name or "")
    if make is not None and samples and not fitting:
        text = make(min(size.clamp(len(samples[0])), _LONGEST))
        if text:
            yield text


def _hostname(length: int) -> str:
    if length > _LONGEST_NAME:
        return ""
    host = "a" * length if length < len("a.example.com") else "example.com"
    while (room := length - len(host) - 1) > 0:
        label = min(room, _LONGEST_LABEL)
        label -= room - label == 1  # a point alone would be left for the next one
        host = f"{'a' * label}.{host}"
    return host


def _email(length: int) -> str:
    if length > _LONGEST_ADDRESS:
        return ""
    host = next((each for each in ("example.com", "a.co", "a.b") if len(each) + 2 <= length), None)
    if host is None:
        return ""
    local = min(length - len(host) - 1, _LONGEST_LOCAL_PART)
    if (length - local - 1) == len(host) + 1:  # too little for one label more
        local -= 1
    return f"{'a' * local}@{_hostname(length - local - 1) if length - local - 1 > len(host) else host}"


def _uri(length: int) -> str:
    for lead in ("https://example.com/", "https://", "a:"):
        if length > len(lead):
            return lead + "a" * (length - len(lead))
    return ""


def _padded(lead: str, tail: str = "", *, filler: str = "a") -> Callable[[int], str]:
    """Makes texts with as much between two parts as the length asks for; none where there is no room for anything."""

    def make(length: int) -> str:
        room = length - len(lead) - len(tail)
        return f"{lead}{filler * room}{tail}" if room > 0 else ""

    return make


_MAKERS: Mapping[str, Callable[[int], str]] = {
    "date-time": _padded("2024-05-17T09:30:00.", "Z", filler="0"),
    "time": _padded("09:30:00.", "Z", filler="0"),
    "duration": _padded("P", "D", filler="1"),
    "email": _email,
    "idn-email": _email,
    "hostname": _hostname,
    "idn-hostname": _hostname,
    "uri": _uri,
    "url": _uri,
    "iri": _uri,
    "uri-reference": _padded("/"),
    "iri-reference": _padded("/"),
    "uri-template": _padded("/"),
    "json-pointer": _padded("/"),
    "relative-json-pointer": _padded("0/"),
    "regex": _padded(""),
}
"""Formats of no fixed length: how a string of an exact one is made, an empty one where there is none."""
