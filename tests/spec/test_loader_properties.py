"""Whatever comes, the loader loads it or says in a DocumentError why not; and what it loads can be split."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casecraft.core.document import Document
from casecraft.errors import DocumentError
from casecraft.spec import load, split
from casecraft.spec.limits import Limits
from casecraft.spec.yaml_builder import Builder

SPECS = Path(__file__).parents[2] / "specs"
GOOD = ("library-3.0.yaml", "orders-2.0.yaml", "sensors-3.1.json", "search-3.2.yaml")

SETTINGS = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
KEYS = st.sampled_from(["info", "paths", "/a", "get", "parameters", "schema", "$ref", "type", "responses", "200"])
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS | st.sampled_from(["3.0.3", "2.0", "query", "#/paths", "#", "string", "a.yaml"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(), inner, max_size=4),
    max_leaves=12,
)


def load_text(folder: Path, name: str, data: bytes) -> Document | None:
    """The document, or None where it was refused with a line that names the file."""
    (folder / name).write_bytes(data)
    try:
        return load(str(folder / name))
    except DocumentError as error:
        refusal = str(error)
    assert "\n" not in refusal
    assert repr(str(folder / name)) in refusal
    return None


@SETTINGS
@given(data=st.binary() | st.text().map(str.encode) | st.binary().map(lambda tail: b"openapi: 3.0.3\n" + tail))
def test_any_bytes_load_or_are_refused(data: bytes, tmp_path: Path) -> None:
    document = load_text(tmp_path, "x", data)
    assert document is None or isinstance(split(document), tuple)


@SETTINGS
@given(value=VALUES, version=st.sampled_from(["2.0", "3.0.3", "3.1.0", "3.2.0", 3, None]))
def test_any_value_loads_or_is_refused(value: Any, version: Any, tmp_path: Path) -> None:
    if isinstance(value, dict):
        value = {"openapi": version, **value}
    document = load_text(tmp_path, "x.json", json.dumps(value).encode())
    assert (document is not None) == isinstance(value, dict)
    assert document is None or isinstance(split(document), tuple)


def places_of(value: Any) -> list[tuple[Any, Any]]:
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in ((value, key), *places_of(value[key]))]


@SETTINGS
@given(name=st.sampled_from(GOOD), seed=st.integers(0, 2**32), values=st.lists(VALUES, min_size=1, max_size=4))
def test_replaced_parts_do_not_stop_splitting(name: str, seed: int, values: list[Any], tmp_path: Path) -> None:
    content = yaml.safe_load((SPECS / name).read_text())
    chance = random.Random(seed)
    for value in values:
        holder, key = chance.choice(places_of(content))
        if holder is not content or key not in ("openapi", "swagger"):
            holder[key] = value
    document = load_text(tmp_path, "x.json", json.dumps(content).encode())
    assert document is not None
    for endpoint in split(document):
        for media_type in endpoint.body.media_types if endpoint.body else ():
            endpoint.definitions.self_contained(media_type.schema)


@SETTINGS
@given(value=VALUES)
def test_json_and_yaml_of_a_document_are_equal(value: Any, tmp_path: Path) -> None:
    content = {"openapi": "3.1.0", "x": value}
    first = load_text(tmp_path, "x.json", json.dumps(content).encode())
    text = yaml.safe_dump(content, allow_unicode=True)
    # PyYAML writes some strings plain that only YAML 1.2 reads as numbers.
    if Builder("x", Limits()).build(yaml.parse(text, Loader=yaml.CSafeLoader)) != content:
        return
    second = load_text(tmp_path, "x.yaml", text.encode())
    assert first is not None
    assert second is not None
    assert first.root == second.root
    assert first.digest == second.digest


@pytest.mark.parametrize("name", GOOD)
def test_json_and_yaml_of_the_samples_are_equal(name: str, tmp_path: Path) -> None:
    first = load(str(SPECS / name))
    (tmp_path / "x.json").write_text(json.dumps(first.root))
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(dict(first.root), sort_keys=False))
    for spelling in ("x.json", "x.yaml"):
        second = load(str(tmp_path / spelling))
        assert second.digest == first.digest
        assert [each.fingerprint for each in split(second)] == [each.fingerprint for each in split(first)]
