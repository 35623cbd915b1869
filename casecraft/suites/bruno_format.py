"""The `bruno` format: a collection for Bruno, which is a folder of its requests."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator

from casecraft.core.case import written_out
from casecraft.suites.credential_variables import own_variables
from casecraft.suites.documented import documented_answers
from casecraft.suites.javascript import as_literal, expected_of, read_checks, write_module
from casecraft.suites.json_text import to_json
from casecraft.suites.node_clients import find_node_obstacle
from casecraft.suites.outgoing import Outgoing, Part, Slot, Text, has_variables, write_text
from casecraft.suites.plan import Group, Plan, Sending, make_plan
from casecraft.suites.suite import Entry, Suite
from casecraft.suites.templating import as_markdown, one_line, read_template, render_template

_FOLDER = "bruno"
_PLAIN_LINE = re.compile(r"[A-Za-z0-9_%&=.~+*-]+")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN_FIELD = re.compile(r"(?!.*\{\{)[^\s'@\x00-\x1f\x7f]+(?: +[^\s'@\x00-\x1f\x7f]+)*")
_PLAIN_TYPE = re.compile(r"[A-Za-z0-9.+*/;= \"_-]+")
_LONGEST = 4 * 2**20  # characters of a body that has a file
_MARK = "Made by casecraft"
_REQUIRE = 'require("./lib/casecraft.js")'


def write_bruno(suite: Suite, entries: tuple[Entry, ...]) -> Iterator[tuple[str, bytes]]:
    """A collection for Bruno, which its command line runs.

    The folders are the tags, and in them the endpoints. What must exist for the cases is made in a folder before them
    and removed in one after them.
    """
    plan = make_plan(suite, entries)
    folder = _Collection()
    folder.add_all(plan, {entry.result.endpoint.id: entry.slug for entry in entries})
    yield f"{_FOLDER}/bruno.json", to_json(_about(suite))
    yield f"{_FOLDER}/environments/local.bru", _environment().encode()
    yield f"{_FOLDER}/lib/casecraft.js", read_template("bruno/casecraft.js")
    yield f"{_FOLDER}/lib/checks.js", read_checks()
    yield f"{_FOLDER}/lib/documented.js", write_module(documented_answers(entries))
    for path, content in folder.files.items():
        yield f"{_FOLDER}/{path}", content
    yield (
        f"{_FOLDER}/README.md",
        render_template(
            "bruno/README.md.j2",
            title=as_markdown(suite.document.title),
            variables=own_variables(entries),
            obstacles=[(as_markdown(name), as_markdown(reason)) for name, reason in plan.left_out(find_obstacle)],
        ),
    )


def find_obstacle(sending: Sending) -> str | None:
    """Why Bruno cannot send a request as it is; None where it can."""
    if obstacle := find_node_obstacle(sending, "Bruno"):
        return obstacle
    if sum(len(part.text) * part.times for part in sending.outgoing.repeats) > _LONGEST:
        return "Bruno takes such a body from a file, which would be too large"
    if sending.outgoing.slots_in_body and has_variables(sending.outgoing):
        return "Bruno would take what stands in double braces in the body for a variable"
    if sending.outgoing.body is not None and (reason := _refuse_form(sending.outgoing) or _refuse_type(sending)):
        return reason
    for name, text in sending.outgoing.headers:
        if "{{" in write_text(text, lambda _: ""):
            return f"Bruno would take what stands in double braces in {name!r} for a variable"
    return None


def _content_type(sending: Sending) -> str:
    headers = {name.lower(): text for name, text in sending.outgoing.headers}
    return write_text(headers.get("content-type", ()), lambda slot: slot.name)


def _refuse_form(outgoing: Outgoing) -> str | None:
    """Why Bruno cannot send a multipart form as it is; None where it can, and for other bodies."""
    for part in outgoing.parts:
        if not _PLAIN_KEY.fullmatch(part.name):
            return f"Bruno has no way to write the field {part.name!r} of a form"
        plain = write_text(part.text, lambda _: "")
        if not part.is_file and not (_PLAIN_FIELD.fullmatch(plain) or (part.text and not plain)):
            return f"Bruno has no way to write the value of the field {part.name!r} as it is"
        if part.content_type and not _PLAIN_TYPE.fullmatch(part.content_type):
            return f"Bruno has no way to write the type of the field {part.name!r}"
        if part.is_file and any(isinstance(piece, Slot) for piece in part.text):
            return f"the file {part.name!r} has a value in it that is known only later"
    return None


def _refuse_type(sending: Sending) -> str | None:
    """Why Bruno cannot send a body of this type as it is; None where it can."""
    content_type = _content_type(sending)
    if not content_type:
        return "Bruno sends a content type with each body"
    is_form = content_type.startswith("multipart/form-data; boundary=")
    if content_type.lower().startswith("multipart/") != bool(sending.outgoing.parts and is_form):
        return "Bruno makes the bodies of multipart forms itself, with their content type"
    if not _PLAIN_TYPE.fullmatch(content_type):
        return "Bruno has no way to write this content type"
    return None


def _about(suite: Suite) -> dict[str, object]:
    name = one_line(suite.document.title) or "API"
    return {"version": "1", "name": name, "type": "collection", "generator": "casecraft", "ignore": ["node_modules"]}


def _environment() -> str:
    return f"vars {{\n  baseUrl: {{{{process.env.CASECRAFT_BASE_URL}}}}\n  generator: {_MARK}\n}}\n"


class _Collection:
    """The files of a collection."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def add_all(self, plan: Plan, slugs: dict[str, str]) -> None:
        self._add_requests("set-up", "Set-up", 1, plan.set_up)
        for number, (tag, endpoints) in enumerate(plan.tags.items(), 2):
            self._add_folder(f"tag-{tag}", tag, number)
            for place, (name, groups) in enumerate(endpoints.items(), 1):
                self._add_endpoint(f"tag-{tag}/{slugs[name]}", name, place, groups)
        if plan.scenarios:
            self._add_folder("scenarios", "Scenarios", len(plan.tags) + 2)
        for place, group in enumerate(_sendable(plan.scenarios), 1):
            self._add_requests(f"scenarios/{_file_name(group.id)}", _named(group), place, group.sendings, _ended(group))
        self._add_requests("clean-up", "Clean-up", len(plan.tags) + 3, plan.clean_up)

    def _add_endpoint(self, path: str, name: str, place: int, groups: Iterable[Group]) -> None:
        self._add_folder(path, name, place)
        for number, group in enumerate(_sendable(groups), 1):
            if len(group.sendings) == 1:
                self._add_request(path, group.sendings[0], number)
            else:
                self._add_requests(f"{path}/{_file_name(group.id)}", _named(group), number, group.sendings)

    def _add_requests(self, path: str, name: str, place: int, sendings: tuple[Sending, ...], ended: str = "") -> None:
        if sendings:
            self._add_folder(path, name, place)
        for number, sending in enumerate(sendings, 1):
            self._add_request(path, sending, number, ended)

    def _add_folder(self, path: str, name: str, place: int) -> None:
        self.files[f"{path}/folder.bru"] = _block("meta", [f"name: {_value(name)}", f"seq: {place}"], "").encode()

    def _add_request(self, path: str, sending: Sending, number: int, ended: str = "") -> None:
        kind, body = self._body(sending)
        text = "\n".join([*_request(sending, number, kind), *body, *_scripts(sending, ended)])
        self.files[f"{path}/{_file_name(sending.id)}.bru"] = text.encode()

    def _body(self, sending: Sending) -> tuple[str, list[str]]:
        """The kind of body and its block; what Bruno might read as something else has a file of its own."""
        outgoing = sending.outgoing
        if outgoing.body is None:
            return "none", []
        if outgoing.parts:
            fields = [self._field(sending, part) for part in outgoing.parts]
            return "multipartForm", [_block("body:multipart-form", fields)]
        if outgoing.repeats:
            name = f"bodies/{_digest(repr(outgoing.repeats))}.txt"  # shared by bodies of the same parts
            self.files[name] = written_out(outgoing.repeats).encode("utf-8", "surrogatepass")
            return "file", [_file(sending, name)]
        plain = write_text(outgoing.body, lambda _: "")
        if outgoing.is_json:
            return "text", [_block("body:text", _json(outgoing.body).splitlines())]
        if _PLAIN_LINE.fullmatch(plain) or outgoing.slots_in_body:
            return "text", [_block("body:text", write_text(outgoing.body, _variable).split("\n"))]
        return "file", [_file(sending, self._add_body(sending, plain))]

    def _add_body(self, sending: Sending, text: str) -> str:
        name = f"bodies/{_file_name(sending.id)}.{len(self.files)}.txt"
        self.files[name] = text.encode("utf-8", "surrogatepass")
        return name

    def _field(self, sending: Sending, part: Part) -> str:
        """A line for a field of a multipart form; its file stands beside the bodies."""
        ending = f" @contentType({part.content_type})" if part.content_type else ""
        if part.is_file:
            name = self._add_body(sending, write_text(part.text, lambda _: ""))
            return f"{_key(part.name)}: @file({name}){ending}"
        return f"{_key(part.name)}: {write_text(part.text, _variable)}{ending}"


