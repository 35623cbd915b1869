"""Each command as its users run it: what it says, on which stream, and how it ends."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from casecraft.providers import load_catalog
from casecraft.state import open_store
from tests.answers import one_good_case
from tests.command import files_of, run
from tests.documents import write_things
from tests.simulator import Behaviour, Simulator

pytestmark = pytest.mark.slow

KEY = {"CASECRAFT_GLM_API_KEY": "k" * 20, "CASECRAFT_QWEN_API_KEY": "k" * 20}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_things(tmp_path / "doc.json", 4)
    return tmp_path


def read(path: Path) -> Any:
    return json.loads(path.read_text())


async def test_generate_as_json_is_the_manifest(folder: Path) -> None:
    done = await run("generate", "doc.json", "-p", "rules", "--json", cwd=folder)
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == read(folder / "suites/doc/suite.json")


async def test_generate_says_what_was_made_and_what_to_do_next(folder: Path) -> None:
    done = await run("generate", "doc.json", "-p", "rules", "-o", "my [b]out[/b]", cwd=folder)
    made = read(folder / "my [b]out[/b]/suite.json")["counts"]
    lines = done.out.splitlines()
    assert lines[0].split() == ["made", "by", "endpoints", "cases", "dropped", "tokens", "cost"]
    assert lines[1].split() == ["rules", "4", str(made["cases"]), "0", "0", "0"]
    assert (
        f"{made['cases']} cases ({made['valid']} valid, {made['invalid']} invalid requests) for 4 endpoints" in done.out
    )
    assert "in my [b]out[/b]/" in done.out
    assert lines[-1] == "run it with: casecraft run my [b]out[/b] --base-url http://localhost:8000"
    again = await run("generate", "doc.json", "-p", "rules", "-o", "my [b]out[/b]", "--quiet", cwd=folder)
    assert again.err == ""


async def test_generate_keeps_the_best_cases_where_there_is_a_limit(folder: Path) -> None:
    done = await run("generate", "doc.json", "-p", "rules", "--json", "--max-cases", "2", cwd=folder)
    made = json.loads(done.out)
    assert [endpoint["cases"] for endpoint in made["endpoints"]] == [2] * 4
    assert all("are not hit by the 2 cases allowed" in endpoint["notes"][-1] for endpoint in made["endpoints"])
    assert made["counts"]["targets"]["left_out"] > 0


async def test_generate_by_some_techniques_alone(folder: Path) -> None:
    whole = await run("generate", "doc.json", "-p", "rules", "--json", "-o", "whole", cwd=folder)
    some = await run(
        "generate",
        "doc.json",
        "-p",
        "rules",
        "--json",
        "-o",
        "some",
        "--techniques",
        "security,syntax_testing",
        cwd=folder,
    )
    techniques = {case["technique"] for file in (folder / "some/cases").iterdir() for case in read(file)["cases"]}
    assert techniques <= {"security", "syntax_testing"}
    assert 0 < json.loads(some.out)["counts"]["cases"] < json.loads(whole.out)["counts"]["cases"]
    wrong = await run("generate", "doc.json", "-p", "rules", "--techniques", "syntax", cwd=folder)
    assert wrong.code == 2
    assert "no technique is called 'syntax'" in wrong.err
    assert "Did you mean 'syntax_testing'?" in wrong.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gherkin", "how to use it: suites/doc/README.md"),
        ("json", "the cases are in suites/doc/cases; --format pytest makes them run"),
    ],
)
async def test_generate_says_how_to_go_on_without_pytest(folder: Path, name: str, said: str) -> None:
    done = await run("generate", "doc.json", "-p", "rules", "--quiet", "--format", name, cwd=folder)
    assert done.out.splitlines()[-1] == said


async def test_generate_reads_standard_input(folder: Path) -> None:
    document = files_of(folder)["doc.json"]
    done = await run("generate", "-", "-p", "rules", "--json", cwd=folder, stdin=document)
    assert done.code == 0, done.err
    assert read(folder / "suites/stdin/suite.json")["counts"]["endpoints"] == 4


async def test_a_dry_run_writes_nothing_and_asks_nobody(folder: Path) -> None:
    async with Simulator({"qwen": Behaviour()}) as server:
        env = {**KEY, "CASECRAFT_QWEN_BASE_URL": server.url("qwen")}
        before = files_of(folder)
        args = ("doc.json", "--provider", "glm,qwen", "--provider-map", "POST *:glm,*:qwen")
        dry = await run("generate", *args, "--dry-run", "--json", cwd=folder, env=env)
        split = await run("endpoints", *args, "--json", cwd=folder, env=env)
        assert dry.out == split.out
        assert files_of(folder) == before
        assert server.seen == []
    rows = json.loads(dry.out)["endpoints"]
    assert [row["id"] for row in rows] == [
        "POST /things000/{id}", "GET /things001/{id}", "POST /things002/{id}", "GET /things003/{id}",
    ]  # fmt: skip
    assert [row["provider"] for row in rows] == ["glm", "qwen", "glm", "qwen"]
    for row in rows:
        assert set(row) == {"id", "method", "path", "complexity", "tier", "provider"}
        assert row["id"] == f"{row['method']} {row['path']}"
        assert isinstance(row["complexity"], int)
        assert row["tier"] in {"simple", "medium", "complex"}


async def test_endpoints_are_shown_to_people_and_filtered(folder: Path) -> None:
    done = await run("endpoints", "doc.json", "--include-method", "get", "--exclude-path", "*001*", cwd=folder)
    assert done.code == 0
    assert re.search(r"^GET /things003/\{id\} +\d+ +simple +rules", done.out, re.MULTILINE)
    assert "1 endpoints in 'Things'" in done.out
    assert "POST" not in done.out


async def test_estimate_names_tokens_prices_and_their_date(folder: Path) -> None:
    (folder / "casecraft.toml").write_text(
        '[providers.mine]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
        '[providers.mine.price]\ninput = 2\noutput = 8\ncurrency = "EUR"\nas_of = "2026-02-03"\n'
    )
    args = ("estimate", "doc.json", "-p", "mine,rules", "--model", "mine=m")
    as_json, shown = await run(*args, "--json", cwd=folder), await run(*args, cwd=folder)
    mine, rules = json.loads(as_json.out)["estimates"]
    assert (mine["provider"], rules["provider"], mine["endpoints"] + rules["endpoints"]) == ("mine", "rules", 4)
    expected = (2 * mine["input_tokens"] + 8 * mine["output_tokens"]) / 1e6
    assert float(mine["cost"]["amount"]) == pytest.approx(expected)
    assert (mine["cost"]["currency"], mine["cost"]["as_of"]) == ("EUR", "2026-02-03")
    assert (rules["input_tokens"], float(rules["cost"]["amount"])) == (0, 0.0)
    assert "mine: prices as of 2026-02-03" in shown.out


async def test_estimate_tells_what_embeddings_take(folder: Path) -> None:
    (folder / "casecraft.toml").write_text(
        '[providers.mine]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
        '[providers.mine.price]\ninput = 2\noutput = 8\ncurrency = "EUR"\nas_of = "2026-02-03"\n'
    )
    args = ("estimate", "doc.json", "-p", "mine,rules", "--embeddings", "mine/e")
    as_json, shown = await run(*args, "--json", cwd=folder), await run(*args, cwd=folder)
    mine, _, embeddings = json.loads(as_json.out)["estimates"]
    assert (mine["purpose"], embeddings["purpose"]) == ("cases", "embeddings")
    # Of what rules make no embeddings are asked for: only the endpoints of models count.
    assert (embeddings["provider"], embeddings["model"], embeddings["endpoints"]) == ("mine", "e", mine["endpoints"])
    assert 0 < embeddings["input_tokens"] < mine["input_tokens"]
    assert embeddings["output_tokens"] == 0
    assert float(embeddings["cost"]["amount"]) == pytest.approx(2 * embeddings["input_tokens"] / 1e6)
    assert re.search(r"^mine \(embeddings\) +e +", shown.out, re.MULTILINE)


async def test_an_unknown_price_is_unknown(folder: Path) -> None:
    done = await run("estimate", "doc.json", "-p", "qwen", "--model", "nobodys", cwd=folder, env=KEY)
    assert re.search(r"^qwen +nobodys .* unknown$", done.out, re.MULTILINE)


async def test_strategies_are_listed(folder: Path) -> None:
    done = await run("strategies", cwd=folder)
    names = [line.split()[0] for line in done.out.splitlines() if line]
    assert {"round_robin", "random", "complexity", "complexity_based", "manual"} <= set(names)
    assert "--strategy strategies/cheapest.py" in done.out


async def test_providers_are_listed_with_what_is_ready(folder: Path) -> None:
    env = {"DASHSCOPE_API_KEY": "k" * 20, "CASECRAFT_GLM_MODEL": "glm-x"}
    done = await run("providers", "list", "--json", cwd=folder, env=env)
    rows = {row["name"]: row for row in json.loads(done.out)["providers"]}
    assert tuple(rows) == load_catalog().names
    assert rows["qwen"]["ready"] == "key in DASHSCOPE_API_KEY"
    assert rows["rules"]["ready"] == "built in"
    assert rows["glm"]["ready"] is None
    assert (rows["glm"]["model"], rows["glm"]["workers"], rows["qwen"]["workers"]) == ("glm-x", 1, 3)
    shown = await run("providers", "list", cwd=folder, env=env)
    assert "https://dashscope.aliyuncs.com/compatible-mode/v1" in shown.out


async def test_providers_are_checked(folder: Path) -> None:
    async with Simulator({"qwen": Behaviour(), "glm": Behaviour()}) as server:
        env = {**KEY, "CASECRAFT_QWEN_BASE_URL": server.url("qwen"), "CASECRAFT_GLM_BASE_URL": "http://127.0.0.1:9/v1"}
        well = await run("providers", "check", "qwen", "rules", "--json", cwd=folder, env=env)
        assert well.code == 0
        assert [(row["provider"], row["healthy"]) for row in json.loads(well.out)["providers"]] == [
            ("qwen", True), ("rules", True),
        ]  # fmt: skip
        ill = await run("providers", "check", "qwen", "glm", "kimi", cwd=folder, env=env)
        assert ill.code == 1
        qwen, glm, kimi = ill.out.splitlines()
        assert qwen.startswith("qwen: ok, ")
        assert glm.startswith("glm: 'glm' is not ready: ")
        assert "Is the server running, and is the base URL right?" in glm
        assert "Set CASECRAFT_KIMI_API_KEY or MOONSHOT_API_KEY" in kimi
        # A tiny request each time it was checked.
        assert {(it.provider, it.body["max_tokens"]) for it in server.seen} == {("qwen", 16)}
        mixed = await run("providers", "check", "rules/x", "qwenn", "qwen", cwd=folder, env=env)
        rules, qwenn, qwen = mixed.out.splitlines()
        assert mixed.code == 1
        assert rules.startswith("rules/x: 'rules' generates cases itself")
        assert qwenn.startswith("qwenn: no provider has the name 'qwenn'. Did you mean 'qwen'?")
        assert qwen.startswith("qwen: ok, ")


async def test_no_provider_named_lists_what_was_detected(folder: Path) -> None:
    done = await run("generate", "doc.json", cwd=folder, env={"DASHSCOPE_API_KEY": "k" * 20})
    error, hint = done.err.splitlines()
    assert error == "error: no provider is named; detected: qwen (key in DASHSCOPE_API_KEY)"
    for way in (
        "`--provider qwen`",
        "CASECRAFT_PROVIDERS",
        "casecraft.toml",
        "`--provider auto`",
        "`--provider rules`",
    ):
        assert way in hint
    assert done.code == 2


async def test_auto_takes_what_was_detected(folder: Path) -> None:
    done = await run("endpoints", "doc.json", "-p", "auto", "--json", cwd=folder, env={"DASHSCOPE_API_KEY": "k" * 20})
    assert {row["provider"] for row in json.loads(done.out)["endpoints"]} == {"qwen"}


async def test_flags_go_before_environment_before_file_before_defaults(folder: Path) -> None:
    async def provider(*args: str, **env: str) -> set[str]:
        done = await run("endpoints", "doc.json", "--json", *args, cwd=folder, env={**KEY, **env})
        return {row["provider"] for row in json.loads(done.out)["endpoints"]}

    assert await provider() == {"rules"}
    (folder / "casecraft.toml").write_text('use = ["glm"]\n')
    assert await provider() == {"glm"}
    (folder / ".env").write_text("CASECRAFT_PROVIDERS=kimi\n")
    assert await provider() == {"kimi"}
    assert await provider(CASECRAFT_PROVIDERS="qwen") == {"qwen"}
    assert await provider("--provider", "local", CASECRAFT_PROVIDERS="qwen") == {"local"}
    assert await provider(CASECRAFT_PROVIDERS="qwen,glm", CASECRAFT_PROVIDER_MAP="POST *:glm,*:qwen") == {"glm", "qwen"}
    assert await provider("--include-path", "/none", CASECRAFT_PROVIDERS="qwen") == set()


async def test_what_is_set_for_the_gateway_is_no_part_of_a_run(folder: Path) -> None:
    (folder / "casecraft.toml").write_text(
        'default_cli = "codex"\n[gateway.keys.team]\ntoken = "0123456789abcdef0123456789abcdef"\n'
    )
    made = await run("generate", "doc.json", "-p", "rules", "-q", cwd=folder)
    assert made.code == 0, made.err
    settings = json.loads((await run("state", "show", "--json", cwd=folder)).out)["settings"]
    assert {"gateway", "default_cli"}.isdisjoint(settings)


async def test_state_is_listed_shown_exported_imported_and_pruned(folder: Path) -> None:
    async with Simulator({"qwen": Behaviour()}, answer=one_good_case) as server:
        env = {"CASECRAFT_QWEN_BASE_URL": server.url("qwen")}
        for _ in range(2):
            assert (await run("generate", "doc.json", "-p", "qwen", "-q", cwd=folder, env=env)).code == 0
    runs = json.loads((await run("state", "list", "--json", cwd=folder)).out)["runs"]
    assert [row["status"] for row in runs] == ["done", "done"]
    listed = await run("state", "list", cwd=folder)
    assert [line.split()[0] for line in listed.out.splitlines()] == [row["id"] for row in runs]

    shown = json.loads((await run("state", "show", runs[0]["id"], "--json", cwd=folder)).out)
    assert (shown["jobs"], shown["attempts"]) == ({"done": 4}, {"answered": 4})
    newest = await run("state", "show", cwd=folder)
    assert runs[1]["id"] in newest.out
    assert "reused 4" in newest.out

    exported = await run("state", "export", cwd=folder)
    assert exported.code == 0
    content = json.loads(exported.out)
    assert len(content["runs"]) == 2
    to_file = await run("state", "export", "--output", "state.json", cwd=folder)
    assert (to_file.code, to_file.out, read(folder / "state.json")) == (0, "", content)

    imported = await run("state", "import", "state.json", "--state-dir", "moved", cwd=folder)
    assert imported.code == 0, imported.err
    assert "2 runs, 8 jobs and 4 attempts are now in moved/state.sqlite" in imported.out

    pruned = await run("state", "prune", "--keep", "1", cwd=folder)
    assert "dropped 1 runs" in pruned.out
    left = json.loads((await run("state", "list", "--json", cwd=folder)).out)["runs"]
    assert [row["id"] for row in left] == [runs[1]["id"]]
    after = await run("generate", "doc.json", "-p", "qwen", "--json", cwd=folder, env=env)
    assert json.loads(after.out)["counts"]["reused"] == 4


async def test_resume_goes_on_with_what_any_stopped_run_was_answered(folder: Path) -> None:
    """A run that was answered and killed, and a newer one that was killed at once: the newer one goes on with both."""
    async with Simulator({"qwen": Behaviour()}, answer=one_good_case) as server:
        env = {"CASECRAFT_QWEN_BASE_URL": server.url("qwen")}
        args = ("generate", "doc.json", "-p", "qwen", "--provider-map", "*:qwen", "-q")
        assert (await run(*args, cwd=folder, env=env)).code == 0
        asked = len(server.seen)
        newer = kill_twice(folder)
        done = await run("resume", "--json", cwd=folder, env=env)
        assert done.code == 0, done.err
        made = json.loads(done.out)
        assert (made["run"]["id"], made["run"]["strategy"]) == (newer, "manual")
        assert made["counts"]["by_provider"]["qwen"] == 4
        assert len(server.seen) == asked


def kill_twice(folder: Path) -> str:
    """Make a finished run look as if it was killed with its answers recorded, and begin another one after it."""
    (path,) = folder.glob(".casecraft/*.sqlite")
    with open_store(path) as store:
        (first,) = store.runs()
        with store.writing() as connection:
            connection.execute("DELETE FROM cases")
            connection.execute("DELETE FROM jobs")
            connection.execute("UPDATE runs SET status = 'running', ended = NULL")
            columns = "started, ended, status, casecraft, document_source, document_title, document_version"
            columns += ", document_digest, settings, totals, endpoints"
            connection.execute(f"INSERT INTO runs (id, {columns}) SELECT id || '-2', {columns} FROM runs")
        return f"{first.id}-2"


async def test_init_writes_settings_that_are_valid_and_replaces_nothing(tmp_path: Path) -> None:
    done = await run("init", cwd=tmp_path)
    assert done.code == 0
    assert done.out.splitlines() == ["wrote casecraft.toml", "wrote .env.example"]
    assert files_of(tmp_path).keys() == {"casecraft.toml", ".env.example"}
    assert tomllib.loads(files_of(tmp_path)["casecraft.toml"].decode()) == {}
    assert b"CASECRAFT_KIMI_API_KEY" in files_of(tmp_path)[".env.example"]
    before = files_of(tmp_path)
    again = await run("init", cwd=tmp_path)
    assert (again.code, again.err.splitlines()) == (
        2, ["error: 'casecraft.toml' is there already", "  Replace it with --force."],
    )  # fmt: skip
    assert (await run("init", "--force", cwd=tmp_path)).code == 0
    assert files_of(tmp_path) == before


async def test_the_version_is_said(tmp_path: Path) -> None:
    done = await run("--version", cwd=tmp_path)
    assert (done.code, done.out.startswith("casecraft ")) == (0, True)


async def test_providers_are_evaluated_side_by_side_and_nothing_is_asked_twice(folder: Path) -> None:
    def answer(body: dict[str, Any]) -> str:
        return "No." if body["model"] == "mute" else one_good_case(body)

    async with Simulator({"qwen": Behaviour(), "glm": Behaviour()}, answer=answer) as server:
        env = {
            "CASECRAFT_QWEN_BASE_URL": server.url("qwen"), "CASECRAFT_GLM_BASE_URL": server.url("glm"),
            "CASECRAFT_GLM_MODEL": "mute",
        }  # fmt: skip
        args = ("evaluate", "doc.json", "-p", "qwen,glm", "--json")
        done = await run(*args, cwd=folder, env=env)
        assert done.code == 0, done.err
        qwen, glm = json.loads(done.out)["evaluations"]
        assert (qwen["endpoints"], qwen["answers"], qwen["verified"], qwen["kept"]) == (4, 4, 4, 4)
        assert qwen["shares"] == {"parsed": 1.0, "verified": 1.0, "repaired": 0.0, "relabelled": 0.0, "dropped": 0.0}
        assert qwen["usage"]["input"] > 0
        assert (glm["endpoints"], glm["proposed"], glm["shares"]["parsed"], glm["shares"]["verified"]) == (
            4,
            0,
            0.0,
            None,
        )
        assert (glm["model"], glm["cost_per_kept_case"]) == ("mute", None)
        asked = len(server.requests("qwen"))
        again = await run(*args[:-1], cwd=folder, env=env)
        assert len(server.requests("qwen")) == asked
        some = await run(*args[:2], "-p", "qwen", "--techniques", "security", "--json", cwd=folder, env=env)
        assert len(server.requests("qwen")) > asked  # it is another question
    assert [line.split()[0] for line in again.out.splitlines()] == ["provider", "qwen", "glm"]
    assert "100%" in again.out
    (found,) = json.loads(some.out)["evaluations"]
    assert (found["proposed"], found["kept"], found["targets"]) == (4, 0, 0)  # what is proposed is about other things
    none = await run("evaluate", "doc.json", "-p", "rules", cwd=folder)
    assert (none.code, none.err.splitlines()[0]) == (2, "error: rules give no answers to evaluate")
