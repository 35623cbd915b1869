"""What the text of a failure says."""

import pytest

from casecraft.runner.verdicts import judge

ANSWERED = """\
{problem}
another problem

Refuses something
curl -X POST http://x/pets --data-raw '{{"a":"

b"}}'

422 Unprocessable Entity, application/json
{{"error": "500 is in here"}}"""


@pytest.mark.parametrize(
    ("problem", "valid", "kind", "outcome"),
    [
        ("server error: status 500, expected 200", True, "server_error", "failed"),
        ("accepted an invalid request: status 200, expected 4XX", False, "accepted_invalid", "finding"),
        ("refused a valid request: status 400, expected 200", True, "refused_valid", "failed"),
        ("unexpected status: 202, expected 200", True, "unexpected_status", "failed"),
        ("schema mismatch: $.id: 1 is no string", True, "schema_mismatch", "failed"),
        ("content type mismatch: 'text/html'", True, "content_type_mismatch", "failed"),
        ("header mismatch: X-Total is missing", True, "header_mismatch", "failed"),
        ("verbose error: the answer shows the inside of the service: x", False, "verbose_error", "finding"),
        ("injection: a script stands in a page", False, "injection", "failed"),
        ("no answer: ReadTimeout: timed out", True, "no_answer", "unanswered"),
        ("not the service: 302 leads to /login", True, "not_the_service", "unanswered"),
        # Suites of earlier versions say it without these words.
        ("status 503, expected 200", True, "server_error", "failed"),
        ("status 503, expected 400", False, "server_error", "failed"),
        ("status 201, expected 400 or 4XX", False, "accepted_invalid", "finding"),
        ("status 201, expected 200", True, "unexpected_status", "failed"),
        ("status 404, expected 200", True, "refused_valid", "failed"),
        ("status 404, expected 400", False, "unexpected_status", "failed"),
        ("the body does not fit its schema at $: x", True, "schema_mismatch", "failed"),
        ("the body is no JSON: x", True, "schema_mismatch", "failed"),
        ("content type 'a/b', expected c/d", True, "content_type_mismatch", "failed"),
        ("AssertionError: nothing of ours", True, "other", "failed"),
    ],
)
def test_every_text_has_its_kind(problem: str, valid: bool, kind: str, outcome: str) -> None:
    verdict = judge(ANSWERED.format(problem=problem), valid=valid)
    assert (verdict.kind, verdict.outcome, verdict.problem) == (kind, outcome, problem)
    assert verdict.status == 422
    assert verdict.command == 'curl -X POST http://x/pets --data-raw \'{"a":"\n\nb"}\''


def test_what_had_no_answer_has_no_status_but_a_command() -> None:
    verdict = judge("no answer: ReadTimeout: 500 s\n\nA title\ncurl -X GET http://x/", valid=True)
    assert (verdict.status, verdict.command) == (None, "curl -X GET http://x/")


def test_a_scenario_has_the_commands_of_all_its_steps() -> None:
    text = """server error: status 500, expected 200

A pet comes and goes, step 2 of 3, Read it

Create it:
  curl -X POST http://x/pets --data-raw '{
}'
  201 Created
Read it:
  curl -X GET http://x/pets/1
  500 Internal Server Error

oops"""
    verdict = judge(text, valid=True)
    assert (verdict.kind, verdict.status) == ("server_error", 500)
    assert verdict.command == "curl -X POST http://x/pets --data-raw '{\n}'\ncurl -X GET http://x/pets/1"


def test_a_failure_of_anything_else_has_neither() -> None:
    verdict = judge("def test():\n>   assert False\nE   assert False", valid=True)
    assert (verdict.kind, verdict.status, verdict.command) == ("other", None, "")
