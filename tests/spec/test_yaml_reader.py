"""YAML: the two readers agree with each other, and with PyYAML wherever YAML 1.1 and 1.2 do."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from casecraft.errors import DocumentLimitError
from casecraft.spec import yaml_reader
from casecraft.spec.limits import Limits
from casecraft.spec.yaml_builder import Builder

SPECS = Path(__file__).parents[2] / "specs"
LIMITS = Limits()

AGREED = {
    "quoted": "a: \"yes\"\nb: '123'\nc: \"true\"\nd: 'null'\ne: ''\n",
    "plain": "a: 1\nb: 1.5\nc: true\nd: False\ne: null\nf: ~\ng:\nh: 0x1F\ni: .5\nj: text\nk: -3\n",
    "anchors": "a: &x {k: [1, 2]}\nb: *x\nc: &s foo\n*s : bar\n",
    "merge": "base: &b {x: 1, y: 2}\nd:\n  <<: *b\n  y: 3\nl:\n  <<: [*b, {z: 1, x: 9}]\nq: {'<<': 1}\n",
    "directive": "%YAML 1.2\n---\na: 1\n...\n",
    "tab after colon": "a:\tb\n",
    "duplicate keys": "a: 1\na: 2\n",
    "folded": "a: >\n  x\n  y\n\n  z\nb: |\n  x\n   y\nc: |-\n  z\nd: >+\n  q\n\ne: x\n   continued\n",
    "escapes": "a: \"\\u00e9\\x41\\n\\t\\0\\e\\U0001F600 \\\"q\\\" \\\\ \\/\"\nb: 'it''s'\n",
    "control": 'a: "x\\u0001y\\u007f\\u2028"\n',
    "flow": "a: {b: [1, 2, {c: d}], e: 'f', g}\nh: [a: 1, b]\n",
    "comments": "a: b # c\nd: b#c\n# x\n",
    "paths": '/p/{id}:\n  get: {}\n"/q?x=1#f": {}\nurl: http://x/y\n',
    "dashes": "a:\n- b: 1\n  c: 2\n- - x\n  - y\n",
    "carriage returns": "a: 1\r\nb: |\r\n  x\r\n  y\r\n",
    "byte order mark": "\ufeffa: 1\n",
    "tagged": "a: !!str 123\nb: !!int '5'\nc: !!float '3'\nd: !!null ''\ne: !!bool 'true'\nf: ! 12\n",
}
REFUSED = {
    "two documents": "---\na: 1\n---\nb: 2\n",
    "tab indentation": "a:\n\tb: 1\n",
    "undefined alias": "a: *nope\n",
    "alias inside itself": "a: &x\n  b: *x\n",
    "list as key": "? [a, b]\n: 1\n",
    "bad merge": "a: &x 1\nb:\n  <<: *x\n",
    "unclosed": "a: [1, 2\n",
    "bad indentation": "a:\n  b: 1\n c: 2\n",
    "reserved": "a: @x\n",
}
CORE_ONLY: dict[str, Any] = {
    "yes": "yes",
    "No": "No",
    "on": "on",
    "OFF": "OFF",
    "017": 17,
    "0o17": 15,
    "0b11": "0b11",
    "1_000": "1_000",
    "12:30:00": "12:30:00",
    "2020-01-01": "2020-01-01",
    "2020-01-01T00:00:00Z": "2020-01-01T00:00:00Z",
    "1e3": 1000.0,
    "+.5": 0.5,
    "=": "=",
    ".inf": None,
    ".nan": None,
    "1e999": None,
    "123456789012345678901234567890": 1.2345678901234568e29,
}


def read(text: str) -> Any:
    return yaml_reader.read(text.encode(), "x", LIMITS)


def build(text: str) -> Any:
    return Builder("x", LIMITS).build(yaml.parse(text, Loader=yaml.CSafeLoader))


@pytest.mark.parametrize("name", AGREED)
def test_agrees_with_pyyaml(name: str) -> None:
    text = AGREED[name]
    expected = yaml.load(text, Loader=yaml.CSafeLoader)
    assert repr(read(text)) == repr(build(text)) == repr(expected)


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_is_no_yaml(name: str) -> None:
    with pytest.raises(yaml_reader.YAML_ERRORS):
        read(REFUSED[name])


@pytest.mark.parametrize("scalar", CORE_ONLY)
def test_follows_the_core_schema(scalar: str) -> None:
    for text in (f"- {scalar}\n", f"[{scalar}, 1]\n", f"- {{x: {scalar}}}\n"):
        value = read(text)[0]
        assert repr(value["x"] if isinstance(value, dict) else value) == repr(CORE_ONLY[scalar])


def test_keys_are_the_text_of_the_document() -> None:
    text = "200: a\n1.10: b\nTrue: c\non: d\n0x1F: e\n~: f\n'404': g\n"
    assert list(read(text)) == ["200", "1.10", "True", "on", "0x1F", "~", "404"]


def test_plain_documents_go_to_the_fast_reader() -> None:
    assert not yaml_reader.needs_builder((SPECS / "orders-2.0.yaml").read_bytes())
    assert not yaml_reader.needs_builder(b"a: if yes, then *page* & no\nb: 1,000\n")
    assert yaml_reader.needs_builder(b"a: &x 1\nb: *x\n")
    assert yaml_reader.needs_builder(b"a: no\n")


@settings(max_examples=400)
@given(
    st.text("0123456789+-._:eExobyYnNOoFfTtr~=", min_size=1, max_size=7),
    st.sampled_from(
        ["k: {}\n", "- {}\n- 1\n", "[a,{}]\n", "{}: 1\n", "a:\n  - {{x: {}}}\n", '{{"a":{}}}\n', "k:\n  {}\n"]
    ),
)
def test_the_readers_agree_on_every_scalar(scalar: str, template: str) -> None:
    text = template.format(scalar)
    try:
        expected = repr(build(text))
    except yaml.YAMLError:
        return
    assert repr(read(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60)),
        "a: &a " + "x" * 100_000 + "\nb: [" + "*a, " * 1000 + "]\n",
        "a: &a {" + ", ".join(f"k{i}: 1" for i in range(2000)) + "}\nb: [" + "{<<: *a}, " * 5000 + "]\n",
    ],
    ids=["exponential", "long", "merged"],
)
def test_refuses_alias_bombs(text: str) -> None:
    with pytest.raises(DocumentLimitError, match="aliases"):
        read(text)


def test_aliases_within_the_limit_pass() -> None:
    text = "a: &a xxxxxxxx\nb: [*a, *a]\n"
    small, large = Limits(max_alias_bytes=31), Limits(max_alias_bytes=32)
    assert yaml_reader.read(text.encode(), "x", large)["b"] == ["xxxxxxxx"] * 2
    with pytest.raises(DocumentLimitError):
        yaml_reader.read(text.encode(), "x", small)
