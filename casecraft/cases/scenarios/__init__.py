"""Who makes what in a document: resources for cases to use, and scenarios that follow a resource through its life."""

from casecraft.cases.scenarios.chaining import Chained, chain

__all__ = ["Chained", "chain"]
