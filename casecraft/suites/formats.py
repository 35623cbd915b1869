"""The formats in which a suite can be written, by name."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from casecraft.errors import ConfigurationError
from casecraft.suites.arazzo import write_arazzo
from casecraft.suites.cases import cases_file
from casecraft.suites.json_text import to_json
from casecraft.suites.pytest_format import write_pytest
from casecraft.suites.scenarios import RESOURCES_FILE, SCENARIOS_FILE, files_by_endpoint, resources_file, scenarios_file
from casecraft.suites.schemas import FILE as SCHEMAS_FILE
from casecraft.suites.schemas import schemas_file
from casecraft.suites.suite import Entry, Suite

Files: TypeAlias = Iterable[tuple[str, bytes]]
"""What a format writes: paths relative to the suite's folder, with `/`, and their content."""

Format: TypeAlias = Callable[[Suite, tuple[Entry, ...]], Files]


def write_json(suite: Suite, entries: tuple[Entry, ...]) -> Iterator[tuple[str, bytes]]:
    """The cases, the schemas of their responses, what the cases need, and the scenarios. The manifest is written apart,
    after all else.
    """
    written = [(entry, entry.file) for entry in entries]
    yield SCHEMAS_FILE, to_json(schemas_file(entry.result.endpoint for entry, file in written if file))
    for entry, file in written:
        if file is not None:
            yield file, to_json(cases_file(entry))
    files = files_by_endpoint(entries)
    if suite.resources:
        yield RESOURCES_FILE, to_json(resources_file(suite.resources, files))
    if suite.scenarios:
        yield SCENARIOS_FILE, to_json(scenarios_file(suite.scenarios, files))


FORMATS: dict[str, Format] = {"json": write_json, "pytest": write_pytest, "arazzo": write_arazzo}


def choose_formats(names: Sequence[str]) -> list[Format]:
    """The formats of these names; `json`, which the others read, is always the first.

    Raises ConfigurationError for a name that no format has.
    """
    for name in names:
        if name not in FORMATS:
            raise _unknown(name)
    return [FORMATS[name] for name in dict.fromkeys(["json", *names])]


def _unknown(name: str) -> ConfigurationError:
    near = difflib.get_close_matches(name.lower(), FORMATS, n=1, cutoff=0.5)
    guess = f"Did you mean {near[0]!r}? " if near else ""
    return ConfigurationError(
        f"no suite format is called {name!r}", hint=f"{guess}The formats are {', '.join(sorted(FORMATS))}."
    )
