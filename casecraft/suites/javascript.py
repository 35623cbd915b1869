"""What formats in JavaScript have in common: the checks of an answer, and what each request is expected to get."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from casecraft.suites.outgoing import Slot
from casecraft.suites.plan import Sending
from casecraft.suites.templating import read_template

_EXPORTS = b"\nmodule.exports = { checksOf, documentedFor, isObject, isSuccess, matchesAny, parsed, valueAt };\n"
_SIGNS = re.compile(r"%(?=})|\{(?=\{)")


def read_checks(*, as_module: bool = True) -> bytes:
    """The source of the checks; as a module of Node.js it exports them."""
    return read_template("javascript/checks.js") + (_EXPORTS if as_module else b"")


def write_module(value: Mapping[str, Any]) -> bytes:
    """The source of a module of Node.js that exports a value."""
    return f"// Made by casecraft.\n\nmodule.exports = {json.dumps(value, indent=1)};\n".encode()


def expected_of(sending: Sending) -> dict[str, Any]:
    """What the answer to a request must be, as the checks read it: what is as usual is left out.

    A value of `query` that is known later is `{"from": VARIABLE}`. `keeps` are the variables that take a value from the
    answer, each with its source.
    """
    attacks = [target for target in sending.targets if target.startswith("security:")]
    facts = {
        "values": dict(sending.values),
        "targets": attacks,
        "read_only": dict(sending.read_only),
        "query": {name: _later(value) for name, value in sending.query.items()},
        "keeps": dict(sending.keeps),
    }
    return {
        "endpoint": sending.endpoint.id,
        "status": list(sending.expect.status),
        **({} if sending.valid else {"valid": False}),
        **({} if sending.expect.check_schema else {"check_schema": False}),
        **{name: value for name, value in facts.items() if value},
    }


def as_literal(value: Mapping[str, Any]) -> list[str]:
    """An object as JavaScript has it, in lines that nothing can take for the end of a script or for a variable."""
    return ["{", *(f"  {line}" for line in _members(value)), "}"]


def _members(value: Mapping[str, Any]) -> Iterator[str]:
    for name, member in value.items():
        text = _SIGNS.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(member))
        yield f"{name}: {text},"


def _later(value: Any) -> Any:
    return {"from": value.name} if isinstance(value, Slot) else value
