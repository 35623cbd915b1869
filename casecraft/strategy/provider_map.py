"""Maps from patterns to providers, as text on the command line or as a YAML file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from casecraft.core.endpoint import Endpoint
from casecraft.errors import StrategyError

EXAMPLE = '"/users/*:qwen,POST /orders:kimi,*:glm"'
_FILE_ENDINGS = (".yaml", ".yml", ".json")
_METHOD_AND_PATH = re.compile(r"([A-Za-z]+|\*)\s+(\S.*)")


@dataclass(frozen=True, slots=True)
class Rule:
    """A glob over the path, or over method and path, and the provider of the endpoints that it matches.

    `*` stands for any characters, slashes too; `?` for one; a pattern that equals the path matches it whatever it
    contains.
    """

    pattern: str
    provider: str

    def matches(self, endpoint: Endpoint) -> bool:
        """Does the endpoint fall under this rule?"""
        parts = _METHOD_AND_PATH.fullmatch(self.pattern)
        if parts is None:
            return _fits(endpoint.path, self.pattern)
        method, path = parts.groups()
        return fnmatchcase(endpoint.method, method.upper()) and _fits(endpoint.path, path)


def read_rules(source: str) -> tuple[Rule, ...]:
    """The rules of `pattern:provider,pattern:provider`, or of the YAML or JSON file that `source` names.

    Raises StrategyError where a part is malformed, or the file cannot be read.
    """
    if source.strip().lower().endswith(_FILE_ENDINGS):
        return _from_file(Path(source.strip()))
    rules = tuple(_rule(part.strip()) for part in source.split(",") if part.strip())
    if not rules:
        raise StrategyError("the provider map is empty", hint=f"write it like {EXAMPLE}")
    return rules


def _fits(path: str, pattern: str) -> bool:
    return path == pattern or fnmatchcase(path, pattern)


def _rule(part: str) -> Rule:
    # The last colon: paths may contain some (`/v1/things:batch`), names of providers may not.
    pattern, colon, provider = part.rpartition(":")
    if not (colon and pattern.strip() and provider.strip()) or "/" in provider:
        raise StrategyError(
            f"{part!r} in the provider map is no PATTERN:PROVIDER",
            hint=f"write it like {EXAMPLE}; where a path contains a comma, write the map as a YAML file",
        )
    return Rule(pattern.strip(), provider.strip())


def _from_file(path: Path) -> tuple[Rule, ...]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StrategyError(
            f"the provider map {str(path)!r} cannot be read: {error.strerror or error}", hint="check the path"
        ) from error
    rules: dict[str, Rule] = {}
    for line, pattern, provider in _lines(path, content):
        if not (pattern and provider):
            raise _malformed(path, f"line {line} has no PATTERN: PROVIDER")
        if pattern in rules:
            raise _malformed(path, f"line {line} says {pattern!r} a second time")
        rules[pattern] = Rule(pattern, provider)
    if not rules:
        raise _malformed(path, "it is empty")
    return tuple(rules.values())


def _lines(path: Path, content: bytes) -> Iterator[tuple[int, str, str]]:
    """Line number, key and value of a flat mapping, as they are written: a provider `no` is no boolean."""
    import yaml  # noqa: PLC0415  # only those who have a file pay for it

    try:
        root = yaml.compose(content, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, UnicodeError) as error:
        raise _malformed(path, " ".join(str(error).split())) from error
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        raise _malformed(path, "it is no mapping")
    for key, value in root.value:
        both = isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode)
        yield key.start_mark.line + 1, *((key.value, value.value) if both else ("", ""))


def _malformed(path: Path, what: str) -> StrategyError:
    return StrategyError(
        f"the provider map {str(path)!r} is malformed: {what}",
        hint='write one `"PATTERN": PROVIDER` a line, such as `"/users/*": qwen`; the first that matches counts',
    )
