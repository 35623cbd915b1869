"""Request bodies of one content type: their places, how they are written and read back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from casecraft.cases.ambiguity import is_unclear
from casecraft.cases.nodes import Carrier, Node, SchemaContext
from casecraft.cases.raw_bodies import read_raw, text_of
from casecraft.cases.readings import coerce
from casecraft.cases.shapes import Shape
from casecraft.cases.styles import Raw, Written, essence_of, is_form, is_json, names_of, read, text_tree, write
from casecraft.cases.xml_bodies import is_xml, write_xml
from casecraft.cases.xml_reading import read_xml
from casecraft.core.case import Scalar
from casecraft.core.endpoint import MediaType, Parameter


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A parameter, or a field of a form, with its place."""

    parameter: Parameter
    node: Node


def parameter_field(context: SchemaContext, parameter: Parameter) -> Field:
    """A parameter with its place."""
    node = Node(
        context,
        f"{parameter.location}.{parameter.name}",
        parameter.schema,
        context.reader.read(parameter.schema),
        name=parameter.name,
        carrier=parameter.location,
        required=parameter.required,
        samples=parameter.examples,
    )
    node.is_flat = parameter.content_type is None
    return Field(parameter, node)


class BodyForm:
    """One content type that a body may have. `kind` is "json", "form", "xml", "lines" (JSON, an item a line), "text"
    or, where no body of it can be made or judged, "opaque".
    """

    __slots__ = ("fields", "kind", "media", "node")

    def __init__(self, context: SchemaContext, media: MediaType, *, required: bool) -> None:
        self.media = media
        shape = context.reader.read(media.schema)
        self.kind = _body_kind(media.content_type, shape)
        schema = media.schema
        if self.kind == "lines" and not shape.size.least:  # without an item there is no body
            schema = {"allOf": [schema], "minItems": 1}
            shape = context.reader.read(schema)
        self.node = Node(
            context,
            "body",
            schema,
            shape,
            name="body",
            carrier=_CARRIERS[self.kind],
            required=required,
            samples=media.examples,
        )
        self.fields = {name: self._field(name) for name in shape.properties} if self.kind == "form" else {}

    def _field(self, name: str) -> Field:
        node = self.node.child(name)
        encoding = self.media.encoding.get(name)
        encoding = encoding if isinstance(encoding, Mapping) else {}
        style = str(encoding.get("style", "form"))
        nested = "object" in node.shape.types and node.shape.typed and "style" not in encoding
        nested = nested or ("array" in node.shape.types and "object" in node.item().shape.types and node.shape.typed)
        said = next((each for each in self.media.part_types(name) if "*" not in each), "")
        is_document = "style" not in encoding and (nested or is_json(said))
        return Field(
            Parameter(
                name=name,
                location="query",
                required=node.required,
                schema=node.schema,
                style=style,
                explode=bool(encoding.get("explode", style == "form")),
                content_type=(said if is_xml(said) else "application/json") if is_document else None,
            ),
            node,
        )

    def write(self, value: Any) -> tuple[Any] | None:
        """The body that carries a value, in a tuple; None where it cannot be written."""
        if self.kind == "opaque":
            return None
        if self.kind == "text":
            return (value,) if isinstance(value, str) else None
        if self.kind == "json":
            return (value,)
        if self.kind == "xml":
            document = write_xml(self.node, value)
            return None if document is None else (document,)
        if self.kind == "lines":
            return ("".join(f"{text_of(item)}\n" for item in value),) if value and isinstance(value, list) else None
        return self._write_form(value) if isinstance(value, Mapping) else None

    def _write_form(self, value: Mapping[str, Any]) -> tuple[Any] | None:
        written: dict[str, Scalar | list[Scalar]] = {}
        for name, each in value.items():
            field = self.fields.get(name)
            parameter = field.parameter if field is not None else _plain_field(name, each)
            if parameter.style == "form" and isinstance(each, list) and not each:
                continue
            entries = _xml_entry(field, each) if field is not None and _is_xml(field) else write(parameter, each)
            if entries is None:
                return None
            written.update(entries)
        return (written,)

    def read(self, body: Any) -> Any:
        """The JSON value that a body stands for; `read_xml` reads those of XML."""
        if self.kind == "lines" and isinstance(body, str):
            return _read_lines(body)
        if self.kind != "form" or not isinstance(body, Mapping):
            return body
        value: dict[str, Any] = {}
        taken: set[str] = set()
        for name, field in self.fields.items():
            raw = read(field.parameter, field.node.shape, body)
            if raw is not None:
                taken.update(names_of(field.parameter, field.node.shape, body))
                value[name] = _read_field(field, raw)
        value.update({name: text_tree(each) for name, each in body.items() if name not in taken})
        return value

    def ambiguous_field(self, body: Any) -> Field | None:
        """The field of a form whose text proves no label, if there is one."""
        if self.kind != "form" or not isinstance(body, Mapping):
            return None
        for field in self.fields.values():
            raw = read(field.parameter, field.node.shape, body)
            if raw is not None and is_unclear(field.parameter, field.node, raw):
                return field
        return None


