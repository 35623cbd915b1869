"""Relations that names and descriptions speak of, and the check that proposed ones pass before they are used."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from casecraft.cases.bodies import BodyForm, Field
from casecraft.cases.composition import fields_to_send
from casecraft.cases.independence import independent
from casecraft.cases.nodes import Node
from casecraft.cases.relations import KINDS, OPERATORS, Kind, Relation
from casecraft.core.endpoint import Endpoint

MOST_RELATIONS = 12
"""Relations of one endpoint that are used."""

UNSOUND = "its fields do not exist, cannot be compared, or are all required"
CONTRADICTED = "an example of the document contradicts it"
TOO_MANY = "more are proposed than are used"

_MOST_PLACES = 200
_DEEPEST = 3

_ENDS = (
    *(("start", "end"), ("starts", "ends"), ("begin", "end"), ("from", "to"), ("from", "until"), ("since", "until")),
    *(("min", "max"), ("minimum", "maximum"), ("lower", "upper"), ("low", "high"), ("after", "before")),
    *(("gt", "lt"), ("gte", "lte"), ("ge", "le"), ("checkin", "checkout"), ("opens", "closes"), ("earliest", "latest")),
    ("floor", "ceiling"),
)
"""Words of two names that are the same but for them: the first is the lower end, the second the upper one."""

_NO_MEASURES = frozenset({"id", "ids", "account", "user", "address", "node", "version", "currency", "unit", "cursor"})
"""A name with one of these is of something that has no order worth a rule."""

_NEEDS_DATES = frozenset({("from", "to"), ("after", "before"), ("from", "until")})
"""Words that speak of moments as often as of other things."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_QUOTED = r"[`'\"]([\w.\[\]-]{1,80})[`'\"]"
_USED = r"be (?:used|combined|specified|set|given|passed|mixed|provided)"
_NAMED = rf" {{1,3}}(?:the {{1,3}})?(?:(?:parameter|field|property) {{1,3}})?{_QUOTED}"
_TEXTS: tuple[tuple[Kind, str], ...] = (
    ("exclusive", r"mutually exclusive (?:with|to)"),
    ("exclusive", rf"can(?:not|'t| not) {_USED}(?: together| in conjunction)? with"),
    ("exclusive", rf"(?:may|must) not {_USED}(?: together| in conjunction)? with"),
    ("together", rf"(?:must|has to|have to) {_USED} together with"),
    ("requires", r"(?:requires|only valid with|only used with|must be used with)"),
    ("ordered", r"(?:must|has to|should) (?:not be before|not be less than|be (?:after|later than|greater than))"),
)
_PHRASES = tuple((kind, re.compile(text + _NAMED, re.IGNORECASE)) for kind, text in _TEXTS)
"""What texts say of a field and another one that they name, in quotes."""


def found_relations(fields: Sequence[Field], body: BodyForm | None) -> tuple[Relation, ...]:
    """The relations that the names and descriptions of one endpoint's places speak of."""
    groups: dict[str, dict[str, Node]] = {}
    texts: dict[str, str] = {}
    for field in fields:
        if field.parameter.location != "path":
            groups.setdefault(field.parameter.location, {})[field.parameter.name] = field.node
            texts[field.node.id] = field.parameter.description
    if body is not None:
        for node in _objects_in(body.node):
            groups[node.id] = {name: node.child(name) for name in fields_to_send(node)[:_MOST_PLACES]}
            texts |= {each.id: _described(each) for each in groups[node.id].values()}
    found: dict[Relation, None] = {}
    for nodes in groups.values():
        found.update(dict.fromkeys(_by_names(nodes)))
        found.update(dict.fromkeys(_by_texts(nodes, texts)))
    return independent(relation for relation in found if not _is_needed(relation, groups))[:MOST_RELATIONS]


def _described(node: Node) -> str:
    described = node.schema.get("description") if isinstance(node.schema, Mapping) else None
    return described if isinstance(described, str) else ""


def _objects_in(node: Node, depth: int = 0) -> Iterator[Node]:
    """The objects of a body that hold fields of their own, not those in lists or unions."""
    if node.shape.choices or node.shape.likely_type != "object" or node.is_recursive or depth >= _DEEPEST:
        return
    yield node
    for name in fields_to_send(node)[:_MOST_PLACES]:
        child = node.child(name)
        if child.shape.properties and child.shape.members is None:
            yield from _objects_in(child, depth + 1)


def _by_names(nodes: Mapping[str, Node]) -> Iterator[Relation]:
    by_words = {tuple(word.lower() for word in _WORDS.findall(name)): node for name, node in nodes.items()}
    for words, node in by_words.items():
        if not _NO_MEASURES.isdisjoint(words):
            continue
        for low, high in _ENDS:
            for index in (number for number, word in enumerate(words) if word == low):
                other = by_words.get((*words[:index], high, *words[index + 1 :]))
                if other is not None and _comparable(node, other, dates=(low, high) in _NEEDS_DATES):
                    yield Relation("ordered", (node.id, other.id))


def _comparable(one: Node, other: Node, *, dates: bool = False) -> bool:
    kinds = {_measure(one), _measure(other)}
    return len(kinds) == 1 and None not in kinds and not (dates and "number" in kinds)


def _measure(node: Node) -> str | None:
    """What a place's values are compared as, None where they are not."""
    shape = node.shape
    types = shape.types - {"null"}
    if shape.members is not None or not shape.typed:
        return None
    if types and types <= {"integer", "number"}:
        return "number"
    return shape.format if types == {"string"} and shape.format in ("date", "date-time") else None


def _by_texts(nodes: Mapping[str, Node], texts: Mapping[str, str]) -> Iterator[Relation]:
    for node in nodes.values():
        text = texts.get(node.id, "")[:2000]
        for kind, phrase in _PHRASES if text else ():
            for found in phrase.finditer(text):
                other = nodes.get(found[1])
                if other is None or other is node or _names_a_value(text, found.end()):
                    continue
                if kind == "ordered":
                    if _comparable(node, other):
                        yield Relation("ordered", (other.id, node.id))
                elif kind == "requires":
                    yield Relation("requires", (node.id, other.id))
                else:
                    yield Relation(kind, tuple(sorted((node.id, other.id))))


def _names_a_value(text: str, position: int) -> bool:
    """Whether the text goes on to speak of one value of the field: such a rule is another one."""
    return re.match(r" {0,3}(?:is|=|set to|of) ", text[position:]) is not None


def _is_needed(relation: Relation, groups: Mapping[str, Mapping[str, Node]]) -> bool:
    """Whether the schema asks for both of two places that exclude each other: then the text means something else."""
    required = {node.id for nodes in groups.values() for node in nodes.values() if node.required}
    return relation.kind == "exclusive" and len(required & set(relation.places)) > 1


def checked_relations(
    proposed: Iterable[Relation], endpoint: Endpoint, fields: Sequence[Field], body: BodyForm | None
) -> tuple[Relation, ...]:
    """Those of the proposed relations that the document bears out."""
    judged = judge_relations(proposed, endpoint, fields, body)
    return tuple(relation for relation, refusal in judged.items() if refusal is None)


def judge_relations(
    proposed: Iterable[Relation], endpoint: Endpoint, fields: Sequence[Field], body: BodyForm | None
) -> dict[Relation, str | None]:
    """Why each of the proposed relations is not used; None for those that the document bears out: their places exist,
    values that are to be ordered can be compared, what may be left out is optional, and no example of the document
    contradicts them.
    """
    nodes = _places(fields, body)
    examples = list(_examples(endpoint, fields, body))
    judged: dict[Relation, str | None] = {}
    for relation in dict.fromkeys(proposed):
        if not _is_sound(relation, nodes):
            judged[relation] = UNSOUND
        elif any(relation.state(given) == "broken" for given in examples):
            judged[relation] = CONTRADICTED
        else:
            judged[relation] = None if list(judged.values()).count(None) < MOST_RELATIONS else TOO_MANY
    return judged


def _places(fields: Sequence[Field], body: BodyForm | None) -> dict[str, Node]:
    nodes = {field.node.id: field.node for field in fields}
    for holder in _objects_in(body.node) if body is not None else ():
        nodes |= {node.id: node for node in map(holder.child, fields_to_send(holder)[:_MOST_PLACES])}
    return nodes


def _is_sound(relation: Relation, nodes: Mapping[str, Node]) -> bool:
    places = [nodes.get(place) for place in relation.places]
    known = [node for node in places if node is not None]
    if any(operator in place for place in relation.places for operator in OPERATORS.values()):
        return False
    if relation.kind not in KINDS or len(set(relation.places)) < 2 or len(known) < len(places):  # noqa: PLR2004
        return False
    if relation.kind == "ordered":
        return len(known) == 2 and _comparable(*known)  # noqa: PLR2004  # one value is not above one other
    if relation.kind == "requires":
        return not all(node.required for node in known[1:])
    return sum(node.required for node in known) <= (relation.kind == "together" and len(known) - 1)


def _examples(endpoint: Endpoint, fields: Sequence[Field], body: BodyForm | None) -> Iterator[dict[str, Any]]:
    """The document's own values together: the first example of each parameter, and each example of the body."""
    given = {field.node.id: field.parameter.examples[0] for field in fields if field.parameter.examples}
    defaults = {
        node.id: node.schema["default"]
        for node in _places(fields, body).values()
        if isinstance(node.schema, Mapping) and "default" in node.schema
    }
    if given:
        yield given
    yield {place: value for place, value in defaults.items() if place not in given}
    for media in endpoint.body.media_types if endpoint.body is not None else ():
        for example in media.examples:
            yield {**given, "body": example}
