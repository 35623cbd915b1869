"""What a way to show who sends a request has to be."""

from collections.abc import Mapping
from typing import Protocol


class Auth(Protocol):
    """Says what a request needs beside its own headers for the provider to accept it."""

    @property
    def query(self) -> Mapping[str, str]:
        """Names and values that every URL needs. They may be keys: never log such a URL."""

    async def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        """The headers to add to this very request, which is sent as given here, query and all.

        Raises a `ProviderError` where there are no credentials, or they cannot be renewed.
        """
