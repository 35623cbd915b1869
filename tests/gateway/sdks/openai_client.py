"""What both of OpenAI's formats have in common: the SDK, pointed at the gateway."""

from typing import Any

import openai


class OpenAiClient:
    """The SDK with hooks on its requests and answers. It never asks again by itself."""

    def __init__(self, url: str, token: str, hooks: dict[str, Any]) -> None:
        http = openai.DefaultHttpxClient(event_hooks=hooks)
        self.sdk = openai.OpenAI(api_key=token, base_url=f"{url}/v1", max_retries=0, http_client=http)

    def close(self) -> None:
        self.sdk.close()
