"""With which tokens the gateway may listen where."""

from typing import Any

import pytest
from pydantic import SecretStr

from casecraft.config import GatewaySettings, KeySettings
from casecraft.errors import ConfigurationError
from casecraft.gateway.exposure import check_exposure, is_loopback

STRONG = "0123456789abcdef"


def key(token: str) -> KeySettings:
    return KeySettings(token=SecretStr(token))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1", "[::1]"])
def test_this_machine_may_do_without_a_token(host: str) -> None:
    assert is_loopback(host)
    check_exposure(GatewaySettings(host=host))
    check_exposure(GatewaySettings(host=host, token="short"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "gateway.example.com", ""])
def test_other_addresses_may_not(host: str) -> None:
    assert not is_loopback(host)


def test_with_a_strong_token_others_may_come() -> None:
    check_exposure(GatewaySettings(host="0.0.0.0", token=STRONG))
    check_exposure(GatewaySettings(host="0.0.0.0", keys={"alice": key(STRONG)}))


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"host": "0.0.0.0"}, "no token, and others can reach '0.0.0.0'", "CASECRAFT_GATEWAY_TOKEN"),
        ({"host": "0.0.0.0", "token": STRONG[1:]}, "fewer than 16", "CASECRAFT_GATEWAY_TOKEN"),
        ({"host": "10.0.0.1", "token": STRONG, "keys": {"al-1": key("weak")}}, "'al-1'", "CASECRAFT_GATEWAY_KEY_AL_1"),
        ({"keys": {"bob": KeySettings()}}, "the key 'bob' is not set", "CASECRAFT_GATEWAY_KEY_BOB"),
        ({"token": "with blank in it 1234"}, "no header can hold", "CASECRAFT_GATEWAY_TOKEN"),
        ({"token": "schlüssel-0123456789"}, "no header can hold", "CASECRAFT_GATEWAY_TOKEN"),
        ({"token": STRONG, "keys": {"bob": key(STRONG)}}, "are the same", None),
    ],
)
def test_what_is_refused(given: dict[str, Any], message: str, hint: str | None) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_exposure(GatewaySettings(**given))
    assert message in str(caught.value)
    assert (hint or "") in (caught.value.hint or "")
    assert STRONG[1:] not in str(caught.value)
