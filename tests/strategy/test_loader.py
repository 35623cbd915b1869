import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from casecraft.core.job import JobResult
from casecraft.errors import StrategyError
from casecraft.strategy import Adaptive, Strategy, available_strategies, load_strategy, loader
from tests.strategy.factories import endpoint, profile

CLASS = "class Mine:\n    rebalance = False\n    def assign(self, endpoints, profiles):\n        "
TO_FIRST = CLASS + "return {it.id: profiles[0].name for it in endpoints}\n"


def written(folder: Path, text: str) -> str:
    path = folder / "mine.py"
    path.write_text(text)
    return str(path)


def test_file_with_one_class_is_a_strategy(tmp_path: Path) -> None:
    strategy = load_strategy(written(tmp_path, TO_FIRST))
    assert strategy.assign([endpoint("GET /a")], [profile("glm")]) == {"GET /a": "glm"}
    assert isinstance(strategy, Strategy)
    assert not isinstance(strategy, Adaptive)


def test_factory_gets_what_it_asks_for(tmp_path: Path) -> None:
    text = (
        TO_FIRST
        + "class Other(Mine): pass\ndef strategy(seed):\n    it = Mine()\n    it.notes = [seed]\n    return it\n"
    )
    assert load_strategy(written(tmp_path, text), seed=7).notes == ("7",)


def test_map_that_a_strategy_does_not_use_is_noted() -> None:
    assert load_strategy("round_robin", provider_map="*:glm").notes == (
        "the strategy 'round_robin' does not use the provider map",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n\nraise ValueError('no')\n", "ValueError: no (line 3)"),
        ("x = (\n", "SyntaxError"),
        ("import nothing_of_this_name\n", "ModuleNotFoundError"),
        ("x = 1\n", "must have exactly one strategy; it has none"),
        (TO_FIRST + TO_FIRST.replace("Mine", "Second"), "it has Mine, Second"),
        (TO_FIRST.replace("    rebalance = False\n", ""), "gives no strategy"),
        ("def strategy():\n    return 1\n", "gives no strategy"),
        ("def strategy():\n    return 1 / 0\n", "cannot be made: ZeroDivisionError"),
    ],
)
def test_wrong_file_says_what_and_where(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(StrategyError) as caught:
        load_strategy(written(tmp_path, text))
    assert message in str(caught.value)
    assert "mine.py" in str(caught.value)


def test_missing_file_and_unknown_name_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(StrategyError, match="there is no strategy file"):
        load_strategy(str(tmp_path / "none.py"))
    with pytest.raises(StrategyError, match="no strategy 'round-robbin'") as caught:
        load_strategy("round-robbin")
    assert str(caught.value.hint).startswith("did you mean 'round_robin'? There are complexity, complexity_based")


@pytest.mark.parametrize(
    ("body", "message", "hint"),
    [
        ("return {}", "leaves out 1 endpoints, 'GET /a' among them", "for the id of each"),
        (
            "return {'GET /a': 'gml'}",
            "sends 'GET /a' to 'gml', which is no provider of this run",
            "did you mean 'glm'?",
        ),
        ("return {'GET /a': None}", "sends 'GET /a' to None", "this run has glm"),
        ("return [1]", "returned 'list', not a mapping", ""),
    ],
)
def test_assignments_of_others_are_checked(tmp_path: Path, body: str, message: str, hint: str) -> None:
    strategy = load_strategy(written(tmp_path, CLASS + body + "\n"))
    with pytest.raises(StrategyError) as caught:
        strategy.assign([endpoint("GET /a")], [profile("glm")])
    assert message in str(caught.value)
    assert hint in (caught.value.hint or "")


def test_assignment_without_providers_is_refused() -> None:
    with pytest.raises(StrategyError, match="no providers to choose from"):
        load_strategy("complexity").assign([endpoint("GET /a")], [])


def test_choices_of_adaptive_strategies_are_checked(tmp_path: Path) -> None:
    text = TO_FIRST + (
        "    def choose(self, endpoint, profiles):\n        return 'nobody'\n"
        "    def learn(self, result):\n        self.notes = [result.status]\n"
    )
    strategy = load_strategy(written(tmp_path, text))
    assert isinstance(strategy, Adaptive)
    with pytest.raises(StrategyError, match="sends 'GET /a' to 'nobody'"):
        strategy.choose(endpoint("GET /a"), [profile("glm")])
    strategy.learn(JobResult(endpoint("GET /a"), "failed", None))
    assert strategy.notes == ("failed",)


def test_built_ins_are_declared_for_installers_too() -> None:
    declared = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert declared["project"]["entry-points"][loader.GROUP] == loader.BUILT_INS


def test_plugged_in_strategy_is_found_but_takes_no_built_in_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plugged_strategy.py").write_text(TO_FIRST)
    monkeypatch.syspath_prepend(tmp_path)
    plugged = [EntryPoint(name, "plugged_strategy:Mine", loader.GROUP) for name in ("mine", "random")]
    broken = EntryPoint("broken", "plugged_strategy:Nothing", loader.GROUP)
    monkeypatch.setattr(loader, "entry_points", lambda group: [*plugged, broken])
    assert load_strategy("mine").assign([endpoint("GET /a")], [profile("glm")]) == {"GET /a": "glm"}
    assert load_strategy("random", seed=1).rebalance is True
    described = dict(available_strategies())
    assert described["random"].startswith("Shuffles")
    assert "cannot be loaded: AttributeError" in described["broken"]
    with pytest.raises(StrategyError, match="'broken'"):
        load_strategy("broken")
