import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casecraft.suites.slugs import MAX_LENGTH, endpoint_slugs, function_names, tag_slug
from tests.suites.samples import make_endpoint

METHODS = st.sampled_from(["GET", "POST", "CON", "get"])
PATHS = st.one_of(st.text("/{}ab-_.?#Aé ", min_size=1, max_size=12), st.text(max_size=300)).map(lambda text: f"/{text}")


@pytest.mark.parametrize(
    ("method", "path", "slug"),
    [
        ("GET", "/", "get"),
        ("GET", "/pets", "get.pets"),
        ("DELETE", "/pets/{petId}/toys", "delete.pets._petid.toys"),
        ("POST", "/user-groups/find_all", "post.user-groups.find_all"),
    ],
)
def test_plain_paths_have_plain_slugs(method: str, path: str, slug: str) -> None:
    assert list(endpoint_slugs([make_endpoint(method, path)]).values()) == [slug]


@pytest.mark.parametrize(
    "path", ["/Pets", "/pets/", "//pets", "/pets?x=1", "/pets#list", "/宠物", "/a.b", "/" + "a/" * 99]
)
def test_other_paths_have_a_digest(path: str) -> None:
    (slug,) = endpoint_slugs([make_endpoint("GET", path)]).values()
    assert slug.rpartition("--")[0].startswith("get")
    assert len(slug) <= MAX_LENGTH


@given(st.lists(st.tuples(METHODS, PATHS), min_size=1, max_size=8, unique=True))
def test_slugs_are_unique_and_safe_on_every_file_system(pairs: list[tuple[str, str]]) -> None:
    slugs = endpoint_slugs([make_endpoint(method, path) for method, path in pairs])
    assert len({slug.casefold() for slug in slugs.values()}) == len({f"{method} {path}" for method, path in pairs})
    for slug in slugs.values():
        assert set(slug) <= set(string.ascii_lowercase + string.digits + "._-")
        assert 0 < len(slug) <= MAX_LENGTH
        assert slug.split(".")[0].rstrip(string.digits) not in {"con", "prn", "aux", "nul", "com", "lpt"}
        assert not slug.endswith(".")


@pytest.mark.parametrize(
    "pair",
    [
        ("/user-groups", "/user/groups"),
        ("/pets/{id}", "/pets/id"),
        ("/pets", "/Pets"),
        ("/pets", "/pets/"),
        ("/a_b", "/a/b"),
        ("/a?x", "/a#x"),
    ],
)
def test_slug_stays_when_its_like_comes_and_goes(pair: tuple[str, str]) -> None:
    endpoints = [make_endpoint("GET", path) for path in pair]
    together = endpoint_slugs(endpoints)
    assert len(set(together.values())) == 2
    for endpoint in endpoints:
        assert endpoint_slugs([endpoint])[endpoint.id] == together[endpoint.id]


def test_paths_that_differ_in_a_parameters_name_are_told_apart() -> None:
    slugs = endpoint_slugs([make_endpoint("GET", "/pets/{id}"), make_endpoint("GET", "/pets/{ID}")])
    assert len(set(slugs.values())) == 2


def test_device_names_of_windows_are_avoided() -> None:
    (slug,) = endpoint_slugs([make_endpoint("NUL", "/x")]).values()
    assert slug.startswith("x-nul.")


@pytest.mark.parametrize(
    ("tags", "path", "slug"),
    [
        (("Pets & Toys", "other"), "/x", "pets_toys"),
        ((), "/store/orders", "store"),
        ((), "/{id}", "id"),
        ((), "/", "root"),
    ],
)
def test_modules_are_named_after_tag_or_path(tags: tuple[str, ...], path: str, slug: str) -> None:
    assert tag_slug(make_endpoint("GET", path, tags=tags)) == slug


@given(st.text())
def test_every_tag_gives_an_identifier(tag: str) -> None:
    slug = tag_slug(make_endpoint(tags=(tag,)))
    assert f"test_{slug}".isidentifier()
    assert slug.isascii()
    assert len(slug) < MAX_LENGTH


def test_tags_in_other_scripts_are_told_apart() -> None:
    assert tag_slug(make_endpoint(tags=("宠物",))) != tag_slug(make_endpoint(tags=("订单",)))


def test_functions_of_one_module_are_told_apart() -> None:
    names = function_names(["get.user-groups", "get.user.groups", "get.pets"])
    assert len(set(names.values())) == 3
    assert names["get.pets"] == "get_pets"
    assert all(name.isidentifier() for name in names.values())
