"""Makes `docs/one-endpoint.md`: one endpoint the whole way, from the document to findings, as it really goes.

    python -m docs.build_one_endpoint

The suite is made and run; the service is the petstore of the tests, right and with one of its bugs. A test compares
the page with what comes out today.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from casecraft.cases import targets_of, unreachable
from casecraft.core.endpoint import Endpoint
from casecraft.spec import load, split
from docs.record_demo import run_casecraft
from tests.petstore.app import create_app
from tests.petstore.rules import API_KEY
from tests.petstore.server import serve

PAGE = Path(__file__).with_name("one-endpoint.md")
DOCUMENT = Path(__file__).parents[1] / "specs" / "petstore.yaml"
ENDPOINT = "POST /pets/{petId}/notes"
PATH, SCHEMA = "  /pets/{petId}/notes:", "    Note:"
BUG = "rating-above-maximum-accepted"
SHOWN = 60
ADDRESS = "http://127.0.0.1:8000"
COMMAND = ("generate", "petstore.yaml", "--provider", "rules", "--include-path", "/pets/{petId}/notes", "-q")


def build() -> str:
    """The page."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "petstore.yaml").write_bytes(DOCUMENT.read_bytes())
        run_casecraft(COMMAND, Path(folder), {})
        suite = Path(folder) / "suites" / "petstore"
        cases = _read_cases(suite)
        right, wrong = _run_suite(suite, None), _run_suite(suite, BUG)
    endpoint = next(each for each in split(load(str(DOCUMENT))) if each.id == ENDPOINT)
    return PAGE_TEXT.format(
        path=_excerpt(PATH),
        schema=_excerpt(SCHEMA),
        targets=_table(("target", "technique", "what a request must do"), _list_targets(endpoint)),
        count=len(targets_of(endpoint)),
        out_of_reach=_list_unreachable(endpoint),
        command=f"casecraft {' '.join(COMMAND[:-1])}",
        cases=_table(("case", "sent", "expected", "targets"), map(_describe, cases)),
        one=json.dumps(_find(cases, "body.rating:above-maximum"), indent=2, ensure_ascii=False),
        right=right,
        bug=BUG,
        wrong=wrong,
    )


def _excerpt(first: str) -> str:
    """A line of the document, and the lines below it that are indented deeper."""
    lines = DOCUMENT.read_text("utf-8").splitlines()
    start = lines.index(first)
    indent = len(first) - len(first.lstrip())
    end = next(
        (number for number in range(start + 1, len(lines)) if re.match(rf"\s{{0,{indent}}}\S", lines[number])),
        len(lines),
    )
    return "\n".join(line[indent:] for line in lines[start:end]).rstrip()


def _list_targets(endpoint: Endpoint) -> Iterable[tuple[str, ...]]:
    return ((f"`{it.id}`", it.technique.replace("_", " "), it.description) for it in targets_of(endpoint))


def _list_unreachable(endpoint: Endpoint) -> str:
    reasons = unreachable(endpoint)
    if not reasons:
        return "None is out of reach."
    return "\n".join(["Out of reach, and why:", "", *(f"- `{target}`: {why}" for target, why in reasons.items())])


def _read_cases(suite: Path) -> list[dict[str, Any]]:
    [path] = (suite / "cases").glob("*.json")
    cases: list[dict[str, Any]] = json.loads(path.read_bytes())["cases"]
    return cases


def _describe(case: dict[str, Any]) -> tuple[str, ...]:
    targets = case["targets"]
    shown = f"`{targets[0]}`" + (f" and {len(targets) - 1} more" if len(targets) > 1 else "")
    return case["title"], _sent(case["request"]), " or ".join(map(str, case["expect"]["status"])), shown


def _sent(request: dict[str, Any]) -> str:
    """What makes a request this one, short enough for a table."""
    body = request.get("raw_body", request.get("body"))
    text = "no body" if body is None else json.dumps(body, ensure_ascii=False)
    return f"`{text if len(text) <= SHOWN else text[: SHOWN - 1] + '…'}`"


def _find(cases: list[dict[str, Any]], target: str) -> dict[str, Any]:
    return next(case for case in cases if target in case["targets"])


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |" for cells in lines)


def _run_suite(suite: Path, bug: str | None) -> str:
    """What pytest prints of it, without what differs from run to run."""
    with serve(create_app(bug, stateful=True)) as url:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:asyncio", "-p", "no:cacheprovider", "-p", "no:xdist"]
        environment = {
            **{name: value for name, value in os.environ.items() if name != "CI"},
            "CASECRAFT_BASE_URL": url,
            "CASECRAFT_AUTH_APIKEY": API_KEY,
            "COLUMNS": "120",
            "NO_COLOR": "1",
        }
        printed = subprocess.run(  # noqa: S603  # ourselves
            command, cwd=suite, env=environment, capture_output=True, text=True, check=False
        ).stdout.replace(url, ADDRESS)
    lines = (line.rstrip() for line in printed.strip().splitlines())
    return re.sub(r" in [0-9.]+s", "", "\n".join(lines))


PAGE_TEXT = """\
<!-- Made by `python -m docs.build_one_endpoint`: change that, not this. -->
# One endpoint, the whole way

From the document to findings, for `POST /pets/{{petId}}/notes` of the sample document. Everything below is what really
comes out: a test compares this page with it.

## The document

```yaml
{path}
```

```yaml
{schema}
```

## Targets

A target is one thing that a good suite must exercise. The rules derive {count} from what the document says. A model is
told which of them are covered already, and asked for what the document does not say.

{targets}

{out_of_reach}

## Cases

```sh
{command}
```

A valid case hits as many targets as fit into one request. An invalid one is wrong in exactly one way, so that the
answer can be blamed on it. Each was checked against the document before it was kept.

{cases}

This is one of them, as it is in `cases/`:

```json
{one}
```

## pytest

Against a petstore that is right, with `CASECRAFT_BASE_URL={address}`:

```console
$ pytest -q
{right}
```

## Findings

Against one with a bug, `{bug}`: its check of the rating is one too lenient. A case that fails
says what it expected, what it sent, as a curl command that sends it again, and what came back.

```console
$ pytest -q
{wrong}
```
""".replace("{address}", ADDRESS)


def main() -> None:
    """Write the page."""
    PAGE.write_text(build(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")


if __name__ == "__main__":
    main()
