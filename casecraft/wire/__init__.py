"""Dialects: pure functions between the canonical chat values and each wire format. No I/O."""

from casecraft.wire.body import encode_body
from casecraft.wire.dialect import DIALECTS, Dialect, Encoded, StreamDecoder, find_dialect

__all__ = ["DIALECTS", "Dialect", "Encoded", "StreamDecoder", "encode_body", "find_dialect"]