def _file(sending: Sending, name: str) -> str:
    """The block of a body that has a file."""
    return _block("body:file", [f"file: @file({name}) @contentType({_content_type(sending)})"])


def _request(sending: Sending, number: int, kind: str) -> Iterator[str]:
    outgoing = sending.outgoing
    name = f"{sending.title} ({sending.id})"
    yield _block("meta", [f"name: {_value(name)}", "type: http", f"seq: {number}"])
    method = outgoing.method.lower()
    head = [f"url: {{{{baseUrl}}}}{write_text(outgoing.url, _variable)}", f"body: {kind}", "auth: none"]
    if method in ("get", "post", "put", "delete", "patch", "options", "head", "connect", "trace"):
        yield _block(method, head)
    else:
        yield _block("http", [f"method: {outgoing.method}", *head])
    if outgoing.headers:
        # Bruno names the boundary of a multipart form itself.
        headers = [one for one in outgoing.headers if not (outgoing.parts and one[0].lower() == "content-type")]
        yield _block("headers", [f"{_key(name)}: {_header(text)}" for name, text in headers])
    yield _block("settings", ["encodeUrl: false", "followRedirects: false"])


def _scripts(sending: Sending, ended: str) -> Iterator[str]:
    is_step = bool(ended) and sending.role == "step"
    before = []
    if sending.outgoing.slots:
        wanted = json.dumps([[slot.name, slot.form] for slot in sending.needs])
        uniques = f", {json.dumps(dict(sending.uniques))}" if sending.uniques else ""
        before += [f"const {{ prepare }} = {_REQUIRE};", f"prepare(bru, {wanted}{uniques});"]
    if is_step:
        before += [f"const {{ skipAfterFailure }} = {_REQUIRE};", f'skipAfterFailure(bru, "{ended}");']
    if before:
        yield _block("script:pre-request", before)
    if sending.is_test:
        yield _block("tests", _call("check", "bru, req, res, test", sending, {"scenario": ended} if is_step else {}))
    elif sending.keeps:
        yield _block("script:post-response", _call("keep", "bru, req, res", sending, {}))


