"""A gateway whose page is asked, and a browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from casecraft.config import ProviderSettings
from casecraft.config.gateway import KeySettings
from tests.browser import browser
from tests.gateway.made import KEY, settings_with
from tests.gateway.page.asking import ANNAS_TOKEN, Asking, asking

__all__ = ["browser"]


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Asking]:
    """A gateway before two providers and a client with a key of its own; somebody was let in."""
    own = {
        "glm": ProviderSettings(api_key=KEY, model="glm-4.6"),
        "home": ProviderSettings(base_url="http://127.0.0.1:9/v1", model="tiny", rpm=30),
    }
    settings = settings_with(own=own, routes={"default": "glm > home"})
    anna = KeySettings(token=SecretStr(ANNAS_TOKEN))
    gateway = settings.gateway.model_copy(update={"keys": {"anna": anna}})
    settings = settings.model_copy(update={"gateway": gateway})
    made = asking(settings, tmp_path)
    await made.open()
    yield made
    await made.browser.aclose()
    await made.gateway.aclose()
