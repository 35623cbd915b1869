"""Loading: what each kind of input gets, and how problems are told."""

import http.server
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from casecraft.errors import (
    DocumentError,
    DocumentInvalidError,
    DocumentLimitError,
    DocumentSyntaxError,
    DocumentUnreadableError,
)
from casecraft.spec import Limits, load, split

SPECS = Path(__file__).parents[2] / "specs"
BROKEN = SPECS / "broken"
MINIMAL = '{"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": {}}'


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The address of a server that serves `tmp_path`."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(tmp_path))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_describes_the_document() -> None:
    document = load(str(SPECS / "library-3.0.yaml"))
    assert (document.name, document.title, document.version, document.openapi) == (
        "library-3.0",
        "Library",
        "1.4.0",
        "3.0.3",
    )
    assert len(document.digest) == 64


def test_digest_ignores_spelling_but_not_content(tmp_path: Path) -> None:
    texts = {
        "a.json": MINIMAL,
        "b.yaml": "paths: {}\ninfo: {version: '1', title: T}\nopenapi: 3.0.3\n",
        "c.json": MINIMAL.replace("T", "U"),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    first, second, third = (load(str(tmp_path / name)).digest for name in texts)
    assert first == second != third


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [
        ("nowhere.yaml", DocumentUnreadableError, "there is no file"),
        ("", DocumentUnreadableError, "is a folder"),
        ("empty.yaml", DocumentSyntaxError, "is empty"),
        ("page.yaml", DocumentSyntaxError, "is an HTML page"),
        ("list.yaml", DocumentSyntaxError, "no mapping but a list"),
        ("cut-off.json", DocumentSyntaxError, "is no JSON"),
        ("no-openapi.yaml", DocumentError, "neither `openapi` nor `swagger`"),
        ("alias-bomb.yaml", DocumentLimitError, "aliases"),
    ],
)
def test_refuses_in_one_line_with_a_hint(name: str, error: type[DocumentError], says: str) -> None:
    with pytest.raises(error, match=says) as caught:
        load(str(BROKEN / name))
    assert "\n" not in str(caught.value)
    assert str(BROKEN / name) in str(caught.value)
    assert caught.value.hint


def test_refuses_a_binary_file(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00")
    with pytest.raises(DocumentSyntaxError, match="binary"):
        load(str(tmp_path / "x.yaml"))


def test_refuses_a_document_above_the_size_limit(tmp_path: Path) -> None:
    with (tmp_path / "large.json").open("wb") as stream:
        stream.truncate(100_000_000)
    with pytest.raises(DocumentLimitError, match="more than 64 MB") as caught:
        load(str(tmp_path / "large.json"))
    assert "as several" in str(caught.value.hint)


@pytest.mark.parametrize(
    "text",
    ['{"openapi": "3.0.3", "x": ' + "[" * 210 + "]" * 210 + "}", "openapi: 3.0.3\nx: " + "[" * 5000 + "]" * 5000],
)
def test_refuses_a_document_above_the_depth_limit(tmp_path: Path, text: str) -> None:
    (tmp_path / "deep").write_text(text)
    with pytest.raises(DocumentLimitError, match="deeper than 200 levels"):
        load(str(tmp_path / "deep"))


def test_depth_limit_counts_levels(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"openapi": "3.0.3", "paths": {"/a": {"get": {}}}}')
    load(str(tmp_path / "x.json"), limits=Limits(max_depth=4))
    with pytest.raises(DocumentLimitError):
        load(str(tmp_path / "x.json"), limits=Limits(max_depth=3))


def test_depth_limit_has_a_range() -> None:
    with pytest.raises(ValueError, match="may be 1 to 240"):
        Limits(max_depth=1000)


def test_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(MINIMAL.encode())))
    assert load("-").name == "stdin"


@pytest.mark.slow
def test_reads_a_url(site: str, tmp_path: Path) -> None:
    (tmp_path / "shop.json").write_text(MINIMAL)
    document = load(f"{site}/shop.json")
    assert (document.name, document.title) == ("shop", "T")


