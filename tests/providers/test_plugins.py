"""Providers that installed packages register, and what is said of those that cannot be used."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import casecraft
from casecraft.config import ProviderSettings
from casecraft.core.plugin import installed_plugins
from casecraft.errors import ProviderConfigurationError, ProviderNotFoundError
from casecraft.providers import create, detect, load_catalog, profile_of
from casecraft.providers.plugins import registered_by
from tests.command import environment
from tests.providers.installed import install, row

CLASS = """
class Echo:
    row = {row}
    def __init__(self, profile, settings):
        self.profile, self.name, self.max_workers, self.settings = profile, profile.name, 1, settings
    def validate(self): pass
    async def complete(self, request): pass
    async def stream(self, request): yield
    async def list_models(self): pass
    async def get_model(self, model): pass
    async def embed(self, texts, **more): pass
    async def health(self): pass
    def price(self, usage, model): pass
    def usage_of(self, error): pass
    {last}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of the path; what is installed there is seen after `refresh_providers()`."""
    folder = tmp_path / "site"
    folder.mkdir()
    before = set(sys.modules)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.chdir(tmp_path)
    yield folder
    for name in set(sys.modules) - before:
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    monkeypatch.undo()
    casecraft.refresh_providers()


def test_rows_are_mappings_toml_and_files_and_a_refresh_finds_them(site: Path) -> None:
    assert "acme-cloud" not in load_catalog()
    file = site / "third.toml"
    toml = 'name = "acme-toml"\\ntitle = "A"\\ndialect = "openai_chat"\\nmodel = ""\\nworkers = 1\\n'
    toml += 'checked = 2026-11-21\\nsources = ["x"]\\n'
    file.write_text(toml.replace("acme-toml", "acme-file").replace("\\n", "\n"))
    module = f"from pathlib import Path\ndef rows():\n    return [{row()}, '{toml}', Path({str(file)!r})]\n"
    install(site, "casecraft-acme", {"acme": "casecraft_acme:rows"}, module)
    names = casecraft.refresh_providers()
    assert {"acme-cloud", "acme-toml", "acme-file"} <= set(names)
    assert profile_of("ACME-Cloud").base_url == "https://llm.acme.example/v1"
    file.write_text(file.read_text().replace("acme-file", "acme-other"))
    assert "acme-other" in casecraft.refresh_providers(), "rows are asked for anew"


def test_settings_know_the_key_of_a_plugin_that_is_named_and_detection_finds_it(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "casecraft-acme", {"acme": "casecraft_acme:rows"}, f"def rows():\n    yield {row()}\n")
    casecraft.refresh_providers()
    monkeypatch.setenv("ACME_KEY", "k" * 20)
    settings = casecraft.settings_for({"providers": ["acme-cloud/acme-small"]})
    assert settings.provider_settings["acme-cloud"].key_variable == "ACME_KEY"
    create("acme-cloud", settings.provider_settings["acme-cloud"]).validate()
    assert ("acme-cloud", "key in ACME_KEY") in [(it.name, it.how) for it in detect({"ACME_KEY": "k"}, probe=False)]


@pytest.mark.slow
def test_a_plugin_is_imported_only_where_a_name_is_not_ours(site: Path) -> None:
    install(site, "casecraft-acme", {"acme": "casecraft_acme:rows"}, f"def rows():\n    yield {row()}\n")
    code = (
        "import sys, casecraft; from casecraft.providers import create\n"
        "casecraft.settings_for({'providers': ['glm/glm-5']}); create('glm'); seen = 'casecraft_acme' in sys.modules\n"
        "casecraft.settings_for({'providers': ['acme-cloud']}); print(seen, 'casecraft_acme' in sys.modules)"
    )
    env = environment(site)
    env["PYTHONPATH"] += f":{site}"
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=site, capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"


def test_a_whole_provider_is_made_with_profile_and_settings(site: Path) -> None:
    source = CLASS.format(row=row(dialect="echo"), last="async def aclose(self): pass")
    install(site, "casecraft-echo", {"echo": "casecraft_echo:Echo"}, source)
    casecraft.refresh_providers()
    settings = ProviderSettings(model="m", row={"aliases": ["echo-too"]})
    provider = create("acme-cloud", settings)
    assert type(provider).__name__ == "Echo"
    assert (provider.profile.model, provider.settings) == ("m", settings)  # type: ignore[attr-defined]


def test_a_provider_that_lacks_a_method_is_refused(site: Path) -> None:
    source = CLASS.format(row=row(), last="")
    install(site, "casecraft-echo", {"echo": "casecraft_echo:Echo"}, source)
    casecraft.refresh_providers()
    with pytest.raises(ProviderConfigurationError, match=r"'acme-cloud' of casecraft-echo 1\.0 lacks aclose"):
        create("acme-cloud")


@pytest.mark.parametrize(
    ("value", "module", "said"),
    [
        (
            "bad_one:rows",
            "import nothing_of_this_name\n",
            "ModuleNotFoundError: No module named 'nothing_of_this_name'",
        ),
        ("bad_one:rows", "x = (\n", "SyntaxError"),
        ("bad_one:none", "", "AttributeError"),
        ("bad_one:rows", "rows = 1\n", "is no callable"),
        ("bad_one:rows", "def rows():\n    raise ValueError('no\\nluck')\n", "ValueError: no luck"),
        ("bad_one:rows", "def rows():\n    return None\n", "TypeError"),
        ("bad_one:rows", "def rows():\n    return [1]\n", "is 'int'; it must be a mapping, TOML or a path"),
        ("bad_one:rows", "def rows():\n    return ['name =']\n", "is no valid TOML"),
        ("bad_one:rows", "def rows():\n    return [{'name': 'x'}]\n", "is no valid catalog row: title: Field required"),
        ("bad_one:rows", "from pathlib import Path\ndef rows():\n    return [Path('none.toml')]\n", "cannot be read"),
        ("bad_one:rows", f"def rows():\n    return [{row(name='glm')}]\n", "'glm', a name that casecraft's own 'glm'"),
        (
            "bad_one:rows",
            f"def rows():\n    return [{row(name='x', aliases=['智谱'])}]\n",
            "'智谱', a name that casecraft's",
        ),
        ("bad_one:rows", f"def rows():\n    return [{row()}]\n", "that 'acme-cloud' of a-good-one 1.0 has"),
    ],
)
def test_a_broken_plugin_is_one_line_that_names_it(site: Path, value: str, module: str, said: str) -> None:
    install(site, "bad-one", {"bad": value}, module)
    install(site, "a-good-one", {"good": "a_good_one:rows"}, f"def rows():\n    return [{row()}]\n")
    names = casecraft.refresh_providers()
    assert "acme-cloud" in names, "others go on"
    assert load_catalog().get("glm").title != "Acme"
    (plugin,) = (it for it in installed_plugins() if it.name == "bad-one")
    listed, (error,) = registered_by(plugin, load_catalog())
    assert listed == []
    assert said in str(error)
    assert "bad-one 1.0" in str(error)
    assert "\n" not in str(error)
    with pytest.raises(ProviderConfigurationError, match=r"no provider has the name 'nobody', and .*bad-one 1\.0"):
        load_catalog().get("nobody")


def test_without_plugins_an_unknown_name_is_just_unknown(site: Path) -> None:
    casecraft.refresh_providers()
    with pytest.raises(ProviderNotFoundError, match="'nobody'"):
        load_catalog().get("nobody")
