"""What Prism's answers say of cases: its verdict, whether it is that of the label, and why not where it is not."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

TABLE = Path(__file__).parent / "prism_disagreements.toml"

_VIOLATION = re.compile(r'"location":\[(?!"response")(?:"request",?)?([^\]]*)\],"severity":"Error","code":"?([^",]+)')
_PART = re.compile(r'[^",\s]+')
_PROBLEM = re.compile(
    r"prism/errors#(?:UNPROCESSABLE_ENTITY|INVALID_CONTENT_TYPE|UNAUTHORIZED|NOT_ACCEPTABLE|NO_\w+_MATCHED_ERROR)|\"statusCode\":4"
)
_NAMES = re.compile(r"[.\[\]/]+")
OF_PRISM = "access-control-allow-origin"
"""All answers of Prism have this header. Where it is missing the server below it has refused what it cannot read."""

NO_BODY = " required"
"""What Prism says where a request has no body: of no place, that it is required. A form without fields is none."""

EVERY = "every_answer"
"""A pattern that all that Prism says of a case must fit, not one part of it alone."""

PLACES = ("document", "label", "endpoint", "target", "content_type", "answer", EVERY)
OF_ANSWERS = frozenset({"answer", EVERY})

Counted = Literal["yes", "no", "as JSON"]


@dataclass(frozen=True, slots=True)
class Cause:
    """Why Prism and cases disagree: in those cases to which all the patterns of `where` fit."""

    name: str
    where: Mapping[str, re.Pattern[str]]
    counted: Counted

    def explains(self, facts: Mapping[str, list[str]]) -> bool:
        """Whether a disagreement, by what `facts_of` says of it, has this cause."""
        return all(
            all(map(pattern.search, facts["answer"])) if place == EVERY else any(map(pattern.search, facts[place]))
            for place, pattern in self.where.items()
        )

    @property
    def before_sending(self) -> bool:
        """Whether a case is not counted whatever Prism says of it: the cause lies in the request alone."""
        return self.counted == "no" and not OF_ANSWERS & self.where.keys()


@dataclass(slots=True)
class Judgement:
    """How many cases, by label: sent, agreed on, not agreed on, not counted by cause; and what has no cause."""

    sent: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    not_counted: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By cause and label."""
    as_json: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By cause and label: what is counted as its twin in JSON is judged."""
    explained: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By cause and label: the disagreements that count."""
    unexplained: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Judgement") -> None:
        """Add the counts of another document."""
        for name in ("sent", "right", "wrong", "not_counted", "as_json", "explained", "unexplained"):
            getattr(self, name).update(getattr(other, name))

    def counted(self, label: str) -> int:
        """The cases of a label that Prism checks and can read."""
        return self.right[label] + self.wrong[label]

    def percentage(self, label: str) -> float:
        """Of the counted cases of a label, those that Prism judges the same."""
        return 100 * self.right[label] / max(1, self.counted(label))


def read_causes(path: Path = TABLE) -> list[Cause]:
    return [
        Cause(
            entry["cause"],
            {place: re.compile(entry[place]) for place in PLACES if place in entry},
            entry["counted"],
        )
        for entry in tomllib.loads(path.read_text("utf-8"))["cause"]
    ]


def judge(document: str, answers: Iterable[Mapping[str, Any]], causes: list[Cause]) -> Judgement:
    """Judge the cases of a document. What was held back is not sent, and not counted."""
    found = Judgement()
    for answer in answers:
        label = "valid" if answer["valid"] else "invalid"
        if answer.get("held_back"):
            found.not_counted[answer["held_back"], label] += 1
            continue
        found.sent[label] += 1
        _judge_one(document, label, answer, causes, found)
    return found


