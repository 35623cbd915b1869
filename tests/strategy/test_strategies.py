from collections import Counter
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casecraft.core.endpoint import Endpoint
from casecraft.core.profile import Profile
from casecraft.errors import StrategyError
from casecraft.strategy import load_strategy, turns
from tests.strategy import factories
from tests.strategy.factories import endpoint, profile

READY_MADE = Path(__file__).parents[2] / "strategies"
NAMED = ["round_robin", "random", "complexity", "complexity_based", "manual"]
FILES = ["cheapest.py", "bandit.py"]


@pytest.mark.parametrize("name", [*NAMED, *(str(READY_MADE / file) for file in FILES)])
@given(endpoints=factories.endpoints, profiles=factories.profiles)
def test_every_endpoint_gets_one_known_provider(name: str, endpoints: list[Endpoint], profiles: list[Profile]) -> None:
    provider_map = f"/a*:{profiles[-1].name},*:{profiles[0].name}"
    assigned = load_strategy(name, seed=1, provider_map=provider_map).assign(endpoints, profiles)
    assert list(assigned) == [made.id for made in endpoints]
    assert set(assigned.values()) <= {made.name for made in profiles}


@given(profiles=factories.profiles, number=st.integers(0, 200))
def test_turns_keep_to_the_share_of_workers_at_every_moment(profiles: list[Profile], number: int) -> None:
    total = sum(made.max_workers for made in profiles)
    taken = Counter(islice(turns(profiles), number))
    assert all(abs(taken[made.name] - number * made.max_workers / total) < 1 for made in profiles)


@pytest.mark.parametrize("name", ["round_robin", "random"])
@given(endpoints=factories.endpoints, profiles=factories.profiles)
def test_weighted_strategies_share_by_workers(name: str, endpoints: list[Endpoint], profiles: list[Profile]) -> None:
    total = sum(made.max_workers for made in profiles)
    shares = Counter(load_strategy(name, seed=3).assign(endpoints, profiles).values())
    assert all(abs(shares[made.name] - len(endpoints) * made.max_workers / total) < 1 for made in profiles)


@given(endpoints=factories.endpoints, profiles=factories.profiles, seed=st.integers())
def test_random_depends_on_the_seed_and_not_on_the_order(
    endpoints: list[Endpoint], profiles: list[Profile], seed: int
) -> None:
    shuffled = Random(seed).sample(endpoints, len(endpoints))
    first = load_strategy("random", seed=seed).assign(endpoints, profiles)
    assert first == load_strategy("random", seed=seed).assign(shuffled, profiles)


def test_random_differs_between_seeds() -> None:
    many = [endpoint(f"GET /{number}") for number in range(50)]
    two = [profile("glm"), profile("qwen")]
    assert load_strategy("random", seed=1).assign(many, two) != load_strategy("random", seed=2).assign(many, two)


def test_round_robin_goes_through_the_document_in_order() -> None:
    four = [endpoint(f"GET /{number}") for number in range(4)]
    assigned = load_strategy("round_robin").assign(four, [profile("glm", 1), profile("qwen", 3)])
    assert list(assigned.values()) == ["qwen", "qwen", "glm", "qwen"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("a", ["a", "a", "a", "a"]),
        ("ab", ["a", "b", "b", "b"]),
        ("abc", ["a", "b", "b", "c"]),
        ("abcd", ["a", "b", "c", "d"]),
    ],
)
def test_complexity_goes_from_the_first_named_to_the_last(names: str, expected: list[str]) -> None:
    four = [
        endpoint("GET /s", "simple"),
        endpoint("GET /m", "medium"),
        endpoint("GET /n", "medium"),
        endpoint("GET /c", "complex"),
    ]
    assert list(load_strategy("complexity").assign(four, [profile(name) for name in names]).values()) == expected


