"""The embedded provider before it has a model: what is missing is said in one line."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from casecraft.config import ProviderSettings
from casecraft.core.chat import ChatRequest, Message, Tool
from casecraft.errors import HealthCheckError, InvalidRequestError, ModelNotFoundError, ProviderConfigurationError
from casecraft.providers import create, detect
from casecraft.providers import embedded as module
from casecraft.providers.embedded import EmbeddedProvider


def embedded(path: Path | str = "", **more: object) -> EmbeddedProvider:
    made = create("gguf", ProviderSettings(model=str(path) or None, **more))  # type: ignore[arg-type]
    assert isinstance(made, EmbeddedProvider)
    return made


@pytest.fixture(autouse=True)
def _package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACKAGE", "json")  # something that is installed


def test_a_missing_package_is_said_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PACKAGE", "xllamacpp_that_is_nowhere")
    with pytest.raises(ProviderConfigurationError, match="needs the package 'xllamacpp'") as caught:
        embedded(tmp_path).validate()
    assert caught.value.hint == 'Run `pip install "casecraft-engine[embedded]"`.'


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "has no model"),
        ("none.gguf", "cannot read its model '.*none.gguf': No such file"),
        (".", "cannot read its model '.*': Is a directory"),
        ("text.gguf", "has a model that is no GGUF file"),
        ("empty.gguf", "has a model that is no GGUF file"),
    ],
)
async def test_a_file_that_is_no_model_is_one_line(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "text.gguf").write_text("hello")
    (tmp_path / "empty.gguf").touch()
    provider = embedded(tmp_path / name if name else "")
    with pytest.raises(ProviderConfigurationError, match=message) as caught:
        provider.validate()
    assert "\n" not in str(caught.value)
    assert name.endswith("y.gguf") or name == "text.gguf" or "CASECRAFT_EMBEDDED_MODEL" in str(caught.value.hint)
    with pytest.raises(HealthCheckError, match=message):
        await provider.health()


async def test_a_model_that_thinks_to_the_limit_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF and more")
    provider = embedded(tmp_path / "m.gguf")

    async def chunks(body: bytes) -> AsyncGenerator[bytes]:
        yield b'{"choices": [{"delta": {"reasoning_content": "Well"}, "finish_reason": "length"}]}'

    monkeypatch.setattr(provider, "validate", lambda: None)
    monkeypatch.setattr(provider, "_chunks", chunks)
    assert (await provider.health()).model == "m"


def test_a_model_in_the_users_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "m.gguf").write_bytes(b"GGUF and more")
    provider = embedded("~/m.gguf")
    provider.validate()
    assert provider.profile.model == "~/m.gguf"


async def test_it_has_one_model_that_costs_nothing_and_is_asked_by_one_worker(tmp_path: Path) -> None:
    provider = embedded(tmp_path / "smol.gguf")
    assert provider.max_workers == 1
    assert await provider.list_models() == ("smol",)
    assert (await provider.get_model("smol")).context_tokens == provider.profile.context_tokens
    with pytest.raises(ModelNotFoundError, match="'gpt'"):
        await provider.get_model("gpt")
    cost = provider.price(None, "smol")
    assert cost is not None
    assert cost.amount == 0


async def test_what_cannot_be_written_is_refused_before_the_model_is_loaded(tmp_path: Path) -> None:
    provider = embedded(tmp_path / "none.gguf", extra={"logit_bias": object()})
    with pytest.raises(InvalidRequestError, match="cannot be written as JSON"):
        await provider.complete(ChatRequest((Message("user", "Hi"),), tools=(Tool("t"),)))


def test_it_is_detected_by_its_model() -> None:
    found = detect({"CASECRAFT_EMBEDDED_MODEL": "m.gguf"}, probe=False)
    assert [(it.name, it.how) for it in found] == [("embedded", "model in the variable CASECRAFT_EMBEDDED_MODEL")]
