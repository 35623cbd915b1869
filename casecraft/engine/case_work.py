"""The real work: prompts, parsing, verification and repair of test cases."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from casecraft.cases import (
    ALL_TECHNIQUES,
    PROMPT_VERSION,
    RULES_VERSION,
    Rating,
    Verified,
    complete,
    coverage_of,
    estimate_tokens,
    generation_request,
    notes_of,
    parse,
    proposed_cases,
    rate,
    read_relations,
    repair_request,
    targets_of,
    verify,
)
from casecraft.cases.scenarios import Questions
from casecraft.core.case import Case, Source, Technique
from casecraft.core.chat import ChatRequest, ChatResponse
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import JobResult
from casecraft.core.profile import Profile
from casecraft.engine.work import Examined

MOST_CASES = {"simple": 6, "medium": 9, "complex": 12}
"""Cases asked of a model, by the endpoint's tier; rules fill what they leave."""

TOKENS_PER_CASE = 400
"""Room for one case in an answer; the average is well below."""

TOKENS_FOR_REASONING = 6000
"""Room for what a model may think before it answers."""


FOR_RULES_ALONE: frozenset[Technique] = frozenset({"syntax_testing", "pairwise_testing"})
"""Techniques whose targets no model is told of: nothing of an endpoint's business is in them."""


class CaseWork:
    """Asks models for cases and keeps those that are verified.

    `fill` lets rules make the cases for targets that no model hit. `models` are the run's providers with their
    models: results of others are not taken for these. Only targets of the `techniques` are asked for and count.
    `comparison` says by whom and how strictly near-duplicates are looked for, if they are. Of more than `max_cases` for
    one endpoint the best are kept. `endpoints` are those that a model may be told of beside the one that it is asked
    about.
    """

    def __init__(
        self,
        *,
        lang: Literal["en", "zh"],
        models: tuple[str, ...],
        fill: bool = True,
        comparison: str | None = None,
        techniques: frozenset[Technique] = ALL_TECHNIQUES,
        max_cases: int | None = None,
        endpoints: Sequence[Endpoint] = (),
    ) -> None:
        self._lang = lang
        self._fill = fill
        self._techniques = techniques
        self._max_cases = max_cases
        self._questions = Questions(endpoints, scenarios="scenario_testing" in techniques)
        compared = () if comparison is None else (f"near-duplicates by {comparison}",)
        chosen = () if techniques == ALL_TECHNIQUES else (f"techniques: {' '.join(sorted(techniques))}",)
        limit = () if max_cases is None else (f"at most {max_cases} cases",)
        own = (PROMPT_VERSION, RULES_VERSION, lang, str(fill))
        self._key = "\n".join((*own, *sorted(models), *compared, *chosen, *limit))

    @property
    def key(self) -> str:
        """Everything besides the endpoint that shapes a result."""
        return self._key

    def request(self, endpoint: Endpoint, profile: Profile) -> ChatRequest:
        """Ask for as many cases as the endpoint's complexity deserves."""
        most = min(MOST_CASES[endpoint.complexity.tier], self._max_cases or MOST_CASES["complex"])
        targets = [it for it in targets_of(endpoint, self._techniques) if it.technique not in FOR_RULES_ALONE]
        question = self._questions.of(endpoint)
        request = generation_request(
            endpoint, targets, lang=self._lang, max_cases=most, covered=self._fill, question=question
        )
        room = TOKENS_FOR_REASONING + TOKENS_PER_CASE * most
        return replace(request, max_output_tokens=min(room, profile.max_output_tokens or room))

    def examine(self, endpoint: Endpoint, profile: Profile, request: ChatRequest, answer: ChatResponse) -> Examined:
        """Parse and verify an answer; what fails goes into the repair request, with what is wrong about it."""
        parsed = parse(answer.text)
        source = Source(profile.name, answer.model or profile.model or None)
        kept: list[Case] = []
        relabelled: list[Case] = []
        problems = list(parsed.problems)
        rejected = 0
        for draft in parsed.drafts:
            verdict = verify(endpoint, draft, techniques=self._techniques)
            if isinstance(verdict, Verified):
                kept.append(replace(verdict.case, source=source))
                continue
            rejected += 1
            problems += [f"{draft.title!r}: {problem}" for problem in verdict.problems]
            if verdict.relabelled is not None:
                relabelled.append(replace(verdict.relabelled, source=source))
        if "decision_table_testing" in self._techniques:
            kept.extend(proposed_cases(endpoint, read_relations(answer.text), source))
        return Examined(
            cases=tuple(kept),
            relabelled=tuple(relabelled),
            dropped=rejected - len(relabelled),
            repair=repair_request(request, answer.text, problems, self._lang) if problems else None,
        )

    def complete(self, endpoint: Endpoint, cases: tuple[Case, ...]) -> tuple[Case, ...]:
        """The models' cases without repetition, and those of rules for the targets that are left."""
        return complete(endpoint, cases, fill=self._fill, techniques=self._techniques, max_cases=self._max_cases)

    def rules(self, endpoint: Endpoint) -> tuple[Case, ...]:
        """The cases that rules make alone."""
        return complete(endpoint, (), fill=True, techniques=self._techniques, max_cases=self._max_cases)

    def described(self, result: JobResult) -> JobResult:
        """The result with the targets of its endpoint, and notes on what was left out."""
        coverage = coverage_of(result.endpoint, self._techniques)
        notes = [*result.notes, *notes_of(result.endpoint, self._techniques)]
        hit = {target for case in result.cases for target in case.targets}
        left = sum(target not in hit for target in coverage.reachable)
        if left and self._max_cases is not None and len(result.cases) >= self._max_cases:
            notes.append(
                f"{left} of {len(coverage.reachable)} targets are not hit by the {self._max_cases} cases allowed"
            )
        return replace(result, coverage=coverage, notes=tuple(dict.fromkeys(notes)))

    def rate(self, endpoint: Endpoint, answers: Sequence[str]) -> Rating:
        """What the answers of one conversation are worth."""
        return rate(endpoint, answers, self._techniques)

    def estimate(self, request: ChatRequest) -> int:
        """The tokens of a request, about."""
        return estimate_tokens(request)
