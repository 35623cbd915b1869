"""Services that are not well."""

from collections import Counter
from typing import Any

from tests.petstore.app import create_app

PAGE = b"<!doctype html><html><title>Please log in</title></html>"


class Answering:
    """Answers everything alike, and counts."""

    def __init__(self, status: int, body: bytes, **headers: str) -> None:
        self.status, self.body = status, body
        self.headers = [(name.encode(), text.encode()) for name, text in headers.items()]
        self.requests = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests += 1
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


class FailingFirst:
    """The petstore, but each request for one path is answered with 503 the first time that it comes, whatever
    its body."""

    def __init__(self, path: str) -> None:
        self.app = create_app()
        self.path = path
        self.came: Counter[str] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [header for header in scope["headers"] if header[0] != b"content-length"]
        key = repr((scope["method"], scope["raw_path"], scope["query_string"], headers))
        if scope["path"] == self.path:
            self.came[key] += 1
            if self.came[key] == 1:
                await Answering(503, b"{}", **{"content-type": "application/json"})(scope, receive, send)
                return
        await self.app(scope, receive, send)


class Dying:
    """The petstore until it has answered `times` requests; then connections break off."""

    def __init__(self, times: int) -> None:
        self.app = create_app()
        self.left = times
        self.after = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.left -= 1
        if self.left >= 0:
            await self.app(scope, receive, send)
            return
        self.after += 1
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise RuntimeError("gone")


class Counting:
    """Another service, whose requests are counted."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.requests = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests += 1
        await self.app(scope, receive, send)
