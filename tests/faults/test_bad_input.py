"""Documents, names and settings that are wrong: one line of error, what to do, and the right exit code."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command import Done, files_of, run, run_all
from tests.documents import things

pytestmark = pytest.mark.slow

PASSWORDS = Path("/etc/passwd")
SECRET_LINES = PASSWORDS.read_bytes().splitlines() if PASSWORDS.is_file() else []
HEAD = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\n"


@dataclass(frozen=True)
class Row:
    """A command that fails: what it is given, what it says is wrong, and what to do."""

    args: tuple[str, ...]
    wrong: str
    to_do: str
    toml: str = ""


def generate(*args: str, document: str = "good.json", provider: str = "rules") -> tuple[str, ...]:
    return ("generate", f"../../{document}", "--provider", provider, *args)


def of(document: str, wrong: str, to_do: str) -> Row:
    return Row(generate("--json", document=document), wrong, to_do)


ROWS = {
    "missing": of("missing.yaml", "there is no file '../../missing.yaml'", "check the path"),
    "empty": of("empty.yaml", "is empty", "give an OpenAPI document"),
    "folder": of("folder", "is a folder", "name the document inside it"),
    "binary": of("binary.json", "is a binary file", "JSON or YAML in UTF-8"),
    "html": of("page.html", "is an HTML page", "openapi.json"),
    "list": of("list.yaml", "is no mapping but a list", "is a mapping"),
    "text": of("text.yaml", "is no mapping but a text", "is a mapping"),
    "half-json": of("half.json", "is no JSON", "mend the JSON at that place"),
    "half-yaml": of("half.yaml", "is neither JSON nor YAML", "mend the YAML at that place"),
    "no-version": of("no-version.json", "neither `openapi` nor `swagger`", "first line"),
    "no-paths": of("no-paths.json", "has no endpoints: its `paths` are missing", "that describes"),
    "large": of("large.json", "has more than 64 MB", "without its examples"),
    "deep": of("deep.json", "nested deeper than 200 levels", "move inner schemas"),
    "alias-bomb": of("bomb.yaml", "the YAML aliases of '../../bomb.yaml' add more than 16 MB", "use `$ref`"),
    "no-host": Row(
        ("generate", "http://nohost.invalid/x.json", "-p", "rules"), "cannot be fetched", "check the URL and"
    ),
    "no-server": Row(
        ("generate", "http://127.0.0.1:9/x.json", "-p", "rules"), "Connection refused", "check the URL and the network"
    ),
    "provider": Row(generate(provider="glmm"), "no provider has the name 'glmm'", "Did you mean 'glm'?"),
    "no-key": Row(generate(provider="glm"), "provider 'glm' has no key", "Set CASECRAFT_GLM_API_KEY or ZHIPU_API_KEY"),
    "no-provider": Row(
        ("generate", "../../good.json"), "no provider is named; detected: none", "`--provider auto` takes all"
    ),
    "fallback": Row(generate("--fallback", "glm>kimmi"), "no provider has the name 'kimmi'", "Did you mean 'kimi'?"),
    "strategy": Row(generate("--strategy", "randon"), "no strategy 'randon'", "did you mean 'random'?"),
    "strategy-file": Row(generate("--strategy", "no.py"), "there is no strategy file 'no.py'", "give the path"),
    "map-provider": Row(
        generate("--provider-map", "*:rulez"), "sends '*' to 'rulez', which is no provider", "did you mean 'rules'?"
    ),
    "map-gap": Row(generate("--provider-map", "/x:rules"), "no pattern of the provider map matches", "'*:rules'"),
    "map-malformed": Row(generate("--provider-map", "rules"), "'rules' in the provider map is no", "write it like"),
    "map-file": Row(generate("--provider-map", "no.yaml"), "provider map 'no.yaml' cannot be read", "check the path"),
    "format": Row(generate("--format", "pytset"), "no suite format is called 'pytset'", "Did you mean 'pytest'?"),
    "language": Row(generate("--lang", "fr"), "the option 'lang' is wrong", "Correct it"),
    "model-of": Row(generate("--model", "glmm=x"), "'glmm', but no provider has that name", "Did you mean 'glm'?"),
    "workers-of": Row(generate("--workers", "qwn=2"), "'qwn', but no provider has that name", "Did you mean 'qwen'?"),
    "filters": Row(generate("--include-path", "/no"), "passes the filters", "shows all"),
    "key": Row(generate(), "casecraft.toml has the key 'stratgy'", "Did you mean 'strategy'?", "stratgy = 'random'"),
    "provider-key": Row(
        generate(), "[providers.glm] in casecraft.toml has the key 'api_kye'", "Did you mean 'api_key'?",
        "[providers.glm]\napi_kye = 'secret-4711'",
    ),
    "provider-table": Row(
        generate(), "[providers.qwenn] in casecraft.toml: no provider has the name", "Did you mean 'qwen'?",
        "[providers.qwenn]\nmodel = 'x'",
    ),
    "setting": Row(
        generate(), "'workers' of [providers.glm] in casecraft.toml is wrong", "Correct it",
        "[providers.glm]\nworkers = 'secret-4711'",
    ),
    "toml": Row(generate(), "is no valid TOML", "Correct it there.", "use = ["),
    "no-run": Row(("resume", "2020"), "no run '2020' in '.casecraft' stopped early", "`casecraft state list`"),
    "no-unfinished": Row(generate("--resume"), "no run of this document stopped early", "Leave --resume out"),
    "no-state": Row(("state", "show"), "no state file in '.casecraft'", "`casecraft generate` makes one"),
    "state-dir": Row(generate("--state-dir", "../../good.json"), "cannot be used", "choose another with --state-dir"),
    "out-is-file": Row(generate("--output", "../../good.json"), "cannot write the suite to", "Name a folder"),
}  # fmt: skip


def write_documents(folder: Path) -> None:
    documents: dict[str, str | bytes] = {
        "good.json": json.dumps(things(1)),
        "empty.yaml": "",
        "binary.json": b"\x7fELF\x02\x01\x01\x00\x00\xff",
        "page.html": "<!DOCTYPE html><html><title>Not found</title></html>",
        "list.yaml": "- openapi\n- paths\n",
        "text.yaml": "openapi\n",
        "half.json": '{"openapi": "3.0.3", "info": {',
        "half.yaml": "openapi: 3.0.3\npaths: {/a: [",
        "no-version.json": '{"paths": {}}',
        "no-paths.json": '{"openapi": "3.0.3", "info": {"title": "t", "version": "1"}}',
        "deep.json": '{"openapi": "3.0.3", "x": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "bomb.yaml": HEAD + "paths: {}\n" + alias_bomb(),
    }
    (folder / "folder").mkdir()
    for name, content in documents.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with (folder / "large.json").open("wb") as stream:
        stream.write(b'{"openapi": "3.0.3", "x": "')
        stream.truncate(100_000_000)


def alias_bomb() -> str:
    lines = ["x0: &x0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 10)]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    folder = tmp_path_factory.mktemp("bad")
    write_documents(folder)
    for name, row in ROWS.items():
        (folder / "rows" / name).mkdir(parents=True)
        if row.toml:
            (folder / "rows" / name / "casecraft.toml").write_text(row.toml)
    return asyncio.run(run_all({name: row.args for name, row in ROWS.items()}, folder / "rows"))


@pytest.mark.parametrize("name", ROWS)
def test_says_in_one_line_what_is_wrong_and_in_one_what_to_do(name: str, outcomes: dict[str, Done]) -> None:
    row, done = ROWS[name], outcomes[name]
    error, *rest = [line for line in done.err.splitlines() if not line[:1].isdigit()]  # without progress
    assert error.startswith("error: ")
    assert row.wrong in error
    assert row.to_do in "".join(rest)
    assert len(rest) == bool(row.to_do), done.err
    assert done.code == 2
    assert done.out == ""
    assert "secret-4711" not in done.err


WRONG_USE = {
    "option": (("generate", "x", "--bogus"), "No such option: --bogus"),
    "argument": (("generate",), "Missing argument 'DOCUMENT'"),
    "command": (("genrate",), "No such command 'genrate'"),
    "cost": (("generate", "x", "--max-cost", "much"), "'much' is no amount such as 5 or '5 USD'"),
    "workers": (("generate", "x", "--workers", "none"), "'none' is no whole number from 1 up"),
    "model": (("generate", "x", "-p", "glm,qwen", "--model", "m"), "say whose: NAME=MODEL"),
}


async def test_wrong_use_ends_with_2(tmp_path: Path) -> None:
    outcomes = await run_all({name: args for name, (args, _) in WRONG_USE.items()}, tmp_path)
    for name, (_, says) in WRONG_USE.items():
        assert says in outcomes[name].err
        assert (outcomes[name].code, outcomes[name].out) == (2, "")


async def test_a_reference_loop_is_a_warning_and_its_endpoints_get_a_suite(tmp_path: Path) -> None:
    document = things(1)
    document["components"] = {
        "schemas": {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
    }
    schema = {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}
    document["paths"]["/loop"] = {
        "post": {"requestBody": {"content": schema}, "responses": {"200": {"description": "x"}}}
    }
    (tmp_path / "loop.json").write_text(json.dumps(document))
    done = await run("generate", "loop.json", "--provider", "rules", cwd=tmp_path)
    assert done.code == 0
    assert "warning: loop.json: /paths/~1loop/post" in done.err
    assert "leads back into itself and never ends" in done.err
    made = json.loads((tmp_path / "suites/loop/suite.json").read_text())
    assert all(endpoint["cases"] for endpoint in made["endpoints"])


@pytest.mark.skipif(not SECRET_LINES, reason="this system has no /etc/passwd")
@pytest.mark.parametrize("reference", ["/etc/passwd", "file:///etc/passwd", "../" * 30 + "etc/passwd", "link.yaml"])
async def test_a_reference_to_the_passwords_brings_none_of_them(tmp_path: Path, reference: str) -> None:
    (tmp_path / "link.yaml").symlink_to(PASSWORDS)
    document = HEAD + "paths:\n  /a:\n    post:\n      requestBody:\n        content:\n          application/json:\n"
    document += f"            schema: {{$ref: '{reference}'}}\n      responses: {{'200': {{description: ok}}}}\n"
    (tmp_path / "doc.yaml").write_text(document)
    done = await run("generate", "doc.yaml", "--provider", "rules", "--verbose", cwd=tmp_path)
    assert done.code == 0
    assert "leads out of the document's folder; not read without --allow-external-refs" in done.err
    (tmp_path / "link.yaml").unlink()
    everything = b"".join(files_of(tmp_path).values()) + done.out.encode() + done.err.encode()
    for line in SECRET_LINES:
        assert line not in everything


async def test_a_pattern_that_matches_nothing_is_a_warning_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "doc.json").write_text(json.dumps(things(2)))
    args = ("--provider", "rules", "--provider-map", "/thing001/*:rules,*:rules")
    done = await run("generate", "doc.json", *args, cwd=tmp_path)
    assert done.code == 0
    assert "warning: the pattern '/thing001/*' matches no endpoint; the nearest is '/things001/{id}'" in done.err
