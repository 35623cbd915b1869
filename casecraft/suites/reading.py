"""A suite as it stands in its folder."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from casecraft.errors import SuiteError
from casecraft.suites.manifest import FILE as MANIFEST_FILE

CASES = "cases"
SCENARIOS_FILE = "scenarios.json"


@dataclass(frozen=True, slots=True)
class WrittenCase:
    """A case, or a scenario, as a suite's files have it.

    `endpoint_id` is "" and `file` too for a scenario, which belongs to several endpoints; else `file` is the slug of
    the file under `cases/`. `data` is its JSON object.
    """

    id: str
    endpoint_id: str
    file: str
    title: str
    valid: bool
    priority: str
    targets: tuple[str, ...]
    data: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class WrittenSuite:
    """A suite's folder, its manifest, the content of its files under `cases/` by slug, its cases and scenarios."""

    folder: Path
    manifest: Mapping[str, Any] = field(repr=False)
    files: Mapping[str, Mapping[str, Any]] = field(repr=False)
    cases: tuple[WrittenCase, ...] = field(repr=False)

    @property
    def digest(self) -> str:
        """Of the document that the suite was made from."""
        return str(_object(self.manifest.get("document")).get("digest", ""))

    @property
    def source(self) -> str:
        """Where that document is."""
        return str(_object(self.manifest.get("document")).get("source", ""))


def read_suite(folder: Path) -> WrittenSuite:
    """Read the suite in `folder`. Raises SuiteError where there is none, or a file of it cannot be understood."""
    if not (folder / MANIFEST_FILE).is_file():
        raise SuiteError(
            f"there is no suite in {str(folder)!r}: it has no {MANIFEST_FILE}",
            hint="Name the folder of a suite; `casecraft generate` makes one.",
        )
    files = read_case_files(folder)
    cases = [case for slug, content in files.items() for case in _cases_in(slug, content)]
    return WrittenSuite(folder, _read(folder / MANIFEST_FILE), files, (*cases, *_scenarios(folder)))


def read_case_files(folder: Path) -> dict[str, Mapping[str, Any]]:
    """The content of each file under `cases/`, by slug. Raises SuiteError where one cannot be understood."""
    return {path.stem: _read(path) for path in sorted((folder / CASES).glob("*.json"))}


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise SuiteError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise SuiteError(
            f"{str(path)!r} is no JSON: {error}", hint="Correct it, or put it back as version control has it."
        ) from error
    if not isinstance(content, Mapping):
        raise SuiteError(f"{str(path)!r} holds no JSON object", hint="Put it back as version control has it.")
    return content


def _cases_in(slug: str, content: Mapping[str, Any]) -> Iterator[WrittenCase]:
    for data in _objects(content, "cases", f"{CASES}/{slug}.json"):
        yield _written(data, str(content.get("endpoint", "")), slug)


def _scenarios(folder: Path) -> Iterator[WrittenCase]:
    path = folder / SCENARIOS_FILE
    if path.is_file():
        for data in _objects(_read(path), "scenarios", SCENARIOS_FILE):
            yield _written(data, "", "")


def _written(data: Mapping[str, Any], endpoint_id: str, file: str) -> WrittenCase:
    return WrittenCase(
        id=str(data["id"]),
        endpoint_id=endpoint_id,
        file=file,
        title=str(data.get("title", data["id"])),
        valid=bool(data.get("valid", True)),
        priority=str(data.get("priority", "P1")),
        targets=tuple(map(str, data.get("targets", ()))),
        data=data,
    )


def _objects(content: Mapping[str, Any], name: str, file: str) -> list[Mapping[str, Any]]:
    found = content.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, Mapping) and "id" in each for each in found):
        raise SuiteError(
            f"{name!r} in {file!r} is no list of objects that each have an id", hint="Give each an `id` of its own."
        )
    return found


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
