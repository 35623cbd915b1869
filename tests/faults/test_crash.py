"""`kill -9` at 25 moments of real runs: nothing that was answered is lost, and nothing recorded is asked for again."""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from casecraft.state import open_store
from tests.command import COMMAND, ROOT, environment, files_of
from tests.documents import write_things

pytestmark = pytest.mark.slow

ENDPOINTS = 200
KILLS = 25
WORKERS = 8
LATENCY = 0.04
ARGS = ("doc.json", "--providers", "glm,qwen", "--provider-map", "POST *:glm,*:qwen", "--workers", str(WORKERS), "-q")
DEADLINE = 60.0
LINE = 65
IN_ID = 12
"""So many letters of a request's fingerprint stand in the id of its answer."""


@dataclass
class Server:
    """The simulator in a process of its own, and what it wrote down."""

    port: int
    journal: Path
    arrivals: Path

    def url(self, provider: str) -> str:
        return f"http://127.0.0.1:{self.port}/{provider}/v1"

    def answers(self) -> int:
        return self.journal.stat().st_size // LINE

    def finished(self) -> Counter[str]:
        return Counter(line[:IN_ID] for line in self.journal.read_text().split())

    def asked(self) -> Counter[str]:
        return Counter(line[:IN_ID] for line in self.arrivals.read_text().split())


@dataclass
class Folder:
    """Where a run happens, and the server that it asks."""

    path: Path
    server: Server
    commands: list[str] = field(default_factory=list)

    def start(self, *args: str) -> "subprocess.Popen[str]":
        keys = {"CASECRAFT_GLM_BASE_URL": self.server.url("glm"), "CASECRAFT_QWEN_BASE_URL": self.server.url("qwen")}
        self.commands.append(args[0] if len(args) == 1 else f"{args[0]} {args[-1]}")
        return subprocess.Popen(
            [*COMMAND, *args], cwd=self.path, env=environment(self.path, keys),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def state(self) -> Path | None:
        return next(self.path.glob(".casecraft/*.sqlite"), None)

    def recorded(self) -> Counter[str]:
        """The fingerprints of the requests whose answers the state file holds."""
        path = self.state()
        if path is None:
            return Counter()
        with open_store(path, read_only=True) as store:
            raws = [attempt.raw for run in store.runs() for attempt in store.attempts_of(run.id)]
        return Counter(json.loads(raw)["id"].removeprefix("chatcmpl-") for raw in raws if raw)

    def unfinished(self) -> bool:
        path = self.state()
        if path is None:
            return False
        with open_store(path, read_only=True) as store:
            return store.latest_unfinished() is not None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    journal, arrivals, config = (tmp_path / name for name in ("journal", "arrivals", "config.json"))
    provider = {"latency": LATENCY}
    facts = {"providers": {"glm": provider, "qwen": provider}, "answer": "tests.answers:some_need_repair"}
    config.write_text(json.dumps({**facts, "journal": str(journal), "arrivals": str(arrivals)}))
    with subprocess.Popen(
        [sys.executable, "-m", "tests.simulator", str(config)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield Server(int(process.stdout.readline()), journal, arrivals)
        process.kill()


def a_folder(path: Path, server: Server) -> Folder:
    path.mkdir()
    write_things(path / "doc.json", ENDPOINTS)
    return Folder(path, server)


def suite(folder: Folder) -> dict[str, Any]:
    """The suite as it is to be equal, to the byte: without what tells one run from another.

    Of `suite.json` these differ: the run's id; its usage and cost, which count what this run asked; and whether an
    endpoint was done or reused, in its status and in the counts.
    """
    files: dict[str, Any] = dict(files_of(folder.path / "suites" / "doc"))
    manifest = json.loads(files["suite.json"])
    del manifest["run"]["id"], manifest["usage"], manifest["cost"]
    counts = manifest["counts"]
    counts["done"] += counts.pop("reused")
    for endpoint in manifest["endpoints"]:
        assert endpoint.pop("status") in {"done", "reused"}
    return {**files, "suite.json": json.dumps(manifest, indent=1)}


def moments(seed: int) -> Iterator[tuple[str, float]]:
    """What to wait for before a kill: seconds after the start, answers after the start, or the writing of the suite."""
    draw = random.Random(seed)
    kinds = ["start", *["answers"] * 7, "writing", "writing"]
    while True:
        draw.shuffle(kinds)
        for kind in kinds:
            yield kind, draw.uniform(0.05, 1.2) if kind == "start" else draw.uniform(0, 60)


def reached(folder: Folder, kind: str, amount: float) -> Callable[[], bool]:
    began, had = time.monotonic(), folder.server.answers()
    if kind == "start":
        return lambda: time.monotonic() > began + amount
    if kind == "answers":
        return lambda: folder.server.answers() >= had + amount
    staging = folder.path / "suites" / "doc" / ".casecraft-staging" / "cases"
    return lambda: staging.is_dir() and len(list(staging.iterdir())) >= 3 * amount


def kill_at(process: "subprocess.Popen[str]", moment: Callable[[], bool]) -> bool:
    """SIGKILL when the moment comes; False where the process ended before it, well."""
    deadline = time.monotonic() + DEADLINE
    while process.poll() is None and not moment():
        assert time.monotonic() < deadline, "it neither ends nor comes to the moment"
        time.sleep(0.003)
    ended = process.poll()
    process.kill()
    _, errors = process.communicate()
    assert ended in {None, 0}, errors
    return ended is None


def test_nothing_recorded_is_asked_again_and_nothing_is_lost(tmp_path: Path, server: Server) -> None:
    undisturbed = a_folder(tmp_path / "undisturbed", server)
    to_its_end(undisturbed.start("generate", *ARGS))
    expected = suite(undisturbed)
    questions = set(server.finished())
    assert len(questions) > ENDPOINTS  # some were asked for a repair

    kills = again = 0
    moment = moments(seed=17)
    while kills < KILLS:
        folder = a_folder(tmp_path / f"after-{kills}-kills", server)
        asked_before = server.asked()
        kills += until_it_ends(folder, moment, KILLS - kills)
        assert suite(folder) == expected, folder.commands
        assert set(folder.recorded()) == questions
        again += (server.asked() - asked_before).total() - len(questions)
    # Only what was in flight, or answered and not yet recorded, when a kill came.
    assert again <= KILLS * 2 * WORKERS


def until_it_ends(folder: Folder, moment: Iterator[tuple[str, float]], most: int) -> int:
    """Begin a run, kill it and go on with it, at most so many times; the number of kills."""
    going_on = (("resume",), ("generate", *ARGS, "--resume"), ("generate", *ARGS))
    command = going_on[-1]
    for kills in range(most):
        kind, amount = next(moment)
        before = held(folder)
        process = folder.start(*command)
        killed = kill_at(process, reached(folder, kind, amount))
        assert_kept(before, folder)
        if not killed:
            return kills
        command = going_on[kills % 3] if folder.unfinished() else going_on[-1]
    before = held(folder)
    to_its_end(folder.start(*command))
    assert_kept(before, folder)
    return most


def to_its_end(process: "subprocess.Popen[str]") -> None:
    _, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, errors


def held(folder: Folder) -> dict[str, int]:
    """How often each question had been asked whose answer the state file holds."""
    asked = folder.server.asked()
    return {question: asked[question] for question in folder.recorded()}


def assert_kept(before: dict[str, int], folder: Folder) -> None:
    recorded, asked = folder.recorded(), folder.server.asked()
    assert set(recorded.values()) <= {1}, folder.commands
    assert before.keys() <= recorded.keys(), folder.commands
    assert {question: asked[question] for question in before} == before, folder.commands
