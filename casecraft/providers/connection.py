"""The way to one provider: its address with all that goes with every request, and who shows who sends it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import httpx

from casecraft.config import ProviderSettings
from casecraft.core.profile import Profile
from casecraft.errors import BadAnswerError
from casecraft.providers.auth import Auth, auth_of
from casecraft.providers.catalog import CatalogRow
from casecraft.providers.http import HttpClient, Reply, StreamedReply
from casecraft.providers.redaction import plain_headers

FIXED = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream, */*;q=0.5"}


class Connection:
    """Requests to one provider. Connections open with the first, and again after `aclose`."""

    def __init__(
        self,
        row: CatalogRow,
        profile: Profile,
        settings: ProviderSettings,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = profile.name
        self.timeout = profile.timeout
        self._base = profile.base_url
        self._headers = {**FIXED, **row.headers, **plain_headers(settings)}
        given = {name: value.get_secret_value() for name, value in settings.query.items()}
        self._query = {**row.query, **given}
        self._row = row
        self._settings = settings
        self._transport = transport
        self._others: dict[str, HttpClient] = {}
        self._auth: Auth | None = None
        self._http = HttpClient(profile.name, self._base, self._headers, timeout=profile.timeout, transport=transport)

    @property
    def auth(self) -> Auth:
        """How requests are signed. Raises `ProviderConfigurationError` where a package for it is missing."""
        if self._auth is None:
            region = self._settings.variables.get("region") or _default_region(self._row)
            self._auth = auth_of(self._row.auth, self._settings.api_key, provider=self.name, region=region)
        return self._auth

    async def post(self, path: str, content: bytes, headers: Mapping[str, str]) -> Reply:
        """Send a JSON body; the whole answer, whatever its status."""
        path = self._with_query(path)
        return await self._http.post(path, content, await self._signed("POST", path, content, headers))

    async def get(self, path: str) -> Reply:
        """Ask for a resource; the whole answer, whatever its status."""
        path = self._with_query(path)
        return await self._http.get(path, await self._signed("GET", path, b"", {}))

    @asynccontextmanager
    async def stream(self, path: str, content: bytes, headers: Mapping[str, str]) -> AsyncIterator[StreamedReply]:
        """Send a JSON body; the answer as it comes."""
        path = self._with_query(path)
        signed = await self._signed("POST", path, content, headers)
        async with self._http.stream(path, content, signed) as reply:
            yield reply

    async def fetch(self, url: str) -> Reply:
        """Ask for a resource at a whole URL that the provider has named. Raises `BadAnswerError` for strange hosts."""
        client, path = self._at(url)
        return await client.get(path, await self.auth.headers("GET", url, self._headers, b""))

    @asynccontextmanager
    async def fetch_stream(self, url: str) -> AsyncIterator[StreamedReply]:
        """The same, as a stream."""
        client, path = self._at(url)
        signed = await self.auth.headers("GET", url, self._headers, b"")
        async with client.stream(path, b"", {**signed, "Accept": "text/event-stream"}, method="GET") as reply:
            yield reply

    def _at(self, url: str) -> tuple[HttpClient, str]:
        """The client for the host of a URL. The key goes to the provider's own hosts alone, whatever an answer says."""
        base, target = httpx.URL(self._base), httpx.URL(url)
        # Beside `api.replicate.com` that is any other host of `replicate.com`.
        family = base.host.partition(".")[2]
        akin = "." in family and not family[-1].isdigit() and target.host.endswith(f".{family}")
        if target.scheme != base.scheme or not (target.netloc == base.netloc or akin):
            message = f"{self.name!r} sends to another host for its answer: {target.host!r}"
            raise BadAnswerError(message, provider=self.name)
        origin = f"{target.scheme}://{target.netloc.decode()}"
        if origin not in self._others:
            self._others[origin] = HttpClient(
                self.name, origin, self._headers, timeout=self.timeout, transport=self._transport
            )
        return self._others[origin], target.raw_path.decode()

    async def aclose(self) -> None:
        """Close the connections."""
        for client in (self._http, *self._others.values()):
            await client.aclose()

    def _with_query(self, path: str) -> str:
        query = {**self._query, **self.auth.query}
        if not query:
            return path
        return f"{path}{'&' if '?' in path else '?'}{urlencode(query)}"

    async def _signed(self, method: str, path: str, content: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        sent = {**self._headers, **headers} if headers else self._headers
        added = await self.auth.headers(method, f"{self._base}{path}", sent, content)
        return {**headers, **added} if headers else added


def _default_region(row: CatalogRow) -> str:
    return next((it.default or "" for it in row.variables if it.name == "region"), "")
