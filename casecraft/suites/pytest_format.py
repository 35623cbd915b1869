"""The `pytest` format: modules of tests that read their cases from the JSON files beside them."""

from collections.abc import Iterator

from casecraft.suites.slugs import function_names
from casecraft.suites.suite import Entry, Suite
from casecraft.suites.templating import group_by_tag, render_template, scenario_module


def write_pytest(suite: Suite, entries: tuple[Entry, ...]) -> Iterator[tuple[str, bytes]]:
    """Tests for pytest, at the top of the suite's folder.

    They are `conftest.py`, one `test_<tag>.py` for each first tag, and `test_scenarios.py` where there are scenarios.
    """
    groups = group_by_tag(entries)
    yield "conftest.py", render_template("conftest.py.j2")
    for name, group in groups.items():
        functions = function_names(entry.slug for entry in group)
        yield f"test_{name}.py", render_template("test_module.py.j2", functions=functions)
    if suite.scenarios:
        yield f"test_{scenario_module(groups)}.py", render_template("test_scenarios.py.j2")
