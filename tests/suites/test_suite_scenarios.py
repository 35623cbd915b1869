"""Suites with resources and scenarios, run by a real pytest against a real server."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from casecraft.core.case import RUN, Binding, Case, CaseRequest, Expectation, Source
from casecraft.core.endpoint import Response
from casecraft.core.scenario import Resource, Scenario, Step
from casecraft.suites import render
from tests.petstore.app import create_app
from tests.petstore.rules import API_KEY
from tests.petstore.server import serve
from tests.suites.life_cycle import life_cycle_suite
from tests.suites.running import outcomes, run_suite
from tests.suites.samples import key_scheme, make_case, make_endpoint, make_result, make_suite

pytestmark = pytest.mark.slow

ANSWERS = (Response("200"), Response("201"), Response("204"), Response("404"))
GONE = Expectation((204,))
ID = (Binding("/path_params/id", "pets", "/id"),)
MADE = (Binding("/path_params/id", "create", "/id"),)


class Pets:
    """A service with pets, and toys that belong to them. `wrong` are answers by method and path, in their place."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[Any] = []
        self.wrong: dict[tuple[str, str], int] = {}
        self.by_header = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive()).get("body", b"")
        request = (scope["method"], scope["path"])
        self.requests.append(request)
        self.bodies.append(json.loads(body) if body else None)
        status, answer, headers = self.answer(*request, json.loads(body) if body else None)
        kept = [(b"content-type", b"application/json"), *headers]
        await send({"type": "http.response.start", "status": self.wrong.get(request, status), "headers": kept})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode() if answer is not None else b""})

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any, list[tuple[bytes, bytes]]]:
        if method == "POST":
            number = f"{len(self.kept) + 1}"
            where = f"{path}/{number}"
            self.kept[where] = {**(body or {}), "id": number}
            if self.by_header:
                return 201, None, [(b"location", f"http://shop{where}?x=1".encode())]
            return 201, self.kept[where], []
        if method == "DELETE" and path == "/pets":
            self.kept.clear()
            return 204, None, []
        if self.kept.get(path) is None:
            return 404, None, []
        if method == "DELETE":
            self.kept[path] = None
            return 204, None, []
        if method == "PUT":
            self.kept[path] |= body
        return 200, self.kept[path], []


@pytest.fixture
def pets() -> Iterator[tuple[Pets, str]]:
    app = Pets()
    with serve(app) as url:
        yield app, url


def step(name: str, method: str, path: str, status: int, bindings: tuple[Binding, ...] = (), **more: Any) -> Step:
    values = more.pop("values", {})
    made = request(method, path, **more)
    return Step(name, f"Step {name}", f"{method} {path}", made, Expectation((status,)), bindings, values)


def request(method: str, path: str, body: Any = None) -> CaseRequest:
    params = {name: "0" for name in ("id", "toy") if f"{{{name}}}" in path}
    kind = "application/json" if body is not None else None
    return CaseRequest(method, path, path_params=params, body=body, content_type=kind)


CREATE = step("pets", "POST", "/pets", 201, body={"name": "Mia"})
REMOVE = step("pets-removal", "DELETE", "/pets/{id}", 204, ID)
PETS = Resource("pets", CREATE, REMOVE)
TOYS = Resource(
    "toys",
    step("toys", "POST", "/pets/{id}/toys", 201, ID, body={}),
    step("toys-removal", "DELETE", "/pets/{id}/toys/{toy}", 204, (*ID, Binding("/path_params/toy", "toys", "/id"))),
)


def write(folder: Path, *cases: Case, resources: tuple[Resource, ...] = (PETS,), **more: Any) -> None:
    """A suite of these cases, and of one for each endpoint that steps need, as a suite has no steps without cases."""
    security = more.pop("security", {})
    by_endpoint: dict[str, list[Case]] = {}
    for case in (*cases, make_case("make", request=request("POST", "/pets"), expect=Expectation((201,)))):
        by_endpoint.setdefault(f"{case.request.method} {case.request.path}", []).append(case)
    steps = [each for it in resources for each in (it.create, it.remove) if each is not None]
    for each in (*steps, *(step for it in more.get("scenarios", ()) for step in (*it.steps, *it.cleanup))):
        case = make_case(f"any-{each.id}", request=each.request, expect=Expectation(("2XX", "4XX")))
        by_endpoint.setdefault(each.endpoint_id, [case])
    results = [
        make_result(make_endpoint(*name.split(), responses=ANSWERS, security=security.get(name, ())), *found)
        for name, found in by_endpoint.items()
    ]
    render(replace(make_suite(results), resources=resources, **more), folder)


