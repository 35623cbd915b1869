"""Schemas of answers that would keep a checker busy for ever, and patterns that Python reads in another way."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from casecraft.core.schema import Definitions
from casecraft.suites import render
from casecraft.suites.answer_schemas import UsableSchemas
from casecraft.suites.patterns import is_slow
from tests.suites.consumers import run_jest, run_pytest
from tests.suites.running import Answer, Echo, outcomes, run_suite
from tests.suites.samples import answer_of, make_case, make_endpoint, make_result, make_suite

ENDLESS = [
    "^(a+)+$",
    "^(a|a)*$",
    "^(a|aa)+$",
    "(x?){0,20}y",
    r"^(\w+\s?)*$",
    "^(.*)*$",
    r"^(\d+|\w+)*!",
    "(a*)*b",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"^(\w+\s?){1,5}$",
    "^(?=(a+)+$)b",
    "^(?<word>a+)+$",
    r"^(\p{L}+)+$",
    "^(a{1,30}){1,30}$",
]
PROMPT = [
    "^[a-z]+$",
    "^[a-z]+(-[a-z]+)*$",
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)*[a-z]+$",
    r"^(\d{4}-?){4}$",
    "^([0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}$",
    r"^((25[0-5]|2[0-4]\d|1?\d?\d)(\.|$)){4}$",
    r"^[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}$",
    "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    r'^"([^"\\]|\\.)*"$',
    "^(a|b)*$",
    r"^(\w{1,255}:)+$",
    r"^(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?$",
]
TIMED = "import re, sys; re.search(sys.argv[1], sys.argv[2])"


@pytest.mark.parametrize("pattern", ENDLESS)
def test_patterns_that_backtrack_without_end_are_told(pattern: str) -> None:
    assert is_slow(pattern)


@pytest.mark.parametrize("pattern", PROMPT)
def test_patterns_that_end_are_kept(pattern: str) -> None:
    assert not is_slow(pattern)


@pytest.mark.slow
@pytest.mark.parametrize("pattern", PROMPT)
@pytest.mark.parametrize("text", ["a" * 40 + "!", "1" * 40 + "!", "1-a." * 20 + "!", '"' + "\\a" * 40 + "!"])
def test_kept_patterns_end_on_long_texts(pattern: str, text: str) -> None:
    subprocess.run([sys.executable, "-c", TIMED, pattern, text], timeout=20, check=True)


def usable(**definitions: Any) -> UsableSchemas:
    return UsableSchemas(Definitions(definitions.__getitem__))


SLOW = {"type": "string", "pattern": "^(a+)+$"}
TEXT = {"type": "string"}
QUICK = {"type": "string", "pattern": "^a+$"}


@pytest.mark.parametrize(
    ("schema", "loosened"),
    [
        (SLOW, {"type": "string"}),
        (
            {"properties": {"pattern": SLOW, "default": SLOW, "patternProperties": True}},
            {"properties": {"pattern": TEXT, "default": TEXT, "patternProperties": True}},
        ),
        ({"not": SLOW, "type": "string"}, {"type": "string"}),
        ({"if": {"$ref": "#/$defs/Slow"}, "then": QUICK}, {}),
        ({"oneOf": [{"$ref": "#/$defs/Slow"}, QUICK]}, {"allOf": [{"anyOf": [{"$ref": "#/$defs/Slow"}, QUICK]}]}),
        (
            {"patternProperties": {"^(a+)+$": QUICK, "^b": QUICK}, "additionalProperties": False},
            {"patternProperties": {"^b": QUICK}},
        ),
        ({"items": SLOW, "const": {"pattern": "(a+)+"}}, {"items": {"type": "string"}, "const": {"pattern": "(a+)+"}}),
    ],
)
def test_what_is_left_allows_no_less(schema: Any, loosened: Any) -> None:
    assert usable(Slow=SLOW).loosened(schema) == loosened


def test_sound_schemas_stay_the_very_same() -> None:
    schema = {"oneOf": [{"$ref": "#/$defs/Node"}, QUICK]}
    node = {"properties": {"next": {"$ref": "#/$defs/Node"}}, "not": QUICK}
    assert usable(Node=node).loosened(schema) is schema
    assert usable(Node=node).definition("Node") is node


def test_definitions_that_never_end_allow_everything() -> None:
    one, other = {"anyOf": [{"$ref": "#/$defs/Other"}]}, {"allOf": [{"$ref": "#/$defs/One"}]}
    known = usable(One=one, Other=other, Outer={"anyOf": [{"$ref": "#/$defs/One"}]})
    assert [known.definition(name) for name in ("One", "Other")] == [True, True]
    assert known.definition("Outer") == {"anyOf": [{"$ref": "#/$defs/One"}]}


def suite_of(folder: Path, schema: Any, *formats: str, **definitions: Any) -> Path:
    known = Definitions(definitions.__getitem__)
    plain = make_endpoint(responses=(answer_of("200", schema),))
    endpoint = replace(plain, definitions=known, response_definitions=known)
    render(make_suite([make_result(endpoint, make_case())]), folder / "suite", formats or ("pytest",))
    return folder / "suite"


def answering(echo: tuple[Echo, str], value: Any) -> str:
    echo[0].answers[b"/pets"] = Answer(content=json.dumps(value).encode())
    return echo[1]


@pytest.mark.slow
@pytest.mark.parametrize("run", [run_pytest, run_jest])
def test_runs_end_on_answers_that_would_backtrack(tmp_path: Path, echo: tuple[Echo, str], run: Any) -> None:
    folder = suite_of(tmp_path, {"type": "object", "properties": {"v": SLOW}}, "pytest", "jest")
    done = run(folder, answering(echo, {"v": "a" * 40 + "!"}))
    assert done.verdicts == {"case-1": "passed"}
    assert "What is not checked" in (folder / "README.md").read_text("utf-8")
    (told,) = json.loads((folder / "suite.json").read_bytes())["endpoints"][0]["notes"]
    assert "^(a+)+$" in told


@pytest.mark.slow
@pytest.mark.parametrize("run", [run_pytest, run_jest])
def test_schemas_that_never_end_fail_nothing(tmp_path: Path, echo: tuple[Echo, str], run: Any) -> None:
    text = {"anyOf": [{"$ref": "#/$defs/Text"}, {"type": "string"}]}
    folder = suite_of(tmp_path, {"$ref": "#/$defs/Text"}, "pytest", "jest", Text=text)
    assert run(folder, answering(echo, 5)).verdicts == {"case-1": "passed"}
    (told,) = json.loads((folder / "suite.json").read_bytes())["endpoints"][0]["notes"]
    assert told.endswith("it never ends")


@pytest.mark.slow
def test_answers_too_deep_to_be_checked_are_a_warning(tmp_path: Path, echo: tuple[Echo, str]) -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}
    folder = suite_of(tmp_path, {"$ref": "#/$defs/Node"}, Node=node)
    value: Any = {}
    for _ in range(400):
        value = {"next": value}
    done = run_suite(folder, answering(echo, value), "-W", "default")
    assert "1 passed" in done.stdout
    assert "the body is not checked" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schema", "value", "fits"),
    [
        ({"pattern": "^[a-z]+$"}, "abc\n", False),
        ({"pattern": "^[a-z]+$"}, "abc", True),
        ({"pattern": r"^[$]\$$"}, "$$", True),
        ({"pattern": r"^\d\w$"}, "٣a", False),
        ({"pattern": r"^\D\W$"}, "٣é", True),
        ({"pattern": r"^(?<sign>\w)(?<=a)$"}, "a", True),
        ({"pattern": r"^\p{L}$"}, "1", True),  # Python has no such classes
        ({"patternProperties": {"^a$": {"type": "integer"}}, "additionalProperties": False}, {"a": 1}, True),
        ({"patternProperties": {"^a$": {"type": "integer"}}, "additionalProperties": False}, {"a\n": 1}, False),
        ({"patternProperties": {"^a$": {"type": "integer"}}}, {"a\n": "x"}, True),
        ({"patternProperties": {"^a$": {"type": "integer"}}}, {"a": "x"}, False),
    ],
)
def test_patterns_are_those_of_ecma(
    tmp_path: Path, echo: tuple[Echo, str], schema: Any, value: Any, fits: bool
) -> None:
    ends = outcomes(suite_of(tmp_path, schema), answering(echo, value))
    assert bool(re.search("schema mismatch", ends["case-1"])) is not fits
