"""The formats in which a suite can be written, by name."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NoReturn, TypeAlias

from casecraft.core.plugin import Plugin
from casecraft.errors import ConfigurationError
from casecraft.suites.arazzo import write_arazzo
from casecraft.suites.bruno_format import write_bruno
from casecraft.suites.cases import cases_file
from casecraft.suites.csv_format import write_csv
from casecraft.suites.curl_format import write_curl
from casecraft.suites.gherkin_format import write_gherkin
from casecraft.suites.http_format import write_http
from casecraft.suites.jest_format import write_jest
from casecraft.suites.json_text import to_json
from casecraft.suites.persons import GENERATED_FILE, STALE_FILE, case_digests, stale_file
from casecraft.suites.plugins import find_plugged, formats_of, plugged_names
from casecraft.suites.postman_format import write_postman
from casecraft.suites.pytest_format import write_pytest
from casecraft.suites.scenarios import (
    RESOURCES_FILE,
    SCENARIOS_FILE,
    endpoints_of_steps,
    files_by_endpoint,
    resources_file,
    scenarios_file,
)
from casecraft.suites.schemas import FILE as SCHEMAS_FILE
from casecraft.suites.schemas import schemas_file
from casecraft.suites.suite import Entry, Suite, path_of_cases
from casecraft.suites.unittest_format import write_unittest
from casecraft.suites.v1_format import write_v1
from casecraft.suites.xlsx_format import write_xlsx

Files: TypeAlias = Iterable[tuple[str, bytes]]
"""What a format writes: paths relative to the suite's folder, with `/`, and their content."""

Format: TypeAlias = Callable[[Suite, tuple[Entry, ...]], Files]


def write_json(suite: Suite, entries: tuple[Entry, ...]) -> Iterator[tuple[str, bytes]]:
    """The cases, the schemas of their responses, what the cases need, the scenarios, and what people's changes are told
    by. An endpoint that steps need has its file even where it has no cases. The manifest is written apart, after all
    else.
    """
    files = files_by_endpoint(entries)
    tested = {entry.result.endpoint.id for entry in entries if entry.result.cases}
    removals = [it for it in suite.removals if it.endpoint_id in tested and it.step.endpoint_id in files]
    stepped = endpoints_of_steps(suite.resources, removals, suite.scenarios)
    written = [entry for entry in entries if entry.result.cases or entry.result.endpoint.id in stepped]
    yield SCHEMAS_FILE, to_json(schemas_file(entry.result.endpoint for entry in written))
    digests = {}
    for entry in written:
        content = cases_file(entry)
        digests[entry.slug] = case_digests(content["cases"])
        yield path_of_cases(entry), to_json(content)
    yield GENERATED_FILE, to_json({"generator": "casecraft", "cases": digests})
    if suite.stale:
        yield STALE_FILE, to_json(stale_file(suite.stale))
    if suite.resources or removals:
        yield RESOURCES_FILE, to_json(resources_file(suite.resources, removals, files))
    if suite.scenarios:
        yield SCENARIOS_FILE, to_json(scenarios_file(suite.scenarios, files))


FORMATS: dict[str, Format] = {
    "json": write_json,
    "pytest": write_pytest,
    "unittest": write_unittest,
    "gherkin": write_gherkin,
    "csv": write_csv,
    "xlsx": write_xlsx,
    "casecraft-v1": write_v1,
    "jest": write_jest,
    "postman": write_postman,
    "bruno": write_bruno,
    "http": write_http,
    "curl": write_curl,
    "arazzo": write_arazzo,
}


def choose_formats(names: Sequence[str]) -> dict[str, Format]:
    """The formats of these names, casecraft's own or of a plugin; `json`, which the others read, is always the first.

    Raises ConfigurationError for a name that no format has, and for a plugin that cannot be used.
    """
    return {name: FORMATS.get(name) or find_plugged(name, FORMATS) or _refuse(name) for name in ("json", *names)}


def format_names() -> list[str]:
    """The names of all formats, casecraft's own first."""
    return [*FORMATS, *plugged_names(FORMATS)]


def registered_by(plugin: Plugin) -> tuple[list[str], list[ConfigurationError]]:
    """The names of the formats that a plugin adds, and what is wrong with those that cannot be used."""
    return formats_of(plugin, FORMATS)


def _refuse(name: str) -> NoReturn:
    names = format_names()
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    guess = f"Did you mean {near[0]!r}? " if near else ""
    raise ConfigurationError(
        f"no suite format is called {name!r}", hint=f"{guess}The formats are {', '.join(sorted(names))}."
    )