def _call(name: str, given: str, sending: Sending, more: dict[str, str]) -> Iterator[str]:
    """What calls a function of the collection with what Bruno gives a script and what is expected of the answer."""
    first, *lines, last = as_literal({**expected_of(sending), **more})
    yield f"const {{ {name} }} = {_REQUIRE};"
    yield f"{name}({{ {given} }}, {first}"
    yield from lines
    yield f"{last});"


def _sendable(groups: Iterable[Group]) -> list[Group]:
    return [group for group in groups if not any(map(find_obstacle, group.sendings))]


def _named(group: Group) -> str:
    return f"{group.title} ({group.id})"


def _ended(group: Group) -> str:
    return f"ended_{re.sub('[^A-Za-z0-9]', '_', group.id)}"


def _file_name(text: str) -> str:
    """A name for a file: the text itself where any system takes it, else with a digest."""
    name = re.sub(r"[^a-z0-9._-]+", "-", text)[:80].strip(".-")
    return name if name == text else f"{name}--{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _block(name: str, lines: Iterable[str], end: str = "\n") -> str:
    """A block of a `.bru` file. Its lines are indented, so none of them can be the brace that ends it."""
    return f"{name} {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n" + end.rstrip("\n")


def _value(text: str) -> str:
    """A value on one line; three quotes would begin a text of many lines."""
    return one_line(text).replace("'''", "’’’") or "-"


def _key(name: str) -> str:
    return name if _PLAIN_KEY.fullmatch(name) else f'"{name}"'


def _header(text: Text) -> str:
    """Header values go out with a byte for each character: UTF-8 is written byte by byte."""
    return write_text(text, _variable, lambda plain: plain.encode().decode("latin-1"))


def _json(text: Text) -> str:
    """JSON in which no text can be taken for a variable."""
    return write_text(text, _variable, lambda plain: plain.replace("{{", "\\u007b\\u007b"))


def _variable(slot: Slot) -> str:
    return "{{" + slot.name + ("" if slot.form == "text" else f"_{slot.form}") + "}}"
