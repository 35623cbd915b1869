"""What `casecraft gateway` says when it begins."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from casecraft.cli.gateway import _greet
from casecraft.config import GatewaySettings, Settings

SERVER = cast(Any, SimpleNamespace(url="http://127.0.0.1:4141", token="cc-0123456789abcdef", notes=()))


def test_the_address_of_the_page_has_the_token_of_this_start(capsys: pytest.CaptureFixture[str]) -> None:
    _greet(SERVER, Settings())

    assert "Page: http://127.0.0.1:4141/ui?token=cc-0123456789abcdef\n" in capsys.readouterr().out


def test_a_configured_token_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    _greet(SERVER, Settings(gateway=GatewaySettings(token="cc-0123456789abcdef")))

    printed = capsys.readouterr().out
    assert "Page: http://127.0.0.1:4141/ui (asks for the token)\n" in printed
    assert "cc-0123456789abcdef" not in printed