def reading(name: str, **facts: Any) -> Case:
    return make_case(name, request=request("GET", "/pets/{id}"), **{"bindings": ID, **facts})


def removing(name: str, **facts: Any) -> Case:
    facts = {"bindings": ID, "fresh": True, "expect": Expectation((204,)), **facts}
    return make_case(name, request=request("DELETE", "/pets/{id}"), **facts)


def made_for(app: Pets) -> list[str]:
    """The methods of the requests that came, without those of cases that are only there to be there."""
    return [f"{method} {path}" for method, path in app.requests]


def test_resource_is_made_once_for_all_and_removed_at_the_end(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    write(tmp_path / "suite", reading("case-1"), reading("case-2"))
    done = run_suite(tmp_path / "suite", pets[1], "-k", "case-")
    assert done.returncode == 0, done.stdout
    assert made_for(pets[0]) == ["POST /pets", "GET /pets/1", "GET /pets/1", "DELETE /pets/1"]


def test_case_that_uses_a_resource_up_has_its_own(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    write(tmp_path / "suite", reading("case-1"), removing("case-2"), removing("case-3", valid=False))
    done = run_suite(tmp_path / "suite", pets[1], "-k", "case-")
    assert done.returncode == 0, done.stdout
    asked = Counter(made_for(pets[0]))
    assert (asked["POST /pets"], asked["DELETE /pets/1"], asked["DELETE /pets/2"], asked["GET /pets/3"]) == (3, 1, 1, 1)
    assert not any(pets[0].kept.values())


def test_after_what_takes_everything_away_it_is_made_again(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    clearing = make_case("case-2", request=request("POST", "/pets/clear"), expect=Expectation((201,)))
    alone = frozenset({"case-2", "case-3"})
    write(tmp_path / "suite", reading("case-1"), clearing, reading("case-3", priority="P2"), alone=alone)
    order = ("test_pets.py::test_post_pets_clear", "test_pets.py::test_get_pets_id")
    done = run_suite(tmp_path / "suite", pets[1], "-k", "case-", *order)
    assert done.returncode == 0, done.stdout
    made = ["POST /pets", "GET /pets/1", "POST /pets/clear", "POST /pets", "GET /pets/3", "DELETE /pets/3"]
    assert made_for(pets[0]) == [*made, "DELETE /pets/1"]


def test_own_resource_that_is_still_there_is_removed(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    write(tmp_path / "suite", reading("case-1", fresh=True))
    assert run_suite(tmp_path / "suite", pets[1], "-k", "case-").returncode == 0
    assert made_for(pets[0]) == ["POST /pets", "GET /pets/1", "DELETE /pets/1"]


def test_only_the_innermost_resource_is_made_anew(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    path = "/pets/{id}/toys/{toy}"
    bindings = (*ID, Binding("/path_params/toy", "toys", "/id"))
    toys = [
        make_case(f"case-{number}", request=request("DELETE", path), bindings=bindings, fresh=True, expect=GONE)
        for number in (1, 2)
    ]
    write(tmp_path / "suite", *toys, resources=(PETS, TOYS))
    done = run_suite(tmp_path / "suite", pets[1], "-k", "case-")
    assert done.returncode == 0, done.stdout
    assert made_for(pets[0]) == [
        "POST /pets",
        "POST /pets/1/toys",
        "DELETE /pets/1/toys/2",
        "POST /pets/1/toys",
        "DELETE /pets/1/toys/3",
        "DELETE /pets/1",
    ]


def test_resource_is_made_anew_after_all_were_removed(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    earlier = make_case("case-1", request=request("GET", "/a/{id}"), bindings=ID, expect=Expectation((404,)))
    clear = make_case("case-2", request=request("DELETE", "/pets"), expect=GONE)
    write(tmp_path / "suite", earlier, clear, reading("case-3"))
    done = run_suite(tmp_path / "suite", pets[1], "-k", "case-")
    assert done.returncode == 0, done.stdout
    assert Counter(made_for(pets[0]))["POST /pets"] == 2


def test_case_whose_resource_cannot_be_made_is_skipped(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    pets[0].wrong["POST", "/pets"] = 500
    write(tmp_path / "suite", reading("case-1"), reading("case-2"))
    ends = outcomes(tmp_path / "suite", pets[1], "-k", "case-")
    assert "needs one of 'pets', and POST /pets made none: 500 Internal Server Error" in ends["case-1"]
    assert made_for(pets[0]) == ["POST /pets"]


def test_case_is_skipped_where_the_answer_lacks_the_value(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    write(tmp_path / "suite", reading("case-1", bindings=(Binding("/path_params/id", "pets", "/number"),)))
    ends = outcomes(tmp_path / "suite", pets[1], "-k", "case-")
    assert "needs /number of 'pets', which its answer (201 Created) does not have" in ends["case-1"]


def test_resource_without_credentials_is_not_made(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    security = {"POST /pets": ((key_scheme(),),)}
    write(tmp_path / "suite", reading("case-1"), security=security)
    ends = outcomes(tmp_path / "suite", pets[1], "-k", "case-1")
    assert "set CASECRAFT_AUTH_APIKEY" in ends["case-1"]
    assert pets[0].requests == []
    ends = outcomes(tmp_path / "suite", pets[1], "-k", "case-1", CASECRAFT_AUTH_APIKEY="key")
    assert ends == {"case-1": ""}


def test_what_cannot_be_removed_is_a_warning(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    pets[0].wrong["DELETE", "/pets/1"] = 500
    write(tmp_path / "suite", reading("case-1"))
    done = run_suite(tmp_path / "suite", pets[1], "-k", "case-", "-W", "default")
    assert done.returncode == 0, done.stdout
    assert "left behind: DELETE /pets/{id} did not remove /pets/1: 500 Internal Server Error" in done.stdout


def test_what_is_gone_already_is_no_warning(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    shared = removing("case-2", fresh=False, valid=False, expect=Expectation((204,)))
    write(tmp_path / "suite", reading("case-1"), shared)
    done = run_suite(tmp_path / "suite", pets[1], "-k", "case-")
    assert done.returncode == 0, done.stdout
    assert "warning" not in done.stdout


def test_id_comes_from_the_location_header(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    pets[0].by_header = True
    by_header = (Binding("/path_params/id", "pets", "header:Location#last"),)
    resource = replace(PETS, remove=replace(REMOVE, bindings=by_header))
    write(tmp_path / "suite", reading("case-1", bindings=by_header), resources=(resource,))
    done = run_suite(tmp_path / "suite", pets[1], "-k", "case-")
    assert done.returncode == 0, done.stdout
    assert made_for(pets[0]) == ["POST /pets", "GET /pets/1", "DELETE /pets/1"]


def test_unique_values_differ_and_can_be_named_again(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    sources = {"name": "unique", "mail": "unique:email", "key": "unique:uuid", "no": "unique:integer"}
    unique = tuple(Binding(f"/body/{name}", RUN, source) for name, source in sources.items())
    create = replace(CREATE, request=request("POST", "/pets", dict.fromkeys(("name", "mail", "key", "no"), "")))
    resource = Resource("pets", replace(create, bindings=unique), REMOVE)
    place = "/body/friends/0"
    change = make_case(
        "case-1",
        request=request("PUT", "/pets/{id}", {"friends": ["nobody"], "a/b": {"c": 1}}),
        bindings=(*ID, Binding(place, "pets", "request:/body/name"), Binding("/body/a~1b/c", "pets", "/no")),
    )
    write(tmp_path / "suite", change, replace(change, id="case-2", fresh=True), resources=(resource,))
    done = run_suite(tmp_path / "suite", pets[1], "-k", "case-")
    assert done.returncode == 0, done.stdout
    first, second = [body for body in pets[0].bodies if body and "name" in body]
    assert all(first[name] != second[name] for name in first)
    assert re.fullmatch("cc[0-9a-f]{10}", first["name"])
    assert re.fullmatch("cc[0-9a-f]{10}@example.com", first["mail"])
    changes = [body for body in pets[0].bodies if body and "friends" in body]
    assert changes == [{"friends": [each["name"]], "a/b": {"c": each["no"]}} for each in (first, second)]


def life(*steps: Step, cleanup: tuple[Step, ...] = (replace(REMOVE, bindings=MADE),)) -> Scenario:
    made = replace(CREATE, id="create")
    return Scenario("pets--life", "Pet: its life", "P0", ("scenario:life",), (made, *steps), Source("rules"), cleanup)


READ = step("read", "GET", "/pets/{id}", 200, MADE)
CHANGE = step("change", "PUT", "/pets/{id}", 200, MADE, body={"name": "Momo"})
READ_CHANGED = step("read-changed", "GET", "/pets/{id}", 200, MADE, values={"/name": "Momo"})
REMOVED = step("remove", "DELETE", "/pets/{id}", 204, MADE)
READ_REMOVED = step("read-removed", "GET", "/pets/{id}", 404, MADE)


def test_scenario_goes_through_its_steps(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    write(tmp_path / "suite", scenarios=(life(READ, CHANGE, READ_CHANGED, REMOVED, READ_REMOVED),))
    ends = outcomes(tmp_path / "suite", pets[1], "-k", "test_scenario")
    assert ends == {"pets--life": ""}
    methods = [method for method, _ in pets[0].requests]
    assert methods == ["POST", "GET", "PUT", "GET", "DELETE", "GET"]


def test_scenario_ends_at_the_first_step_that_fails_and_cleans_up(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    pets[0].wrong["PUT", "/pets/1"] = 500
    write(tmp_path / "suite", scenarios=(life(READ, CHANGE, READ_CHANGED),))
    ends = outcomes(tmp_path / "suite", pets[1], "-k", "test_scenario")
    message = ends["pets--life"]
    assert "server error: status 500, expected 200" in message
    assert "Pet: its life, step 3 of 4, Step change" in message
    assert set(re.findall(r"curl -X (\w+)", message)) == {"POST", "GET", "PUT"}
    assert made_for(pets[0])[-1] == "DELETE /pets/1"


def test_scenario_sees_that_a_change_was_not_kept(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    unlike = replace(CHANGE, request=request("PUT", "/pets/{id}", {"name": "Mia"}))
    missing = replace(READ_CHANGED, id="other", values={"/colour/0": 1})
    write(tmp_path / "suite", scenarios=(life(unlike, READ_CHANGED), replace(life(missing), id="missing")))
    ends = outcomes(tmp_path / "suite", pets[1], "-k", "test_scenario")
    assert 'the body has "Mia" at /name, expected "Momo"' in ends["pets--life"]
    assert "the body has nothing at /colour/0, expected 1" in ends["missing"]


@pytest.mark.parametrize(
    ("kept", "wanted", "says"),
    [
        (12.34, 12.34, ""),
        (12.34000015258789, 12.34, ""),
        (12, 12.34, "has 12 at /price, expected 12.34"),
        (12.3, 12.34, "has 12.3 at"),
        ("12.34", 12.34, 'has "12.34" at'),
        (None, 12.34, "has null at"),
        (True, 1.5, "has true at"),
        (1.0000001, 1, "has 1.0000001 at"),
    ],
)
def test_scenario_sees_a_fraction_that_was_rounded(
    tmp_path: Path, pets: tuple[Pets, str], kept: Any, wanted: float, says: str
) -> None:
    keep = replace(CHANGE, request=request("PUT", "/pets/{id}", {"price": kept}))
    write(tmp_path / "suite", scenarios=(life(keep, replace(READ_CHANGED, values={"/price": wanted})),))
    message = outcomes(tmp_path / "suite", pets[1], "-k", "test_scenario")["pets--life"]
    assert says in message if says else message == ""


def test_scenario_stands_on_resources_of_the_suite(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    toy = (*ID, Binding("/path_params/toy", "create", "/id"))
    steps = (
        step("create", "POST", "/pets/{id}/toys", 201, ID, body={}),
        step("read", "GET", "/pets/{id}/toys/{toy}", 200, toy),
    )
    cleanup = (step("cleanup", "DELETE", "/pets/{id}/toys/{toy}", 204, toy),)
    scenario = Scenario("toys--life", "Toy: its life", "P1", (), steps, Source("rules"), cleanup)
    write(tmp_path / "suite", resources=(PETS, TOYS), scenarios=(scenario,))
    assert outcomes(tmp_path / "suite", pets[1], "-k", "test_scenario", "-m", "P1") == {"toys--life": ""}
    assert made_for(pets[0])[1:] == [
        "POST /pets/1/toys",
        "GET /pets/1/toys/2",
        "DELETE /pets/1/toys/2",
        "DELETE /pets/1",
    ]


def test_scenario_that_cannot_be_carried_out_is_skipped(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    write(tmp_path / "suite", scenarios=(life(READ),), security={"POST /pets": ((key_scheme(),),)})
    assert "set CASECRAFT_AUTH_APIKEY" in outcomes(tmp_path / "suite", pets[1], "-k", "test_scenario")["pets--life"]


def test_steps_find_the_files_of_endpoints_without_cases(tmp_path: Path) -> None:
    suite = life_cycle_suite()
    bare = {result.endpoint.id for result in suite.results if not result.cases}
    assert bare >= {"POST /pets", "PATCH /pets/{petId}"}
    render(suite, tmp_path / "suite", ["pytest"])
    with serve(create_app(stateful=True)) as url:
        ends = outcomes(tmp_path / "suite", url, CASECRAFT_AUTH_APIKEY=API_KEY)
    assert ends["life"] == ends["read"] == ends["remove"] == ""
    entries = json.loads((tmp_path / "suite" / "suite.json").read_text())["endpoints"]
    assert {entry["id"] for entry in entries if entry["file"] is None} == bare
    content = json.loads((tmp_path / "suite" / "cases" / "post.pets.json").read_text())
    assert (content["cases"], content["security"][0][0]["name"]) == ([], "apiKey")


def test_an_endpoint_that_nothing_needs_has_no_file(tmp_path: Path) -> None:
    render(make_suite([make_result(make_endpoint())]), tmp_path / "suite")
    assert not (tmp_path / "suite" / "cases").exists()


def test_workers_make_their_own(tmp_path: Path, pets: tuple[Pets, str]) -> None:
    write(tmp_path / "suite", *(reading(f"case-{number}") for number in range(6)), scenarios=(life(READ, REMOVED),))
    done = run_suite(tmp_path / "suite", pets[1], "-p", "xdist.plugin", "-n", "2", "-k", "case- or test_scenario")
    assert done.returncode == 0, done.stdout
    assert not any(pets[0].kept.values())


def test_files_of_a_suite_with_scenarios(tmp_path: Path) -> None:
    write(tmp_path / "suite", reading("case-1"), scenarios=(life(READ),))
    resources = json.loads((tmp_path / "suite/resources.json").read_text())["resources"]
    assert [(each["id"], each["create"]["file"], each["remove"]["endpoint"]) for each in resources] == [
        ("pets", "post.pets", "DELETE /pets/{id}")
    ]
    assert resources[0]["remove"]["bindings"] == [{"place": "/path_params/id", "step": "pets", "source": "/id"}]
    scenario = json.loads((tmp_path / "suite/scenarios.json").read_text())["scenarios"][0]
    assert [each["id"] for each in scenario["steps"]] == ["create", "read"]
    assert "values" not in scenario["steps"][1]["expect"]
    counts = json.loads((tmp_path / "suite/suite.json").read_text())["counts"]
    assert (counts["resources"], counts["scenarios"]) == (1, 1)
    assert "test_scenarios.py" in (tmp_path / "suite/README.md").read_text()


def test_tag_called_scenarios_keeps_its_module(tmp_path: Path) -> None:
    tagged = make_result(make_endpoint("GET", "/pets/{id}", tags=("Scenarios",)), reading("case-1"))
    made = make_result(make_endpoint("POST", "/pets"), make_case("make", request=request("POST", "/pets")))
    render(replace(make_suite([tagged, made]), scenarios=(life(cleanup=()),)), tmp_path)
    assert (tmp_path / "test_scenarios.py").read_text() != (tmp_path / "test_scenarios_.py").read_text()


def test_suite_without_scenarios_has_no_such_files(tmp_path: Path) -> None:
    write(tmp_path / "suite", resources=())
    names = {path.name for path in (tmp_path / "suite").iterdir()}
    assert not names & {"resources.json", "scenarios.json", "test_scenarios.py"}
