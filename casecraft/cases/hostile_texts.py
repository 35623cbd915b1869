"""Texts that attack or strain what a value ends in, by sink, and how such a text is known.

Every sample is harmless: it may show a weakness, but makes no service delete, change or fetch anything of worth. A
quotation mark that is never closed ends an SQL statement in a syntax error and widens no condition.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from casecraft.cases.nodes import Carrier, Node
from casecraft.core.case import Technique

LONG_TEXT = 5000
"""Characters of a long text: more than the columns of most tables hold."""

_BODY: frozenset[Carrier] = frozenset({"json", "form", "xml"})
_BODY_AND_QUERY: frozenset[Carrier] = _BODY | {"query"}
_NOT_HEADERS: frozenset[Carrier] = _BODY_AND_QUERY | {"path"}


@dataclass(frozen=True, slots=True)
class HostileText:
    """One sort of hostile text. It goes to places that one of the `carriers` carries and whose name has one of the
    words of `sinks`, or else, where `anywhere`, to any place for free text. `is_one` knows it again.
    """

    target: str
    technique: Technique
    description: str
    sample: str
    sinks: re.Pattern[str]
    carriers: frozenset[Carrier]
    is_one: Callable[[str], bool]
    anywhere: bool = False
    formats: frozenset[str | None] = frozenset({None})

    def suits(self, node: Node) -> int:
        """How well a place suits the text, 2 at best; 0 where it must not go there."""
        shape = node.shape
        if node.carrier not in self.carriers or not shape.typed or "string" not in shape.types:
            return 0
        if shape.members is not None or shape.patterns or shape.format not in self.formats or shape.choices:
            return 0
        if shape.length.clamp(len(self.sample)) != len(self.sample):
            return 0
        if shape.format is not None or self.sinks.search(_words(node.name)):
            return 2
        return int(self.anywhere)


def _words(name: str) -> str:
    """A name in lower case with its words apart: `callback url` for `callbackUrl` and `callback_url`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", " ", name).lower()


def _sinks(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words.split())})\b")


def _matching(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda text: compiled.search(text) is not None


def is_inside_address(text: str) -> bool:
    """Whether a text is a URL of this machine, its network or its cloud's metadata: none that a client may ask for."""
    try:
        host = (urlsplit(text.strip()).hostname or "").lower()
    except ValueError:
        return False
    if host == "localhost" or host.endswith((".localhost", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def has_control_characters(text: str) -> bool:
    """Whether a text has characters that show nothing: controls but for line breaks and tabs, zero-width signs and
    marks that turn the direction of writing.
    """
    return not text.isprintable() and any(
        unicodedata.category(sign) in ("Cc", "Cf") and sign not in "\t\n\r" for sign in text
    )


HOSTILE_TEXTS = (
    HostileText(
        "security:sql-injection",
        "security",
        "an open quotation mark, as for SQL",
        "casecraft'\"(",
        _sinks("search query q filter sort order where keyword name title id email user username login code key"),
        _NOT_HEADERS,
        _matching(r"""'"\(|'\s*(?:or|and)\b[^=]{0,20}=|'\s*;|'\s*--|\bunion\s+(?:all\s+)?select\b"""),
        anywhere=True,
    ),
    HostileText(
        "security:script-injection",
        "security",
        "a script, as for HTML",
        "<script>casecraft()</script>",
        _sinks("name title description comment text message body content note bio label summary subject html about"),
        _BODY_AND_QUERY,
        _matching(r"<\s*script\b|\bon(?:error|load)\s*=|\bjavascript:"),
    ),
    HostileText(
        "security:template-injection",
        "security",
        "an expression, as for a template",
        "{{1337*1337}}${1337*1337}",
        _sinks("template subject message greeting format body content text title"),
        _BODY,
        _matching(r"\{\{.+\}\}|\$\{.+\}|<%=.+%>"),
    ),
    HostileText(
        "security:path-traversal",
        "security",
        "a path that leads out of its folder",
        "../../../../../../etc/passwd",
        _sinks("file filename path dir directory folder document attachment image avatar template include module"),
        _BODY_AND_QUERY,
        _matching(r"(?:^|[\\/])\.\.[\\/]|%2e%2e"),
    ),
    HostileText(
        "security:header-injection",
        "security",
        "a line break, as for a header",
        "casecraft\r\nX-Casecraft-Injected: yes",
        _sinks("redirect return location next callback filename lang language locale host header cookie"),
        _BODY_AND_QUERY,
        _matching(r"\r\n[\w-]+:"),
    ),
    HostileText(
        "security:API7-server-side-request",
        "security",
        "the URL of an address inside (OWASP API7:2023)",
        "http://169.254.169.254/",
        _sinks("url uri webhook callback link href endpoint proxy feed"),
        _BODY_AND_QUERY,
        is_inside_address,
        formats=frozenset({None, "uri", "url", "iri", "uri-reference", "iri-reference"}),
    ),
    HostileText(
        "request:control-characters",
        "error_guessing",
        "text with NUL, a zero-width sign and a turn of direction",
        "casecraft\x00\u200b\u202e",
        _sinks("name title description comment text message"),
        _BODY,
        has_control_characters,
        anywhere=True,
    ),
    HostileText(
        "request:long-text",
        "error_guessing",
        f"a text of {LONG_TEXT} characters, which the document allows (OWASP API4:2023)",
        "casecraft " * (LONG_TEXT // 10),
        _sinks("name title description comment text message"),
        _BODY,
        lambda text: len(text) >= LONG_TEXT,
        anywhere=True,
    ),
)
