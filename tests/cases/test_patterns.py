"""Texts for patterns, and patterns that the validator cannot read."""

from typing import Any

import pytest

from casecraft.cases import generate, notes_of, targets_of, unreachable, verify
from casecraft.cases.draft import Draft
from casecraft.cases.patterns import is_readable, matches, translated
from casecraft.cases.shapes import Size
from casecraft.cases.texts import matching_texts
from casecraft.cases.verification import Verified
from casecraft.core.case import Case
from casecraft.core.endpoint import Endpoint
from tests.cases.sample_endpoints import endpoint

UNREADABLE = "^(?<!"


def with_pattern(pattern: str, **more: Any) -> Endpoint:
    fields = {"p": {"type": "string", "pattern": pattern}, "q": {"type": "string", "maxLength": 9}}
    return endpoint(body={"type": "object", "required": ["p"], "properties": fields, **more})


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            r"^(?=.*[A-Z])(?=.*\d).{8,20}$",
            r"^\p{Lu}\p{Ll}+$",
            r"^[\p{L}\p{N} ]+$",
            r"^\P{L}+$",
            r"^(?!.*--)[a-z-]{3,10}$",
        ),
        *(
            r"^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[@$!%*?&])[A-Za-z\d@$!%*?&]{8,}$",
            r"^(?=[A-Z])\w+$",
            r"^(?!.*--)[a-z-]{3,10}$",
        ),
        *(r"^(?=.{3,5}$)[a-z]+(-[a-z]+)*$", r"^\p{Script=Greek}+$", r"^(?<year>[0-9]{4})-\k<year>$", r"^[\w-\.]+$"),
    ],
)
def test_texts_are_made_for_what_patterns_look_ahead_for_and_for_unicode(pattern: str) -> None:
    texts = matching_texts(pattern, Size())
    assert any(matches(pattern, text) for text in texts)
    assert texts == matching_texts.__wrapped__(pattern, Size())
    assert {"body.p:valid-pattern", "body.p:wrong-pattern"} <= {each.id for each in targets_of(with_pattern(pattern))}


@pytest.mark.parametrize(
    ("pattern", "plain"),
    [
        (r"^(?<year>[0-9]{4})-\k<year>$", r"^([0-9]{4})-(?:\1)$"),
        (r"(a)[(](?<b>c)\(\k<b>0", r"(a)[(](c)\((?:\2)0"),
        (r"^[\w-\.]+-[\d-]$", r"^[\w\-\.]+-[\d-]$"),
        (r"\\k<b>", r"\\k<b>"),
        (r"(?=a)(?:b)\k<c>", r"(?=a)(?:b)\k<c>"),
    ],
)
def test_names_of_groups_become_numbers(pattern: str, plain: str) -> None:
    assert translated(pattern) == plain


def test_a_pattern_that_only_needs_other_words_is_checked() -> None:
    of = with_pattern(r"^(?<year>[0-9]{4})-\k<year>$")
    assert not notes_of(of)
    assert not isinstance(draft(of, {"p": "2024-2025"}), Case)
    case = draft(of, {"p": "2024-2024"})
    assert isinstance(case, Case)
    assert case.expect.status == (200,)


def test_a_value_of_a_pattern_that_cannot_be_read_proves_nothing() -> None:
    assert not is_readable(UNREADABLE)
    of = with_pattern(UNREADABLE)
    assert not {each.id for each in targets_of(of)} & {"body.p:valid-pattern", "body.p:wrong-pattern"}
    assert not any("pattern" in target for target in unreachable(of))
    sent = [case for case in generate(of) if case.valid and "p" in (case.request.body or {})]
    assert sent
    assert all("4" in str(case.expect.status) and case.title.startswith("Withstands") for case in sent)
    assert any("no case says that a value there must be accepted" in note for note in notes_of(of))
    assert any(case.targets == ("body.q:too-long",) for case in generate(of))
    case = draft(of, {"p": "blue"})
    assert isinstance(case, Case)
    assert case.expect.status == (200, 400)


def test_where_nothing_stands_at_such_a_place_success_is_certain() -> None:
    of = with_pattern(UNREADABLE, required=["q"])
    least = next(case for case in generate(of) if "body:minimal" in case.targets)
    assert least.request.body.keys() == {"q"}
    assert least.expect.status == (200,)
    assert least.title.startswith("Accepts")


def draft(of: Endpoint, body: Any) -> Any:
    """The case of a draft that says that it conforms, or why it is none."""
    made = verify(of, Draft("t", True, {}, {}, {}, {}, body, "application/json", ()))
    return made.case if isinstance(made, Verified) else made
