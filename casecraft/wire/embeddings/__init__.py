"""Dialects of embeddings: pure functions between texts and vectors and each wire format. No I/O."""

from casecraft.wire.embeddings.dialect import EMBEDDING_DIALECTS, EmbeddingDialect, find_embedding_dialect

__all__ = ["EMBEDDING_DIALECTS", "EmbeddingDialect", "find_embedding_dialect"]
