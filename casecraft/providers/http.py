"""The one HTTP client: httpx with the aiohttp transport, without the parts of both that a request here never needs.

httpx's response and transport interface are kept, so that any httpx transport fits in. What is left out is
`httpx.AsyncClient` (cookies, redirects, auth flows, merging of defaults), httpx's request, and what the stock transport
does again for every request: parsing the URL, converting the headers, looking up proxies.
"""

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache, lru_cache
from types import MappingProxyType
from typing import NamedTuple, TypeAlias, cast
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream
from multidict import CIMultiDict
from yarl import URL

from casecraft.errors import BadAnswerError, NetworkError, ProviderError, ProviderTimeoutError

# A connection that takes longer than this to open will not open. In seconds.
CONNECT_TIMEOUT = 10.0
# Idle connections are dropped before common servers drop theirs, so that none is found closed. In seconds.
KEEPALIVE = 15.0
# Far above any answer of a model, far below what would hurt. In bytes.
LARGEST_BODY = 32 * 1024 * 1024
LARGEST_LISTING = 4 * 1024 * 1024
LOOPBACK = ("localhost", "127.0.0.1", "::1")

Headers: TypeAlias = Mapping[str, str]
NO_HEADERS: Headers = MappingProxyType({})

FAILURES = (TimeoutError, httpx.TransportError, httpx.DecodingError, aiohttp.ClientError, OSError)

# Timeouts of whole requests are ours, so that one clock covers the connection, the wait and the reading.
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT)


class Reply(NamedTuple):
    """A whole answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class StreamedReply(NamedTuple):
    """An answer whose chunks are yet to come."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class SessionTransport(AiohttpTransport):
    """httpx-aiohttp's transport for the one address that a provider has, and the headers that go there each time."""

    def __init__(self, url: httpx.URL, headers: httpx.Headers) -> None:
        self._secure = url.scheme == "https"
        self._proxy = proxy_for(url)
        self._sent_headers = CIMultiDict(headers)
        super().__init__(verify=_ssl_context() if self._secure else False, client=self._open)

    def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=0,  # how many are in flight is the lane's business
            ssl=self.ssl_context if self._secure else True,
            keepalive_timeout=KEEPALIVE,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_TIMEOUT,
            skip_auto_headers=("Accept-Encoding", "User-Agent"),
            auto_decompress=False,
        )

    async def send(self, method: str, url: str, content: bytes, headers: Headers) -> httpx.Response:
        """Send a request, with these headers beside the usual. Raises aiohttp's errors: they say more than httpx's."""
        session = self.client
        if not isinstance(session, aiohttp.ClientSession):
            session = self.client = self._open()
        response = await session.request(
            method,
            _parsed(url),
            data=content or None,
            headers=self._with(headers),
            allow_redirects=False,
            proxy=self._proxy,
        )
        return httpx.Response(
            status_code=response.status, headers=response.raw_headers, stream=AiohttpResponseStream(response)
        )

    def _with(self, added: Headers) -> CIMultiDict[str]:
        if not added:
            return self._sent_headers
        headers = self._sent_headers.copy()
        headers.update(added)
        return headers

    async def aclose(self) -> None:
        """Close the connections. The next request opens new ones."""
        session, self.client = self.client, self._open
        if isinstance(session, aiohttp.ClientSession):
            await session.close()


@lru_cache(maxsize=256)
def _parsed(url: str) -> URL:
    """The URL with what httpx escapes in it."""
    return URL(str(httpx.URL(url)), encoded=True)


