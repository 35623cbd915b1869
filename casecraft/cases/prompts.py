"""The questions put to a model: Jinja2 templates around the endpoint as JSON.

The system message is the same to the byte for all endpoints of a language, so that providers' prompt caches hit.
What comes from the document stands in the user message only, as JSON between tags that no text in it can close.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, TypeAlias

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from casecraft.cases.answer import answer_schema
from casecraft.cases.outline import ENDPOINT_BUDGET, compact, one_line, outline
from casecraft.cases.question import Question
from casecraft.core.case import Target
from casecraft.core.chat import ChatRequest, Message
from casecraft.core.endpoint import Endpoint

Language: TypeAlias = Literal["en", "zh"]

PROMPT_VERSION = "4"
"""Raised by hand with every change of what a model is sent, so that answers to older prompts are not taken for
answers to this one. A test ties it to the rendered text."""

_TARGETS_BUDGET = 8_000
_LONGEST_TARGET = 200


def generation_request(
    endpoint: Endpoint,
    targets: Sequence[Target],
    *,
    lang: Language,
    max_cases: int,
    covered: bool = False,
    question: Question | None = None,
    budget: int = ENDPOINT_BUDGET,
) -> ChatRequest:
    """Ask for up to `max_cases` cases for the endpoint: such as hit the targets, or, where rules cover these already,
    such as rules cannot think of.

    `lang` is the language of the prompt and of the cases' titles. The endpoint takes at most about `budget`
    characters; targets past 8,000 characters are left out, last first. `question` is what else is open.
    """
    sources, scenarios = bool(question and question.fields), bool(question and question.scenarios)
    user = render(
        "generate",
        lang,
        endpoint=compact(outline(endpoint, budget)),
        targets=compact(_fitting([it.id for it in targets] if covered else [*map(_described, targets)])),
        covered=covered,
        max_cases=max_cases,
        others=compact(question.as_json()) if question is not None else "",
        sources=sources,
        scenarios=scenarios,
    )
    return ChatRequest(
        messages=(Message("system", _system(lang)), Message("user", user)),
        json_schema=answer_schema(sources=sources, scenarios=scenarios),
    )


def render(name: str, lang: Language, **values: Any) -> str:
    """The template `NAME.LANG.jinja` with its values filled in; a value that it lacks raises `UndefinedError`."""
    return _template(f"{name}.{lang}.jinja").render(values)


@cache
def _system(lang: Language) -> str:
    return render("system", lang)


@cache
def _template(file: str) -> Template:
    return _environment().get_template(file)


@cache
def _environment() -> Environment:
    return Environment(  # noqa: S701  # the prompts are plain text, read by no browser
        loader=PackageLoader("casecraft.cases"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _described(target: Target) -> dict[str, str]:
    return {"id": target.id, "description": one_line(target.description, _LONGEST_TARGET)}


def _fitting(targets: Sequence[Any]) -> list[Any]:
    """The first of the targets, for as long as there is room."""
    room = _TARGETS_BUDGET
    for number, target in enumerate(targets):
        room -= len(compact(target))
        if room < 0:
            return list(targets[:number])
    return list(targets)
