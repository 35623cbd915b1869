"""Writing a suite into its folder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from casecraft.errors import SuiteError
from casecraft.suites.folder import SuiteFolder
from casecraft.suites.formats import Format, choose_formats
from casecraft.suites.json_text import to_json
from casecraft.suites.manifest import FILE as MANIFEST_FILE
from casecraft.suites.manifest import build_manifest
from casecraft.suites.readme import FILE as README_FILE
from casecraft.suites.readme import readme_file
from casecraft.suites.suite import Entry, Suite, list_entries


@dataclass(frozen=True, slots=True)
class RenderReport:
    """What became of each file of the suite: paths relative to its folder, sorted."""

    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]


def render(suite: Suite, out: Path, formats: Sequence[str] = ("json", "pytest")) -> RenderReport:
    """Write the suite into the folder `out`, in `json` and in the other formats named.

    Files with the right content already are not touched; those of an earlier suite that no longer belong are removed;
    all others stay. Until everything is on the disk the earlier suite is left as it was, and the manifest comes last.

    Raises ConfigurationError for an unknown format and SuiteError where the folder cannot be written or where a file
    that casecraft did not make stands in the way; also, once all else is written, where a plugin's format failed.
    """
    chosen = choose_formats(formats)
    entries = list_entries(suite)
    folder = SuiteFolder(out)
    failures: list[SuiteError] = []
    with folder.staging() as stage:
        files = [stage(path, content) for path, content in _contents(suite, entries, chosen, failures)]
        stage(MANIFEST_FILE, to_json(build_manifest(suite, entries, files)))
    if failures:
        raise SuiteError("; ".join(map(str, failures)), hint=failures[0].hint)
    return RenderReport(tuple(sorted(folder.written)), tuple(sorted(folder.unchanged)), tuple(sorted(folder.removed)))


def _contents(
    suite: Suite, entries: tuple[Entry, ...], formats: Mapping[str, Format], failures: list[SuiteError]
) -> Iterator[tuple[str, bytes]]:
    for write in formats.values():
        try:
            written = write(suite, entries)  # of a plugin: all that it writes, or an error
        except SuiteError as error:
            failures.append(error)
        else:
            yield from written
    if len(formats) > 1:
        yield README_FILE, readme_file(suite, entries, formats)
