"""Resources and scenarios in the formats that Python runs beside pytest."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from casecraft.core.case import Case
from casecraft.core.scenario import Scenario
from casecraft.suites import render
from tests.suites.samples import make_case, make_endpoint, make_result, make_suite
from tests.suites.test_python_formats import run_gherkin, run_unittest
from tests.suites.test_suite_scenarios import (
    ANSWERS,
    CHANGE,
    PETS,
    READ,
    REMOVED,
    Pets,
    life,
    pets,
    reading,
    removing,
    request,
)

__all__ = ["pets"]  # the fixture
pytestmark = pytest.mark.slow

Done: TypeAlias = subprocess.CompletedProcess[str]
Runner: TypeAlias = Callable[..., Done]


def write(folder: Path, *cases: Case, scenarios: tuple[Scenario, ...] = ()) -> Path:
    """A suite of these cases, and of endpoints for their steps; tags are called as the scenarios' own module."""
    by_endpoint: dict[str, list[Case]] = {name: [] for name in ("POST /pets", "PUT /pets/{id}", "DELETE /pets/{id}")}
    for case in cases:
        by_endpoint.setdefault(f"{case.request.method} {case.request.path}", []).append(case)
    results = [
        make_result(make_endpoint(*name.split(), responses=ANSWERS, tags=("scenarios",)), *found)
        for name, found in by_endpoint.items()
    ]
    spare = make_case("spare", request=request("GET", "/spare"), expect=replace(make_case().expect, status=(404,)))
    results.append(make_result(make_endpoint("GET", "/spare", responses=ANSWERS), spare))
    suite = replace(make_suite(results), resources=(PETS,), scenarios=scenarios)
    render(suite, folder / "suite", ["unittest", "gherkin"])
    return folder / "suite"


def with_steps(*cases: Case) -> tuple[Case, ...]:
    """A case for each endpoint that a step needs, as its file is written only where it has cases."""
    paths = [("POST", "/pets", 201), ("PUT", "/pets/{id}", 404), ("DELETE", "/pets/{id}", 404)]
    return (
        *cases,
        *(
            make_case(
                f"any-{method}", request=request(method, path), expect=replace(make_case().expect, status=(status,))
            )
            for method, path, status in paths
        ),
    )


@pytest.mark.parametrize("run", [run_unittest, run_gherkin])
def test_resources_are_shared_or_ones_own_and_removed_at_the_end(
    tmp_path: Path, pets: tuple[Pets, str], run: Runner
) -> None:
    folder = write(tmp_path, *with_steps(reading("case-1"), reading("case-2"), removing("case-3")))
    done = run(folder, pets[1])
    assert done.returncode == 0, done.stdout + done.stderr
    made = [name for name in pets[0].requests if name == ("POST", "/pets")]
    assert len(made) == 3, "one for all, one for the case that removes it, and the case that makes one itself"
    kept = [where for where, pet in pets[0].kept.items() if pet is not None]
    assert len(kept) == 1, "what the last of these made"


@pytest.mark.parametrize("run", [run_unittest, run_gherkin])
def test_a_case_whose_resource_cannot_be_made_is_skipped(tmp_path: Path, pets: tuple[Pets, str], run: Runner) -> None:
    pets[0].wrong["POST", "/pets"] = 500
    folder = write(tmp_path, reading("case-1"), make_case("any-post", request=request("POST", "/pets"), expect=FAILS))
    done = run(folder, pets[1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "POST /pets made none: 500" in done.stdout + done.stderr


FAILS = replace(make_case().expect, status=(500,))


def test_scenarios_run_by_unittest(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    folder = write(tmp_path, *with_steps(reading("case-1")), scenarios=(life(READ, CHANGE, REMOVED),))
    done = run_unittest(folder, pets[1], "tests_scenarios_.TestScenarios", "-v")
    assert done.returncode == 0, done.stderr
    assert "Ran 1 test in" in done.stderr
    assert [method for method, _ in pets[0].requests] == ["POST", "GET", "PUT", "DELETE"]
    pets[0].wrong["PUT", "/pets/2"] = 500
    done = run_unittest(folder, pets[1], "tests_scenarios_.TestScenarios")
    assert done.returncode == 1
    assert "step 3 of 4" in done.stderr
    assert pets[0].requests[-1] == ("DELETE", "/pets/2"), "it is cleaned up"


def test_scenarios_run_by_pytest_bdd(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    folder = write(tmp_path, *with_steps(reading("case-1")), scenarios=(life(READ, CHANGE, REMOVED),))
    feature = "-m", "scenario_testing"
    done = run_gherkin(folder, pets[1], *feature)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert [method for method, _ in pets[0].requests] == ["POST", "GET", "PUT", "DELETE"]
    pets[0].wrong["PUT", "/pets/2"] = 500
    done = run_gherkin(folder, pets[1], *feature)
    assert done.returncode == 1
    assert "server error: status 500, expected 200" in done.stdout
    assert "step 3" in done.stdout
    assert pets[0].requests[-1] == ("DELETE", "/pets/2"), "it is cleaned up"


@pytest.mark.parametrize(
    ("more", "problem"),
    [({}, ""), ({"/a|b": "x \\ | \n"}, 'value mismatch: the body has nothing at /a|b, expected "x \\\\ | \\n"')],
)
def test_values_that_a_feature_reads_back_are_compared(
    tmp_path: Path, pets: tuple[Pets, str], more: dict[str, str], problem: str
) -> None:
    read = replace(READ, values={"/id": "1", **more})
    folder = write(tmp_path, *with_steps(reading("case-1")), scenarios=(life(read),))
    done = run_gherkin(folder, pets[1], "-m", "scenario_testing")
    assert done.returncode == (1 if problem else 0), done.stdout
    assert problem in done.stdout
    assert "at /id" not in done.stdout


def test_a_scenario_that_needs_what_cannot_be_made_is_skipped(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    pets[0].wrong["POST", "/pets"] = 500
    needs = replace(READ, bindings=tuple(replace(binding, step=PETS.id) for binding in READ.bindings))
    folder = write(tmp_path, *with_steps(reading("case-1")), scenarios=(replace(life(), steps=(needs,), cleanup=()),))
    done = run_gherkin(folder, pets[1], "-m", "scenario_testing")
    assert "1 skipped" in done.stdout
    assert "POST /pets made none: 500" in done.stdout
