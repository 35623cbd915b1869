"""Replicate: where requests go, and where an answer that is not there yet is to be had."""

from collections.abc import Mapping
from urllib.parse import quote

import orjson

from casecraft.errors import InvalidRequestError
from casecraft.wire.answers import mapping, string

UNFINISHED = ("starting", "processing", "queued")


def version_of(model: str) -> str:
    """The version in the name of a model (`owner/name:version`); empty where it names none."""
    return model.partition(":")[2]


def chat_path(model: str, _stream: bool) -> str:
    """The path for a model, or for all of them where a version is named, as that goes into the body."""
    if version_of(model):
        return "/v1/predictions"
    owner, _, name = model.partition("/")
    if not owner or not name or "/" in name or {owner, name} & {".", ".."}:
        raise InvalidRequestError(
            f"{model!r} is no model of Replicate", hint="Name it as 'owner/name' or 'owner/name:version'."
        )
    return f"/v1/models/{quote(owner, safe='')}/{quote(name, safe='')}/predictions"


def headers(stream: bool) -> Mapping[str, str]:
    """Asks the server to answer when the prediction is done, for up to a minute. A stream is wanted at once."""
    return {} if stream else {"Prefer": "wait"}


def follow(body: bytes, stream: bool) -> str | None:
    """The URL of the stream, where one is wanted, or of a prediction that is not finished; None for one that is."""
    try:
        prediction = mapping(orjson.loads(body))
    except orjson.JSONDecodeError:
        return None
    urls = mapping(prediction.get("urls"))
    if stream and (url := string(urls.get("stream"))):
        return url
    return string(urls.get("get")) or None if prediction.get("status") in UNFINISHED else None
