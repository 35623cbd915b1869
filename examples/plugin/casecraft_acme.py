"""A provider for casecraft: what it has to know of a service that speaks Chat Completions."""

from collections.abc import Iterator
from typing import Any


def rows() -> Iterator[dict[str, Any]]:
    """One row for each provider, with the keys of casecraft's own catalog."""
    yield {
        "name": "acme-cloud",
        "title": "Acme's model service",
        "dialect": "openai_chat",
        "model": "acme-large",
        "workers": 2,
        "structured_output": "json_object",
        "sites": [{"base_url": "https://llm.acme.example/v1", "key_variables": ["ACME_KEY"]}],
        "checked": "2026-11-21",
        "sources": ["https://docs.acme.example/api"],
    }
