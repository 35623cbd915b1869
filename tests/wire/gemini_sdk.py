"""Google's own SDK, talking to a server that is not there."""

import json

import httpx
from google import genai
from google.genai import types


class Server:
    """Answers every request with the same body, and keeps what was asked."""

    def __init__(self, body: bytes, *, status: int = 200, kind: str = "application/json") -> None:
        self.body, self.status, self.kind = body, status, kind
        self.path = ""
        self.sent: dict = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.path, self.sent = request.url.raw_path.decode(), json.loads(request.content)
        return httpx.Response(self.status, content=self.body, headers={"content-type": self.kind})

    def client(self) -> genai.Client:
        transport = httpx.Client(transport=httpx.MockTransport(self.handle))
        options = types.HttpOptions(base_url="http://x", api_version="v1beta", httpx_client=transport)
        return genai.Client(api_key="k", vertexai=False, http_options=options)


def ask(body: bytes, *, status: int = 200) -> types.GenerateContentResponse:
    """What the SDK makes of a whole answer."""
    return Server(body, status=status).client().models.generate_content(model="m", contents="Hi")


def ask_stream(body: bytes) -> list[types.GenerateContentResponse]:
    """What the SDK makes of a streamed answer."""
    server = Server(body, kind="text/event-stream")
    return list(server.client().models.generate_content_stream(model="m", contents="Hi"))


def parts_of(answers: list[types.GenerateContentResponse]) -> list[types.Part]:
    """All parts of the first candidate."""
    contents = [answer.candidates[0].content for answer in answers if answer.candidates]
    return [part for content in contents if content for part in content.parts or []]
