"""What simulated models answer: cases for whatever endpoint the prompt shows, from the examples in its schemas."""

import json
import re
from typing import Any

ENDPOINT = re.compile(r"<endpoint>\n(.*)\n</endpoint>")


def endpoint_of(body: dict[str, Any]) -> dict[str, Any]:
    """The endpoint that a request is about, as its prompt shows it."""
    texts = (message["content"] for message in body["messages"] if message["role"] == "user")
    return next(json.loads(found[1]) for text in texts if (found := ENDPOINT.search(text)))


def id_of(body: dict[str, Any]) -> str:
    """The id of that endpoint."""
    endpoint = endpoint_of(body)
    return f"{endpoint['method']} {endpoint['path']}"


def case(endpoint: dict[str, Any], title: str, **changes: Any) -> dict[str, Any]:
    """A valid case: the smallest value or the example of each required parameter, the example of the body."""
    parameters: dict[str, list[dict[str, Any]]] = {"path_params": [], "query": [], "headers": [], "cookies": []}
    places = {"path": "path_params", "query": "query", "header": "headers", "cookie": "cookies"}
    for it in endpoint.get("parameters", ()):
        if it["required"]:
            value = it["schema"].get("minimum", it["example"])
            parameters[places[it["in"]]].append({"name": it["name"], "value": value})
    content = endpoint["body"]["content"][0] if "body" in endpoint else None
    return {
        "title": title,
        "valid": True,
        "violates": None,
        "technique": "equivalence_partitioning",
        "priority": "P0",
        "authenticated": True,
        **parameters,
        "content_type": content["content_type"] if content else None,
        "body": json.dumps(content["example"]) if content else None,
        "expect_status": [next(iter(endpoint["responses"]))],
        **changes,
    }


def one_good_case(body: dict[str, Any]) -> str:
    """One valid case."""
    endpoint = endpoint_of(body)
    return json.dumps({"cases": [case(endpoint, f"{endpoint['method']} {endpoint['path']} works")]})


def some_need_repair(body: dict[str, Any]) -> str:
    """One valid case; of every fourth path a wrong one besides it, which the repair leaves out."""
    endpoint = endpoint_of(body)
    good = case(endpoint, f"{endpoint['method']} {endpoint['path']} works")
    first_turn = len(body["messages"]) == 2
    if first_turn and sum(endpoint["path"].encode()) % 4 == 0:
        undeclared = [{"name": "undeclared", "value": 1}]
        return json.dumps({"cases": [good, case(endpoint, "sends what nobody knows", query=undeclared)]})
    return json.dumps({"cases": [good]})
