"""Which methods a path has, others that its URLs may be taken for included."""

import json
from pathlib import Path
from typing import Any

from casecraft.core.endpoint import Endpoint
from casecraft.spec import load, split
from casecraft.spec.path_methods import methods_by_path


def test_a_path_has_the_methods_of_all_its_operations_in_their_order() -> None:
    assert methods_by_path([("/a", "POST"), ("/b", "GET"), ("/a", "GET")]) == {"/a": ("POST", "GET"), "/b": ("GET",)}


def test_templates_that_one_url_fits_share_their_methods() -> None:
    found = methods_by_path(
        [
            ("/pets/{id}", "GET"),
            ("/pets/search", "POST"),
            ("/pets/{id}/notes", "PUT"),
            ("/pets/", "PATCH"),
            ("/{kind}/{id}", "HEAD"),
        ]
    )
    assert found["/pets/search"] == ("POST", "GET", "HEAD")
    assert found["/pets/{id}"] == ("GET", "POST", "HEAD")
    assert found["/pets/{id}/notes"] == ("PUT",)
    assert found["/pets/"] == ("PATCH",)


def endpoints(tmp_path: Path, *methods: str) -> dict[str, Endpoint]:
    operation: dict[str, Any] = {"responses": {"200": {"description": "ok"}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a": dict.fromkeys(methods, operation)},
    }
    file = tmp_path / "-".join(methods)
    file.write_text(json.dumps(document))
    return {each.method: each for each in split(load(str(file)))}


def test_the_first_endpoint_of_a_path_changes_with_the_methods_of_the_path(tmp_path: Path) -> None:
    few, more = endpoints(tmp_path, "get", "post"), endpoints(tmp_path, "get", "post", "put")
    assert few["GET"].path_methods == ("GET", "POST")
    assert more["GET"].path_methods == ("GET", "POST", "PUT")
    assert few["GET"].fingerprint != more["GET"].fingerprint
    assert few["POST"].fingerprint == more["POST"].fingerprint
