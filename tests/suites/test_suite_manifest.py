from decimal import Decimal
from typing import Any

import orjson
import pytest

from casecraft.core.case import Source
from casecraft.core.job import Coverage
from casecraft.core.usage import Cost, Usage, UsageMeter
from casecraft.suites.manifest import build_manifest
from casecraft.suites.suite import Run, Suite, list_entries
from tests.suites.samples import make_case, make_endpoint, make_result, make_suite


def manifest_of(suite: Suite) -> Any:
    return orjson.loads(orjson.dumps(build_manifest(suite, list_entries(suite), ["b", "a"])))


def spend(*costs: Cost | None) -> UsageMeter:
    spending = UsageMeter()
    for cost in costs:
        spending.add(Usage(100, 10, 50, 5, 3), cost)
    return spending


def dollars(amount: str) -> Cost:
    return Cost(Decimal(amount), "USD", "2025-01-01")


MIXED = [
    make_result(
        make_endpoint("POST", "/pets", tags=("pets",), notes=("a note",)),
        make_case("a"),
        make_case("b", valid=False, priority="P1", technique="security", source=Source("glm", "glm-4")),
        provider="glm",
        model="glm-4",
        fell_back=("qwen",),
        dropped=2,
        spending=spend(dollars("0.10"), Cost(Decimal("1E-7"), "CNY", "2025-01-01")),
        notes=("a note", "another"),
    ),
    make_result(make_endpoint("GET", "/pets"), make_case("c"), status="reused"),
    make_result(make_endpoint("GET", "/a"), status="failed", provider=None, error="nobody answered", dropped=1),
    make_result(make_endpoint("GET", "/b"), status="pending", provider=None),
]


def test_counts() -> None:
    assert manifest_of(make_suite(MIXED))["counts"] == {
        "endpoints": 4,
        "done": 1,
        "reused": 1,
        "failed": 1,
        "pending": 1,
        "cases": 3,
        "valid": 2,
        "invalid": 1,
        "dropped": 3,
        "by_technique": {"equivalence_partitioning": 2, "security": 1},
        "by_priority": {"P0": 2, "P1": 1},
        "by_provider": {"glm": 1, "rules": 2},
        "targets": {"total": 0, "hit": 0, "hit_by": {}, "left_out": 0, "unreachable": 0},
        "resources": 0,
        "scenarios": 0,
        "stale": 0,
    }


def test_endpoints_are_sorted_and_complete() -> None:
    endpoints = manifest_of(make_suite(MIXED))["endpoints"]
    assert [endpoint["id"] for endpoint in endpoints] == ["GET /a", "GET /b", "GET /pets", "POST /pets"]
    assert endpoints[0]["error"] == "nobody answered"
    assert endpoints[0]["file"] is None
    assert endpoints[3] == {
        "id": "POST /pets",
        "method": "POST",
        "path": "/pets",
        "operation_id": None,
        "tags": ["pets"],
        "fingerprint": "f" * 64,
        "complexity": {"score": 3, "tier": "simple"},
        "provider": "glm",
        "model": "glm-4",
        "fell_back": ["qwen"],
        "status": "done",
        "file": "cases/post.pets.json",
        "cases": 2,
        "valid": 1,
        "dropped": 2,
        "notes": ["a note", "another"],
        "targets": None,
        "error": None,
    }


def test_targets_say_who_hits_them_and_why_some_are_not_hit() -> None:
    result = make_result(
        make_endpoint(),
        make_case("a", targets=("one", "two")),
        make_case("b", targets=("two", "meaning:1"), source=Source("glm", "glm-4")),
        coverage=Coverage(("one", "two", "three"), {"four": "no value", "meaning:1": "never"}),
    )
    manifest = manifest_of(make_suite([result, make_result(make_endpoint("GET", "/b"))]))
    assert manifest["endpoints"][1]["targets"] == {
        "total": 5,
        "hit": 3,
        "hit_by": {"glm/glm-4": 2, "rules": 1},
        "left_out": ["three"],
        "unreachable": {"four": "no value"},
    }
    assert manifest["counts"]["targets"] == {
        "total": 5,
        "hit": 3,
        "hit_by": {"glm/glm-4": 2, "rules": 1},
        "left_out": 1,
        "unreachable": 1,
    }


def test_money_is_kept_by_currency_and_exact() -> None:
    cost = manifest_of(make_suite(MIXED))["cost"]
    assert cost["amounts"] == {"CNY": "0.0000001", "USD": "0.1"}
    assert cost["by_provider"]["glm"] == {"amounts": cost["amounts"], "answers": 2, "unpriced": 0}


def test_spending_by_provider_is_taken_where_it_is_known() -> None:
    spending = {"qwen": spend(None), "glm": spend(dollars("10"), dollars("20"))}
    base = make_suite(MIXED)
    manifest = manifest_of(Suite(base.document, base.results, base.run, spending))
    assert manifest["cost"]["amounts"] == {"USD": "30"}
    assert manifest["cost"]["unpriced"] == 1
    assert manifest["usage"]["input"] == 300
    assert manifest["usage"]["by_provider"]["qwen"] == {
        "input": 100,
        "output": 10,
        "cached_input": 50,
        "cache_write": 5,
        "reasoning": 3,
    }


def test_document_run_and_files() -> None:
    manifest = manifest_of(make_suite(MIXED))
    assert manifest["casecraft"] == "0.1.0"
    assert manifest["document"]["source"] == "petstore.yaml"
    assert manifest["run"] == {"id": "run-1", "strategy": "round_robin", "providers": ["rules"]}
    assert manifest["files"] == ["a", "b"]


def test_times_are_written_only_where_given() -> None:
    base = make_suite(MIXED)
    run = Run("r", started="2025-01-01T00:00:00Z")
    assert manifest_of(Suite(base.document, base.results, run))["run"]["started"] == "2025-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("https://me:secret@example.com/api.yaml?token=secret#x", "https://example.com/api.yaml"),
        ("docs/api?.yaml", "docs/api?.yaml"),
        ("-", "-"),
    ],
)
def test_credentials_in_the_source_are_left_out(source: str, shown: str) -> None:
    assert manifest_of(make_suite(MIXED, source=source))["document"]["source"] == shown