@pytest.mark.parametrize(("name", "rebalance"), [("round_robin", True), ("random", True), ("complexity", False)])
def test_only_the_weighted_ones_are_rebalanced(name: str, rebalance: bool) -> None:
    assert load_strategy(name).rebalance is rebalance
    assert load_strategy("manual", provider_map="*:glm").rebalance is False


@pytest.mark.parametrize(
    ("id_", "provider"),
    [
        ("GET /users/{id}", "qwen"),
        ("GET /users/{id}/posts", "qwen"),
        ("POST /orders", "kimi"),
        ("GET /orders", "glm"),
        ("POST /v1/things:batch", "kimi"),
        ("GET /a[1]?b", "qwen"),
    ],
)
def test_map_takes_the_first_pattern_that_matches(id_: str, provider: str) -> None:
    strategy = load_strategy(
        "manual",
        provider_map="/users/*:qwen, post /orders:kimi,* /v1/things:batch:kimi,/a[1]?b:qwen,*:glm,/users/me:kimi",
    )
    three = [profile(name) for name in ("glm", "qwen", "kimi")]
    assert strategy.assign([endpoint(id_)], three) == {id_: provider}


def test_team_map_reads_as_written() -> None:
    strategy = load_strategy("manual", provider_map=str(READY_MADE / "team-map.yaml"))
    assigned = strategy.assign(
        [endpoint("POST /orders"), endpoint("GET /users/search"), endpoint("GET /x/search"), endpoint("GET /x")],
        [profile(name) for name in ("glm", "qwen", "kimi")],
    )
    assert list(assigned.values()) == ["kimi", "qwen", "qwen", "glm"]
    assert strategy.notes == ("the pattern 'DELETE *' matches no endpoint",)


@pytest.mark.parametrize(
    ("provider_map", "message", "hint"),
    [
        (None, "'manual' needs a map", "--provider-map"),
        ("", "the provider map is empty", "write it like"),
        ("/users", "'/users' in the provider map is no PATTERN:PROVIDER", "write it like"),
        ("/points/{lat},{lon}:glm", "'/points/{lat}' in the provider map", "as a YAML file"),
        ("/v1/x:/y", "no PATTERN:PROVIDER", "write it like"),
        ("/a:gml,*:glm", "sends '/a' to 'gml', which is no provider of this run", "did you mean 'glm'?"),
        ("*:kimi", "sends '*' to 'kimi'", "name it with --providers too: glm,qwen"),
        (
            "/users:glm",
            "no pattern of the provider map matches 'GET /pets'",
            "add one for all the rest at its end: '*:glm'",
        ),
        ("missing.yaml", "'missing.yaml' cannot be read", "check the path"),
    ],
)
def test_wrong_map_says_what_and_what_to_do(provider_map: str | None, message: str, hint: str) -> None:
    with pytest.raises(StrategyError) as caught:
        load_strategy("manual", provider_map=provider_map).assign(
            [endpoint("GET /pets")], [profile("glm"), profile("qwen")]
        )
    assert message in str(caught.value)
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "it is empty"),
        ("- a", "it is no mapping"),
        ("a: [1]", "line 1 has no PATTERN: PROVIDER"),
        ("'/a': x\n'/a': y", "line 2 says '/a' a second time"),
        ("'/a': x\n[", "line 2"),
        ("/a:", "line 1 has no PATTERN: PROVIDER"),
    ],
)
def test_wrong_map_file_says_the_line(tmp_path: Path, content: str, what: str) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(content)
    with pytest.raises(StrategyError, match="is malformed") as caught:
        load_strategy("manual", provider_map=str(path))
    assert what in str(caught.value)


def test_pattern_without_endpoint_is_noted_with_the_nearest() -> None:
    strategy = load_strategy("manual", provider_map="/uesrs:glm,*:glm")
    strategy.assign([endpoint("GET /users"), endpoint("GET /pets")], [profile("glm")])
    assert strategy.notes == ("the pattern '/uesrs' matches no endpoint; the nearest is '/users'",)
