"""The `pytest` format: modules of tests that read their cases from the JSON files beside them.

Nothing of the document or of a model is spliced into source. A template is given slugs and names of variables, which
are made of ASCII letters, digits, `.`, `_` and `-` alone; the title in the README is text with its markup escaped.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator

from jinja2 import Environment, PackageLoader, StrictUndefined

from casecraft.suites.slugs import function_names, tag_slug
from casecraft.suites.suite import Entry, Suite

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+.!|~&$-])")
_TITLE_LENGTH = 100


def write_pytest(suite: Suite, entries: tuple[Entry, ...]) -> Iterator[tuple[str, bytes]]:
    """`conftest.py`, `README.md` and one `test_<tag>.py` for each first tag."""
    templates = Environment(
        loader=PackageLoader("casecraft.suites"),
        autoescape=False,  # noqa: S701  # Python and Markdown, not HTML
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    modules = _modules(entries)
    title = _as_markdown(suite.document.title)
    scenarios = _scenario_module(modules) if suite.scenarios else ""
    facts: dict[str, object] = {"title": title, "variables": _variables(entries), "modules": sorted(modules)}
    facts |= {"resources": bool(suite.resources), "scenarios": scenarios}
    yield "conftest.py", templates.get_template("conftest.py.j2").render().encode()
    yield "README.md", templates.get_template("README.md.j2").render(facts).encode()
    module = templates.get_template("test_module.py.j2")
    for name, slugs in sorted(modules.items()):
        yield f"test_{name}.py", module.render(functions=function_names(slugs)).encode()
    if scenarios:
        yield f"{scenarios}.py", templates.get_template("test_scenarios.py.j2").render().encode()


def _scenario_module(modules: Collection[str]) -> str:
    """A name that no tag has: those of tags never end in an underscore."""
    return "test_scenarios_" if "scenarios" in modules else "test_scenarios"


def _modules(entries: tuple[Entry, ...]) -> dict[str, list[str]]:
    """The slugs of each module's endpoints, in the order of the entries."""
    modules: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        if entry.file is not None:
            modules[tag_slug(entry.result.endpoint)].append(entry.slug)
    return modules


def _variables(entries: tuple[Entry, ...]) -> list[str]:
    """The environment variables from which the suite takes its credentials."""
    alternatives = (together for entry in entries for together in entry.result.endpoint.security)
    names = {scheme.name for together in alternatives for scheme in together}
    return sorted({"CASECRAFT_AUTH_" + re.sub(r"[^A-Za-z0-9]", "_", name).upper() for name in names})


def _as_markdown(text: str) -> str:
    """The text on one line, its printable part only, with nothing that Markdown takes for markup."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return _MARKDOWN.sub(r"\\\1", line[:_TITLE_LENGTH])
