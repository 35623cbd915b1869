"""Each example does what its page says, with the simulator in the providers' place."""

from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from casecraft.config import environment_template
from casecraft.providers import load_catalog
from tests.answers import id_of
from tests.examples.stage import KEY, ROOT, Stage, read_suite, simulate
from tests.simulator import Seen, Simulator

ENDPOINTS = 14


def asked(simulator: Simulator, provider: str) -> set[str]:
    return {id_of(seen.body) for seen in simulator.requests(provider)}


def headers_of(seen: Seen) -> dict[str, str]:
    return {name.lower(): value for name, value in seen.headers.items()}


def made_by_models(folder: Path) -> set[str]:
    """Who made the cases whose titles a model wrote."""
    cases = [case for path in folder.glob("cases/*.json") for case in orjson.loads(path.read_bytes())["cases"]]
    return {case["source"]["provider"] for case in cases if case["title"].startswith("By a model:")}


def test_the_example_of_variables_is_what_init_writes() -> None:
    example = (ROOT / "examples" / ".env.example").read_text("utf-8")
    assert example == environment_template(load_catalog().known()), "run `casecraft init` in a new folder and copy it"


@pytest.mark.slow
@pytest.mark.parametrize("command", ["./run.sh", "python run.py"])
def test_one_provider_is_asked_once_for_each_endpoint(stage: Stage, command: str) -> None:
    suite = stage.folder / "examples" / "one-provider" / "suites" / "petstore"
    with simulate("qwen") as simulator:
        stage.add_providers(simulator)
        first = stage.run(command, "examples/one-provider")
        assert first.returncode == 0, first.stderr
        assert len(asked(simulator, "qwen")) == len(simulator.seen) == ENDPOINTS
        counts = read_suite(suite)["counts"]
        assert counts["by_provider"]["qwen"] >= 2 * ENDPOINTS  # some endpoints have few cases in all
        assert made_by_models(suite) == {"qwen"}
        again = stage.run(command, "examples/one-provider")
        assert again.returncode == 0, again.stderr
        assert len(simulator.seen) == ENDPOINTS, "a second run asks for nothing"
    assert (suite / "test_pets.py").is_file()


@pytest.mark.slow
def test_several_providers_follow_the_map(stage: Stage) -> None:
    with simulate("glm", "qwen", "kimi") as simulator:
        stage.add_providers(simulator)
        done = stage.run("./run.sh", "examples/several-providers")
        assert done.returncode == 0, done.stderr
        assert asked(simulator, "kimi") == {"POST /orders"}
        assert asked(simulator, "qwen") == {endpoint for endpoint in asked(simulator, "qwen") if " /pets" in endpoint}
        assert len(asked(simulator, "qwen")) == 7
        assert len(asked(simulator, "glm")) == ENDPOINTS - 8
    suite = stage.folder / "examples" / "several-providers" / "suites" / "petstore"
    assert read_suite(suite)["run"]["strategy"] == "manual"
    assert made_by_models(suite) == {"glm", "qwen", "kimi"}


@pytest.mark.slow
def test_several_providers_fall_back_along_the_chain(stage: Stage) -> None:
    with simulate("glm", "qwen", "kimi") as simulator:
        for name in ("glm", "kimi"):
            simulator.providers[name].faults = {"401": 1.0}
        stage.add_providers(simulator)
        done = stage.run("./run.sh", "examples/several-providers")
        assert done.returncode == 0, done.stderr
    suite = read_suite(stage.folder / "examples" / "several-providers" / "suites" / "petstore")
    assert {endpoint["provider"] for endpoint in suite["endpoints"]} == {"qwen"}
    orders = next(endpoint for endpoint in suite["endpoints"] if endpoint["id"] == "POST /orders")
    health = next(endpoint for endpoint in suite["endpoints"] if endpoint["id"] == "GET /health")
    assert orders["fell_back"] == ["kimi"]
    assert health["fell_back"][0] == "glm"


@pytest.mark.slow
def test_the_map_on_the_command_line_is_the_one_in_the_file(stage: Stage) -> None:
    page = (ROOT / "examples" / "several-providers" / "README.md").read_text("utf-8")
    command = page.rpartition("```sh\n")[2].partition("```")[0]
    (stage.folder / "examples" / "several-providers" / "casecraft.toml").unlink()
    with simulate("glm", "qwen", "kimi") as simulator:
        stage.add_providers(simulator)
        done = stage.run(command, "examples/several-providers")
        assert done.returncode == 0, done.stderr
        assert asked(simulator, "kimi") == {"POST /orders"}
        assert len(asked(simulator, "qwen")) == 7


@pytest.mark.slow
def test_everything_is_obeyed(stage: Stage) -> None:
    folder = stage.folder / "examples" / "everything"
    with simulate("glm", "qwen", "acme") as simulator:
        stage.add_providers(simulator)
        done = stage.run("./run.sh", "examples/everything")
        assert done.returncode == 0, done.stderr
        acme = simulator.requests("acme")
        assert acme
        assert {headers_of(seen)["x-team"] for seen in acme} == {"qa"}
        assert {headers_of(seen)["authorization"] for seen in acme} == {f"Bearer {KEY}"}
        assert {seen.body["top_p"] for seen in acme} == {0.9}
        assert {seen.body["model"] for seen in acme} == {"acme-large"}
        assert {seen.body["model"] for seen in simulator.requests("qwen")} == {"qwen-flash"}
    suite = read_suite(folder / "out" / "petstore")
    assert {endpoint["tags"][0] for endpoint in suite["endpoints"]} == {"pets", "orders"}
    assert {endpoint["method"] for endpoint in suite["endpoints"]} == {"GET", "POST", "PUT"}
    assert not [endpoint["path"] for endpoint in suite["endpoints"] if endpoint["path"].endswith("/notes")]
    tiers = {(endpoint["complexity"]["tier"], endpoint["provider"]) for endpoint in suite["endpoints"]}
    assert tiers == {("simple", "glm"), ("medium", "qwen"), ("complex", "acme")}
    assert 0 < Decimal(suite["cost"]["amounts"]["CNY"]) < 2
    assert "acme" in done.stdout.split("made by")[0], "the estimate names it"
    history = orjson.loads((folder / "out" / "history.json").read_bytes())
    assert len(history["runs"]) == 1


@pytest.mark.slow
def test_the_budget_of_everything_stops_it(stage: Stage) -> None:
    folder = stage.folder / "examples" / "everything"
    settings = folder / "casecraft.toml"
    settings.write_text(settings.read_text("utf-8").replace("max_cost = 2.00", "max_cost = 0.02"), "utf-8")
    with simulate("glm", "qwen", "acme") as simulator:
        stage.add_providers(simulator)
        done = stage.run("casecraft generate ../../specs/petstore.yaml", "examples/everything")
    assert done.returncode == 3, done.stderr
    assert "casecraft resume" in done.stdout
    assert Decimal(read_suite(folder / "out" / "petstore")["cost"]["amounts"].get("CNY", "0")) <= Decimal("0.02")
