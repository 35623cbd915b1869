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


@pytest.mark.parametrize("written", ["Azure OpenAI", "azure_openai", "azure-openai"])
def test_a_table_may_write_a_name_in_any_way(written: str, tmp_path: Path) -> None:
    (tmp_path / "casecraft.toml").write_text(f'[providers."{written}"]\nmodel = "m"\n')
    settings = load_settings({}, {}, tmp_path, [KnownProvider("azure", ("azure-openai",))])
    assert settings.provider_settings["azure"].model == "m"
