"""What Bedrock and SageMaker have in common: event streams framed by hand, with botocore's own description of them in
mind, and where an error tells its code.
"""

import binascii
import struct

KIND = "application/vnd.amazon.eventstream"


def frame(kind: str, payload: bytes, content_type: str) -> bytes:
    """One message of an event stream: lengths, their CRC, headers, payload and the CRC of all."""
    named = {":event-type": kind, ":content-type": content_type, ":message-type": "event"}
    headers = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in named.items()
    )
    lengths = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    begun = lengths + struct.pack(">I", binascii.crc32(lengths)) + headers + payload
    return begun + struct.pack(">I", binascii.crc32(begun))


def typed(name: str) -> dict[str, str]:
    """The header that tells an error's code."""
    return {"x-amzn-ErrorType": f"{name}:http://internal.amazon.com/coral/"}
