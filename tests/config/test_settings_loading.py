"""Where settings come from, which source wins, and what is said when one is wrong."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from casecraft.config import KnownProvider, environment_template, load_settings, settings_template
from casecraft.errors import ConfigurationError
from tests.config.templates import uncommented

KNOWN = (
    KnownProvider("glm", ("zhipu", "智谱"), ("ZHIPU_API_KEY", "ZAI_API_KEY")),
    KnownProvider("qwen", ("dashscope",), ("DASHSCOPE_API_KEY",)),
    KnownProvider("local"),
    KnownProvider("rules"),
)


def load(cwd: Path, environ=None, flags=None):
    return load_settings(flags or {}, environ or {}, cwd, KNOWN)


def test_without_any_source_the_defaults_hold(tmp_path):
    settings = load(tmp_path)
    assert settings.providers == ()
    assert settings.strategy == "round_robin"
    assert settings.max_cost is None
    assert settings.provider_settings == {}


def test_flags_go_before_environment_before_file(tmp_path):
    (tmp_path / "casecraft.toml").write_text(
        'use = ["local"]\nstrategy = "manual"\nseed = 1\nlang = "zh"\n'
        '[providers.glm]\nmodel = "f"\nworkers = 1\nrpm = 1\n'
    )
    environ = {
        "CASECRAFT_STRATEGY": "complexity",
        "CASECRAFT_SEED": "2",
        "CASECRAFT_GLM_WORKERS": "2",
        "CASECRAFT_GLM_RPM": "2",
    }
    flags = {"seed": 3, "lang": None, "provider_settings": {"glm": {"rpm": 3, "model": None}}}
    settings = load(tmp_path, environ, flags)
    assert (settings.providers, settings.strategy, settings.seed, settings.lang) == (("local",), "complexity", 3, "zh")
    glm = settings.provider_settings["glm"]
    assert (glm.model, glm.workers, glm.rpm) == ("f", 2, 3)


def test_lists_are_read_from_text(tmp_path):
    environ = {"CASECRAFT_PROVIDERS": "glm, qwen", "CASECRAFT_FALLBACK": "glm > qwen>kimi", "CASECRAFT_MAX_COST": "1.5"}
    settings = load(tmp_path, environ)
    assert settings.providers == ("glm", "qwen")
    assert settings.fallback == ("glm", "qwen", "kimi")
    assert settings.max_cost == Decimal("1.5")


@pytest.mark.parametrize(
    ("environ", "key", "variable"),
    [
        ({"ZAI_API_KEY": "b", "ZHIPU_API_KEY": "a"}, "a", "ZHIPU_API_KEY"),
        ({"ZAI_API_KEY": " b\n"}, "b", "ZAI_API_KEY"),
        ({"ZHIPU_API_KEY": "a", "CASECRAFT_GLM_API_KEY": "own"}, "own", "CASECRAFT_GLM_API_KEY"),
        ({"ZHIPU_API_KEY": "a", "CASECRAFT_GLM_API_KEY": ""}, "a", "ZHIPU_API_KEY"),
        ({"CASECRAFT_ZHIPU_API_KEY": "alias"}, "alias", "CASECRAFT_ZHIPU_API_KEY"),
    ],
)
def test_a_key_comes_from_our_variable_or_the_vendors(tmp_path, environ, key, variable):
    glm = load(tmp_path, environ).provider_settings["glm"]
    assert glm.api_key.get_secret_value() == key
    assert glm.key_variable == variable


def test_dotenv_is_read_without_overriding_or_exporting(tmp_path, monkeypatch):
    monkeypatch.delenv("DASHSCOPE_API_KEY", raising=False)
    (tmp_path / ".env").write_text("DASHSCOPE_API_KEY=from-file${HOME}\nCASECRAFT_SEED=7\n")
    settings = load(tmp_path, {"CASECRAFT_SEED": "8"})
    assert settings.provider_settings["qwen"].api_key.get_secret_value() == "from-file${HOME}"
    assert settings.seed == 8
    assert "DASHSCOPE_API_KEY" not in os.environ


def test_keys_do_not_show(tmp_path):
    (tmp_path / "casecraft.toml").write_text('[providers.qwen]\nheaders = { X-Key = "very-secret" }\n')
    settings = load(tmp_path, {"ZHIPU_API_KEY": "very-secret"})
    assert "very-secret" not in repr(settings)
    assert "very-secret" not in settings.model_dump_json()


def test_a_table_with_a_base_url_makes_a_provider_of_the_users_own(tmp_path):
    (tmp_path / "casecraft.toml").write_text('[providers.my-llm]\nbase_url = "http://x/v1"\nheaders = {a = "b"}\n')
    settings = load(tmp_path, {"CASECRAFT_MY_LLM_API_KEY": "k", "CASECRAFT_MY_LLM_MODEL": "m"})
    mine = settings.provider_settings["my-llm"]
    assert (mine.base_url, mine.model, mine.api_key.get_secret_value()) == ("http://x/v1", "m", "k")


def test_a_table_under_an_alias_counts_for_the_provider(tmp_path):
    (tmp_path / "casecraft.toml").write_text('[providers."智谱"]\nmodel = "m"\n')
    assert load(tmp_path).provider_settings["glm"].model == "m"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('stratgy = "random"', "casecraft.toml has the key 'stratgy'", "'strategy'"),
        ('[providers.glm]\nmodle = "x"', "[providers.glm] in casecraft.toml has the key 'modle'", "'model'"),
        ('[providers.qwne]\nmodel = "x"', "no provider has the name 'qwne'", "'qwen'"),
        ('providers = ["glm"]', "'providers' in casecraft.toml must be tables", "use = "),
        ("[providers.glm]\nworkers = 0", "'workers' of [providers.glm] in casecraft.toml is wrong", None),
        ('lang = "fr"', "'lang' in casecraft.toml is wrong: lang: Input should be 'en' or 'zh'", None),
        ("seed = ", "is no valid TOML", None),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path, text, message, hint):
    (tmp_path / "casecraft.toml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    assert message in str(caught.value)
    assert (hint or "") in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("CASECRAFT_PROVIDER", "CASECRAFT_PROVIDERS"),
        ("CASECRAFT_GLM_API_KEI", "CASECRAFT_GLM_API_KEY"),
        ("CASECRAFT_QWEN_WORKER", "CASECRAFT_QWEN_WORKERS"),
        ("CASECRAFT_STATEGY", "CASECRAFT_STRATEGY"),
    ],
)
def test_a_misspelt_variable_is_refused(tmp_path, variable, nearest):
    with pytest.raises(ConfigurationError, match=variable) as caught:
        load(tmp_path, {variable: "secret-value"})
    assert caught.value.hint == f"Did you mean {nearest}?"
    assert "secret-value" not in str(caught.value)


def test_variables_of_suites_and_of_others_are_let_be(tmp_path):
    (tmp_path / "casecraft.toml").write_text('[providers.oauth]\nbase_url = "http://x/v1"\n')
    load(
        tmp_path,
        {
            "CASECRAFT_BASE_URL": "x",
            "CASECRAFT_AUTH_API_KEY": "x",
            "CASECRAFT_FOREIGN_AUTH_KEY": "x",
            "CASECRAFT_SOMETHING_ELSE": "x",
        },
    )
    with pytest.raises(ConfigurationError, match="CASECRAFT_OAUT_API_KEY"):
        load(tmp_path, {"CASECRAFT_OAUT_API_KEY": "x"})


def test_a_wrong_value_of_a_variable_is_named_and_not_shown(tmp_path):
    with pytest.raises(ConfigurationError, match="the variable CASECRAFT_GLM_RPM is wrong: rpm") as caught:
        load(tmp_path, {"CASECRAFT_GLM_RPM": "sk-pasted-by-mistake"})
    assert "sk-pasted" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_an_unknown_flag_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="'sede'"):
        load(tmp_path, flags={"sede": 1})


@pytest.mark.parametrize("content", [b"\xff\xfe\x00bad", b"CASECRAFT_SEED=\xe9\n"])
def test_a_dotenv_that_is_no_text_is_named(tmp_path, content):
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"cannot read .*\.env"):
        load(tmp_path)


def test_the_template_is_valid_with_every_line_taken_in(tmp_path):
    text = uncommented(settings_template())
    (tmp_path / "casecraft.toml").write_text(text)
    (tmp_path / "my-providers.toml").write_text("")
    settings = load(tmp_path)
    assert settings.providers == ("glm", "qwen")
    assert settings.provider_settings["acme"].price.output == Decimal("2.0")
    unset = {name for name in type(settings).model_fields if name not in text} - {"providers", "provider_settings"}
    assert not unset, "the template leaves settings out"


def test_the_template_as_it_is_written_changes_nothing(tmp_path):
    bare = load(tmp_path)
    (tmp_path / "casecraft.toml").write_text(settings_template())
    (tmp_path / ".env").write_text(environment_template(KNOWN))
    assert load(tmp_path) == bare


def test_the_environment_template_is_valid_with_every_line_taken_in(tmp_path):
    (tmp_path / ".env").write_text(uncommented(environment_template(KNOWN)))
    settings = load(tmp_path)
    assert settings.providers == ("glm", "qwen")
    assert settings.provider_settings["glm"].workers == 2


def test_an_option_for_one_provider_may_use_an_alias(tmp_path):
    settings = load(tmp_path, flags={"provider_settings": {"zhipu": {"model": "m"}, "glm": {"workers": 3}}})
    assert (settings.provider_settings["glm"].model, settings.provider_settings["glm"].workers) == ("m", 3)


def test_an_option_for_an_unknown_provider_names_the_nearest(tmp_path):
    with pytest.raises(ConfigurationError, match="'glmm'") as caught:
        load(tmp_path, flags={"provider_settings": {"glmm": {"model": "m"}}})
    assert caught.value.hint == "Did you mean 'glm'?"


def test_a_wrong_option_is_called_by_its_name(tmp_path):
    with pytest.raises(ConfigurationError, match="the option 'lang' is wrong"):
        load(tmp_path, flags={"lang": "fr"})
    with pytest.raises(ConfigurationError, match="the option 'workers' of 'glm' is wrong"):
        load(tmp_path, flags={"provider_settings": {"glm": {"workers": 0}}})


def test_a_plugin_may_make_the_embeddings(tmp_path):
    environ = {"CASECRAFT_PLUGGED_API_KEY": "k" * 20}
    plugged = [KnownProvider("plugged")]
    for given in ({"embeddings": "plugged/m"}, {}):
        settings = load_settings(given, environ, tmp_path, known_with_plugins=lambda: plugged)
        assert ("plugged" in settings.provider_settings) == bool(given)
