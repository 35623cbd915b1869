"""Targets of cases that are added when the endpoints of a document are looked at together."""

from casecraft.cases.scenarios import huge, unknown


def describe_added(target: str) -> str:
    """What such a target is for; "" for those that an endpoint has by itself, which say it themselves."""
    if target == huge.TARGET:
        return huge.DESCRIPTION
    if target.endswith(unknown.ENDING):
        return f"{target.removesuffix(unknown.ENDING)} is right, and names what is not there"
    return ""
