"""The least request to an endpoint: only what is required, of the least values that conform."""

from typing import Any

from casecraft.cases.bodies import BodyForm
from casecraft.cases.composition import NoValueError
from casecraft.cases.request_values import RequestValues
from casecraft.cases.requests import RequestModel
from casecraft.cases.rich_values import conforming


def least_values(model: RequestModel) -> tuple[RequestValues, tuple[str, ...]]:
    """The values of all required places of which one can be made, and why there is none of the others."""
    values: dict[int, Any] = {}
    reasons: list[str] = []
    for index, field in enumerate(model.fields):
        if field.parameter.required:
            try:
                values[index] = conforming(field.node)
            except NoValueError as error:
                reasons.append(str(error))
    try:
        body = _needed_body(model)
        if body is not None:
            return RequestValues(values, body, conforming(body.node)), tuple(reasons)
    except NoValueError as error:
        reasons.append(str(error))
    return RequestValues(values), tuple(reasons)


def _needed_body(model: RequestModel) -> BodyForm | None:
    documented = model.endpoint.body
    if documented is None or not documented.required:
        return None
    if model.body is None:
        types = ", ".join(media.content_type for media in documented.media_types)
        raise NoValueError(f"body: no body of type {types} can be made")
    return model.body
