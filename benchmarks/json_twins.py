"""The same requests in JSON, where Prism cannot read them as they are: forms, and queries in deepObject style.

Of forms Prism reads declared names alone. In deepObject style it reads nothing below a union, no list of objects, and
takes objects that are not sent as empty ones. A document's twin declares for JSON what the document declares for forms
and for such queries; a case's twin has the same values as JSON. So Prism judges the values of these cases too.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.traffic import METHODS

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
JSON = "application/json"
SENT_TWICE = "request:repeated-parameter"
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_IN_QUERY = re.compile(r"^query\.([^.:\[/]+)")
_KEY = re.compile(r"\[([^\[\]]*)\]")

Deep = Mapping[str, frozenset[str]]
"""By endpoint, the names of the query parameters in deepObject style that its twin takes in a JSON body."""


def make_twin(document: Mapping[str, Any]) -> tuple[dict[str, Any], Deep]:
    """The twin of a document of version 3, and the queries that moved. Older documents have no deepObject style."""
    deep: dict[str, frozenset[str]] = {}
    paths = {}
    for path, item in document["paths"].items():
        paths[path] = dict(item)
        for method in METHODS & item.keys():
            operation = with_parameters_of(item, document, item[method])
            paths[path][method], deep[f"{method.upper()} {path}"] = twin_of(document, operation)
        paths[path].pop("parameters", None)
    return {**document, "paths": paths}, deep


def with_parameters_of(item: Mapping[str, Any], document: Mapping[str, Any], operation: Mapping[str, Any]) -> Any:
    """An operation with the parameters that its path declares, none of them a reference."""
    declared = [resolve(document, each) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    return {**operation, "parameters": list({(each["in"], each["name"]): each for each in declared}.values())}


def twin_of(document: Mapping[str, Any], operation: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """An operation's twin, and the names of the queries that moved into its body: only where that has no fields."""
    body = resolve(document, operation.get("requestBody", {}))
    content = body.get("content", {})
    schema = next((content[kind].get("schema", {}) for kind in FORMS if kind in content), None)
    deep = [each for each in operation["parameters"] if each["in"] == "query" and each.get("style") == "deepObject"]
    if schema is not None and (schema.get("properties") or not deep):
        return {**operation, "requestBody": {**body, "content": {JSON: {"schema": schema}}}}, frozenset()
    if not deep or JSON in content:
        return dict(operation), frozenset()
    needed = [each["name"] for each in deep if each.get("required")]
    values = {each["name"]: each["schema"] for each in deep}
    fields = {"type": "object", **(schema or {}), "properties": values, "required": needed}
    parameters = [each for each in operation["parameters"] if each not in deep]
    moved = {"required": bool(needed), "content": {JSON: {"schema": fields}}}
    return {**operation, "parameters": parameters, "requestBody": moved}, frozenset(each["name"] for each in deep)


def resolve(document: Mapping[str, Any], node: Any) -> Any:
    """What a node is, where it may be a reference inside of the document."""
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        node = found
    return node


def keep_twins(suite: Path, deep: Deep) -> int:
    """Leave in a suite only the cases that have a twin, as their twins; how many there are."""
    count = 0
    for path in (suite / "cases").glob("*.json"):
        content = json.loads(path.read_bytes())
        twins = [as_json(case, deep[content["endpoint"]]) for case in content["cases"]]
        content["cases"] = [twin for twin in twins if twin]
        count += len(content["cases"])
        path.write_text(json.dumps(content), encoding="utf-8")
    return count


def as_json(case: Mapping[str, Any], deep: frozenset[str]) -> dict[str, Any] | None:
    """A case's twin; None where there is nothing that Prism could not read."""
    request = case["request"]
    is_form = (request["content_type"] or "").partition(";")[0] in FORMS
    if request.get("raw_body") is not None or not (is_form or (request["content_type"] is None and deep)):
        return None
    if SENT_TWICE in case["targets"] or not isinstance(request.get("body") or {}, dict):
        return None
    moved = {name: value for name, value in request["query"].items() if name.partition("[")[0] in deep}
    query = {name: value for name, value in request["query"].items() if name not in moved}
    body = nest({**(request.get("body") or {}), **moved})
    targets = [_IN_QUERY.sub(lambda found: f"body.{found[1]}" if found[1] in deep else found[0], target)
               for target in case["targets"]]  # fmt: skip
    return {**case, "targets": targets, "request": {**request, "query": query, "content_type": JSON, "body": body}}


def nest(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a form as one value: `{"a[b]": 1, "c[0]": 2}` is `{"a": {"b": 1}, "c": [2]}`."""
    tree: dict[str, Any] = {}
    for name, value in fields.items():
        matched = _NAME.fullmatch(name)
        keys = [matched[1], *_KEY.findall(matched[2])] if matched else [name]
        node = tree
        for key in keys[:-1]:
            node = node.setdefault(key, {})
        node[keys[-1]] = value
    return {name: with_lists(value) for name, value in tree.items()}


def with_lists(node: Any) -> Any:
    """Mappings whose keys are all numbers are lists."""
    if not isinstance(node, dict):
        return node
    below = {key: with_lists(value) for key, value in node.items()}
    return list(below.values()) if below and all(map(str.isdigit, below)) else below
