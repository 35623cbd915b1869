"""Keys that go as they are: in a header or in the URL."""

from collections.abc import Mapping

from pydantic import SecretStr

NOTHING: Mapping[str, str] = {}


class NoAuth:
    """Shows nothing."""

    query = NOTHING

    async def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        """None."""
        del method, url, headers, body
        return NOTHING


class HeaderAuth:
    """Sends the key in a header, after `prefix`."""

    query = NOTHING

    def __init__(self, key: SecretStr, name: str, prefix: str = "") -> None:
        self._key = key
        self._name = name
        self._prefix = prefix

    async def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        """The header with the key."""
        del method, url, headers, body
        return {self._name: f"{self._prefix}{self._key.get_secret_value()}"}


def bearer(key: SecretStr) -> HeaderAuth:
    """The key as RFC 6750 has it: `Authorization: Bearer …`."""
    return HeaderAuth(key, "Authorization", "Bearer ")


class QueryAuth(NoAuth):
    """Sends the key in the URL, as `?name=key`."""

    def __init__(self, key: SecretStr, name: str) -> None:
        self._key = key
        self._name = name

    @property
    def query(self) -> Mapping[str, str]:  # type: ignore[override]  # a key is not kept in the open
        """The key under its name."""
        return {self._name: self._key.get_secret_value()}
