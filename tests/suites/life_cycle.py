"""A suite with resources and a scenario for the petstore, made by hand."""

from typing import Any

from casecraft.core.case import Binding, CaseRequest, Expectation, Source
from casecraft.core.endpoint import Endpoint
from casecraft.core.scenario import Resource, Scenario, Step
from casecraft.suites import Suite
from tests.suites.samples import answer_of, key_scheme, make_case, make_endpoint, make_result, make_suite

KEY = ((key_scheme("apiKey"),),)
NAMED = {"type": "object", "required": ["id", "name"]}
CREATE = make_endpoint("POST", "/pets", tags=("pets",), security=KEY, responses=(answer_of("201", NAMED),))
READ = make_endpoint("GET", "/pets/{petId}", tags=("pets",), responses=(answer_of("200", NAMED),))
CHANGE = make_endpoint("PATCH", "/pets/{petId}", tags=("pets",), security=KEY, responses=(answer_of("200", NAMED),))
REMOVE = make_endpoint("DELETE", "/pets/{petId}", tags=("pets",), security=KEY, responses=())
ORDER = make_endpoint("GET", "/orders/{orderId}", tags=("orders",), responses=())
SOLD = "request:/body/status"
PET: dict[str, Any] = {
    "name": "Mia",
    "status": "sold",
    "owner": {"name": "a", "email": "b", "address": {"street": "{{x}} %} $HOME", "city": "c"}},
}
PET |= {"animal": {"kind": "cat", "lives": 9}}


def step(name: str, title: str, endpoint: Endpoint, status: int, *bindings: Binding, **request: Any) -> Step:
    sent = CaseRequest(endpoint.method, endpoint.path, **request)
    return Step(name, title, endpoint.id, sent, Expectation((status,)), bindings)


def bound(source: str, made: str = "pet") -> Binding:
    return Binding("/path_params/petId", made, source)


def create(name: str) -> Step:
    places = {"name": "unique", "owner/name": "unique:uuid", "owner/email": "unique:email"}
    unique = [Binding(f"/body/{place}", "run", source) for place, source in places.items()]
    return step(name, "makes a pet", CREATE, 201, *unique, body=PET, content_type="application/json")


def life_cycle_suite(read: Binding | None = None) -> Suite:
    """Cases that need a pet, one of them for itself; one that needs what cannot be made; the life of a pet."""
    placeholder = {"petId": "none"}
    pet = Resource(
        "pet", create("pet"), step("remove", "removes it", REMOVE, 204, bound("/id"), path_params=placeholder)
    )
    refused = step("missing", "makes nothing", CREATE, 201, body={}, content_type="application/json")
    reading = CaseRequest("GET", READ.path, placeholder)
    removing = CaseRequest("DELETE", REMOVE.path, placeholder)
    results = [
        make_result(CREATE),
        make_result(CHANGE),
        make_result(
            READ,
            make_case("read", request=reading, bindings=(read or bound("header:Location#last"),)),
            make_case("needs-missing", request=reading, bindings=(bound("/id", "missing"),)),
        ),
        make_result(
            REMOVE,
            make_case("remove", request=removing, bindings=(bound("/id"),), fresh=True, expect=Expectation((204,))),
        ),
    ]
    same = (Binding("/body/name", "made", "request:/body/owner/email"), Binding("/body/status", "made", SOLD))
    change = {"body": {"name": "", "status": "none"}, "content_type": "application/merge-patch+json"}
    life = Scenario(
        "life",
        "A pet lives",
        "P0",
        ("life",),
        (
            create("made"),
            step("read", "reads it", READ, 200, bound("/id", "made"), path_params=placeholder),
            step("rename", "renames it", CHANGE, 200, bound("/id", "made"), *same, path_params=placeholder, **change),
            step("removed", "removes it", REMOVE, 204, bound("/id", "made"), path_params=placeholder),
            step("gone", "finds it gone", READ, 404, bound("/id", "made"), path_params=placeholder),
        ),
        Source("rules"),
        (step("clean", "clears up", REMOVE, 204, bound("/id", "made"), path_params=placeholder),),
    )
    return make_suite(results, resources=(pet, Resource("missing", refused)), scenarios=(life,))
