"""What is odd about a request as a whole: its method, its credentials, the answer that it accepts, its body's text.

Each target here has a reader in this module and a maker in `request_makers`.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from casecraft.cases.bodies import BodyForm
from casecraft.cases.nodes import Goal
from casecraft.cases.raw_bodies import type_of
from casecraft.cases.styles import essence_of
from casecraft.cases.violations import Finding
from casecraft.core.case import CaseRequest, Credentials, MissingScope, RawBody, Technique
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
    for target, (whose, scheme) in tried_credentials(endpoint).items():
        of = "" if scheme is None else f" for {scheme!r}"
        description = _TRIED[whose].format(of)
        yield _goal(target, f"auth-{whose}", "security", description, (whose, scheme))
    for target, missing in needed_scopes(endpoint).items():
        description = f"credentials for {missing.scheme!r} without the scope {missing.scope!r} (OWASP API5:2023)"
        yield _goal(target, "scope", "security", description, missing)


def needs_auth(endpoint: Endpoint) -> bool:
    """Whether a request without credentials is refused."""
    return bool(endpoint.security) and all(endpoint.security)


def names_an_object(endpoint: Endpoint) -> bool:
    """Whether a request reads or changes one object by its id. Removing one is left alone."""
    in_path = any(parameter.location == "path" for parameter in endpoint.parameters)
    return in_path and endpoint.method in ("GET", "POST", "PUT", "PATCH") and not ends_an_object(endpoint.path)


def ends_an_object(path: str) -> bool:
    """Whether the last word of a path says that a request ends what it is about: `/orders/{id}/cancel`."""
    last = re.sub(r"\{[^{}]*\}|[?#].*", "", path.rstrip("/").rpartition("/")[2])
    word = re.search(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", last)
    return word is not None and word[0].lower() in _ENDINGS


_ENDINGS = frozenset(
    {"archive", "cancel", "close", "complete", "deactivate", "delete", "destroy", "disable", "expire", "finish", "lock"}
    | {"merge", "purge", "remove", "revoke", "stop", "suspend", "terminate", "transfer", "void"}
)


def tried_credentials(endpoint: Endpoint) -> dict[str, tuple[Credentials, str | None]]:
    """The credentials that a request is refused for, by target: whose they are, and the scheme that they are tried for.

    Those for no scheme are of the first alternative that a suite can send. Nobody's are tried for every other scheme
    as well, beside right ones for what goes with it; another user's for every other alternative.
    """
    sendable = _sendable(endpoint)
    if not needs_auth(endpoint) or not sendable:
        return {}
    alone = sendable[0][0].name if len(sendable[0]) == 1 else None
    wrong = {it.name: None for each in sendable for it in each if it.name != alone and _is_refused(sendable, it.name)}
    found: dict[str, tuple[Credentials, str | None]] = {AUTH_INVALID: ("invalid", None)}
    found |= {f"{AUTH_INVALID}={name}": ("invalid", name) for name in wrong}
    if not names_an_object(endpoint):
        return found
    found[AUTH_FOREIGN] = ("foreign", None)
    known = {it.name for it in sendable[0]}
    for each in sendable[1:]:
        others = [it.name for it in each if it.name not in known]
        found |= {f"{AUTH_FOREIGN}={name}": ("foreign", name) for name in others[:1]}
        known.update(others)
    return found


_TRIED = {
    "invalid": "credentials that nobody has{} (OWASP API2:2023)",
    "foreign": "the credentials of another user{} for an object of one's own (OWASP API1:2023)",
}


def _sendable(endpoint: Endpoint) -> list[tuple[SecurityScheme, ...]]:
    """The alternatives whose credentials a suite can send, without the one that needs none."""
    return [each for each in endpoint.security if each and all(it.kind in _SENDABLE_KINDS for it in each)]


def _is_refused(alternatives: list[tuple[SecurityScheme, ...]], name: str) -> bool:
    """Whether no alternative is met by right credentials for all that is sent with a scheme and wrong ones for it.

    Two credentials for one place cannot be sent together.
    """
    with_it = [each for each in alternatives if any(it.name == name for it in each)]
    rights = [{it.name for it in each} - {name} for each in with_it]
    apart = all(len({place_of(it) for it in each}) == len(each) for each in with_it)
    return apart and not any({it.name for it in each} <= right for each in alternatives for right in rights)


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
    whose, scheme = request.credentials, request.credentials_for
    if whose == "own":
        return _without_scope(endpoint, request.without_scope)
    if whose == "none":
        return Finding("auth:missing", "no credentials are sent") if needs_auth(endpoint) else None
    for target, tried in tried_credentials(endpoint).items():
        if tried == (whose, scheme):
            return Finding(target, f"{_WHOSE[whose]}{'' if scheme is None else f' for {scheme!r}'}")
    return f"{_WHOSE[whose]}, for which a request need not be refused"


_WHOSE = {"invalid": "nobody has these credentials", "foreign": "the credentials are those of another user"}


def _without_scope(endpoint: Endpoint, missing: MissingScope | None) -> Finding | None:
    for target, needed in needed_scopes(endpoint).items() if missing is not None else ():
        if needed == missing:
            return Finding(target, f"the credentials lack the scope {needed.scope!r} of {needed.scheme!r}")
    return None


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
