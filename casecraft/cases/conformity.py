"""Whether a case that is there already still is what it says, by the document as it is now."""

from casecraft.cases.requests import request_model
from casecraft.core.case import Case
from casecraft.core.endpoint import Endpoint


def why_stale(endpoint: Endpoint, case: Case) -> str | None:
    """Why a case no longer holds for the endpoint; None where it does, or where that cannot be told.

    It cannot where a body is sent as it stands, where values come out of earlier answers, and where the request is
    not the endpoint's own.
    """
    request = case.request
    own = request.method == endpoint.method and request.path == endpoint.path
    if not own or request.raw_body is not None or case.bindings:
        return None
    inspection = request_model(endpoint).inspect(request)
    if inspection.unclear:
        return None
    if case.valid and inspection.findings:
        finding = inspection.findings[0]
        return f"its request no longer conforms: {finding.target}: {finding.message}"
    if not case.valid and not inspection.findings and request.credentials == "own":
        return "nothing in its request is wrong any more"
    return None
