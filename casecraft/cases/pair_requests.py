"""Requests for rows of options: each option at its level, all else at its least."""

from collections.abc import Mapping
from typing import Any

from casecraft.cases.composition import NoValueError, minimal
from casecraft.cases.pairs import ABSENT, Option
from casecraft.cases.relations import is_given
from casecraft.cases.request_values import RequestValues
from casecraft.cases.requests import RequestModel
from casecraft.cases.rich_values import conforming
from casecraft.core.case import CaseRequest


class PairRequests:
    """Makes the requests of one endpoint from the least valid one."""

    def __init__(self, model: RequestModel, base: RequestValues) -> None:
        self._model = model
        self._base = base

    def request(self, levels: Mapping[int, int]) -> CaseRequest | None:
        """The request with these options, by their numbers, at these levels; None where there is none."""
        values = self._with_body(levels)
        for number, level in levels.items():
            option = self._model.pairs.options[number]
            try:
                changed = self._at_level(values, option, level)
            except NoValueError:
                return None
            if changed is None:
                return None
            values = changed
        return self._model.request_with(self._model.mender.mended(values))

    def _with_body(self, levels: Mapping[int, int]) -> RequestValues:
        """The least request, with a body where some field of it is to be there: what has to go is taken from that."""
        options = self._model.pairs.options
        fields = [options[number] for number, level in levels.items() if options[number].levels[level] != (ABSENT, ())]
        if all(option.field is not None for option in fields):
            return self._base
        try:
            return self._model.mender.with_body(self._base)
        except NoValueError:
            return self._base

    def _at_level(self, values: RequestValues, option: Option, level: int) -> RequestValues | None:
        mender = self._model.mender
        label, member = option.levels[level]
        if label == ABSENT and not member:
            return values if not is_given(mender.given(values), option.place) else mender.without(values, option.place)
        return mender.put(values, option.place, member[0] if member else _value(option))


def _value(option: Option) -> Any:
    try:
        return minimal(option.node)
    except NoValueError:
        return conforming(option.node)
