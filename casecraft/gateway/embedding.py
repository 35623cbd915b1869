"""Requests for embeddings, answered as those for chat are."""

from dataclasses import dataclass, replace

from casecraft.core.embedding import EmbeddingRequest
from casecraft.core.usage import Usage
from casecraft.gateway.exchanging import Exchanging
from casecraft.gateway.lanes import ProviderLane
from casecraft.wire import DIALECTS, encode_body
from casecraft.wire.embeddings import find_embedding_dialect

DIALECT = "openai_embeddings"


@dataclass(slots=True, kw_only=True)
class Embedding(Exchanging):
    """Has texts turned into vectors by the first of its candidates that can."""

    request: EmbeddingRequest

    async def _exchange(self, lane: ProviderLane, model: str) -> Usage | None:
        profile = lane.provider.profile
        # A route that says no model leads to the provider's usual one, which chats; it knows its own for embeddings.
        chats = model == profile.model and profile.dialect in DIALECTS
        # Numbers are asked for in any case: the client's wish is for the answer to it.
        request = replace(self.request, model="" if chats else model, extra={})
        response = await lane.provider.embed(request)
        body = find_embedding_dialect(DIALECT).encode_response(replace(response, model=self.asked.model), self.request)
        self._describe(lane, model, ())
        await self.answer.whole(200, encode_body(body))
        return response.usage
