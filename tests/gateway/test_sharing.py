"""Strategies over requests: shares, order and kinds."""

from collections import Counter
from pathlib import Path

import pytest

from casecraft.gateway.sharing import MOST_KINDS, Sharing, score_of
from casecraft.gateway.traits import Traits
from tests.gateway.made import attempt, exchange
from tests.strategy.factories import profile

GLM, QWEN, KIMI = profile("glm"), profile("qwen", 2), profile("kimi")
LIGHT = Traits("m", input_tokens=100, dialect="openai_chat")
MEDIUM = Traits("m", input_tokens=9000, dialect="openai_chat")
HEAVY = Traits("m", input_tokens=19_000, tools=24, dialect="anthropic_messages")


def test_round_robin_alternates_by_workers_whatever_is_asked() -> None:
    sharing = Sharing("round_robin", [GLM, QWEN])
    asked = [LIGHT, HEAVY, MEDIUM] * 210
    names = [sharing.choose(traits) for traits in asked]
    shares = [Counter(names[start : start + 3]) for start in range(0, len(names), 3)]
    assert all(share == {"qwen": 2, "glm": 1} for share in shares)
    assert Counter(names) == {"qwen": 420, "glm": 210}


def test_requests_of_ever_new_models_alternate_too() -> None:
    sharing = Sharing("round_robin", [GLM, KIMI])
    names = [sharing.choose(Traits(f"model-{n}")) for n in range(MOST_KINDS + 100)]
    assert Counter(names) == {"glm": len(names) / 2, "kimi": len(names) / 2}
    assert len(sharing._rounds) == MOST_KINDS


def test_random_is_seeded_and_spread_by_workers() -> None:
    def draw(seed: int) -> list[str]:
        sharing = Sharing("random", [GLM, QWEN], seed=seed)
        return [sharing.choose(LIGHT) for _ in range(126)]

    assert draw(1) == draw(1) != draw(2)
    assert Counter(draw(1)) == {"qwen": 84, "glm": 42}
    assert len({tuple(draw(1)[start : start + 3]) for start in range(0, 63, 3)}) > 1, "no fixed order"


def test_complexity_sends_heavy_requests_to_the_strong() -> None:
    sharing = Sharing("complexity", [GLM, QWEN, profile("local"), KIMI])
    chosen = {
        name: [sharing.choose(it) for it in asked]
        for name, asked in {"light": [LIGHT] * 4, "heavy": [HEAVY] * 4}.items()
    }
    assert chosen == {"light": ["glm"] * 4, "heavy": ["kimi"] * 4}
    between = []
    for _ in range(30):  # the others' requests in between change nothing
        sharing.choose(LIGHT)
        between.append(sharing.choose(MEDIUM))
    assert Counter(between) == {"qwen": 20, "local": 10}


def test_a_map_goes_by_doors() -> None:
    sharing = Sharing("manual", [GLM, QWEN], provider_map="/v1/messages:qwen,*:glm")
    assert [sharing.choose(it) for it in (LIGHT, HEAVY)] == ["glm", "qwen"]
    assert sharing.notes == ()
    odd = Sharing("manual", [GLM], provider_map="/v1/massages:glm,*:glm")
    assert "'/v1/messages'" in odd.notes[0] or "'POST /v1/messages'" in odd.notes[0]


@pytest.mark.parametrize(
    ("traits", "score"),
    [
        (LIGHT, 0),
        (MEDIUM, 9),
        (Traits("m", input_tokens=4000, thinking=True, tools=2), 11),
        (Traits("m", input_tokens=24_999), 24),
        (Traits("m", input_tokens=25_000), 25),
        (HEAVY, 25),
        (Traits("m", input_tokens=50_000), 50),
        (Traits("m", input_tokens=99_999), 50),
        (Traits("m", input_tokens=100_000), 100),
    ],
)
def test_scores(traits: Traits, score: int) -> None:
    assert score_of(traits) == score


def test_a_strategy_sees_models_and_unique_ids(tmp_path: Path) -> None:
    file = tmp_path / "by_model.py"
    file.write_text(
        "class ByModel:\n    rebalance = False\n    def assign(self, endpoints, profiles):\n"
        "        assert len({it.id for it in endpoints}) == len(endpoints)\n"
        "        return {it.id: 'qwen' if it.tags == ('q',) else 'glm' for it in endpoints}\n"
    )
    sharing = Sharing(str(file), [GLM, QWEN])
    assert [sharing.choose(Traits(model)) for model in "qgqg"] == ["qwen", "glm", "qwen", "glm"]


def test_what_a_strategy_is_told(tmp_path: Path) -> None:
    file = tmp_path / "notes.py"
    file.write_text(
        "told = []\nclass Notes:\n    rebalance = False\n"
        "    def assign(self, endpoints, profiles):\n        return {it.id: 'glm' for it in endpoints}\n"
        "    def choose(self, endpoint, profiles):\n        return str(len(told)) if told else 'glm'\n"
        "    def learn(self, result):\n"
        "        told.append(result)\n"
        "        if len(told) == 3:\n"
        "            raise RuntimeError([seen(it) for it in told])\n"
        "def seen(it):\n    return it.status, it.provider, it.fell_back, float(it.spending.amounts['USD'])\n"
    )
    sharing = Sharing(str(file), [GLM, profile("qwen/q"), KIMI])
    broken = attempt("glm", error="ServerError: no")
    sharing.learn(LIGHT, exchange("cancelled", attempt("glm")))
    sharing.learn(LIGHT, exchange("refused"))
    sharing.learn(LIGHT, exchange("answered", broken, attempt("qwen/q", "q")))
    sharing.learn(LIGHT, exchange("failed", broken, attempt("kimi", error="ServerError: no")))
    expected = (
        r"\('done', 'qwen/q', \('glm',\), 2.0\), "
        r"\('failed', None, \('glm', 'kimi'\), 2.0\), \('failed', None, \('other',\), 1.0\)"
    )
    with pytest.raises(Exception, match=expected):
        sharing.learn(LIGHT, exchange("cut", attempt("other")))
