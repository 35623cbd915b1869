"""What is odd about a request as a whole: its method, its credentials, the answer that it accepts, its body's text.

Each target here has a reader in this module and a maker in `request_makers`.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from casecraft.cases.bodies import BodyForm
from casecraft.cases.nodes import Goal
from casecraft.cases.raw_bodies import type_of
from casecraft.cases.styles import essence_of
from casecraft.cases.violations import Finding
from casecraft.core.case import CaseRequest, MissingScope, RawBody, Technique
from casecraft.core.endpoint import Endpoint, SecurityScheme

METHOD = "request:undocumented-method"
ACCEPT = "request:unacceptable-answer-type"
REPEATED = "request:repeated-parameter"
DEEPLY_NESTED = "body:deeply-nested"
TYPELESS = "body:missing-content-type"
REPEATED_NAME = "body:repeated-name"
AUTH_INVALID = "auth:invalid"
AUTH_FOREIGN = "auth:foreign"
AUTH_WITHOUT_SCOPE = "auth:without-scope"

UNACCEPTABLE = "application/vnd.casecraft.unacceptable"
"""A type that no service answers with."""

HARMLESS_METHODS = ("GET", "PATCH", "PUT", "POST")
"""Methods that a path is tried with where it does not document them, the most harmless first; never DELETE."""

_SENDABLE_KINDS = frozenset({"apiKey", "http", "oauth2", "openIdConnect"})

_FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "truncated-json": "JSON that ends too early",
        "malformed-json": "a body that is no JSON",
        "empty": "an empty body",
        "deeply-nested": "a body that is nested deeply (OWASP API4:2023)",
    }
)
_XML_FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "truncated-xml": "XML that ends too early",
        "malformed-xml": "a body that is no XML",
        "empty": "an empty body",
    }
)


def whole_goals(endpoint: Endpoint, body: BodyForm | None, *, scalars: bool) -> Iterator[Goal]:
    """The goals about requests as a whole. `body` is the main one, `scalars` says whether a query parameter takes one
    value. Nobody's requests to remove something are made with the tester's own credentials for a probe's sake.
    """
    yield from _credential_goals(endpoint)
    if body is not None and body.kind == "json":
        yield from _syntax_goals(body)
    if body is not None and body.kind == "xml":
        for fault, description in _XML_FAULTS.items():
            if fault != "empty" or body.node.required:
                yield _goal(f"body:{fault}", "raw", "syntax_testing", description, fault)
        yield _probe(DEEPLY_NESTED, "raw", "syntax_testing", _FAULTS["deeply-nested"], "deeply-nested-xml")
        yield _probe(TYPELESS, "typeless", "error_guessing", "a body without a content type")
    if endpoint.path_methods[:1] == (endpoint.method,) and other_method(endpoint) is not None:
        yield _goal(METHOD, "method", "error_guessing", "a method that the path does not document")
    if endpoint.method == "DELETE":
        return
    if scalars:
        yield _probe(REPEATED, "repeated", "error_guessing", "a parameter that is sent twice")
    if endpoint.path_methods[:1] == (endpoint.method,) and not is_acceptable(endpoint, UNACCEPTABLE):
        yield _probe(ACCEPT, "accept", "error_guessing", "an `Accept` that no documented answer fits")


def _syntax_goals(body: BodyForm) -> Iterator[Goal]:
    for fault, description in _FAULTS.items():
        if (fault != "empty" or body.node.required) and (fault != "deeply-nested" or may_not_be_nested(body)):
            yield _goal(f"body:{fault}", "raw", "syntax_testing", description, fault)
    yield _probe(REPEATED_NAME, "repeated-name", "syntax_testing", "a name that stands twice in the body's object")
    yield _probe(TYPELESS, "typeless", "error_guessing", "a body without a content type")


def may_not_be_nested(body: BodyForm) -> bool:
    """Whether an array or an object is of the wrong type for the body, so that a deep one breaks a rule for sure."""
    return body.node.shape.typed and not {"array", "object"} <= body.node.shape.types


def is_of_wrong_type(body: BodyForm, raw: RawBody) -> bool:
    """Whether the body may not be of the type that a text begins as."""
    kind = type_of(raw)
    return kind is not None and body.node.shape.typed and kind not in body.node.shape.types


def _credential_goals(endpoint: Endpoint) -> Iterator[Goal]:
    if not needs_auth(endpoint):
        return
    chosen = tried_schemes(endpoint)
    for number, scheme in enumerate(chosen):
        target = AUTH_INVALID if number == 0 else f"{AUTH_INVALID}={scheme.name}"
        description = f"credentials that nobody has for {scheme.name!r} (OWASP API2:2023)"
        yield _goal(target, "auth-invalid", "security", description, scheme)
    if chosen and names_an_object(endpoint):
        description = "the credentials of another user for an object of one's own (OWASP API1:2023)"
        yield _goal(AUTH_FOREIGN, "auth-foreign", "security", description)
    for target, missing in needed_scopes(endpoint).items():
        description = f"credentials for {missing.scheme!r} without the scope {missing.scope!r} (OWASP API5:2023)"
        yield _goal(target, "scope", "security", description, missing)


def needs_auth(endpoint: Endpoint) -> bool:
    """Whether a request without credentials is refused."""
    return bool(endpoint.security) and all(endpoint.security)


def names_an_object(endpoint: Endpoint) -> bool:
    """Whether a request reads or changes one object by its id. Removing one is left alone."""
    in_path = any(parameter.location == "path" for parameter in endpoint.parameters)
    return in_path and endpoint.method in ("GET", "PUT", "PATCH")


def tried_schemes(endpoint: Endpoint) -> list[SecurityScheme]:
    """The schemes that wrong credentials are tried for: the first of each alternative, each place of a request once.

    The runtime of a suite sends wrong ones for the first alternative by itself.
    """
    sendable = [each for each in endpoint.security if each and all(it.kind in _SENDABLE_KINDS for it in each)]
    found: dict[tuple[str, str], SecurityScheme] = {}
    for number, together in enumerate(sendable):
        if number == 0 or len(together) == 1:
            found.setdefault(place_of(together[0]), together[0])
    return list(found.values())


def place_of(scheme: SecurityScheme) -> tuple[str, str]:
    """Where a scheme's credential stands in a request: "header", "query" or "cookie", and the name there."""
    if scheme.kind == "apiKey":
        return scheme.location, scheme.parameter
    return "header", "Authorization"


