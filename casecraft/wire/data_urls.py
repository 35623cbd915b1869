"""Images in `data:` URLs, as several dialects carry them."""

import base64
import binascii

from casecraft.core.chat import Image


def data_url(image: Image) -> str:
    """An image as a URL: its own, or its bytes as a `data:` URL."""
    return image.url or f"data:{image.media_type};base64,{base64.b64encode(image.data).decode()}"


def read_image(url: str) -> Image:
    """The image at a URL; a `data:` URL gives its bytes. Raises `ValueError` for broken base64."""
    head, found, data = url.partition(";base64,")
    if not url.startswith("data:") or not found:
        return Image(url=url)
    return Image(data=decode_base64(data), media_type=head.removeprefix("data:"))


# How files of the common formats begin. WebP's own name stands after the length that RIFF gives.
MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
)


def media_type_of(data: bytes) -> str:
    """The media type that an image's first bytes show, for dialects that do not say it; empty where they do not."""
    return next((media_type for start, media_type in MAGIC if data.startswith(start)), "")


def decode_base64(text: str) -> bytes:
    """The bytes that base64 stands for, in either alphabet: Google's own SDK writes the one for URLs.

    Raises `ValueError` where it is broken.
    """
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error as error:
        raise ValueError(f"broken base64: {error}") from error
