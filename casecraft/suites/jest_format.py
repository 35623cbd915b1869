"""The `jest` format: tests for Jest that read their cases from the JSON files of the suite."""

from collections.abc import Iterator

from casecraft.suites.credential_variables import own_variables, scope_variables
from casecraft.suites.javascript import read_checks
from casecraft.suites.suite import Entry, Suite
from casecraft.suites.templating import as_markdown, group_by_tag, read_template, render_template

_FOLDER = "jest"
_RUNTIME = (
    "answer.js",
    "cases.js",
    "casecraft.js",
    "credentials.js",
    "numbers.js",
    "package.json",
    "request.js",
    "resources.js",
    "scenarios.js",
    "set-up.js",
    "tear-down.js",
    "values.js",
)


def write_jest(suite: Suite, entries: tuple[Entry, ...]) -> Iterator[tuple[str, bytes]]:
    """Tests for Jest (JavaScript), which need Node.js from 18.14 on.

    They are one `<tag>.test.js` for each first tag, beside the files that send and check.
    """
    groups = group_by_tag(entries)
    yield f"{_FOLDER}/checks.js", read_checks()
    for name in _RUNTIME:
        yield f"{_FOLDER}/{name}", read_template(f"jest/{name}")
    for name, group in groups.items():
        slugs = [entry.slug for entry in group]
        yield f"{_FOLDER}/{name}.test.js", render_template("jest/test.js.j2", slugs=slugs)
    if suite.scenarios:
        yield f"{_FOLDER}/scenarios--life-cycles.test.js", read_template("jest/scenarios.test.js")
    yield f"{_FOLDER}/README.md", _readme(suite, entries, list(groups))


def _readme(suite: Suite, entries: tuple[Entry, ...], modules: list[str]) -> bytes:
    return render_template(
        "jest/README.md.j2",
        title=as_markdown(suite.document.title),
        variables=own_variables(entries),
        scopes=scope_variables(entries),
        modules=modules,
        has_scenarios=bool(suite.scenarios),
    )
