"""Compiled schemas, made once for each distinct one, and what they find wrong with a value."""

import copy
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import orjson

from casecraft.cases.patterns import is_readable, translated
from casecraft.cases.schema_costs import EXPLAINED_PATHS, MOST_DEPTH, MOST_PATHS, SchemaCosts, sampled
from casecraft.cases.schema_paths import Path, applied_keyword
from casecraft.cases.spreading import BRANCH_SAMPLE, spread
from casecraft.core.schema import Definitions, Schema, direct_references, referenced_name

KEPT = 512
"""Compiled schemas kept for a document."""

REMOVALS = 50
"""Keywords taken out of a schema that does not compile, at most."""

BRANCHES_READ = 64
"""Branches of one union that are looked at to say which one a value means; those with the fewest errors come first."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One keyword that the value at `path` breaks. `name` is the property that is missing or too many."""

    path: Path
    keyword: str
    message: str
    name: str | None = None


class Validator:
    """One schema, compiled. `notes` say which of its keywords could not be used, `proves` whether a value was held
    against all that is asked of it.

    `wide` says that it has so many branches that what is wrong with a value is said with respect to some of them.
    """

    __slots__ = ("_compiled", "_explaining", "_schema", "_strict", "notes")

    def __init__(self, schema: Schema, *, wide: bool = False) -> None:
        self._compiled, self.notes, strict = _compile(schema)
        self._strict = _compile(strict)[0] if self.notes else None
        self._schema = schema if wide else True
        self._explaining = None if wide else self._compiled

    def accepts(self, value: Any) -> bool:
        """Whether the value conforms. What is no JSON (a lone surrogate) conforms to nothing."""
        try:
            return self._compiled.is_valid(value)
        except ValueError:
            return False

    def proves(self, value: Any) -> bool:
        """Whether no keyword that was passed over speaks of the value: else it may be wrong where nothing is found."""
        return self._strict is None or self._strict.is_valid(value) == self.accepts(value)

    def violations(self, value: Any) -> tuple[Violation, ...]:
        """What is wrong with the value; for a union, with respect to the branch that it comes nearest to."""
        if self.accepts(value):
            return ()
        try:
            found = tuple(_flatten(self._explained.iter_errors(value)))
        except ValueError as error:
            return (Violation((), "json", str(error)),)
        return found or (Violation((), "oneOf", "the value is valid under more than one of many branches"),)

    @property
    def _explained(self) -> jsonschema_rs.Validator:
        if self._explaining is None:
            self._explaining = _compile(sampled(self._schema, _explained_branches))[0]
        return self._explaining


class _Unchecked(Validator):
    """Stands for a schema that no value is held against."""

    __slots__ = ()

    def __init__(self, reason: str) -> None:
        super().__init__(True)
        self._strict = jsonschema_rs.Draft202012Validator(False)
        self.notes = (f"nothing is checked against this schema: {reason}",)


