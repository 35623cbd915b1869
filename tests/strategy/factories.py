"""Endpoints and profiles for the tests of strategies, and Hypothesis strategies for lists of them."""

from hypothesis import strategies as st

from casecraft.core.endpoint import Complexity, Endpoint, Tier
from casecraft.core.profile import Price, Profile
from casecraft.core.schema import Definitions

NO_DEFINITIONS = Definitions(lambda name: {})
TIERS: tuple[Tier, ...] = ("simple", "medium", "complex")


def endpoint(id_: str, tier: Tier = "simple") -> Endpoint:
    method, _, path = id_.partition(" ")
    return Endpoint(method, path, NO_DEFINITIONS, NO_DEFINITIONS, "f", Complexity(1, tier))


def profile(name: str, workers: int = 1, price: Price | None = None, *, local: bool = False) -> Profile:
    return Profile(name, "openai_chat", max_workers=workers, price=price, local=local)


endpoints = st.lists(
    st.builds(
        endpoint,
        st.tuples(st.sampled_from(["GET", "POST", "DELETE"]), st.text("abc/{}:,*[?", max_size=6)).map(
            lambda parts: f"{parts[0]} /{parts[1]}"
        ),
        st.sampled_from(TIERS),
    ),
    unique_by=lambda made: made.id,
    max_size=40,
)
profiles = st.lists(
    st.builds(profile, st.text("glmqwenki", min_size=1, max_size=4), st.integers(1, 9)),
    unique_by=lambda made: made.name,
    min_size=1,
    max_size=6,
)
