"""What is new since the last run."""

import json
from pathlib import Path

import pytest

from casecraft.core.outcome import CaseResult, Outcome
from casecraft.runner.history import CHANGES, History, compare_runs
from casecraft.runner.page import as_history_page
from casecraft.state import Store, begin_suite_run, open_store, record_results
from casecraft.suites import WrittenSuite, read_suite

IDS = ("one", "two", "three")
Results = dict[str, Outcome]


@pytest.fixture
def suite(tmp_path: Path) -> WrittenSuite:
    (tmp_path / "cases").mkdir()
    cases = [{"id": name, "title": f"The case {name}", "valid": True} for name in IDS]
    (tmp_path / "suite.json").write_text("{}")
    (tmp_path / "cases" / "a.json").write_text(json.dumps({"endpoint": "GET /a", "cases": cases}))
    return read_suite(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> "Store":  # type: ignore[misc]
    with open_store(tmp_path / "a.sqlite") as opened:
        yield opened


def ran(store: Store, results: Results, url: str = "http://x", flaky: str = "") -> str:
    run = begin_suite_run(store, started=1.0, suite="a", base_url=url, document_digest="", selection={})
    record_results(
        store,
        run,
        [CaseResult(name, "GET /a", outcome, "", None, 0.1, name == flaky) for name, outcome in results.items()],
    )
    return run


def changed(history: History) -> dict[str, list[str]]:
    return {name: [case.case_id for case in history.changes[name]] for name in CHANGES if history.changes[name]}


def test_before_any_run_nothing_was_run(suite: WrittenSuite, store: Store) -> None:
    history = compare_runs(suite, store)
    assert (history.run, history.before, changed(history)) == (None, None, {"never_run": list(IDS)})


def test_the_first_run_has_only_news(suite: WrittenSuite, store: Store) -> None:
    ran(store, {"one": "failed", "two": "finding", "three": "passed"})
    history = compare_runs(suite, store)
    assert changed(history) == {"newly_failing": ["one", "two"]}
    assert history.passed == 1


def test_changes_between_two_runs(suite: WrittenSuite, store: Store) -> None:
    first = ran(store, {"one": "failed", "two": "failed", "three": "passed"})
    ran(store, {"one": "failed", "two": "passed", "three": "failed"})
    history = compare_runs(suite, store)
    assert changed(history) == {"newly_failing": ["three"], "still_failing": ["one"], "fixed": ["two"]}
    assert history.changes["still_failing"][0].since == first
    ran(store, {"one": "failed", "two": "passed", "three": "failed"})
    assert compare_runs(suite, store).changes["still_failing"][0].since == first


def test_what_was_left_out_or_blocked_stays_as_it_was(suite: WrittenSuite, store: Store) -> None:
    ran(store, {"one": "failed", "two": "failed", "three": "passed"})
    ran(store, {"one": "blocked", "three": "unanswered"})
    history = compare_runs(suite, store)
    assert changed(history) == {"still_failing": ["two"], "blocked": ["one"], "unanswered": ["three"]}
    ran(store, {"one": "failed", "two": "passed", "three": "passed"})
    assert changed(compare_runs(suite, store)) == {"still_failing": ["one"], "fixed": ["two"]}


def test_another_address_is_another_service(suite: WrittenSuite, store: Store) -> None:
    ran(store, dict.fromkeys(IDS, "failed"), url="http://staging")
    ran(store, dict.fromkeys(IDS, "failed"))
    history = compare_runs(suite, store)
    assert (history.before, changed(history)) == (None, {"newly_failing": list(IDS)})


def test_flaky_ones_are_said_and_those_the_suite_lost_are_stale(suite: WrittenSuite, store: Store) -> None:
    ran(store, {"gone": "passed", **dict.fromkeys(IDS, "passed")})
    ran(store, dict.fromkeys(IDS, "passed"), flaky="two")
    history = compare_runs(suite, store)
    assert changed(history) == {"flaky": ["two"], "stale": ["gone"]}
    assert history.passed == 2


def test_cases_of_people_that_hold_no_longer_are_stale(suite: WrittenSuite, store: Store) -> None:
    case = {"id": "mine", "title": "Mine <b>"}
    stale = {"cases": [{"endpoint": "GET /b", "reason": "its endpoint is gone", "edited": False, "case": case}]}
    (suite.folder / "stale.json").write_text(json.dumps(stale))
    ran(store, dict.fromkeys(IDS, "passed"))
    history = compare_runs(suite, store)
    (mine,) = history.changes["stale"]
    assert (mine.case_id, mine.message) == ("mine", "its endpoint is gone")
    page = as_history_page(history).decode()
    assert "Mine &lt;b&gt;" in page
    assert "its endpoint is gone" in page
