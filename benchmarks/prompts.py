"""CPU time of the model-facing work on one endpoint: building its prompt and reading an answer of ten cases.

Run: `python -m benchmarks.prompts`
"""

import json
import sys
import time
from collections.abc import Callable, Iterator

from benchmarks.figures import Figure, report
from casecraft.cases import estimate_tokens, generation_request, parse
from tests.cases.sample_endpoint import TARGETS, make_endpoint

ROUNDS = 2_000


def milliseconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """CPU time of one call, after a first one that compiles the templates."""
    work()
    start = time.process_time()
    for _ in range(rounds):
        work()
    return (time.process_time() - start) * 1_000 / rounds


def answer() -> str:
    case = {
        "title": "A cat is registered",
        "valid": True,
        "violates": None,
        "technique": "error_guessing",
        "priority": "P0",
        "authenticated": True,
        "path_params": [{"name": "shelterId", "value": 7}],
        "query": [{"name": "notify", "value": True}],
        "headers": [],
        "cookies": [],
        "content_type": "application/json",
        "body": '{"name":"Mochi","kind":"cat","owner":{"email":"amara@example.org"}}',
        "expect_status": ["201"],
    }
    return json.dumps({"cases": [case | {"title": f"Cat {number} is registered"} for number in range(10)]})


def main() -> int:
    return report(measure())


def measure() -> Iterator[Figure]:
    endpoint = make_endpoint()
    whole = answer()
    damaged = f"Here they are:\n```json\n{whole.replace(']}', ',],}')}\n```"
    request = generation_request(endpoint, TARGETS, lang="en", max_cases=10)
    build = milliseconds(lambda: generation_request(endpoint, TARGETS, lang="en", max_cases=10))
    yield Figure("prompt built: CPU", build, "ms")
    yield Figure("prompt's tokens estimated: CPU", milliseconds(lambda: estimate_tokens(request)), "ms")
    yield Figure("answer of ten cases parsed: CPU", milliseconds(lambda: parse(whole)), "ms")
    yield Figure("damaged answer of ten cases parsed: CPU", milliseconds(lambda: parse(damaged), 50), "ms")


if __name__ == "__main__":
    sys.exit(main())
