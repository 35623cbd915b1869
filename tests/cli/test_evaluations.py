"""What `casecraft evaluate` shows of proposals."""

import json

import pytest

from casecraft.cases import Rating
from casecraft.cli.evaluations import show_evaluations, write_evaluations
from casecraft.engine.evaluation import Evaluation, ProposalCounts

COUNTS = ProposalCounts(
    {"edge": 2, "rule": 0},
    {"edge": {"no such endpoint": 1, "it would need itself": 3}, "rule": {"rules know it already": 1}},
)


def evaluation(proposals: ProposalCounts) -> Evaluation:
    return Evaluation("glm", "glm-5", 3, 0, Rating(), proposals=proposals)


def test_proposals_are_shown_below_with_the_most_frequent_reason_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    show_evaluations([evaluation(COUNTS)])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[2][:4] == ["provider", "proposals", "kept", "refused"]
    assert lines[3] == ["glm", "edges", "2", "4", "3", "it", "would", "need", "itself;", "1", "no", "such", "endpoint"]
    assert lines[4] == ["glm", "rules", "0", "1", "1", "rules", "know", "it", "already"]


def test_without_proposals_there_is_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    show_evaluations([evaluation(ProposalCounts())])
    assert "proposals" not in capsys.readouterr().out


def test_machines_get_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    write_evaluations([evaluation(COUNTS)])
    told = json.loads(capsys.readouterr().out)["evaluations"][0]
    assert told["proposals"] == {"kept": dict(COUNTS.kept), "refused": {k: dict(v) for k, v in COUNTS.refused.items()}}
