"""One method on one path of the document, with all that a case for it must respect."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from casecraft.core.schema import Definitions, Schema

Location: TypeAlias = Literal["path", "query", "header", "cookie"]
Tier: TypeAlias = Literal["simple", "medium", "complex"]

MEDIUM_FROM = 8
COMPLEX_FROM = 25


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter, as OpenAPI 3 describes it; those of 2.0 are brought to this form.

    `content_type` is set where the value is a serialised document of that type instead of styled text.
    """

    name: str
    location: Location
    required: bool
    schema: Schema
    style: str = "simple"
    explode: bool = False
    content_type: str | None = None
    description: str = ""
    deprecated: bool = False
    allow_empty: bool = False
    examples: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class MediaType:
    """One content type that a body may have, with its schema and the document's own examples."""

    content_type: str
    schema: Schema
    examples: tuple[Any, ...] = ()
    encoding: Mapping[str, Any] = field(default_factory=dict)

    def part_types(self, name: str) -> list[str]:
        """The content types that `encoding` gives a field of a form, as they are listed there."""
        encoding = self.encoding.get(name)
        said = encoding.get("contentType") if isinstance(encoding, Mapping) else None
        return [each.strip() for each in said.split(",") if each.strip()] if isinstance(said, str) else []


@dataclass(frozen=True, slots=True)
class Body:
    """The request body: at least one media type, in the document's order."""

    required: bool
    media_types: tuple[MediaType, ...]
    description: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a value of an answer can be used: in which operation, as which parameters.

    The operation is named by its `operationId` or by a reference (`#/paths/~1pets~1{petId}/get`); `parameters` map
    its parameters' names to OpenAPI's runtime expressions (`$response.body#/id`).
    """

    name: str
    operation_id: str = ""
    operation_ref: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    """A documented response. `status` is "200", "4XX" or "default"."""

    status: str
    description: str = ""
    media_types: tuple[MediaType, ...] = ()
    headers: tuple[Parameter, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """A security scheme by its name in the document.

    `kind` is OpenAPI's `type` ("apiKey", "http", "oauth2", "openIdConnect", "mutualTLS"); `http_scheme` is "basic",
    "bearer" …; for an apiKey `location` and `parameter` say where the key goes.
    """

    name: str
    kind: str
    http_scheme: str = ""
    location: str = ""
    parameter: str = ""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Complexity:
    """A score (0 and up, `docs/complexity.md` has the weights) and the tier that it falls in."""

    score: int
    tier: Tier


def tier_of(score: int) -> Tier:
    """The tier in which a score falls."""
    if score >= COMPLEX_FROM:
        return "complex"
    return "medium" if score >= MEDIUM_FROM else "simple"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint. Schemas that a request sends refer to `definitions`, those of responses to
    `response_definitions`: the same names, but in the first a readOnly property is never required and in the
    second a writeOnly one is not.

    `security` holds the alternatives, any one of which is enough; each is the schemes needed together, and an
    empty one means that no credentials are needed. `security == ()` says that the document asks for none.
    `fingerprint` is the SHA-256 of everything in the document that this endpoint reaches. `notes` say what in the
    document had to be passed over to understand it. `path_methods` are the methods documented for the path, in the
    document's order, and after them those of other templates that its URLs may be taken for; empty where unknown.
    """

    method: str
    path: str
    definitions: Definitions = field(repr=False, compare=False)
    response_definitions: Definitions = field(repr=False, compare=False)
    fingerprint: str
    complexity: Complexity
    operation_id: str | None = None
    summary: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    responses: tuple[Response, ...] = ()
    security: tuple[tuple[SecurityScheme, ...], ...] = ()
    servers: tuple[str, ...] = ()
    deprecated: bool = False
    notes: tuple[str, ...] = ()
    path_methods: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """`"POST /pets"`: unique in a document."""
        return f"{self.method} {self.path}"
