"""What a model's answers for one endpoint were worth."""

from collections.abc import Sequence
from dataclasses import dataclass

from casecraft.cases.completion import complete
from casecraft.cases.parse import parse
from casecraft.cases.rules import targets_of
from casecraft.cases.techniques import ALL_TECHNIQUES
from casecraft.cases.verification import Verified, verify
from casecraft.core.case import Case, Technique
from casecraft.core.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Rating:
    """Answers and the cases in them, counted.

    `parsed` are the answers in which a case could be read. Every case that was proposed ended in one of four ways:
    it was `verified` in the first answer, after it was `repaired`, the check proved another label than its own and it
    was `relabelled`, or it was `dropped`. `kept` are those that are left when none repeats another; `targets` are hit
    by them, `new_targets` by them and by no case that rules make.
    """

    answers: int = 0
    parsed: int = 0
    verified: int = 0
    repaired: int = 0
    relabelled: int = 0
    dropped: int = 0
    kept: int = 0
    targets: int = 0
    new_targets: int = 0

    @property
    def proposed(self) -> int:
        """The cases that the model proposed."""
        return self.verified + self.repaired + self.relabelled + self.dropped

    def __add__(self, other: "Rating") -> "Rating":
        return Rating(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class _Read:
    verified: list[Case]
    relabelled: list[Case]
    lost: int
    parsed: bool


def rate(endpoint: Endpoint, answers: Sequence[str], techniques: frozenset[Technique] = ALL_TECHNIQUES) -> Rating:
    """Rate the texts of one conversation: the first answer, then those to requests for repair.

    Only targets of these techniques count.
    """
    if not answers:
        return Rating()
    read = [_read(endpoint, text, techniques) for text in answers]
    last = read[-1]
    cases = [case for each in read for case in each.verified] + last.relabelled
    kept = complete(endpoint, cases, fill=False, techniques=techniques)
    hit = {target for case in kept for target in case.targets}
    return Rating(
        answers=len(read),
        parsed=sum(each.parsed for each in read),
        verified=len(read[0].verified),
        repaired=sum(len(each.verified) for each in read[1:]),
        relabelled=len(last.relabelled),
        dropped=last.lost,
        kept=len(kept),
        targets=len(hit),
        new_targets=len(hit - {target.id for target in targets_of(endpoint)}),
    )


def _read(endpoint: Endpoint, text: str, techniques: frozenset[Technique]) -> _Read:
    parsed = parse(text)
    verified, relabelled = [], []
    for draft in parsed.drafts:
        verdict = verify(endpoint, draft, techniques=techniques)
        if isinstance(verdict, Verified):
            verified.append(verdict.case)
        elif verdict.relabelled is not None:
            relabelled.append(verdict.relabelled)
    lost = len(parsed.drafts) - len(verified) - len(relabelled) + (len(parsed.problems) if parsed.drafts else 0)
    return _Read(verified, relabelled, lost, bool(parsed.drafts))
