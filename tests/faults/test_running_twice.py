"""What a second run asks for: only what has changed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.answers import id_of, one_good_case, some_need_repair
from tests.command import Done, files_of, run
from tests.documents import things, write_things
from tests.simulator import Behaviour, Simulator

pytestmark = pytest.mark.slow

ENDPOINTS = 6


class Project:
    """A folder with a document, and the server that its runs ask."""

    def __init__(self, folder: Path, server: Simulator) -> None:
        self.folder = folder
        self.server = server

    async def generate(self, *args: str) -> list[str]:
        """The endpoints that a run asks about."""
        before = len(self.server.seen)
        self.done = await run(
            "generate", "doc.json", "-p", "qwen", "--json", *args, cwd=self.folder,
            env={"CASECRAFT_QWEN_BASE_URL": self.server.url("qwen")},
        )  # fmt: skip
        assert self.done.code == 0, self.done.err
        return sorted({id_of(seen.body) for seen in self.server.seen[before:]})

    def statuses(self) -> dict[str, str]:
        made: dict[str, Any] = json.loads(self.done.out)
        return {endpoint["id"]: endpoint["status"] for endpoint in made["endpoints"]}


def ids(count: int = ENDPOINTS) -> list[str]:
    return sorted(
        f"{method.upper()} {path}" for path, operations in things(count)["paths"].items() for method in operations
    )


async def test_a_second_run_asks_nobody_and_writes_the_same(tmp_path: Path) -> None:
    write_things(tmp_path / "doc.json", ENDPOINTS)
    async with Simulator({"qwen": Behaviour()}, answer=some_need_repair) as server:
        project = Project(tmp_path, server)
        assert await project.generate() == ids()
        first = files_of(tmp_path / "suites")
        assert await project.generate() == []
        assert set(project.statuses().values()) == {"reused"}
        second = files_of(tmp_path / "suites")
        assert {name for name in first if first[name] != second[name]} == {"doc/suite.json"}
        assert first.keys() == second.keys()


async def test_exactly_the_changed_endpoint_is_asked(tmp_path: Path) -> None:
    document = write_things(tmp_path / "doc.json", ENDPOINTS)
    async with Simulator({"qwen": Behaviour()}, answer=one_good_case) as server:
        project = Project(tmp_path, server)
        await project.generate()
        content = things(ENDPOINTS)
        changed = content["paths"]["/things003/{id}"]["get"]["parameters"][0]
        changed["schema"] = {**changed["schema"], "maximum": 5000}
        write(document, content)
        assert await project.generate() == ["GET /things003/{id}"]
        assert project.statuses() == {name: "done" if "003" in name else "reused" for name in ids()}

        write_things(document, ENDPOINTS + 1)
        assert await project.generate() == [ids(ENDPOINTS + 1)[-1]]


def write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("args", [("--force",), ("--lang", "zh"), ("--model", "another"), ("--no-rules",)])
async def test_what_shapes_all_answers_asks_all_again(tmp_path: Path, args: tuple[str, ...]) -> None:
    write_things(tmp_path / "doc.json", ENDPOINTS)
    async with Simulator({"qwen": Behaviour()}, answer=one_good_case) as server:
        project = Project(tmp_path, server)
        await project.generate()
        assert await project.generate(*args) == ids()


@pytest.mark.parametrize("args", [("--workers", "5"), ("--strategy", "random"), ("--max-cost", "100 CNY"), ("-q",)])
async def test_what_shapes_no_answer_asks_nobody(tmp_path: Path, args: tuple[str, ...]) -> None:
    write_things(tmp_path / "doc.json", ENDPOINTS)
    async with Simulator({"qwen": Behaviour()}, answer=one_good_case) as server:
        project = Project(tmp_path, server)
        await project.generate()
        assert await project.generate(*args) == []


async def test_endpoints_for_which_rules_stood_in_are_asked_again(tmp_path: Path) -> None:
    write_things(tmp_path / "doc.json", ENDPOINTS)
    async with Simulator({"qwen": Behaviour(script=["ok", "ok", "400", "400"])}, answer=one_good_case) as server:
        project = Project(tmp_path, server)
        await project.generate("--workers", "1")
        made = json.loads(project.done.out)
        stood_in = sorted(endpoint["id"] for endpoint in made["endpoints"] if endpoint["provider"] == "rules")
        assert len(stood_in) == 2
        assert await project.generate() == stood_in
        assert await project.generate() == []


async def rules_suite(folder: Path) -> tuple[Done, dict[str, bytes]]:
    write_things(folder / "doc.json", ENDPOINTS)
    done = await run("generate", "doc.json", "-p", "rules", "-q", cwd=folder)
    return done, files_of(folder / "suites")


async def test_rules_alone_give_the_same_suite_to_the_byte_anywhere(tmp_path: Path) -> None:
    done, one = await rules_suite(tmp_path / "one")
    assert done.code == 0
    _, other = await rules_suite(tmp_path / "other")
    assert one == other
    assert (await rules_suite(tmp_path / "one"))[1] == one