def _goal(id: str, kind: str, technique: Technique, description: str, argument: object = None) -> Goal:  # noqa: A002
    return Goal(id, kind, False, technique, description, argument=argument)


def _probe(id: str, kind: str, technique: Technique, description: str, argument: object = None) -> Goal:  # noqa: A002
    return Goal(id, kind, True, technique, description, argument=argument, probe=True)


def needed_scopes(endpoint: Endpoint) -> dict[str, MissingScope]:
    """The scopes that credentials must have to be enough, by the target of a request that goes without.

    A target is named after its scope; where two schemes have one of that name, the second's has the scheme before it.
    """
    found: dict[str, MissingScope] = {}
    sendable = [each for each in endpoint.security if all(it.kind in _SENDABLE_KINDS for it in each)]
    for scheme in dict.fromkeys(scheme for together in sendable for scheme in together):
        for scope in scheme.scopes:
            missing = MissingScope(scheme.name, scope)
            if _is_needed(sendable, missing) and missing not in found.values():
                target = f"{AUTH_WITHOUT_SCOPE}={scope}"
                found[f"{AUTH_WITHOUT_SCOPE}={scheme.name}/{scope}" if target in found else target] = missing
    return found


def _is_needed(alternatives: list[tuple[SecurityScheme, ...]], missing: MissingScope) -> bool:
    """Whether no alternative is met by credentials for this scheme, and those sent with it, without the scope."""
    sent = [{it.name for it in each} for each in alternatives if any(it.name == missing.scheme for it in each)]
    met = [each for each in alternatives if any({it.name for it in each} <= names for names in sent)]
    return all(any(it.name == missing.scheme and missing.scope in it.scopes for it in each) for each in met)


