"""How many tokens a request has, before it is asked."""

import orjson

from casecraft.errors import ProviderError
from casecraft.gateway.asking import ClientRequest
from casecraft.gateway.doors import MESSAGES
from casecraft.gateway.lanes import Lanes
from casecraft.providers.chat import ChatProvider
from casecraft.providers.selection import split_name


async def count_tokens(asked: ClientRequest, lanes: Lanes, candidate: str, estimate: int) -> int:
    """What the provider counts where it speaks Messages, which can be asked for it; else the estimate."""
    name, model = split_name(candidate)
    provider = lanes.of(name, model).provider
    spoken = provider.profile.dialect
    if not isinstance(provider, ChatProvider) or asked.door is not MESSAGES or spoken != MESSAGES.dialect:
        return estimate
    model = model or provider.profile.model
    path = f"{asked.dialect.chat_path(model, False)}/count_tokens"
    body = {**asked.body, "model": model}
    try:
        async with provider.pass_on(body, path, model=model, stream=False, headers=asked.own_headers) as passage:
            counted = orjson.loads(b"".join([chunk async for chunk in passage.chunks()]))
    except (ProviderError, orjson.JSONDecodeError):
        return estimate  # compatible servers mostly cannot count
    tokens = counted.get("input_tokens") if isinstance(counted, dict) else None
    return tokens if isinstance(tokens, int) else estimate
