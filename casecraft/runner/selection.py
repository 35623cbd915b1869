"""Which cases of a suite are run."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from casecraft.errors import SuiteError
from casecraft.suites import WrittenCase, WrittenSuite


@dataclass(frozen=True, slots=True)
class Selection:
    """What is chosen of a suite; what is empty or None chooses all.

    `endpoints` are globs for `METHOD /path` or for the path alone, `cases` for ids. `valid` chooses requests that
    conform to the document, or those that do not. A scenario counts as valid and has the endpoints of its steps.
    """

    priorities: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    valid: bool | None = None

    def chooses(self, case: WrittenCase) -> bool:
        """Whether a case is among those chosen."""
        return (
            (not self.priorities or case.priority in self.priorities)
            and (self.valid is None or case.valid is self.valid)
            and (not self.cases or any(fnmatchcase(case.id, glob) for glob in self.cases))
            and (not self.endpoints or any(_matches(endpoint, self.endpoints) for endpoint in _endpoints_of(case)))
        )

    @property
    def facts(self) -> dict[str, Any]:
        """As the state file keeps it: only what was chosen."""
        facts = {"priorities": self.priorities, "endpoints": self.endpoints, "cases": self.cases}
        chosen: dict[str, Any] = {name: list(values) for name, values in facts.items() if values}
        return chosen if self.valid is None else {**chosen, "valid": self.valid}


def choose(suite: WrittenSuite, selection: Selection) -> dict[str, WrittenCase]:
    """The chosen cases by id. Raises SuiteError where there is none."""
    chosen = {case.id: case for case in suite.cases if selection.chooses(case)}
    if not chosen:
        raise SuiteError(
            f"none of the {len(suite.cases)} cases in {str(suite.folder)!r} is chosen",
            hint="Ask for less: --priority, --endpoint, --case, --valid and --invalid must all hold.",
        )
    return chosen


def _endpoints_of(case: WrittenCase) -> Iterable[str]:
    if case.endpoint_id:
        return [case.endpoint_id]
    return [str(step.get("endpoint", "")) for step in case.data.get("steps", ())]


def _matches(endpoint: str, globs: Iterable[str]) -> bool:
    path = endpoint.partition(" ")[2]
    return any(fnmatchcase(endpoint, glob) or fnmatchcase(path, glob) for glob in globs)
