"""What is written into the folder, and what is left alone there."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from casecraft.core.case import CaseRequest, Expectation
from casecraft.core.endpoint import Body, MediaType
from casecraft.errors import ConfigurationError, SuiteError
from casecraft.suites import render
from casecraft.suites.folder import STAGING, SuiteFolder
from casecraft.suites.manifest import FILE as MANIFEST_FILE
from tests.suites.samples import answer_of, key_scheme, make_case, make_endpoint, make_result, make_suite

PETS = make_result(make_endpoint(tags=("pets",)), make_case())
TOYS = make_result(make_endpoint("GET", "/toys", tags=("toys",)), make_case("case-2"))
BOTH = make_suite([PETS, TOYS])


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_of_both_formats_are_written(tmp_path: Path) -> None:
    report = render(BOTH, tmp_path / "new" / "suite")
    assert report.written == (
        "README.md",
        "cases/get.pets.json",
        "cases/get.toys.json",
        "conftest.py",
        "generated.json",
        "schemas.json",
        "suite.json",
        "test_pets.py",
        "test_toys.py",
    )
    assert sorted(contents(tmp_path / "new" / "suite")) == list(report.written)


def test_json_alone_leaves_pytest_out(tmp_path: Path) -> None:
    assert not [name for name in render(BOTH, tmp_path, ["json"]).written if name.endswith((".py", ".md"))]


def test_written_again_nothing_is_touched(tmp_path: Path) -> None:
    first = render(BOTH, tmp_path)
    for name in first.written:
        os.utime(tmp_path / name, (1, 1))
    second = render(BOTH, tmp_path)
    assert (second.written, second.unchanged, second.removed) == ((), first.written, ())
    assert {(tmp_path / name).stat().st_mtime for name in first.written} == {1}


def test_order_of_results_and_cases_does_not_matter(tmp_path: Path) -> None:
    cases = [make_case(f"case-{number}", valid=number % 2 == 0, priority=f"P{number % 3}") for number in range(9)]
    ways = [make_suite([make_result(make_endpoint(), *cases), TOYS])]
    ways.append(make_suite([TOYS, make_result(make_endpoint(), *reversed(cases))]))
    for name, suite in zip("ab", ways, strict=True):
        render(suite, tmp_path / name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    ids = [case["id"] for case in read(tmp_path / "a" / "cases" / "get.pets.json")["cases"]]
    assert ids == ["case-0", "case-6", "case-4", "case-2", "case-8", "case-3", "case-1", "case-7", "case-5"]


def test_files_of_endpoints_that_are_gone_are_removed_and_foreign_ones_stay(tmp_path: Path) -> None:
    render(BOTH, tmp_path)
    own = {"test_mine.py": b"# mine", "cases/mine.json": b"{}", "notes/a.txt": b"a"}
    for name, text in own.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text)
    report = render(make_suite([PETS]), tmp_path)
    assert report.removed == ("cases/get.toys.json", "test_toys.py")
    assert own.items() <= contents(tmp_path).items()


def test_files_of_a_format_no_longer_wanted_are_removed(tmp_path: Path) -> None:
    render(BOTH, tmp_path)
    assert "conftest.py" in render(BOTH, tmp_path, ["json"]).removed


@pytest.mark.parametrize(
    "listed",
    [
        *("../victim", "/etc/passwd", "cases/../../victim", "a/b/victim", "linked/victim", 7, None, "c:victim", ""),
        *(".git/config", "a/.b/c", "a//b", "a/./b", "a/", "a/..", "b\\c", "a\0b", "1/2/3/4/5/6"),
    ],
)
def test_manifest_cannot_have_other_files_removed(tmp_path: Path, listed: Any) -> None:
    out = tmp_path / "suite"
    render(BOTH, out)
    (tmp_path / "victim").write_text("")
    (out / "linked").symlink_to(tmp_path)
    for name in (".git/config", "a/.b/c", "a/b", "b\\c", "1/2/3/4/5/6"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("")
    manifest = read(out / "suite.json")
    (out / "suite.json").write_text(json.dumps({**manifest, "files": [listed, *manifest["files"]]}))
    assert render(BOTH, out).removed == ()
    assert (tmp_path / "victim").exists()


def test_files_in_deeper_folders_are_replaced_and_removed_with_their_folders(tmp_path: Path) -> None:
    folder = SuiteFolder(tmp_path)
    with folder.staging() as stage:
        stage("a/b/c/one.txt", b"1")
        stage("a/mine.txt", b"2")
        stage(MANIFEST_FILE, b'{"files": ["a/b/c/one.txt"]}')
    with SuiteFolder(tmp_path).staging() as stage:
        stage(MANIFEST_FILE, b"{}")
    assert sorted(contents(tmp_path)) == ["a/mine.txt", MANIFEST_FILE]
    assert not (tmp_path / "a" / "b").exists()


@pytest.mark.parametrize("path", ["../out.txt", "/out.txt", ".git/config", "a\\b", ""])
def test_a_format_cannot_write_elsewhere(tmp_path: Path, path: str) -> None:
    with pytest.raises(SuiteError, match="no place"), SuiteFolder(tmp_path / "suite").staging() as stage:
        stage(path, b"")
    assert contents(tmp_path) == {}


def test_two_formats_cannot_write_one_file(tmp_path: Path) -> None:
    with SuiteFolder(tmp_path).staging() as stage:
        stage("a", b"1")
        with pytest.raises(SuiteError, match="two formats write 'a'"):
            stage("a", b"1")


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"files": 3}', "[" * 100_000])
def test_damaged_manifest_is_replaced_where_it_is_ours(tmp_path: Path, damage: str) -> None:
    render(BOTH, tmp_path)
    (tmp_path / "suite.json").write_text('{"casecraft": ' + damage)
    render(BOTH, tmp_path)
    assert read(tmp_path / "suite.json")["run"]["id"] == "run-1"


def test_file_of_a_person_in_the_way_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("# mine")
    with pytest.raises(SuiteError, match=r"conftest\.py") as caught:
        render(BOTH, tmp_path)
    assert "--output" in (caught.value.hint or "")
    assert contents(tmp_path) == {"conftest.py": b"# mine"}


def test_output_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "suite").write_text("a file")
    for out in (tmp_path / "suite", tmp_path / "suite" / "inner"):
        with pytest.raises(SuiteError, match="cannot write") as caught:
            render(BOTH, out)
        assert "file" in (caught.value.hint or "")


def test_read_only_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_args: Any, **_more: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)  # a folder's mode would not stop a privileged user
    with pytest.raises(SuiteError, match="Permission denied") as caught:
        render(BOTH, tmp_path)
    assert "--output" in (caught.value.hint or "")


@pytest.mark.parametrize("failing", [1, 4, 7])
def test_full_disk_leaves_the_earlier_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    render(make_suite([PETS]), tmp_path)
    before = contents(tmp_path)
    write, writes = Path.write_bytes, []

    def fill_up(path: Path, data: bytes) -> int:
        writes.append(path)
        if len(writes) >= failing:
            write(path, data[:3])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    changed = make_result(make_endpoint(tags=("pets",)), make_case(title="Another title"), dropped=1)
    more = [make_result(make_endpoint("GET", f"/{name}", tags=(name,)), make_case(name)) for name in ("a", "b", "c")]
    monkeypatch.setattr(Path, "write_bytes", fill_up)
    with pytest.raises(SuiteError, match="No space left") as caught:
        render(make_suite([changed, *more]), tmp_path)
    assert "disk" in (caught.value.hint or "")
    assert contents(tmp_path) == before
    assert not (tmp_path / STAGING).exists()


def test_manifest_is_the_last_to_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = []
    replace = Path.replace

    def note(path: Path, target: Path) -> Path:
        moved.append(target.name)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", note)
    render(BOTH, tmp_path)
    assert moved[-1] == "suite.json"


def test_rest_of_a_killed_run_is_cleared(tmp_path: Path) -> None:
    (tmp_path / STAGING / "cases").mkdir(parents=True)
    (tmp_path / STAGING / "cases" / "half.json").write_text("{")
    render(BOTH, tmp_path)
    assert not (tmp_path / STAGING).exists()


def test_unknown_format_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'pytst'") as caught:
        render(BOTH, tmp_path, ["pytst"])
    assert "'pytest'" in (caught.value.hint or "")
    assert not list(tmp_path.iterdir())


def test_case_file_has_the_published_shape(tmp_path: Path) -> None:
    sent = CaseRequest("POST", "/pets", {}, {"a": [1, None]}, {"X": True}, {}, {"name": "é"}, "application/json")
    bare = CaseRequest("POST", "/pets", credentials="none")
    endpoint = make_endpoint("POST", "/pets", security=((key_scheme(),), ()))
    expect = Expectation((201, "4XX"), check_schema=False)
    render(
        make_suite([make_result(endpoint, make_case(request=sent, expect=expect), make_case("z", request=bare))]),
        tmp_path,
    )
    text = (tmp_path / "cases" / "post.pets.json").read_bytes()
    assert text.endswith(b"}\n")
    assert "é".encode() in text
    content = json.loads(text)
    assert content["security"] == [
        [{"name": "apiKey", "type": "apiKey", "in": "header", "parameter": "X-API-Key"}],
        [],
    ]
    assert content["cases"][0] == {
        "id": "case-1",
        "title": "A pet is found",
        "valid": True,
        "technique": "equivalence_partitioning",
        "priority": "P0",
        "targets": ["path:valid"],
        "request": {
            "method": "POST",
            "path": "/pets",
            "path_params": {},
            "query": {"a": [1, None]},
            "headers": {"X": True},
            "cookies": {},
            "body": {"name": "é"},
            "content_type": "application/json",
        },
        "expect": {"status": [201, "4XX"], "check_schema": False},
        "source": {"provider": "rules", "model": None},
    }
    second = content["cases"][1]["request"]
    assert "body" not in second
    assert second["credentials"] == "none"


def test_surrogates_and_large_numbers_survive(tmp_path: Path) -> None:
    body = {"text": "\ud83d \udead é", "number": 2**70}
    request = CaseRequest("GET", "/pets", body=body, content_type="application/json")
    suite = make_suite([make_result(make_endpoint(), make_case(request=request))], title="\ud800")
    render(suite, tmp_path)
    assert read(tmp_path / "cases" / "get.pets.json")["cases"][0]["request"]["body"] == body
    assert render(suite, tmp_path).written == ()


def test_upload_fields_are_named(tmp_path: Path) -> None:
    properties = {
        "photo": {"type": "string", "format": "binary"},
        "all": {"type": "array", "items": {"format": "binary"}},
    }
    form = MediaType("multipart/form-data", {"properties": {**properties, "title": {"type": "string"}}})
    render(make_suite([make_result(make_endpoint(body=Body(True, (form,))), make_case())]), tmp_path)
    assert read(tmp_path / "cases" / "get.pets.json")["uploads"] == ["all", "photo"]


def test_response_schemas_are_written_once_and_resolve(tmp_path: Path) -> None:
    inline = {"type": "array", "items": {"$ref": "#/$defs/odd/na~me"}}
    other = make_endpoint("GET", "/odd", responses=(answer_of("200", inline),))
    render(make_suite([PETS, TOYS, make_result(other, make_case("case-3"))]), tmp_path)
    schemas = read(tmp_path / "schemas.json")
    assert list(schemas["$defs"]) == ["Pet", "Toy", "odd/na~me"]
    registry = Registry().with_resource("schemas.json", DRAFT202012.create_resource(schemas))
    for file, good, bad in [
        ("get.pets", {"id": 1, "toy": {"owner": {"id": 2}}}, {"id": 1, "toy": {"owner": {}}}),
        ("get.odd", [1], ["a"]),
    ]:
        schema = read(tmp_path / "cases" / f"{file}.json")["responses"]["200"]["application/json"]
        validator = jsonschema.Draft202012Validator(schema, registry=registry)
        assert validator.is_valid(good)
        assert not validator.is_valid(bad)


def test_endpoint_without_cases_has_no_file(tmp_path: Path) -> None:
    failed = make_result(make_endpoint(), status="failed", provider=None, error="nobody answered")
    report = render(make_suite([failed, TOYS]), tmp_path)
    assert [name for name in report.written if name.startswith("cases/")] == ["cases/get.toys.json"]
