"""Rows of the user's own: in casecraft.toml, and in a file that it names."""

from pathlib import Path

import pytest

import casecraft
from casecraft.config import KnownProvider, load_settings
from casecraft.errors import ConfigurationError, ProviderConfigurationError
from casecraft.providers import CatalogRow, canonical_name, load_catalog, profile_of
from casecraft.providers.selection import row_of

OWN = """
[providers.acme]
aliases = ["acme-llm"]
model = "acme-large"
needs_key = true
query = { version = "1" }
auth = { scheme = "header", name = "X-Api-Key" }
omit = ["seed"]
sites = [{ base_url = "https://llm.example.com/v1", key_variables = ["ACME_KEY"] }]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACME_KEY", "k" * 20)
    return tmp_path


@pytest.mark.parametrize("file", ["casecraft.toml", "my-providers.toml"])
def test_a_table_may_be_a_whole_row(folder: Path, file: str) -> None:
    (folder / "casecraft.toml").write_text('providers_file = "my-providers.toml"\n')
    (folder / file).write_text(OWN)
    settings = casecraft.settings_for({"providers": ["acme-llm"]})
    own = settings.provider_settings["acme"]
    assert canonical_name("acme-llm/m", settings.provider_settings) == "acme/m"
    row = row_of("acme", own)
    assert (row.auth.scheme, row.auth.name, row.needs_key, row.omit) == ("header", "X-Api-Key", True, ("seed",))
    assert own.query["version"].get_secret_value() == "1"
    assert own.key_variable == "ACME_KEY"
    profile = profile_of("acme", own)
    assert (profile.base_url, profile.model) == ("https://llm.example.com/v1", "acme-large")
    (folder / file).write_text(OWN.replace("acme-large", "acme-small"))
    if file == "casecraft.toml":
        assert casecraft.settings_for().provider_settings["acme"].model == "acme-small", "read anew"


def test_tables_in_casecraft_toml_win_over_those_of_the_file(folder: Path) -> None:
    (folder / "my-providers.toml").write_text(OWN)
    (folder / "casecraft.toml").write_text(
        'providers_file = "my-providers.toml"\n[providers.acme]\nbase_url = "http://x/v1"\nmodel = "m"\n'
    )
    own = casecraft.settings_for().provider_settings["acme"]
    assert (own.base_url, own.model, own.row["omit"]) == ("http://x/v1", "m", ["seed"])


def test_fields_of_a_row_go_over_those_of_the_catalog(folder: Path) -> None:
    (folder / "casecraft.toml").write_text('[providers.glm]\nomit = ["seed"]\n')
    own = casecraft.settings_for().provider_settings["glm"]
    row = row_of("glm", own)
    assert row.omit == ("seed",)
    assert row.sites == load_catalog().get("glm").sites


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('[providers."a/b"]\nbase_url = "http://x/v1"', "the name of a provider has no slash", "another name"),
        ('[providers."glm/glm-5.3"]\nworkers = 2', "the name of a provider has no slash", "`model`"),
        ("[providers.glm]\nworkers = 2\n[providers.GLM]\nrpm = 3", "two tables for the provider 'glm'", "Join"),
        ('[providers.acme]\nbase_url = "http://x/v1"\nqeury = {}', "has the key 'qeury'", "'query'"),
        ('[providers.acme]\nbase_url = "http://x/v1"\nname = "b"', "has the key 'name'", None),
        ('[providers.acme]\nomit = ["x"]', "no provider has the name 'acme'", "needs a `base_url`"),
        ('providers_file = "none.toml"', "'providers_file' in casecraft.toml names 'none.toml', but there is no", None),
        ('providers_file = "wrong.toml"', "wrong.toml has the key 'use'", "providers"),
    ],
)
def test_a_wrong_table_is_named(folder: Path, text: str, message: str, hint: str | None) -> None:
    (folder / "casecraft.toml").write_text(text)
    (folder / "wrong.toml").write_text('use = ["glm"]\n')
    with pytest.raises(ConfigurationError) as caught:
        casecraft.settings_for()
    assert message in str(caught.value)
    assert (hint or "") in (caught.value.hint or "")


def test_a_row_that_says_it_wrong_is_named_where_it_is_used(folder: Path) -> None:
    (folder / "casecraft.toml").write_text(OWN.replace('"header"', '"smoke"'))
    own = casecraft.settings_for().provider_settings["acme"]
    with pytest.raises(ProviderConfigurationError, match=r"\[providers\.acme\] is no valid catalog row: auth\.scheme"):
        profile_of("acme", own)


def test_without_the_fields_of_a_row_they_are_unknown(folder: Path) -> None:
    (folder / "casecraft.toml").write_text(OWN)
    with pytest.raises(ConfigurationError, match="'aliases'"):
        load_settings({}, {}, folder)
    load_settings({}, {}, folder, row_fields=CatalogRow.model_fields)


@pytest.mark.parametrize("written", ["Acme Cloud", "acme cloud", "ACME-cloud", "Acme_LLM"])
def test_an_own_name_may_be_written_in_any_way(folder: Path, written: str) -> None:
    text = OWN.replace("providers.acme", 'providers."Acme Cloud"')
    (folder / "my-providers.toml").write_text(text)
    (folder / "casecraft.toml").write_text(
        'providers_file = "my-providers.toml"\n[providers."acme cloud"]\nmodel = "acme-small"\n'
    )
    own = casecraft.settings_for({"providers": [written]}).provider_settings
    assert canonical_name(f"{written}/m", own) == "Acme Cloud/m"
    assert casecraft.create(written).profile.model == "acme-small"


@pytest.mark.parametrize("alias", ["glm", "智谱", "Z_AI", "Azure OpenAI"])
def test_an_alias_takes_no_name_that_is_there(folder: Path, alias: str) -> None:
    (folder / "casecraft.toml").write_text(OWN.replace("acme-llm", alias))
    own = casecraft.settings_for().provider_settings
    with pytest.raises(ProviderConfigurationError, match=rf"\[providers\.acme\] has the alias '{alias}'") as caught:
        canonical_name("glm", {"acme": own["acme"]})
    assert "another" in (caught.value.hint or "")


def test_parts_of_an_own_address_are_filled_or_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = OWN.replace("//llm.", "//{tenant}.llm.")
    (folder / "casecraft.toml").write_text(text)
    with pytest.raises(ProviderConfigurationError, match=r"sites: .*'https://{tenant}.*the part 'tenant'"):
        casecraft.create("acme")
    (folder / "casecraft.toml").write_text(text + 'variables = { tenant = "t1", other = "o" }\n')
    assert casecraft.create("acme").profile.base_url == "https://t1.llm.example.com/v1"
    monkeypatch.setenv("CASECRAFT_ACME_TENANT", "t2")
    assert casecraft.create("acme").profile.base_url == "https://t2.llm.example.com/v1"
    assert casecraft.settings_for().provider_settings["acme"].variables == {"tenant": "t2", "other": "o"}
    (folder / "casecraft.toml").write_text('[providers.acme]\nbase_url = "https://{tenant}.x/v1"\nmodel = "m"\n')
    with pytest.raises(ProviderConfigurationError, match="the part 'tenant'"):
        casecraft.create("acme")


@pytest.mark.parametrize("written", ["Azure OpenAI", "azure_openai", "azure-openai"])
def test_a_table_may_write_a_name_in_any_way(written: str, tmp_path: Path) -> None:
    (tmp_path / "casecraft.toml").write_text(f'[providers."{written}"]\nmodel = "m"\n')
    settings = load_settings({}, {}, tmp_path, [KnownProvider("azure", ("azure-openai",))])
    assert settings.provider_settings["azure"].model == "m"