class ValidatorCache:
    """The validators of one document. A named definition compiles once, whoever refers to it."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._costs = SchemaCosts(self._definition)
        self._kept: OrderedDict[str | bytes, Validator] = OrderedDict()

    def validator(self, schema: Schema) -> Validator:
        """The validator of a schema, with all that the schema refers to."""
        key = _key(schema)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = self._made(schema)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return kept

    def _made(self, schema: Schema) -> Validator:
        reached = self._reached(schema)
        cost = self._costs.worst(schema, reached)
        if cost.paths > MOST_PATHS:
            return _Unchecked(f"it has {cost.paths} ways through its unions")
        if cost.depth > MOST_DEPTH:
            return _Unchecked(f"schemas lie {cost.depth} deep one in another")
        if isinstance(schema, Mapping) and reached:
            schema = {**schema, "$defs": dict(sorted(reached.items()))}
        return Validator(schema, wide=cost.paths > EXPLAINED_PATHS)

    def _reached(self, schema: Schema) -> dict[str, Schema]:
        """Like `Definitions.closure`, and dangling references allow everything."""
        reached: dict[str, Schema] = {}
        waiting = set(direct_references(schema))
        while waiting:
            name = waiting.pop()
            reached[name] = found = self._definition(name)
            waiting.update(each for each in direct_references(found) if each not in reached)
        return reached

    def _definition(self, name: str) -> Schema:
        try:
            return self._definitions[name]
        except KeyError:
            return True


def _explained_branches(count: int) -> list[int]:
    return spread(count, BRANCH_SAMPLE)


def _key(schema: Schema) -> str | bytes:
    if isinstance(schema, Mapping) and len(schema) == 1 and (name := referenced_name(schema)) is not None:
        return name
    try:
        return orjson.dumps(schema, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return repr(schema)


def _compile(schema: Schema) -> tuple[jsonschema_rs.Validator, tuple[str, ...], Schema]:
    """Compile a schema without the keywords that cannot be used, such as a pattern in another regex dialect. The last
    is the schema that no text conforms to where such a pattern was.
    """
    notes: list[str] = []
    current: Any = schema
    strict: Any = schema
    for attempt in range(REMOVALS + 1):
        try:
            return jsonschema_rs.Draft202012Validator(current, validate_formats=True), tuple(notes), strict
        except jsonschema_rs.ValidationError as error:
            if attempt == 0:
                current, strict = copy.deepcopy(schema), copy.deepcopy(schema)
            path = error.instance_path
            if not path:
                break
            if _translate(current, path):
                _translate(strict, path)
                continue
            _change(current, path, None)
            _change(strict, path, NEVER if path[-1] == "pattern" else None)
            notes.append(f"passed over at /{'/'.join(map(str, path))}: {_first_line(error)}; {_MAY_BE_REFUSED}")
        except (jsonschema_rs.ReferencingError, ValueError) as error:
            notes.append(f"the schema cannot be compiled: {_first_line(error)}")
            break
    return jsonschema_rs.Draft202012Validator(True), (*notes, "nothing is checked against this schema"), False


NEVER = "$^a"
"""A pattern that matches nothing."""

_MAY_BE_REFUSED = "no case says that a value there must be accepted"


def _translate(schema: Any, path: list[str | int]) -> bool:
    """Write the pattern at a path so that it can be read, where that is all that it needs."""
    pattern = _holder(schema, path).get(path[-1]) if path[-1] == "pattern" else None
    if not isinstance(pattern, str) or translated(pattern) == pattern or not is_readable(pattern):
        return False
    _change(schema, path, translated(pattern))
    return True


def _change(schema: Any, path: list[str | int], value: Any) -> None:
    if value is None:
        _holder(schema, path).pop(path[-1])
    else:
        _holder(schema, path)[path[-1]] = value


def _holder(schema: Any, path: list[str | int]) -> Any:
    for step in path[:-1]:
        schema = schema[step]
    return schema


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200]


def _flatten(errors: Iterator[jsonschema_rs.ValidationError]) -> Iterator[Violation]:
    for error in errors:
        kind = error.kind
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.AnyOf | jsonschema_rs.ValidationErrorKind.OneOfNotValid):
            yield from _nearest_branch(error, kind.context)
        else:
            yield from _violations_of(error)


def _nearest_branch(
    error: jsonschema_rs.ValidationError, context: list[list[jsonschema_rs.ValidationError]]
) -> list[Violation]:
    """The violations of the branch that the value seems to mean: right type, right constants, fewest violations."""
    here = tuple(error.instance_path)
    if len(context) > BRANCHES_READ:
        context = sorted(context, key=len)[:BRANCHES_READ]
    branches = [list(_flatten(iter(errors))) for errors in context]
    fitting = [branch for branch in branches if not any(_of_type(each, here) for each in branch)]
    if not fitting:
        return [Violation(here, _shared_keyword(branches, here), error.message)]
    return min(fitting, key=lambda branch: (sum(_distance(each, here) for each in branch), len(branch)))


def _distance(violation: Violation, here: Path) -> int:
    """How much a violation speaks against a branch: another constant in a field of the value itself, as discriminators
    are, more than all else.
    """
    if violation.keyword == "const" and len(violation.path) == len(here) + 1:
        return 100
    return {"enum": 2, "const": 2, "required": 1}.get(violation.keyword, 0)


def _of_type(violation: Violation, path: Path) -> bool:
    return violation.path == path and violation.keyword == "type"


def _shared_keyword(branches: list[list[Violation]], path: Path) -> str:
    return "type" if branches and all(any(_of_type(each, path) for each in branch) for branch in branches) else "anyOf"


_TOO_MANY = (
    jsonschema_rs.ValidationErrorKind.AdditionalProperties,
    jsonschema_rs.ValidationErrorKind.UnevaluatedProperties,
)


def _violations_of(error: jsonschema_rs.ValidationError) -> Iterator[Violation]:
    path, kind, message = tuple(error.instance_path), error.kind, error.message
    applied = applied_keyword(error.schema_path, path)
    if applied is not None:
        yield Violation(applied.path, applied.keyword, message, applied.name or getattr(kind, "property", None))
    elif isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
        yield Violation((*path, kind.property), "required", message, kind.property)
    elif isinstance(kind, _TOO_MANY):
        for name in kind.unexpected:
            yield Violation(path, kind.name, message, name)
    else:
        yield Violation(path, _keyword(kind), message)


def _keyword(kind: jsonschema_rs.ValidationErrorKind) -> str:
    """The keyword that is broken; a list of one value is a constant."""
    alone = isinstance(kind, jsonschema_rs.ValidationErrorKind.Enum) and len(kind.options) == 1
    return "const" if alone else str(kind.name)
