"""The second turn: a model is shown what was wrong with its answer."""

from collections.abc import Sequence
from dataclasses import replace

from casecraft.cases.answer import ANSWER_SCHEMA
from casecraft.cases.outline import compact, one_line
from casecraft.cases.prompts import Language, render
from casecraft.core.chat import ChatRequest, Message

_ANSWER_HEAD, _ANSWER_TAIL = 12_000, 2_000
_MOST_PROBLEMS = 40
_LONGEST_PROBLEM = 400


def repair_request(original: ChatRequest, answer: str, problems: Sequence[str], lang: Language) -> ChatRequest:
    """The conversation continued: the answer, then its problems and the wish for the broken cases alone.

    `original` is the request that was answered, the first or itself a repair; its model and limits stay, and nothing is
    asked but cases. A long answer is shown without its middle; of many problems the first 40 are shown.
    """
    shown = [one_line(problem, _LONGEST_PROBLEM) for problem in problems[:_MOST_PROBLEMS]]
    asked = render("repair", lang, problems=compact(shown))
    turns = (Message("assistant", _without_middle(answer)), Message("user", asked))
    return replace(original, messages=original.messages + turns, json_schema=ANSWER_SCHEMA)


def _without_middle(answer: str) -> str:
    """The answer as it may be sent back: some vendors refuse an empty turn, and none takes lone surrogates."""
    text = answer.strip().encode("utf-8", "replace").decode() or "{}"
    left_out = len(text) - _ANSWER_HEAD - _ANSWER_TAIL
    if left_out <= 0:
        return text
    return f"{text[:_ANSWER_HEAD]}\n[… {left_out} characters …]\n{text[-_ANSWER_TAIL:]}"
