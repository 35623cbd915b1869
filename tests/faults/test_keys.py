"""Keys never appear in any file or output, whatever a provider sends back and however a run ends."""

import asyncio
import zlib
from pathlib import Path

import pytest

from casecraft.state import open_store
from tests.answers import one_good_case
from tests.command import Done, files_of, run
from tests.documents import write_things
from tests.simulator import Behaviour, Simulator

pytestmark = pytest.mark.slow

KEYS = {
    "environment": "sk-environ/4f+b=7d1e9a2c",
    "vendor": "vendor-5a6b7c8d9e0f",
    "dotenv": "dotenv-1029384756ab",
    "file": "sk-infile.aa11bb22cc33",
    "header": "header-77ee88dd99cc",
}
MARKS = ("7d1e9a2c", "5a6b7c8d9e0f", "1029384756ab", "aa11bb22cc33", "77ee88dd99cc")
SETTINGS = """
[providers.mine]
base_url = "{base_url}"
model = "m"
api_key = "{file}"
headers = {{ X-Api-Key = "{header}", X-Title = "casecraft" }}
"""
BAD_STRATEGY = """
class Bad:
    rebalance = False

    def assign(self, endpoints, profiles):
        raise RuntimeError(repr(profiles))
"""
FAULTS = ("echo", "mirror", "tell", "401", "half", "html", "cut", "429-bare")
PROVIDERS = ("glm", "qwen", "kimi", "mine")


async def generate(folder: Path, fault: str, *args: str) -> tuple[Done, set[str]]:
    """A run with four providers of which each has its key from elsewhere; the keys that the server got."""
    write_things(folder / "doc.json", 8)
    behaviour = Behaviour(script=[fault, fault, fault], retry_after=0.05)
    async with Simulator(dict.fromkeys(PROVIDERS, behaviour), answer=one_good_case) as server:
        write(folder / ".env", f"CASECRAFT_KIMI_API_KEY={KEYS['dotenv']}\n")
        write(folder / "casecraft.toml", SETTINGS.format(base_url=server.url("mine"), **KEYS))
        env = {f"CASECRAFT_{name.upper()}_BASE_URL": server.url(name) for name in ("glm", "qwen", "kimi")}
        env |= {"CASECRAFT_GLM_API_KEY": KEYS["environment"], "DASHSCOPE_API_KEY": KEYS["vendor"]}
        env |= {"PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1"}
        done = await run("generate", "doc.json", "-p", ",".join(PROVIDERS), "-v", *args, cwd=folder, env=env)
        (folder / "casecraft.toml").unlink()
        (folder / ".env").unlink()
        sent = {text for seen in server.seen for text in seen.headers.values()}
        return done, {name for name, key in KEYS.items() if any(key in text for text in sent)}


def write(path: Path, content: str) -> None:
    path.write_text(content)


def everything(folder: Path) -> bytes:
    """All files, and what the state file holds compressed."""
    parts = list(files_of(folder).values())
    for state in folder.glob(".casecraft/*.sqlite"):
        with open_store(state, read_only=True) as store, store.reading() as connection:
            for row in connection.execute("SELECT * FROM attempts"):
                parts += [plain(value) for value in row]
    return b"\n".join(parts)


def plain(value: object) -> bytes:
    if isinstance(value, bytes):
        try:
            return zlib.decompress(value)
        except zlib.error:
            return value
    return str(value).encode("utf-8", "surrogatepass")


def keys_in(content: bytes) -> list[str]:
    return [mark for mark in MARKS if mark.encode() in content]


@pytest.mark.parametrize("args", [(), ("--no-rules", "--json")])
async def test_no_key_in_any_file_or_output(tmp_path: Path, args: tuple[str, ...]) -> None:
    outcomes = await asyncio.gather(*(generate(tmp_path / fault, fault, *args) for fault in FAULTS))
    for fault, (done, sent) in zip(FAULTS, outcomes, strict=True):
        assert sent == set(KEYS), fault
        assert "Traceback" not in done.err
        assert keys_in(done.out.encode() + done.err.encode()) == [], fault
        assert keys_in(everything(tmp_path / fault)) == [], fault
    assert b"[key]" in everything(tmp_path / "echo")
    assert b"[key]" in everything(tmp_path / "tell")


async def test_no_key_where_a_setting_or_the_program_is_wrong(tmp_path: Path) -> None:
    write_things(tmp_path / "doc.json", 1)
    write(tmp_path / "bad.py", BAD_STRATEGY)
    key = KEYS["vendor"]
    env = {"DASHSCOPE_API_KEY": key, "CASECRAFT_QWEN_BASE_URL": "http://127.0.0.1:9/v1"}
    wrong = [
        ({}, ("generate", "doc.json", "-p", "qwen", "--strategy", "bad.py")),
        ({"CASECRAFT_QWEN_WORKERS": key}, ("generate", "doc.json", "-p", "qwen")),
        ({"CASECRAFT_QWEN_BASE_URL": f"http://user:{key}@127.0.0.1/v1"}, ("generate", "doc.json", "-p", "qwen")),
        ({"DASHSCOPE_API_KEY": f"{key}\x07 "}, ("generate", "doc.json", "-p", "qwen")),
        ({}, ("providers", "list", "--json")),
        ({}, ("providers", "check", "qwen")),
        ({}, ("endpoints", "doc.json", "-p", "qwen", "--json")),
        ({}, ("estimate", "doc.json", "-p", "qwen")),
    ]
    for changes, args in wrong:
        done = await run(*args, cwd=tmp_path, env={**env, **changes})
        assert done.code in {0, 1, 2}
        assert "Traceback" not in done.err, done.err
        assert keys_in(done.out.encode() + done.err.encode()) == [], args
    assert keys_in(everything(tmp_path)) == []


async def test_no_key_of_a_document_s_address_is_kept(tmp_path: Path) -> None:
    done = await run("generate", "http://user:5a6b7c8d9e0f@127.0.0.1:9/doc.json", "-p", "rules", cwd=tmp_path)
    assert done.code == 2
    assert keys_in(done.out.encode() + done.err.encode()) == []
    assert "'http://***@127.0.0.1:9/doc.json' cannot be fetched: " in done.err
