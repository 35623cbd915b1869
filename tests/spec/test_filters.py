"""Filters: globs over tags, paths and methods."""

import pytest

from casecraft.spec import Filters


@pytest.mark.parametrize(
    ("filters", "admitted"),
    [
        (Filters(), True),
        (Filters(include_tags=("pet*",)), True),
        (Filters(include_tags=("Pet*",)), False),
        (Filters(include_tags=("store", "admin")), True),
        (Filters(exclude_tags=("admin",)), False),
        (Filters(include_tags=("pets",), exclude_tags=("adm*",)), False),
        (Filters(include_paths=("/pets/*",)), True),
        (Filters(include_paths=("/pets",)), False),
        (Filters(include_paths=("/PETS/*",)), False),
        (Filters(exclude_paths=("*/photos",)), False),
        (Filters(include_methods=("get", "po*")), True),
        (Filters(include_methods=("GET",)), False),
        (Filters(include_methods=("post",), include_paths=("/other",)), False),
    ],
)
def test_admits(filters: Filters, admitted: bool) -> None:
    assert filters.admit("POST", "/pets/{id}/photos", ("pets", "admin")) is admitted


def test_endpoint_without_tags_has_the_empty_tag() -> None:
    assert Filters(include_tags=("",)).admit("GET", "/", ())
    assert not Filters(include_tags=("?*",)).admit("GET", "/", ())
    assert not Filters(exclude_tags=("",)).admit("GET", "/", ())
