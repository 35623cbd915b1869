"""The `http` format: files of requests for the editors that send them, and for httpYac's command line."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from casecraft.core.case import Repeat
from casecraft.suites.credential_variables import own_variables
from casecraft.suites.documented import documented_answers
from casecraft.suites.javascript import as_literal, expected_of, read_checks, write_module
from casecraft.suites.json_text import to_json
from casecraft.suites.node_clients import find_node_obstacle
from casecraft.suites.outgoing import Slot, Text, has_variables, write_text
from casecraft.suites.plan import Group, Plan, Sending, make_plan, status_pattern
from casecraft.suites.suite import Entry, Suite
from casecraft.suites.templating import as_markdown, one_line, read_template, render_template

_FOLDER = "http"
_SCENARIOS = "scenarios--life-cycles"
_CONFIG = {"generator": "casecraft", "cookieJarEnabled": False, "request": {"followRedirect": False}}
_TEXT = '`cc${Math.random().toString(16).slice(2, 12).padEnd(10, "0")}'
_UNIQUE = {
    "text": f"{_TEXT}`",
    "email": f"{_TEXT}@example.com`",
    "uuid": '"xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () => Math.floor(Math.random() * 16).toString(16))',
    "integer": "100000000 + Math.floor(Math.random() * 1900000000)",
}
_PLAIN_LINE = re.compile(r"[A-Za-z0-9_%&=.~+*-]+")


def write_http(suite: Suite, entries: tuple[Entry, ...]) -> Iterator[tuple[str, bytes]]:
    """`.http` files for REST Client, the IDEs of JetBrains and httpYac, which also runs them as tests.

    There is one for each first tag. Each makes what its requests need to exist and removes it at its end.
    """
    plan = make_plan(suite, entries)
    files = {
        f"{tag}.http": [one for groups in endpoints.values() for one in groups] for tag, endpoints in plan.tags.items()
    }
    if plan.scenarios:
        files[f"{_SCENARIOS}.http"] = list(plan.scenarios)
    for name, groups in files.items():
        file = _HttpFile(plan, groups)
        yield f"{_FOLDER}/{name}", file.text.encode()
        for path, content in file.bodies.items():
            yield f"{_FOLDER}/{path}", content
    yield f"{_FOLDER}/httpyac.config.json", to_json(_CONFIG)
    yield f"{_FOLDER}/casecraft.js", read_template("http/casecraft.js")
    yield f"{_FOLDER}/checks.js", read_checks()
    yield f"{_FOLDER}/documented.js", write_module(documented_answers(entries))
    yield f"{_FOLDER}/package.json", read_template("http/package.json")
    yield (
        f"{_FOLDER}/README.md",
        render_template(
            "http/README.md.j2",
            title=as_markdown(suite.document.title),
            variables=own_variables(entries),
            files=list(files),
            obstacles=[(as_markdown(name), as_markdown(reason)) for name, reason in plan.left_out(find_obstacle)],
        ),
    )


def find_obstacle(sending: Sending) -> str | None:
    """Why httpYac cannot send a request as it is; None where it can."""
    if has_variables(sending.outgoing):
        return "httpYac would take what stands in double braces in the body for a variable"
    return find_node_obstacle(sending, "httpYac")


class _HttpFile:
    """The text of one file, and the bodies that have files of their own."""

    def __init__(self, plan: Plan, groups: Iterable[Group]) -> None:
        self.bodies: dict[str, bytes] = {}
        sendings = _with_shared(plan, [group for group in groups if not any(map(find_obstacle, group.sendings))])
        requests = ["".join(self._request(one, ended)) for one, ended in sendings]
        self.text = "".join(_head(one for one, _ in sendings)) + "".join(requests)

    def _request(self, sending: Sending, ended: str) -> Iterator[str]:
        outgoing = sending.outgoing
        yield f"\n### {one_line(sending.title)} ({one_line(sending.id)})\n"
        yield "# @no-redirect\n# @no-cookie-jar\n"
        if condition := _blocked_when(sending, ended):
            yield f"# @disabled {condition}\n"
        for name, kind in sending.uniques.items():
            yield f'< {{%\nclient.global.set("{name}", {_UNIQUE.get(kind, _UNIQUE["text"])});\n%}}\n'
        yield f"{outgoing.method} {{{{baseUrl}}}}{write_text(outgoing.url, _variable)}\n"
        for name, text in outgoing.headers:
            yield f"{name}: {write_text(text, _variable, _as_latin1)}\n"
        if outgoing.repeats:
            yield f"\n{''.join(map(_repeated, outgoing.repeats))}\n"
        elif outgoing.body is not None:
            yield f"\n{self._body(sending, outgoing.body)}\n"
        yield "".join(_handler(sending, ended))

    def _body(self, sending: Sending, body: Text) -> str:
        """The body where it stands safely in the file, else the line that takes it from a file of its own."""
        plain = write_text(body, lambda _: "")
        if sending.outgoing.is_json:
            return write_text(body, _variable, lambda text: text.replace("{{", "\\u007b\\u007b"))
        if _PLAIN_LINE.fullmatch(plain):
            return write_text(body, _variable)
        if sending.outgoing.slots_in_body:
            return write_text(body, _variable, lambda text: _repeated(Repeat(text)))
        name = f"bodies/{re.sub('[^A-Za-z0-9._-]', '-', sending.id)}.{len(self.bodies)}.txt"
        self.bodies[name] = plain.encode("utf-8", "surrogatepass")
        return f"< ./{name}"


def _with_shared(plan: Plan, groups: Sequence[Group]) -> list[tuple[Sending, str]]:
    """What a file sends: before its own requests what makes the shared resources that they need, after them what
    removes these. With each goes the variable that tells that its scenario has ended; empty outside of scenarios.
    """
    own = [(one, _ended(group) if group in plan.scenarios else "") for group in groups for one in group.sendings]
    wanted = {slot.name for one, _ in own for slot in one.outgoing.slots}
    made: list[Sending] = []
    for sending in reversed(plan.set_up):
        if wanted & sending.keeps.keys():
            made.insert(0, sending)
            wanted |= {slot.name for slot in sending.outgoing.slots}
    kept = {name for sending in made for name in sending.keeps}
    removed = [one for one in plan.clean_up if _made_slots(one) and _made_slots(one) <= kept]
    return [*((one, "") for one in made), *own, *((one, "") for one in removed)]


def _made_slots(sending: Sending) -> set[str]:
    return {slot.name for slot in sending.outgoing.slots if slot.name.startswith("made_")}


def _ended(group: Group) -> str:
    return f"ended_{re.sub('[^A-Za-z0-9]', '_', group.id)}"


def _head(sendings: Iterable[Sending]) -> Iterator[str]:
    yield "# Made by casecraft. README.md says how to run it.\n\n"
    yield "@baseUrl = {{$processEnv CASECRAFT_BASE_URL}}\n"
    names = {slot.name for one in sendings for slot in one.outgoing.slots if slot.name.startswith("CASECRAFT_")}
    for name in sorted(names):
        yield f"@{name} = {{{{$processEnv {name}}}}}\n"


def _blocked_when(sending: Sending, ended: str) -> str:
    """When the request is not sent, in JavaScript: without a value that it needs, or after a failed step."""
    names = dict.fromkeys(slot.name for slot in sending.needs)
    missing = [f'typeof {name} === "undefined" || !{name}' for name in names]
    stopped = [f'typeof {ended} !== "undefined"'] if ended and sending.role == "step" else []
    return " || ".join(missing + stopped)


def _variable(slot: Slot) -> str:
    match slot.form:
        case "text":
            return f"{{{{{slot.name}}}}}"
        case "json":
            return f"{{{{JSON.stringify({slot.name})}}}}"
        case "xml":
            return f'{{{{{slot.name}.replace(/[&<>"]/g, (sign) => `&#${{sign.charCodeAt(0)}};`)}}}}'
        case "base64":
            return f'{{{{Buffer.from({slot.name}).toString("base64")}}}}'
        case _:
            return f"{{{{encodeURIComponent({slot.name})}}}}"


def _repeated(part: Repeat) -> str:
    """A part of a body as an expression in JavaScript, without a brace that could end it."""
    text = json.dumps(part.text).replace("{", "\\u007b").replace("}", "\\u007d")
    return f"{{{{{text}.repeat({part.times})}}}}" if part.times != 1 else f"{{{{{text}}}}}"


def _as_latin1(text: str) -> str:
    """Header values go out with a byte for each character: UTF-8 is written byte by byte. No text is a variable."""
    return text.encode().decode("latin-1").replace("{{", r"\{\{").replace("}}", r"\}\}")


def _handler(sending: Sending, ended: str) -> Iterator[str]:
    """What is done with the answer, as a script: in httpYac all checks; elsewhere that of the status, and the values
    that are kept.
    """
    if not sending.is_test and not sending.keeps:
        return
    scenario = {"scenario": ended} if ended and sending.role == "step" else {}
    name = "check" if sending.is_test else "keep"
    first, *lines, last = as_literal({**expected_of(sending), **scenario})
    called = f'  require("./casecraft.js").{name}({{ client, request, response }}, expected);'
    script = [f"const expected = {first}", *lines, f"{last};", 'if (typeof require === "function") {', called]
    otherwise = [*(_status_test(sending) if sending.is_test else ()), *_keeping(sending)]
    script += ["} else {", *(f"  {line}" for line in otherwise), "}"]
    yield "\n> {%\n" + "".join(f"{line}\n" for line in script) + "%}\n"


def _status_test(sending: Sending) -> Iterator[str]:
    wanted = " or ".join(map(str, sending.expect.status))
    matches = f"/{status_pattern(sending.expect)}/.test(response.status)"
    yield f'client.test("the status is {wanted}", () => client.assert({matches}, `it is ${{response.status}}`));'


def _keeping(sending: Sending) -> Iterator[str]:
    for name, source in sending.keeps.items():
        yield f'client.global.set("{name}", {_value_at(source)});'


def _value_at(source: str) -> str:
    """A value of the answer, in JavaScript. Names are written so that nothing in them can end the script."""
    if source.startswith("header:"):
        name, _, part = source.removeprefix("header:").partition("#")
        value = f"response.headers.valueOf({_literal(name.lower())})"
        return f'decodeURIComponent({value}.split(/[?#]/)[0].split("/").filter(Boolean).pop())' if part else value
    names = [name.replace("~1", "/").replace("~0", "~") for name in source.split("/")[1:]]
    return "response.body" + "".join(f"?.[{_literal(name)}]" for name in names)


def _literal(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_ .\"\\-]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text))