def read_credentials(endpoint: Endpoint, request: CaseRequest) -> Finding | str | None:
    """What is wrong with the credentials of a request; a text where it cannot be judged; None where nothing is."""
    whose = request.credentials
    if whose == "own":
        return _without_scope(endpoint, request.without_scope)
    if whose == "none":
        return _without_credentials(endpoint, request)
    if not needs_auth(endpoint):
        return f"{whose} credentials are sent and none are needed"
    if whose == "invalid":
        return Finding(AUTH_INVALID, "nobody has these credentials")
    if not names_an_object(endpoint):
        return "another user's credentials are sent and no object is named"
    return Finding(AUTH_FOREIGN, "the credentials are those of another user")


def _without_scope(endpoint: Endpoint, missing: MissingScope | None) -> Finding | None:
    for target, needed in needed_scopes(endpoint).items() if missing is not None else ():
        if needed == missing:
            return Finding(target, f"the credentials lack the scope {needed.scope!r} of {needed.scheme!r}")
    return None


def _without_credentials(endpoint: Endpoint, request: CaseRequest) -> Finding | None:
    scheme = made_up_scheme(endpoint, request)
    if scheme is not None:
        return Finding(f"{AUTH_INVALID}={scheme.name}", f"nobody has these credentials for {scheme.name!r}")
    return Finding("auth:missing", "no credentials are sent") if needs_auth(endpoint) else None


def made_up_scheme(endpoint: Endpoint, request: CaseRequest) -> SecurityScheme | None:
    """The scheme for which a request without the suite's own credentials has one of its own."""
    places: dict[str, Mapping[str, object]] = {
        "header": request.headers,
        "query": request.query,
        "cookie": request.cookies,
    }
    if not needs_auth(endpoint) or request.credentials != "none":
        return None
    for scheme in tried_schemes(endpoint)[1:]:
        location, name = place_of(scheme)
        if name in places.get(location, {}):
            return scheme
    return None


def undeclared_places(endpoint: Endpoint, request: CaseRequest) -> set[tuple[str, str]]:
    """The places of a request that no parameter declares and that are right there all the same."""
    scheme = made_up_scheme(endpoint, request)
    places = set() if scheme is None else {place_of(scheme)}
    accept = accept_of(request)
    return places if accept is None else places | {("header", accept[0])}


def accept_of(request: CaseRequest) -> tuple[str, str] | None:
    """The name, as it is written, and the value of the `Accept` header that a request brings."""
    found = ((name, str(value)) for name, value in request.headers.items() if name.lower() == "accept")
    return next(found, None)


def is_acceptable(endpoint: Endpoint, accept: str) -> bool:
    """Whether some documented answer fits one of the types of an `Accept` header."""
    ranges = [essence_of(each) for each in accept.split(",")]
    types = documented_types(endpoint)
    return not types or any(_fits(each, name) for each in ranges for name in types)


def _fits(wanted: str, name: str) -> bool:
    return wanted in ("*/*", name) or (wanted.endswith("/*") and name.startswith(wanted[:-1])) or "*" in name


def documented_types(endpoint: Endpoint) -> set[str]:
    """The content types of all documented answers."""
    return {essence_of(media.content_type) for response in endpoint.responses for media in response.media_types}


def other_method(endpoint: Endpoint) -> str | None:
    """The most harmless method that the document does not have for the endpoint's path."""
    if not endpoint.path_methods:
        return None
    return next((method for method in HARMLESS_METHODS if method not in endpoint.path_methods), None)
