"""Keys that providers send back."""

import json
from urllib.parse import quote

import pytest

from casecraft.config import ProviderSettings
from casecraft.providers.redaction import Redaction, redaction_of

KEY = 'sk-a+b/c="9f3e1d'


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        json.dumps(KEY)[1:-1],
        json.dumps(KEY)[1:-1].replace("/", "\\/"),
        json.dumps(json.dumps(KEY)),
        quote(KEY, safe=""),
        KEY.replace("+", "\\u002B").replace('"', "\\u0022").replace("=", "\\u003d"),
    ],
)
def test_a_key_is_found_in_every_form(text):
    redaction = Redaction([KEY])
    for redacted in (redaction.of_text(f"wrong key {text}, sorry"), redaction.of_bytes(f"x{text}x".encode()).decode()):
        assert "9f3e1d" not in redacted
        assert "[key]" in redacted
    assert redaction.of_text(f"wrong key {KEY}, sorry") == "wrong key [key], sorry"


def test_other_texts_stay_as_they_are():
    redaction = Redaction([KEY, "short", ""])
    for text in ("9f3e1d", "short", "sk-a", "half \ud83d 9f3e1d", ""):
        assert redaction.of_text(text) == text
    assert Redaction([]).of_bytes(b"") == b""


def test_a_secret_that_holds_another_is_found_whole():
    assert Redaction(["secret-12", "secret-1234"]).of_text("secret-1234") == "[key]"


def test_headers_count_where_they_are_named_like_credentials():
    headers = {"X-Api-Key": "distinctive-1", "Authorization": "Basic abcdefgh", "HTTP-Referer": "https://example.com"}
    redaction = redaction_of(ProviderSettings(api_key="distinctive-0"), headers)
    text = "distinctive-0 distinctive-1 Basic abcdefgh https://example.com"
    assert redaction.of_text(text) == "[key] [key] [key] https://example.com"
    assert "distinctive" not in repr(redaction)
