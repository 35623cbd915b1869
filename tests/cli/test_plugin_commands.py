"""`casecraft plugins`: what is shown, what pip is told, and what is said without pip."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from casecraft.cli.app import app
from casecraft.core.plugin import FORMATS, STRATEGIES
from casecraft.errors import ConfigurationError
from casecraft.providers import refresh_providers
from tests.command import Done, environment, run
from tests.providers.installed import install, row


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    good = f"def rows():\n    return [{row()}]\n"
    install(folder, "casecraft-acme", {"acme": "casecraft_acme:rows"}, good, source="https://acme.example/p.zip")
    install(folder, "broken-one", {"bad": "broken_one:rows"}, "1 / 0\n")
    install(folder, "my-strategies", {"mine": "my_strategies:Mine"}, "class Mine: pass\n", group=STRATEGIES)
    install(
        folder, "my-formats", {"mine": "my_formats:write", "bad": "my_formats:none"}, "write = print", group=FORMATS
    )
    install(folder, "something-else", {"x": "y"}, group="console_scripts")
    return folder


async def command(site: Path, *args: str) -> Done:
    paths = f"{environment(site)['PYTHONPATH']}:{site}"
    return await run(*args, cwd=site.parent, env={"PYTHONPATH": paths})


@pytest.mark.slow
async def test_plugins_are_listed_with_source_and_what_they_register(site: Path) -> None:
    done = await command(site, "plugins", "list", "--json")
    assert done.code == 0, done.err
    rows = {it["name"]: it for it in json.loads(done.out)["plugins"]}
    assert set(rows) >= {"casecraft-acme", "broken-one", "my-strategies"}
    assert not rows.keys() & {"something-else", "casecraft-engine"}
    assert rows["casecraft-acme"] == {
        "name": "casecraft-acme",
        "version": "1.0",
        "source": "https://acme.example/p.zip",
        "location": str(site),
        "providers": ["acme-cloud"],
        "strategies": [],
        "formats": [],
        "errors": [],
    }
    assert rows["my-strategies"]["strategies"] == ["mine"]
    assert rows["my-strategies"]["source"] is None
    assert rows["my-formats"]["formats"] == ["mine"]
    assert "the format 'bad' of my-formats 1.0 cannot be used" in rows["my-formats"]["errors"][0]
    assert "broken-one 1.0 cannot be used: ZeroDivisionError" in rows["broken-one"]["errors"][0]
    shown = await command(site, "plugins", "list")
    assert "https://acme.example/p.zip" in shown.out
    assert "ZeroDivisionError" in shown.err


@pytest.mark.slow
async def test_a_broken_plugin_does_not_hide_the_list_of_providers(site: Path) -> None:
    done = await command(site, "providers", "list", "--json")
    assert done.code == 0
    assert {"glm", "acme-cloud"} <= {it["name"] for it in json.loads(done.out)["providers"]}
    assert done.err.startswith("error: the entry point 'bad' (broken_one:rows) of broken-one 1.0 cannot be used")
    assert "Traceback" not in done.err
    named = await command(site, "providers", "check", "nobody")
    assert (named.code, named.err) == (1, "")
    assert named.out.startswith("nobody: no provider has the name 'nobody', and the entry point 'bad'")


@pytest.mark.slow
async def test_only_plugins_are_uninstalled_and_pip_says_the_rest(site: Path) -> None:
    done = await command(site, "plugins", "uninstall", "-y", "httpx")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: 'httpx' is no plugin of casecraft\n  Plugins: ")
    failed = await command(site, "plugins", "install", "--no-index", "--quiet", "./nothing-here")
    assert failed.code == 1
    assert "nothing-here" in failed.err, "pip's own words"


def test_pip_gets_what_is_said_and_its_code_is_ours(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[list[str]] = []

    def pip(arguments: list[str], *, check: bool) -> "subprocess.CompletedProcess[bytes]":
        told.append(arguments)
        return subprocess.CompletedProcess(arguments, 7)

    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(subprocess, "run", pip)
    installed = CliRunner().invoke(app, ["plugins", "install", "-U", "--no-deps", "acme[x]"])
    removed = CliRunner().invoke(app, ["plugins", "uninstall", "-y", "Casecraft_Acme"])
    assert (installed.exit_code, removed.exit_code) == (7, 7)
    assert told == [
        [sys.executable, "-m", "pip", "install", "-U", "--no-deps", "acme[x]"],
        [sys.executable, "-m", "pip", "uninstall", "--yes", "Casecraft_Acme"],
    ]


@pytest.mark.parametrize(
    ("mark", "hint"),
    [
        ("pipx_metadata.json", "pipx inject casecraft-engine PLUGIN"),
        ("uv-receipt.toml", "uv tool install casecraft-engine --with PLUGIN"),
        ("pyvenv.cfg", f"uv pip install --python {sys.executable} PLUGIN"),
    ],
)
def test_without_pip_it_is_said_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str, hint: str
) -> None:
    (tmp_path / mark).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = CliRunner().invoke(app, ["plugins", "install", "acme"])
    assert isinstance(result.exception, ConfigurationError)
    assert "there is no pip in casecraft's environment" in str(result.exception)
    assert hint in (result.exception.hint or "")


def test_without_plugins_the_list_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casecraft.core.plugin.distributions", lambda: ())
    result = CliRunner().invoke(app, ["plugins", "list"])
    assert result.output == "No plugins. Install one with `casecraft plugins install NAME`.\n"
    refresh_providers()