class HttpClient:
    """Talks to one provider. `name` stands in errors, `headers` go with every request, `timeout` is in seconds."""

    def __init__(
        self,
        name: str,
        base_url: str,
        headers: Mapping[str, str],
        *,
        timeout: float,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._name = name
        self._base = base_url
        self._url = httpx.URL(base_url)
        self._timeout = timeout
        self._transport = transport
        plain = {"Host": self._url.netloc.decode(), "Accept-Encoding": "identity", "User-Agent": "casecraft"}
        self._headers = httpx.Headers({**plain, **headers})

    async def post(self, path: str, content: bytes, headers: Headers = NO_HEADERS) -> Reply:
        """Send a JSON body; the whole answer, whatever its status. Raises `NetworkError` and the like.

        `headers` go with this request alone.
        """
        return await self._fetch("POST", path, content, LARGEST_BODY, headers)

    async def get(self, path: str, headers: Headers = NO_HEADERS) -> Reply:
        """Ask for a resource; the whole answer, whatever its status."""
        return await self._fetch("GET", path, b"", LARGEST_LISTING, headers)

    @asynccontextmanager
    async def stream(
        self, path: str, content: bytes, headers: Headers = NO_HEADERS, *, method: str = "POST"
    ) -> AsyncIterator[StreamedReply]:
        """Send a JSON body; the answer as it comes. The timeout is that of the whole.

        It runs only while we wait for the provider: what is done between two chunks cannot be cut off by it.
        """
        deadline = asyncio.get_running_loop().time() + self._timeout
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._send(method, path, content, headers)
        except FAILURES as error:
            raise self._translate(error) from error
        try:
            yield StreamedReply(response.status_code, response.headers, self._chunks(response, deadline))
        finally:
            await response.aclose()

    async def _chunks(self, response: httpx.Response, deadline: float) -> AsyncIterator[bytes]:
        chunks = self._limited(response, LARGEST_BODY)
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    chunk = await anext(chunks, None)
            except FAILURES as error:
                raise self._translate(error) from error
            if chunk is None:
                return
            yield chunk

    async def aclose(self) -> None:
        """Close the connections."""
        if self._transport is not None:
            await self._transport.aclose()

    async def _fetch(self, method: str, path: str, content: bytes, limit: int, headers: Headers) -> Reply:
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._send(method, path, content, headers)
                try:
                    chunks = [chunk async for chunk in self._limited(response, limit)]
                finally:
                    await response.aclose()
        except FAILURES as error:
            raise self._translate(error) from error
        return Reply(response.status_code, response.headers, chunks[0] if len(chunks) == 1 else b"".join(chunks))

    async def _send(self, method: str, path: str, content: bytes, headers: Headers) -> httpx.Response:
        transport = self._transport
        if transport is None:
            transport = self._transport = SessionTransport(self._url, self._headers)
        url = f"{self._base}{path}"
        if isinstance(transport, SessionTransport):
            return await transport.send(method, url, content, headers)
        request = httpx.Request(method, url, headers=self._headers, content=content)
        request.headers.update(headers)
        return await transport.handle_async_request(request)

    async def _limited(self, response: httpx.Response, limit: int) -> AsyncIterator[bytes]:
        size = 0
        encoded = "content-encoding" in response.headers
        # Without an encoding there is nothing that httpx could do for the chunks.
        chunks = response.aiter_bytes() if encoded else cast("httpx.AsyncByteStream", response.stream)
        async for chunk in chunks:
            size += len(chunk)
            if size > limit:
                message = f"{self._name!r} sent more than {limit // 1024 // 1024} MB"
                raise BadAnswerError(message, provider=self._name, status=response.status_code)
            yield chunk

    def _translate(self, error: Exception) -> ProviderError:
        return self._timed_out(error) if isinstance(error, TimeoutError) else self._failed(error)

    def _timed_out(self, error: TimeoutError) -> ProviderError:
        host = self._url.netloc.decode()
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            message = f"{host!r} of {self._name!r} took more than {CONNECT_TIMEOUT:g} s to accept a connection"
            return NetworkError(message, provider=self._name, hint="Check the base URL, the network and the proxy.")
        message = f"{self._name!r} ({host}) did not finish its answer within {self._timeout:g} s"
        return ProviderTimeoutError(message, provider=self._name, hint="Allow more with the provider's `timeout`.")

    def _failed(self, error: Exception) -> ProviderError:
        cause = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error
        host = self._url.netloc.decode()
        if isinstance(cause, aiohttp.ClientHttpProxyError):
            message = f"the proxy before {self._name!r} ({host}) refused ({cause.status})"
            return NetworkError(message, provider=self._name, hint=PROXY_HINT)
        if isinstance(cause, aiohttp.ClientResponseError | httpx.DecodingError | httpx.RemoteProtocolError):
            message = f"{self._name!r} ({host}) answered with something that is no HTTP"
            return BadAnswerError(message, provider=self._name, hint="Check the port and http or https.")
        says, hint = next(((says, hint) for kind, says, hint in CAUSES if isinstance(cause, kind)), BROKEN)
        return NetworkError(f"{self._name!r} ({host}) {says.format(_reason(cause))}", provider=self._name, hint=hint)


PROXY_HINT = "Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY."
SSL_HINT = "Set SSL_CERT_FILE to the certificates of a proxy that signs for others."

# What a connection failed of, in words, and what to do; subclasses stand before their bases.
CAUSES: tuple[tuple[type[Exception], str, str | None], ...] = (
    (aiohttp.ClientConnectorDNSError, "cannot be found: the name does not resolve", "Check the base URL."),
    (aiohttp.ClientConnectorCertificateError, "has no trusted certificate: {}", SSL_HINT),
    (aiohttp.ClientSSLError, "does not speak TLS as it should: {}", "Check http or https in the base URL."),
    (aiohttp.ClientProxyConnectionError, "cannot be reached: the proxy does not answer", PROXY_HINT),
    (aiohttp.ClientConnectorError, "cannot be reached: {}", "Is the server running, and is the base URL right?"),
    (aiohttp.ServerDisconnectedError, "closed the connection without an answer", None),
    (aiohttp.ClientPayloadError, "cut its answer off", None),
)
BROKEN = ("broke the connection: {}", None)


def _reason(cause: Exception) -> str:
    """The operating system's words where it has some; else the library's."""
    system = getattr(cause, "os_error", cause)
    number = getattr(system, "errno", None)
    return os.strerror(number) if isinstance(number, int) and number > 0 else str(system)


@cache
def _ssl_context() -> ssl.SSLContext:
    """Made once, when the first https provider is used: it takes tens of milliseconds."""
    return httpx.create_ssl_context()


def proxy_for(url: httpx.URL) -> str | None:
    """The proxy that the environment names for this address, else None."""
    proxies = getproxies()
    if not proxies or url.host in LOOPBACK or proxy_bypass(url.host):
        return None
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if proxy is None:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def fetch_listing(url: str, *, timeout: float) -> object:
    """The JSON that an address of this machine serves, or None where it does not answer with any. No proxy is used."""
    try:
        with (
            httpx.Client(trust_env=False, timeout=timeout, verify=False) as client,  # noqa: S501  # plain http only
            client.stream("GET", url) as response,
        ):
            if not response.is_success:
                return None
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > LARGEST_LISTING:
                    return None
        return json.loads(body)
    except (httpx.HTTPError, ValueError):
        return None
