"""What reaches a service: requests and statuses by operation of its document, counted at the server for every client.

Only what the standard library has, for it runs inside of services that have environments of their own.
"""

import json
import re
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
ELSEWHERE = "elsewhere"
"""Requests that are for no operation of the document: an unknown path, or a method that a path does not have."""


class Traffic:
    """Counts (operation, status) pairs; safe to use from several threads."""

    def __init__(self, document: Mapping[str, Any], base_path: str = "") -> None:
        self._counts: Counter[tuple[str, int]] = Counter()
        self._lock = threading.Lock()
        paths = sorted(document["paths"].items(), key=lambda entry: (entry[0].count("{"), entry[0]))
        self._operations = [
            (method.upper(), as_pattern(base_path + path), f"{method.upper()} {path}")
            for path, item in paths
            for method in item
            if method in METHODS
        ]
        self.operations = len(self._operations)

    def count(self, method: str, path: str, status: int) -> None:
        """Count one answer. `path` is as it stands in the request line, without the query."""
        with self._lock:
            self._counts[self._find(method, path), status] += 1

    def _find(self, method: str, path: str) -> str:
        found = (name for its_method, pattern, name in self._operations if its_method == method and pattern(path))
        return next(found, ELSEWHERE)

    def summarize(self) -> dict[str, Any]:
        """`{"operations": how many the document has, "answers": {operation: {status: count}}}`, ready for JSON."""
        answers: dict[str, dict[str, int]] = {}
        for (operation, status), count in sorted(self._counts.items()):
            answers.setdefault(operation, {})[str(status)] = count
        return {"operations": self.operations, "answers": answers}

    def write(self, path: Path, **more: Any) -> None:
        """Write the summary, and more beside it, as JSON."""
        path.write_text(json.dumps({**self.summarize(), **more}), encoding="utf-8")


def as_pattern(template: str) -> Callable[[str], object]:
    """What tells whether a path, as sent, is one of this template."""
    parts = re.split(r"\{[^{}]*\}", template)
    return re.compile("[^/]+".join(map(re.escape, parts)) + "/?").fullmatch


def count_wsgi(app: Callable[..., Iterable[bytes]], traffic: Traffic) -> Callable[..., Iterable[bytes]]:
    """A WSGI application with its answers counted. One that raises has answered 500, as its server then does."""

    def counted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        seen: list[int] = []

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            seen.append(int(status.split(maxsplit=1)[0]))
            return start_response(status, headers, *exc_info)

        try:
            return app(environ, start)
        finally:
            path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
            traffic.count(environ["REQUEST_METHOD"], path, seen[-1] if seen else 500)

    return counted


def count_asgi(app: Callable[..., Awaitable[None]], traffic: Traffic) -> Callable[..., Awaitable[None]]:
    """The same for an ASGI application."""

    async def counted(scope: dict[str, Any], receive: Any, send: Any) -> None:
        seen: list[int] = []

        async def noting(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                seen.append(message["status"])
            await send(message)

        try:
            await app(scope, receive, noting)
        finally:
            if scope["type"] == "http":
                traffic.count(scope["method"], scope["path"], seen[-1] if seen else 500)

    return counted


def with_status(answers: Mapping[str, Mapping[str, int]], first_digit: str) -> set[str]:
    """The operations of the document that gave at least one answer whose status begins with the digit."""
    return {
        operation
        for operation, statuses in answers.items()
        if operation != ELSEWHERE and any(status.startswith(first_digit) for status in statuses)
    }


def count_requests(answers: Mapping[str, Mapping[str, int]]) -> int:
    return sum(sum(statuses.values()) for statuses in answers.values())
