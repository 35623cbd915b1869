"""The same environment as lines for a shell."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from casecraft.gateway.launch.client import Preparation


class Shell(NamedTuple):
    """How a shell sets a variable, takes one away, and gives a command arguments that always go with it."""

    set: Callable[[str, str], str]
    unset: Callable[[str], str]
    wrap: Callable[[str, Sequence[str]], str]


def lines(preparation: Preparation, command: str, shell: str, environ: Mapping[str, str]) -> Iterator[str]:
    """What a user's shell evaluates to have `command` started as `launch` would; the token is in it."""
    said = SHELLS[shell]
    for name in preparation.hidden:
        if name in environ:
            yield said.unset(name)
    for name, value in preparation.variables.items():
        yield said.set(name, value)
    if preparation.arguments:
        yield said.wrap(command, preparation.arguments)


def _posix_wrap(command: str, arguments: Sequence[str]) -> str:
    return f"alias {command}={shlex.quote(shlex.join([command, *arguments]))}"


def _fish(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _fish_wrap(command: str, arguments: Sequence[str]) -> str:
    return f"function {command}; command {command} {' '.join(map(_fish, arguments))} $argv; end"


def _power(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _power_wrap(command: str, arguments: Sequence[str]) -> str:
    program = f"(Get-Command {command} -CommandType Application)[0]"
    return f"function {command} {{ & {program} {' '.join(map(_power, arguments))} @args }}"


SHELLS = {
    "posix": Shell(
        lambda name, value: f"export {name}={shlex.quote(value)}", lambda name: f"unset {name}", _posix_wrap
    ),
    "fish": Shell(lambda name, value: f"set -gx {name} {_fish(value)}", lambda name: f"set -e {name}", _fish_wrap),
    "powershell": Shell(
        lambda name, value: f"$env:{name} = {_power(value)}",
        lambda name: f"Remove-Item Env:{name} -ErrorAction SilentlyContinue",
        _power_wrap,
    ),
}
