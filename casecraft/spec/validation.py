"""What is wrong with a document, by openapi-spec-validator's rules.

The Rust port gives the same verdicts 50 times faster, but stops at the first thing that it cannot judge (a dangling
`$ref`, a list where a mapping belongs); the original yields what it finds until then, so it is asked there, unless
the document is so large that it would take seconds.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import openapi_spec_validator_rs as fast_validator

from casecraft.core.document import Problem
from casecraft.spec import pointers
from casecraft.spec.version import version_of

MAX_PROBLEMS = 200
"""No document is described by more problems than this."""

_EXPLAINED_BYTES = 1_000_000
_MESSAGE_LENGTH = 240
_OPERATION = re.compile(r"for '([^']+)' operation in '(.*)' was not resolved|for '([^']+)' in '(.*)' is not unique")


def find_problems(root: Mapping[str, Any], size: int, *, dangling: bool) -> list[Problem]:
    """The problems of a document of `size` bytes; `dangling` says that it has references that lead nowhere."""
    version = version_of(root)
    judged = _as_judged(root, version)
    problems = [] if judged is root else [_version_problem(root, version)]
    try:
        errors = _complain(fast_validator, judged)
    except (fast_validator.OpenAPISpecValidatorError, TypeError, ValueError, RecursionError) as fault:
        errors, reason = _explain(judged, size), _one_line(str(fault))
        if not errors and not dangling:
            problems.append(Problem("", f"validation stopped: {reason or type(fault).__name__}"))
    places = (place for error in errors for place in _locate(root, error))
    return _limit(problems + list(places))


def _as_judged(root: Mapping[str, Any], version: str) -> Mapping[str, Any]:
    """The document as its validator takes it: with a version that the validator knows."""
    key = "swagger" if "swagger" in root else "openapi"
    own = root[key]
    pattern = r"2\.0" if key == "swagger" else r"3\.[0-2]\.\d+(-.+)?"
    if isinstance(own, str) and re.fullmatch(pattern, own):
        return root
    return {**root, key: version if key == "swagger" else f"{version}.0"}


def _version_problem(root: Mapping[str, Any], version: str) -> Problem:
    key = "swagger" if "swagger" in root else "openapi"
    return Problem(f"/{key}", f"{root[key]!r} is no version of OpenAPI as a string; read as {version}")


def _complain(validator: Any, root: Mapping[str, Any]) -> list[Any]:
    return list(validator.get_validator_cls(root)(root).iter_errors())


def _explain(root: Mapping[str, Any], size: int) -> list[Any]:
    """What openapi-spec-validator finds before it stops."""
    if size > _EXPLAINED_BYTES:
        return []
    from openapi_spec_validator.shortcuts import get_validator_cls  # noqa: PLC0415  (heavy, and rarely needed)

    errors: list[Any] = []
    try:
        for error in get_validator_cls(root)(root).iter_errors():
            errors.append(error)
            if len(errors) >= MAX_PROBLEMS:
                break
    except Exception:  # noqa: BLE001  (any kind of exception comes from documents that it cannot judge)
        return errors
    return errors


def _locate(root: Mapping[str, Any], error: Any) -> Iterator[Problem]:
    """The error with its place. Those about one schema come without: they are found by what they complain of."""
    _, error = _find_cause(error)
    path, message = list(error.absolute_path), _one_line(error.message)
    if match := _OPERATION.search(error.message):
        method, route = match[1] or match[3], match[2] or match[4]
        path = ["paths", route, method]
    elif not path and error.validator == "type":
        path = _path_of_default(root, error)
    elif path and pointers.look_up(root, pointers.join(path)) is pointers.MISSING:
        found = [place for place in pointers.find_all(root, str(path[-1]), error.instance) if _in_schema(root, place)]
        yield from (Problem(place, message) for place in found or [""])
        return
    yield Problem(pointers.join(path), message)


def _in_schema(root: Mapping[str, Any], place: str) -> bool:
    """Whether a keyword stands in a schema, and not in a parameter, which has some of the same."""
    return "in" not in pointers.look_up(root, place.rpartition("/")[0])


def _path_of_default(root: Mapping[str, Any], error: Any) -> list[str | int]:
    for key in ("default", "example"):
        for place in pointers.find_all(root, key, error.instance):
            schema = pointers.look_up(root, place.rpartition("/")[0])
            if schema.get("type") == error.validator_value:
                return [*pointers.split(place)]
    return []


def _find_cause(error: Any) -> tuple[int, Any]:
    """Of a union whose every branch failed, the fault in the branch with the fewest: that branch was meant.

    Returns how many faults that branch has, and the one that lies deepest in the document.
    """
    branches: dict[Any, list[tuple[int, Any]]] = {}
    for inner in error.context or ():
        branches.setdefault(next(iter(inner.schema_path), None), []).append(_find_cause(inner))
    if not branches:
        return 1, error
    faults = min(branches.values(), key=_count)
    return _count(faults), max(faults, key=lambda fault: len(fault[1].absolute_path))[1]


def _count(faults: list[tuple[int, Any]]) -> int:
    return sum(count for count, _ in faults)


def _limit(problems: list[Problem]) -> list[Problem]:
    unique = list(dict.fromkeys(problems))
    if len(unique) <= MAX_PROBLEMS:
        return unique
    rest = Problem("", f"and {len(unique) - MAX_PROBLEMS} more problems")
    return [*unique[:MAX_PROBLEMS], rest]


def _one_line(text: str) -> str:
    line = text.strip().split("\n\n", 1)[0]
    line = " ".join(line.split())
    return line if len(line) <= _MESSAGE_LENGTH else line[:110] + " … " + line[-110:]