@pytest.mark.slow
def test_url_faults_are_document_errors(site: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentUnreadableError, match="answered 404"):
        load(f"{site}/none.json")
    (tmp_path / "large.json").write_text(" " * 2000)
    with pytest.raises(DocumentLimitError):
        load(f"{site}/large.json", limits=Limits(max_bytes=1000))


def test_unreachable_url() -> None:
    with pytest.raises(DocumentUnreadableError, match="cannot be fetched"):
        load("http://127.0.0.1:1/openapi.json")


@pytest.mark.parametrize(
    ("name", "endpoints", "problem"),
    [
        ("no-paths.yaml", 0, "/: 'paths' is a required property"),
        ("webhooks-only.yaml", 0, None),
        ("unknown-version.yaml", 1, "/openapi: '9.1.0' is no version of OpenAPI as a string; read as 3.2"),
        (
            "reference-loop.yaml",
            1,
            "/components/schemas/A/$ref: `$ref` '#/components/schemas/B' leads back into",
        ),
        ("dangling.yaml", 1, "/components/schemas/A/properties/b/$ref: `$ref` '#/components/schemas/Lost' leads"),
        ("wrong-types.yaml", 2, "/paths/~1items~1{id}/get/parameters/2/schema/pattern: '^\\\\p{L}+$' is not a 'regex'"),
        ("wrong-types.yaml", 2, "/paths/~1items~1{id}/get/parameters/0/schema/type: 'int' is not one of"),
        ("wrong-types.yaml", 2, "/info/version: 1 is not of type"),
    ],
)
def test_broken_documents_load_with_their_problems(name: str, endpoints: int, problem: str | None) -> None:
    document = load(str(BROKEN / name))
    told = [str(each) for each in document.problems]
    assert any(each.startswith(problem) for each in told) if problem else not told
    assert len(split(document)) == endpoints


def test_locates_a_wrong_default_and_an_undeclared_path_parameter(tmp_path: Path) -> None:
    schema = {"type": "string", "default": False}
    responses = {"200": {"description": "fine", "content": {"a/b": {"schema": {"$ref": "#/components/schemas/A"}}}}}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "paths": {"/a/{id}": {"get": {"responses": responses}}},
        "components": {"schemas": {"A": {"type": "object", "properties": {"b": schema}}}},
    }
    (tmp_path / "x.json").write_text(json.dumps(document))
    places = {problem.location for problem in load(str(tmp_path / "x.json")).problems}
    assert places == {"/components/schemas/A/properties/b/default", "/paths/~1a~1{id}/get"}


def test_names_the_keyword_of_a_wrong_part(tmp_path: Path) -> None:
    raw = {"name": "x", "in": "query", "type": "int"}
    operation = {"parameters": [raw], "responses": {"200": {"description": "fine"}}}
    document = {"swagger": "2.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": operation}}}
    (tmp_path / "x.json").write_text(json.dumps(document))
    (problem,) = load(str(tmp_path / "x.json")).problems
    assert problem.location == "/paths/~1a/get/parameters/0/type"
    assert "'int' is not one of" in problem.message


def test_keywords_of_parameters_are_not_taken_for_those_of_schemas() -> None:
    locations = {problem.location for problem in load(str(BROKEN / "wrong-types.yaml")).problems}
    assert "/components/schemas/Item/required" in locations
    assert "/paths/~1items~1{id}/get/parameters/6/required" not in locations


def test_good_samples_have_no_problems() -> None:
    for name in ("orders-2.0.yaml", "sensors-3.1.json", "search-3.2.yaml", "catalogue/openapi.yaml"):
        assert load(str(SPECS / name), strict=True).problems == ()


def test_strict_lists_the_problems() -> None:
    with pytest.raises(DocumentInvalidError, match=r"has 1 problem: /: 'paths' is a required property"):
        load(str(BROKEN / "no-paths.yaml"), strict=True)


def test_version_given_as_a_number(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("swagger: 2.0\ninfo: {title: T, version: '1'}\npaths: {}\n")
    document = load(str(tmp_path / "x.yaml"))
    assert document.openapi == "2.0"
    assert [problem.location for problem in document.problems] == ["/swagger"]
