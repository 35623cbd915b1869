"""What people did to a suite: the cases that they added or changed, which a new suite keeps.

`generated.json` has a digest of every case as casecraft wrote it. A case whose content has another digest was changed,
one without a digest was added; from then on both are a person's, and are kept as they stand.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from casecraft.errors import SuiteError
from casecraft.suites.reading import read_case_files
from casecraft.suites.suite import PERSON, PersonsCase, StaleCase

GENERATED_FILE = "generated.json"
STALE_FILE = "stale.json"
_DIGEST_LENGTH = 16


def case_digests(cases: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The digests of cases as JSON has them, by id; those of people have no place among them."""
    return {case["id"]: case_digest(case) for case in cases if case["source"]["provider"] != PERSON}


def case_digest(data: Mapping[str, Any]) -> str:
    """Equal for cases of the same content, however their JSON is laid out."""
    try:
        text = orjson.dumps(data, default=dict, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # lone surrogates, integers of more than 64 bits
        text = json.dumps(data, default=dict, sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest()[:_DIGEST_LENGTH]


def persons_cases(folder: Path) -> list[PersonsCase]:
    """What people added or changed in the suite of a folder, and what of theirs was stale when it was last written.

    Nothing where the folder has no `generated.json`: it cannot be told then. Raises SuiteError where a file cannot be
    understood, as writing the suite anew would lose what it has.
    """
    digests = _digests(folder)
    if digests is None:
        return []
    return [*_in_files(folder, digests), *_stale(folder)]


def stale_file(stale: tuple[StaleCase, ...]) -> dict[str, Any]:
    """The content of `stale.json`: the cases of people that no longer hold, with the reasons."""
    cases = [
        {"endpoint": each.case.endpoint_id, "reason": each.reason, "edited": each.case.edited, "case": each.case.data}
        for each in stale
    ]
    return {"generator": "casecraft", "cases": cases}


def read_stale(folder: Path) -> list[StaleCase]:
    """What `stale.json` in the folder has; nothing where there is none."""
    content = _content(folder / STALE_FILE)
    cases = [] if content is None else content.get("cases", [])
    return [
        StaleCase(PersonsCase(str(each["endpoint"]), each["case"], bool(each.get("edited"))), str(each["reason"]))
        for each in cases
    ]


def _stale(folder: Path) -> list[PersonsCase]:
    return [each.case for each in read_stale(folder)]


def _digests(folder: Path) -> Mapping[str, Mapping[str, str]] | None:
    content = _content(folder / GENERATED_FILE)
    digests = None if content is None else content.get("cases")
    return digests if isinstance(digests, Mapping) else None


def _content(path: Path) -> Mapping[str, Any] | None:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise SuiteError(
            f"{str(path)!r} cannot be read, and says which cases are people's: {error}",
            hint="Put it back as version control has it.",
        ) from error
    return content if isinstance(content, Mapping) else None


def _in_files(folder: Path, digests: Mapping[str, Mapping[str, str]]) -> Iterator[PersonsCase]:
    for slug, content in read_case_files(folder).items():
        known = digests.get(slug, {})
        for data in content.get("cases", []):
            if known.get(data["id"]) != case_digest(data):
                yield PersonsCase(
                    str(content.get("endpoint", "")), data, data["id"] in known or bool(data.get("edited"))
                )
