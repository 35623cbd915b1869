"""Who makes what in a document: resources for cases to use, and scenarios that follow a resource through its life."""

from casecraft.cases.scenarios.added_targets import describe_added
from casecraft.cases.scenarios.chaining import Chained, Judged, chain
from casecraft.cases.scenarios.proposals import Proposals, read_proposals
from casecraft.cases.scenarios.questions import Questions

__all__ = ["Chained", "Judged", "Proposals", "Questions", "chain", "describe_added", "read_proposals"]
