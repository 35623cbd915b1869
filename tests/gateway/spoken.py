"""What clients ask and models say in the proof of the gateway, in no vendor's format and in none of our own."""

import base64
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A red pixel."""

PICTURE = base64.b64encode(PNG).decode()
SIGNATURE = base64.b64encode(b"signed by the vendor").decode()

STATUSES = {
    "authentication": 401,
    "rate_limit": 429,
    "invalid": 400,
    "no_model": 404,
    "overloaded": 503,
    "too_long": 400,
}
"""How most vendors say each kind of error; the others have a table of their own."""

Part: TypeAlias = tuple[Any, ...]
"""`("text", text)`, `("image", bytes)`, `("call", id, name, arguments)`, `("result", id, text)` or
`("thought", text, signature)`; vendors without ids have None there. `("native", turn)` alone is one as an SDK gave it.
"""

Turn: TypeAlias = tuple[str, tuple[Part, ...]]
"""Who speaks, `user` or `assistant`, and what."""


@dataclass(frozen=True)
class Call:
    """A tool that the model asks for."""

    name: str
    arguments: dict[str, Any]
    id: str = ""


@dataclass(frozen=True)
class Tokens:
    """What was used: `cached` is part of `input`."""

    input: int = 100
    output: int = 20
    cached: int = 40


@dataclass(frozen=True)
class Said:
    """A model's answer. `stop` is `stop`, `length`, `stop_sequence`, `filter` or `tools`."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    thought: str = ""
    signature: str = ""
    stop: str = "stop"
    tokens: Tokens = Tokens()

    @property
    def pieces(self) -> list[str]:
        """The text as streams bring it."""
        return pieces_of(self.text)


def pieces_of(text: str) -> list[str]:
    """A text in at most three pieces."""
    size = len(text) // 3 + 1
    return [text[at : at + size] for at in range(0, len(text), size)]


@dataclass(frozen=True)
class Ask:
    """A request. `tools` are names of `TOOLS`; `choice` is empty, `required` or the name of one."""

    turns: tuple[Turn, ...] = (("user", (("text", "What is the weather?"),)),)
    system: str = "Be brief."
    tools: tuple[str, ...] = ()
    choice: str = ""
    schema: dict[str, Any] | None = None
    thinks: bool = False
    limit: int = 4096
    stop: tuple[str, ...] = ()
    stream: bool = False

    def streamed(self) -> "Ask":
        return replace(self, stream=True)


@dataclass(frozen=True)
class Heard:
    """A request as a vendor reads it."""

    model: str
    system: str
    turns: tuple[Turn, ...]
    tools: dict[str, dict[str, Any]] = field(default_factory=dict)
    choice: str = ""
    schema: dict[str, Any] | None = None
    thinks: bool = False
    limit: int | None = None
    stop: tuple[str, ...] = ()

    @property
    def parts(self) -> list[Part]:
        return [part for _, parts in self.turns for part in parts]


@dataclass(frozen=True)
class Got:
    """An answer as an SDK gives it to its caller. `pieces` and `argument_pieces` count what a stream brought; `native`
    is the turn as a caller of that SDK puts it into the next request.
    """

    text: str
    calls: tuple[Call, ...]
    thought: str
    signature: str
    stop: str
    tokens: Tokens | None
    pieces: int = 0
    argument_pieces: int = 0
    native: Any = None


@dataclass(frozen=True)
class Refusal:
    """An error as an SDK raises it: its HTTP status, the word that tells its kind, and what it says."""

    status: int
    kind: str
    message: str
    retry_after: str


WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Where"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
CLOCK = {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}
TOOLS: dict[str, tuple[str, dict[str, Any]]] = {
    "get_weather": ("Tells the weather.", WEATHER),
    "get_time": ("Tells the time.", CLOCK),
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "warm": {"type": "boolean"}},
    "required": ["city", "warm"],
    "additionalProperties": False,
}


def merged(turns: list[Turn]) -> tuple[Turn, ...]:
    """Turns in which nobody speaks twice in a row."""
    told: list[Turn] = []
    for role, parts in turns:
        if told and told[-1][0] == role:
            told[-1] = (role, (*told[-1][1], *parts))
        else:
            told.append((role, tuple(parts)))
    return tuple(told)
