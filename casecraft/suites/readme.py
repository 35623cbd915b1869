"""`README.md` at the top of a suite: how to run it, and which formats it has."""

import inspect
from collections.abc import Mapping

from casecraft.suites.answer_schemas import unchecked_notes
from casecraft.suites.credential_variables import own_variables, scope_variables
from casecraft.suites.suite import Entry, Suite
from casecraft.suites.templating import (
    as_markdown,
    group_by_tag,
    one_line,
    render_template,
    scenario_module,
)

FILE = "README.md"
_AT_THE_TOP = ("json", "pytest")
_NOTE_LENGTH = 500


def readme_file(suite: Suite, entries: tuple[Entry, ...], formats: Mapping[str, object]) -> bytes:
    """The content of the file; `formats` are the suite's, by name."""
    others = {name: _summary(write) for name, write in sorted(formats.items()) if name not in _AT_THE_TOP}
    groups = group_by_tag(entries)
    return render_template(
        "README.md.j2",
        title=as_markdown(suite.document.title),
        variables=own_variables(entries),
        scopes=scope_variables(entries),
        modules=list(groups),
        resources=bool(suite.resources),
        scenarios=f"test_{scenario_module(groups)}" if suite.scenarios else "",
        has_pytest="pytest" in formats,
        formats=others,
        unchecked=[as_markdown(note, _NOTE_LENGTH) for note in _unchecked(entries)],
    )


def _unchecked(entries: tuple[Entry, ...]) -> list[str]:
    notes = (note for entry in entries for note in unchecked_notes(entry.result.endpoint))
    return list(dict.fromkeys(notes))


def _summary(write: object) -> str:
    """What a format says of itself: the first line of its docstring."""
    return one_line((inspect.getdoc(write) or "").partition("\n")[0])
