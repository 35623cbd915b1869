"""The `unittest` format: modules of `TestCase`s that read their cases from the JSON files of the suite."""

from collections import Counter
from collections.abc import Iterable, Iterator

from casecraft.suites.credential_variables import own_variables, scope_variables
from casecraft.suites.slugs import function_names
from casecraft.suites.suite import Entry, Suite
from casecraft.suites.templating import (
    as_markdown,
    group_by_tag,
    render_template,
    scenario_module,
)


def write_unittest(suite: Suite, entries: tuple[Entry, ...]) -> Iterator[tuple[str, bytes]]:
    """Tests for `python -m unittest`.

    They are one `tests_<tag>.py` for each first tag, with a class for each endpoint, and `api_case.py`, their base.
    """
    tags = group_by_tag(entries)
    groups = {f"tests_{name}": group for name, group in tags.items()}
    scenarios = f"tests_{scenario_module(tags)}" if suite.scenarios else ""
    yield "unittest/api_case.py", render_template("unittest/api_case.py.j2")
    for name, group in groups.items():
        classes = _class_names(entry.slug for entry in group)
        yield f"unittest/{name}.py", render_template("unittest/tests_module.py.j2", classes=classes)
    if scenarios:
        yield f"unittest/{scenarios}.py", render_template("unittest/tests_scenarios.py.j2")
    yield (
        "unittest/README.md",
        render_template(
            "unittest/README.md.j2",
            title=as_markdown(suite.document.title),
            variables=own_variables(entries),
            scopes=scope_variables(entries),
            modules=list(groups),
            example=next(iter(groups), "tests_of_a_tag"),
            scenarios=scenarios,
        ),
    )


def _class_names(slugs: Iterable[str]) -> dict[str, str]:
    """`TestGetPetsPetid` for the slug `get.pets._petid`; where two would be the same, both keep their underscores."""
    functions = function_names(slugs)
    names = {slug: "Test" + "".join(word.capitalize() for word in name.split("_")) for slug, name in functions.items()}
    uses = Counter(names.values())
    return {slug: name if uses[name] == 1 else f"Test_{functions[slug]}" for slug, name in names.items()}
