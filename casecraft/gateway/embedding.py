"""Requests for embeddings, answered as those for chat are."""

from dataclasses import dataclass, replace

from casecraft.core.embedding import EmbeddingRequest
from casecraft.core.usage import Usage
from casecraft.gateway.exchanging import Exchanging
from casecraft.gateway.lanes import ProviderLane
from casecraft.wire import encode_body
from casecraft.wire.embeddings import find_embedding_dialect

DIALECT = "openai_embeddings"


@dataclass(slots=True, kw_only=True)
class Embedding(Exchanging):
    """Has texts turned into vectors by the first of its candidates that can."""

    request: EmbeddingRequest

    async def _exchange(self, lane: ProviderLane, model: str) -> Usage | None:
        # Numbers are asked for in any case: the client's wish is for the answer to it.
        response = await lane.provider.embed(replace(self.request, model=model, extra={}))
        body = find_embedding_dialect(DIALECT).encode_response(replace(response, model=self.asked.model), self.request)
        self._describe(lane, model, ())
        await self.answer.whole(200, encode_body(body))
        return response.usage
