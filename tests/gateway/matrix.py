"""What the table in the docs says of each client, vendor and feature; the tests hold every cell of it."""

from dataclasses import dataclass
from itertools import product
from typing import Literal

from tests.gateway.features import FEATURES
from tests.gateway.stage import CLIENTS, PROMPTED
from tests.gateway.upstream import VENDORS

Kind = Literal["works", "partly", "refused", "unsaid"]
TOOLS = ("one tool", "forced tool", "parallel tools", "streamed arguments", "tool results", "thinking kept")


@dataclass(frozen=True)
class Verdict:
    """Whether a feature works, and in a word why not: `refused` with status 400 and the client told why; `unsaid` where
    the client's own format has no word for it, so that nobody can ask.
    """

    kind: Kind
    word: str = ""


WORKS = Verdict("works")
# What holds for whoever asks. A refusal's word is in what the client is told.
OF_VENDORS: dict[tuple[str, str], Verdict] = {
    ("openai_responses", "stop sequence"): Verdict("refused", "no stop sequences"),
    ("ollama_chat", "forced tool"): Verdict("refused", "cannot be made to use a tool"),
    ("ollama_chat", "usage"): Verdict("partly", "no cached tokens"),
    **{(vendor, feature): Verdict("refused", "no tools") for vendor, feature in product(PROMPTED, TOOLS)},
    **{(vendor, "thinking"): Verdict("partly", "left out, as `x-casecraft-losses` says") for vendor in PROMPTED},
    ("tgi", "images"): Verdict("refused", "text alone"),
    ("sagemaker", "images"): Verdict("refused", "text alone"),
    ("triton", "images"): Verdict("refused", "no images"),
    ("triton", "JSON schema"): Verdict("partly", "asked for in words"),
    ("replicate", "JSON schema"): Verdict("partly", "asked for in words"),
    ("replicate", "output limit"): Verdict("partly", "why it stopped is not told"),
    ("tgi", "usage"): Verdict("partly", "not in streams, no cached tokens"),
    ("sagemaker", "usage"): Verdict("partly", "not in streams, no cached tokens"),
    ("replicate", "usage"): Verdict("partly", "not in streams, no cached tokens"),
    ("triton", "usage"): Verdict("partly", "none is told"),
}


COUNTING = dict.fromkeys(("anthropic", "genai"), Verdict("partly", "an estimate"))


def verdict(client: str, vendor: str, feature: str) -> Verdict:
    """What the table says."""
    if client == "openai-responses" and feature == "stop sequence":
        return Verdict("unsaid", "Responses has none")
    if feature == "counting" and (client, vendor) != ("anthropic", "anthropic_messages"):
        return COUNTING.get(client, Verdict("unsaid", "nothing in the format asks for it"))
    return OF_VENDORS.get((vendor, feature), WORKS)


CELLS = [cell for cell in product(CLIENTS, VENDORS, FEATURES) if verdict(*cell).kind != "unsaid"]