def _judge_one(document: str, label: str, answer: Mapping[str, Any], causes: list[Cause], found: Judgement) -> None:
    """Count one case. Where it has a twin in JSON, that one's verdict counts; but the first needs a cause as well."""
    last = answer.get("as_json") or answer
    facts = facts_of(document, label, last)
    if before := next((cause for cause in causes if cause.before_sending and cause.explains(facts)), None):
        found.not_counted[before.name, label] += 1
        return
    if last is not answer and not agrees(answer):
        cause = find_cause(causes, facts_of(document, label, answer), {"as JSON"})
        if cause is None:
            _count_unexplained(document, label, answer, found)
            return
        found.as_json[cause.name, label] += 1
    if agrees(last):
        found.right[label] += 1
        return
    cause = find_cause(causes, facts, {"yes", "no"})
    if cause is None:
        _count_unexplained(document, label, last, found)
    elif cause.counted == "no":
        found.not_counted[cause.name, label] += 1
    else:
        found.wrong[label] += 1
        found.explained[cause.name, label] += 1


def find_cause(causes: list[Cause], facts: Mapping[str, list[str]], counted: set[Counted]) -> Cause | None:
    return next((cause for cause in causes if cause.counted in counted and cause.explains(facts)), None)


def _count_unexplained(document: str, label: str, answer: Mapping[str, Any], found: Judgement) -> None:
    said = facts_of(document, label, answer)["answer"][0]
    found.wrong[label] += 1
    found.unexplained[f"{document}, {label}, {said}, {answer['case']}: {answer['targets'][-1]}"] += 1


def agrees(answer: Mapping[str, Any]) -> bool:
    """Whether Prism says what the label says, and for the reason that the case has."""
    return not is_refused(answer) if answer["valid"] else is_refused(answer) and is_to_the_point(answer)


def is_to_the_point(answer: Mapping[str, Any]) -> bool:
    """Whether what Prism says is wrong is where the case says that it is: the same parameter, or field of the body."""
    said = ["body" if it == NO_BODY else it.partition(" ")[0].lower() for it in violations_of(answer)]
    return not said or any(_is_at(place, target.lower()) for target in answer["targets"] for place in said)


def _is_at(said: str, target: str) -> bool:
    """Whether a place that Prism names is that of a target, as far as the first name in it, or has it missing.

    Of the body as a whole, of credentials and of the content type Prism names no place, or that of the body alone.
    """
    place = [name for name in _NAMES.split(target.partition(":")[0]) if name]
    named = [name for name in said.split(".") if name]
    if len(place) == 1:
        return named in ([], place)
    return named == place[:1] or named[:2] == place[:2] or (place[1] == "*" and named[:1] == place[:1])


def is_refused(answer: Mapping[str, Any]) -> bool:
    """Whether Prism finds something wrong with the request. A case to which nothing was answered is not refused."""
    if answer["status"] is None:
        return False
    return bool(violations_of(answer) or _PROBLEM.search(answer["body"]) or OF_PRISM not in answer["headers"])


def violations_of(answer: Mapping[str, Any]) -> list[str]:
    """What Prism says is wrong with the request: `body.name required`, …

    A status tells nothing: where a document has no other answer, that is what Prism gives. It says so in a header where
    it answers as the document does, else in the body of a problem of its own. The header is cut where it grows too
    long, so it is no JSON then.
    """
    told = answer["headers"].get("sl-violations") or answer["body"]
    return [f"{'.'.join(_PART.findall(place))} {code}" for place, code in _VIOLATION.findall(told)]


def facts_of(document: str, label: str, answer: Mapping[str, Any]) -> dict[str, list[str]]:
    """What causes look at. A place has several texts where any of them may fit."""
    violations = [] if answer["status"] is None else violations_of(answer)
    return {
        "document": [document],
        "label": [label],
        "endpoint": [answer["endpoint"]],
        "target": answer["targets"],
        "content_type": [answer["request_type"] or ""],
        "answer": [f"{answer['status']} {violation}" for violation in violations] or [str(answer["status"])],
    }
