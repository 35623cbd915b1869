"""Texts to vectors, at whichever of a provider's addresses does that."""

from dataclasses import replace

import httpx

from casecraft.config import ProviderSettings
from casecraft.core.embedding import EmbeddingRequest, EmbeddingResponse
from casecraft.core.profile import Profile
from casecraft.errors import InvalidRequestError, ProviderConfigurationError, ProviderError
from casecraft.providers.call_log import Call, id_of
from casecraft.providers.catalog import CatalogRow
from casecraft.providers.connection import Connection
from casecraft.providers.redaction import Redaction, plain_headers
from casecraft.providers.validation import validate_access
from casecraft.wire import DIALECTS, encode_body, find_dialect
from casecraft.wire.embeddings import EMBEDDING_DIALECTS, find_embedding_dialect

SUCCESS = range(200, 300)
WHO_DOES = "`casecraft providers list --capability embeddings` shows who does."


class Embedder:
    """The embeddings of one provider: at its own address where its dialect has them, else at a site of its own."""

    def __init__(
        self,
        row: CatalogRow,
        profile: Profile,
        settings: ProviderSettings,
        redaction: Redaction,
        connection: Connection,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._row = row
        self._profile = profile
        self._settings = settings
        self._name = profile.name
        self._codes = row.codes
        self._redaction = redaction
        self._model = next((model.id for model in row.models if model.embeddings), "")
        self._dialect, self._address = _spoken(row, profile)
        if self._address == profile.base_url:
            self._connection = connection
        else:
            self._connection = Connection(row, replace(profile, base_url=self._address), settings, transport)

    @property
    def is_ready(self) -> bool:
        """Whether the provider makes embeddings, by its row."""
        return bool(self._dialect)

    def validate(self) -> None:
        """Raise `ProviderConfigurationError` where the provider makes none, or a setting is missing or wrong."""
        if not self._dialect:
            raise makes_none(self._name)
        profile = replace(self._profile, base_url=self._address)
        validate_access(self._row, profile, self._settings, plain_headers(self._settings))
        self._connection.auth  # noqa: B018  # a package that signing needs is told here

    async def embed(self, request: EmbeddingRequest, call: Call) -> EmbeddingResponse:
        """A vector for each text. Raises `InvalidRequestError` where the provider makes none.

        `call` is told what is sent and what comes back.
        """
        if not self._dialect:
            raise InvalidRequestError(f"{self._name!r} makes no embeddings", provider=self._name, hint=WHO_DOES)
        request = request if request.model else replace(request, model=self._model)
        dialect = find_embedding_dialect(self._dialect)
        call.model, call.sent = request.model, encode_body(dialect.encode_request(request).body)
        status, headers, body = await self._connection.post(dialect.path(request.model), call.sent, {})
        body = self._redaction.of_bytes(body)
        call.take(status, self._redaction.of_text(id_of(headers) or "") or None, body)
        try:
            if status in SUCCESS:
                answer = dialect.decode_response(body, texts=len(request.texts), provider=self._name, codes=self._codes)
                call.usage = answer.usage
                return answer
            raise dialect.decode_error(status, headers, body, self._name, codes=self._codes)
        except ProviderError as error:
            raise self._redaction.of_error(error) from error.__cause__

    async def aclose(self) -> None:
        """Close the connections."""
        await self._connection.aclose()


def makes_none(name: str) -> ProviderConfigurationError:
    """The error for a provider that makes no embeddings."""
    return ProviderConfigurationError(f"provider {name!r} makes no embeddings", provider=name, hint=WHO_DOES)


def _spoken(row: CatalogRow, profile: Profile) -> tuple[str, str]:
    """The dialect of embeddings and the base URL where it is spoken; empty where there is none."""
    if profile.dialect in EMBEDDING_DIALECTS:
        return profile.dialect, profile.base_url
    site = next((site for site in row.sites if site.dialect in EMBEDDING_DIALECTS), None)
    if site is not None and site.dialect is not None:
        return site.dialect, site.base_url
    if "embeddings" in row.capabilities and profile.dialect in DIALECTS:
        return find_dialect(profile.dialect).embeddings or "", profile.base_url
    return "", profile.base_url
