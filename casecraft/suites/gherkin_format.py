"""The `gherkin` format: features that hold the cases themselves, and the steps to run them by pytest-bdd."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from casecraft.suites.cases import cases_file
from casecraft.suites.credential_variables import own_variables, scope_variables
from casecraft.suites.gherkin_text import in_step, name_of, scenario_lines, story_lines
from casecraft.suites.scenarios import files_by_endpoint, scenarios_file
from casecraft.suites.suite import Entry, Suite
from casecraft.suites.templating import (
    as_markdown,
    group_by_tag,
    render_template,
    scenario_module,
)

_MADE = "# Made by casecraft: writing the suite again replaces this file."


def write_gherkin(suite: Suite, entries: tuple[Entry, ...]) -> Iterator[tuple[str, bytes]]:
    """Features in Gherkin, to read, to edit and to run by pytest-bdd.

    There is one `<tag>.feature` for each first tag, with a rule for each endpoint and a scenario for each case, and one
    with the scenarios of several steps.
    """
    groups = group_by_tag(entries)
    stories = scenarios_file(suite.scenarios, files_by_endpoint(entries))["scenarios"]
    yield "gherkin/steps.py", render_template("gherkin/steps.py.j2")
    yield "gherkin/pytest.ini", render_template("gherkin/pytest.ini")
    for name, group in groups.items():
        text = "\n".join(_feature_lines(name, group)) + "\n"
        yield f"gherkin/features/{name}.feature", text.encode("utf-8", "backslashreplace")
    if stories:
        text = "\n".join(_story_lines(stories)) + "\n"
        yield f"gherkin/features/{scenario_module(groups)}.feature", text.encode("utf-8", "backslashreplace")
    yield (
        "gherkin/README.md",
        render_template(
            "gherkin/README.md.j2",
            title=as_markdown(suite.document.title),
            variables=own_variables(entries),
            scopes=scope_variables(entries),
            features=[*groups, *([scenario_module(groups)] if stories else [])],
            has_scenarios=bool(stories),
        ),
    )


def _feature_lines(slug: str, group: list[Entry]) -> Iterator[str]:
    tags = group[0].result.endpoint.tags
    contents = [cases_file(entry) for entry in group]
    names = _scenario_names(contents)
    yield _MADE
    yield f"Feature: {name_of(tags[0] if tags else '') or slug}"
    for content in contents:
        yield ""
        yield f"  Rule: {name_of(content['endpoint'])}"
        yield ""
        yield "    Background:"
        yield f"      Given the endpoint {in_step(content['endpoint'])}"
        for case in content["cases"]:
            yield ""
            yield from (f"    {line}" if line else "" for line in scenario_lines(case, names[case["id"]]))


def _story_lines(stories: list[dict[str, Any]]) -> Iterator[str]:
    titles = Counter(name_of(story["title"]) for story in stories)
    yield _MADE
    yield "Feature: Scenarios"
    for story in stories:
        title = name_of(story["title"])
        name = f"{title} ({name_of(story['id'])})" if titles[title] > 1 or not title else title
        yield ""
        yield from (f"  {line}" if line else "" for line in story_lines(story, name))


def _scenario_names(contents: list[dict[str, Any]]) -> dict[str, str]:
    """The name of each case's scenario, by its id: the title, with the endpoint or the id where others have it too.

    Programs that run features know a scenario by its name alone.
    """
    cases = [(content["endpoint"], case) for content in contents for case in content["cases"]]
    names = {case["id"]: name_of(case["title"]) or name_of(case["id"]) for _, case in cases}
    for more in ({case["id"]: endpoint for endpoint, case in cases}, {case["id"]: case["id"] for _, case in cases}):
        uses = Counter(names.values())
        names = {key: f"{name} ({name_of(more[key])})" if uses[name] > 1 else name for key, name in names.items()}
    return names
