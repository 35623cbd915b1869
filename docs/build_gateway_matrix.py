"""Makes `docs/gateway-matrix.md`: which client can do what with which provider, from the tests that prove it.

python -m docs.build_gateway_matrix
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.gateway.features import FEATURES
from tests.gateway.matrix import CELLS, verdict
from tests.gateway.stage import CLIENTS
from tests.gateway.upstream import VENDORS

PAGE = Path(__file__).with_name("gateway-matrix.md")
NAMES = {
    "anthropic": "`anthropic` (Messages)",
    "openai-chat": "`openai` (Chat Completions)",
    "openai-responses": "`openai` (Responses)",
    "genai": "`google-genai` (Gemini)",
}
TITLES = {
    "openai_chat": "Chat Completions",
    "azure": "Azure OpenAI",
    "openai_responses": "OpenAI Responses",
    "anthropic_messages": "Anthropic Messages",
    "gemini": "Gemini",
    "bedrock_converse": "Bedrock Converse",
    "cohere_chat": "Cohere",
    "ollama_chat": "Ollama",
    "tgi": "TGI",
    "sagemaker": "SageMaker",
    "triton": "Triton",
    "replicate": "Replicate",
}
SIGNS = {"works": "✓", "partly": "◐", "refused": "✗", "unsaid": "–"}


def build() -> str:
    """The page."""
    notes: dict[str, int] = {}
    tables = "\n\n".join(f"## {NAMES[client]}\n\n{_table(client, notes)}" for client in CLIENTS)
    listed = "\n".join(f"{number}. {word}" for word, number in notes.items())
    return PAGE_TEXT.format(tables=tables, notes=listed, cells=len(CELLS))


def _table(client: str, notes: dict[str, int]) -> str:
    head = ["", *(TITLES[vendor] for vendor in VENDORS)]
    rows = [[feature, *_cells(client, feature, notes)] for feature in FEATURES]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _cells(client: str, feature: str, notes: dict[str, int]) -> Iterator[str]:
    for vendor in VENDORS:
        said = verdict(client, vendor, feature)
        yield SIGNS[said.kind] + (f" {notes.setdefault(_sentence(said.word), len(notes) + 1)}" if said.word else "")


def _sentence(word: str) -> str:
    return f"{word[0].upper()}{word[1:]}."


PAGE_TEXT = """\
<!-- Made by `python -m docs.build_gateway_matrix`: change that, or the tests, not this. -->
# Which client can do what with which provider

Each of the {cells} cells below that can be asked is a test: the vendor's official SDK as a client, a gateway that runs,
and behind it a provider that speaks as its vendor's documentation says. What the provider receives is held against the
types that the vendor publishes; what the client gets is read by its SDK. `make docs` makes this page from the same list
that the tests go by (`tests/gateway/matrix.py`). A real llama.cpp server with a small model takes part as well: text,
streams, schemas, a tool and its result, counting and cancellation (`tests/llm/test_gateway_clients.py`).

✓ works. ◐ works but for what the note says. ✗ is refused with status 400, and the client is told why: the answer would
be one to another question. – cannot be asked in the client's own format.

{tables}

## Notes

{notes}

## What the rows mean

- **one tool, forced tool, parallel tools, streamed arguments**: calls arrive whole, each with an id of its own, and the
  answer ends for the sake of the tools, also after text. Where a vendor sends arguments in pieces they arrive so, but
  not with `anthropic`, as Messages closes each block before the next, nor with `google-genai`, which has whole calls.
- **tool results**: two results of parallel calls go back in one turn, each with its call.
- **thinking kept**: with the results, the model gets back what it thought, with its signature unchanged. Where the
  client's format has no place for that, the gateway remembers it (in memory, at most 16 MB for each provider).
- **usage**: input, output and cached tokens, whole and streamed.
- **errors**: a wrong key, a rate limit with its `Retry-After`, a wrong request, an unknown model, an overloaded vendor
  and a context that is too long arrive with the status and the word of the client's own vendor.
- **cancellation**: a client that goes away in the middle of a stream takes the provider's request with it; the permit
  is free again, and the ledger says `cancelled`.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(build(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")


if __name__ == "__main__":
    main()
