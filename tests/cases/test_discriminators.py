"""A discriminator decides what a value must conform to: for unions and for components that others inherit from."""

from typing import Any

import pytest

from casecraft.cases import generate, unreachable
from casecraft.core.endpoint import Endpoint
from casecraft.spec.references import References
from casecraft.spec.schemas import Schemas
from tests.cases.sample_endpoints import endpoint

TEXT = {"type": "string"}
PREFIX = {"2.0": "#/definitions/", "3.0": "#/components/schemas/"}


def posting(version: str, schema: Any, components: dict[str, Any]) -> Endpoint:
    holder = {"definitions": components} if version == "2.0" else {"components": {"schemas": components}}
    schemas = Schemas(References(holder), version, "request")
    converted = schemas.convert(schema)
    return endpoint(body=converted, definitions=schemas.definitions.closure(converted))


def pets(version: str, discriminator: Any, kind: Any = None) -> dict[str, Any]:
    def heir(of: str, **fields: Any) -> dict[str, Any]:
        return {"allOf": [{"$ref": PREFIX[version] + of}, {"required": list(fields), "properties": fields}]}

    base = {"type": "object", "required": ["kind"], "properties": {"kind": kind or TEXT, "name": TEXT}}
    return {
        "Pet": {**base, "discriminator": discriminator},
        "Cat": heir("Pet", lives={"type": "integer", "minimum": 1}),
        "Dog": heir("Pet", bark={"type": "boolean"}),
        "Puppy": heir("Dog", age={"type": "integer"}),
    }


FIELDS = {"Pet": set(), "Cat": {"lives"}, "Dog": {"bark"}, "Puppy": {"bark", "age"}}


def sent(of: Endpoint) -> list[dict[str, Any]]:
    return [case.request.body for case in generate(of) if case.valid and isinstance(case.request.body, dict)]


@pytest.mark.parametrize(("version", "discriminator"), [("2.0", "kind"), ("3.0", {"propertyName": "kind"})])
@pytest.mark.parametrize(("body", "names"), [("Pet", set(FIELDS)), ("Dog", {"Dog", "Puppy"}), ("Puppy", {"Puppy"})])
def test_a_base_stands_for_itself_and_for_all_that_inherit(
    version: str, discriminator: Any, body: str, names: set[str]
) -> None:
    of = posting(version, {"$ref": PREFIX[version] + body}, pets(version, discriminator))
    assert {each["kind"] for each in sent(of)} == names
    assert all(FIELDS[each["kind"]] <= each.keys() for each in sent(of))


def test_the_mapping_names_what_inherits_and_leaves_the_base_out() -> None:
    mapping = {"cat": "Cat", "dog": "#/components/schemas/Dog", "hound": "Dog", "puppy": "Puppy"}
    of = posting("3.0", {"$ref": "#/components/schemas/Pet"}, pets("3.0", {"propertyName": "kind", "mapping": mapping}))
    assert {each["kind"] for each in sent(of)} == set(mapping)


def test_what_the_base_lists_is_what_may_be_sent() -> None:
    listed = {"type": "string", "enum": ["Cat", "Dog", "Puppy"]}
    of = posting("2.0", {"$ref": "#/definitions/Pet"}, pets("2.0", "kind", listed))
    assert {each["kind"] for each in sent(of)} == {"Cat", "Dog", "Puppy"}


@pytest.mark.parametrize("kind", [{"enum": ["a", "b"]}, {"type": "integer"}])
def test_a_base_that_lists_no_names_is_taken_as_it_stands(kind: Any) -> None:
    components = pets("2.0", "kind", kind)
    of = posting("2.0", {"$ref": "#/definitions/Pet"}, components)
    assert sent(of)
    assert not {"Pet", "Cat"} & {each["kind"] for each in sent(of)}


def test_a_base_of_very_many_is_taken_as_it_stands() -> None:
    base = {"$ref": "#/definitions/Pet"}
    many = {f"Pet{index}": {"allOf": [base, {"required": ["x"]}]} for index in range(100)}
    of = posting("2.0", base, {"Pet": pets("2.0", "kind")["Pet"], **many})
    assert {each["kind"] for each in sent(of)} - {"Pet"}
    assert len(of.definitions["Pet"]) > 1
    assert "anyOf" not in of.definitions["Pet"]


def unions(kind_of_dog: Any, **discriminator: Any) -> Endpoint:
    components = {
        "Cat": {"required": ["t", "lives"], "properties": {"t": TEXT, "lives": {"type": "integer"}}},
        "Dog": {
            "required": ["t", "bark"],
            "properties": {"t": kind_of_dog, "bark": {"type": "boolean"}, "color": {"enum": ["red"]}},
        },
    }
    for each in components.values():
        each["type"] = "object"
    branches = [{"$ref": f"#/components/schemas/{name}"} for name in components]
    return posting("3.0", {"oneOf": branches, "discriminator": {"propertyName": "t", **discriminator}}, components)


@pytest.mark.parametrize(
    ("dog", "discriminator", "names"),
    [
        (TEXT, {}, ["Cat", "Dog"]),
        (TEXT, {"mapping": {"feline": "Cat", "canine": "Dog", "hound": "Dog"}}, ["feline", "canine", "hound"]),
        ({"enum": ["dog", "hound"]}, {}, ["Cat", "dog", "hound"]),
    ],
)
def test_a_discriminator_names_the_branch_that_is_sent(dog: Any, discriminator: Any, names: list[str]) -> None:
    of = unions(dog, **discriminator)
    for number, name in enumerate(names, start=1):
        case = next(case for case in generate(of) if f"body/oneOf:{number}" in case.targets)
        assert case.request.body["t"] == name


def test_what_is_wrong_is_said_of_the_branch_that_is_named() -> None:
    wrong = {case.targets[0]: case.request.body for case in generate(unions(TEXT)) if not case.valid}
    assert wrong["body.bark:missing"] == {"t": "Dog"}
    assert wrong["body.lives:missing"] == {"t": "Cat"}
    assert wrong["body.color:not-in-enum"]["t"] == "Dog"
    assert wrong["body.t:not-in-enum"]["t"] not in ("Cat", "Dog")
    assert not unreachable(unions(TEXT)).keys() & {"body:several-branches"}
