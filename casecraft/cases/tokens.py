"""Estimates of tokens, for budgets made before anything is spent."""

import json
import math
import re
from collections.abc import Iterable

from casecraft.core.chat import ChatRequest

OUTPUT_TOKENS_PER_CASE = 180
"""What one case takes in an answer: a body of five or six fields and two parameters, escapes included."""

TOKENS_PER_COMPARED_CASE = 65
"""What the title of one case and the values of its request take, of which an embedding is made; 45 to 80 in real
documents.
"""

_CHARACTERS_PER_TOKEN = 3.6
_TOKENS_PER_IDEOGRAPH = 0.8
_TOKENS_PER_OTHER = 0.5
_TOKENS_PER_MESSAGE = 5

# Han, kana and Hangul, and the punctuation and full-width forms that go with them.
_IDEOGRAPHS = re.compile("[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+")
_NOT_ASCII = re.compile("[^\x00-\x7f]+")


def estimate_tokens(request: ChatRequest) -> int:
    """About how many input tokens the request has, its answer schema included.

    ASCII counts 3.6 characters a token (JSON and prose mixed), an ideograph 0.8 tokens, any other character half a
    one, a message 5 more. Vendors' tokenizers differ by a third from each other, so this is as good as a rule gets.
    """
    schema = "" if request.json_schema is None else json.dumps(request.json_schema, separators=(",", ":"))
    texts = [*(message.text for message in request.messages), schema]
    return math.ceil(sum(map(_weigh, texts)) + _TOKENS_PER_MESSAGE * len(request.messages))


def estimate_tokens_of_texts(texts: Iterable[str]) -> int:
    """About how many tokens texts have, by the same rule."""
    return math.ceil(sum(map(_weigh, texts)))


def _weigh(text: str) -> float:
    if text.isascii():
        return len(text) / _CHARACTERS_PER_TOKEN
    ideographs = sum(map(len, _IDEOGRAPHS.findall(text)))
    others = sum(map(len, _NOT_ASCII.findall(text))) - ideographs
    ascii_only = len(text) - ideographs - others
    return ascii_only / _CHARACTERS_PER_TOKEN + ideographs * _TOKENS_PER_IDEOGRAPH + others * _TOKENS_PER_OTHER