def _is_xml(field: Field) -> bool:
    return is_xml(field.parameter.content_type or "")


def _xml_entry(field: Field, value: Any) -> Written | None:
    document = write_xml(field.node, value)
    return None if document is None else {field.parameter.name: document}


def _read_field(field: Field, raw: Raw) -> Any:
    """The value of a field. A document that is no XML, or none of this schema, stays text."""
    if not _is_xml(field) or not isinstance(raw, str):
        return coerce(field.parameter, field.node, raw)
    reading = read_xml(field.node, raw)
    return raw if reading.fault is not None else reading.value


def _read_lines(text: str) -> Any:
    """The values of the lines; the text itself where one of them is no JSON."""
    read = [read_raw(line) for line in text.split("\n") if line.strip()]
    return text if any(line.fault for line in read) else [line.value for line in read]


def find_body(bodies: Sequence[BodyForm], content_type: str) -> BodyForm | None:
    """The body that a content type belongs to, an exact one before a range."""
    essence = essence_of(content_type)
    exact = (body for body in bodies if essence_of(body.media.content_type) == essence)
    ranges = (body for body in bodies if _in_range(essence, essence_of(body.media.content_type)))
    return next(exact, None) or next(ranges, None)


def _in_range(essence: str, documented: str) -> bool:
    if documented == "*/*":
        return True
    return documented.endswith("/*") and essence.startswith(documented[:-1])


def concrete_type(content_type: str) -> str:
    """A type that can be sent: a range becomes JSON."""
    return "application/json" if "*" in content_type else content_type


def _plain_field(name: str, value: Any) -> Parameter:
    nested = isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(e, list | dict) for e in value))
    content_type = "application/json" if nested else None
    return Parameter(name, "query", False, True, style="form", explode=True, content_type=content_type)


def _body_kind(content_type: str, shape: Shape) -> str:
    types = shape.types
    if is_json(content_type):
        return "json"
    if is_form(content_type) and "object" in types:
        return "form"
    if is_xml(content_type) and shape.likely_type in ("object", "array"):
        return "xml"
    essence = essence_of(content_type)
    if essence in _LINES and shape.likely_type == "array":
        return "lines"
    is_text = essence.startswith("text/") or essence in ("application/octet-stream", "application/yaml")
    return "text" if is_text and "string" in types else "opaque"


_LINES = frozenset(
    {"application/jsonl", "application/x-jsonlines", "application/jsonlines"}
    | {"application/x-ndjson", "application/ndjson"}
)
"""Types of bodies that are a sequence: in each line one JSON value."""

_CARRIERS: dict[str, Carrier] = {
    "json": "json",
    "form": "form",
    "xml": "xml",
    "lines": "json",
    "text": "text",
    "opaque": "text",
}
