"""The `postman` format: a collection and an environment for Postman and newman."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from casecraft.suites.credential_variables import own_variables
from casecraft.suites.documented import documented_answers
from casecraft.suites.javascript import as_literal, expected_of, read_checks
from casecraft.suites.json_text import to_json
from casecraft.suites.outgoing import Slot, Text, has_variables, write_text
from casecraft.suites.plan import Group, Plan, Sending, make_plan
from casecraft.suites.suite import Entry, Suite
from casecraft.suites.templating import as_markdown, one_line, read_template, render_template

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_FOLDER = "postman"
_BEHAVIOR = {
    "followRedirects": False,
    "disableBodyPruning": True,
    "disableCookies": True,
    "disableUrlEncoding": True,
}
_BLANK_TYPE = {"disabledSystemHeaders": {"content-type": True}}
_VARIABLE = re.compile(r"\{\{.*\}\}", re.DOTALL)


def write_postman(suite: Suite, entries: tuple[Entry, ...]) -> Iterator[tuple[str, bytes]]:
    """A Postman collection (v2.1) with its environment, which newman runs.

    The folders are the tags, and in them the endpoints. What must exist for the cases is made in a folder before them
    and removed in one after them.
    """
    plan = make_plan(suite, entries)
    variables = own_variables(entries)
    yield f"{_FOLDER}/collection.json", to_json(_collection(suite, entries, plan))
    yield f"{_FOLDER}/environment.json", to_json(_environment(suite, plan, variables))
    yield (
        f"{_FOLDER}/README.md",
        render_template(
            "postman/README.md.j2",
            title=as_markdown(suite.document.title),
            variables=_names_of(plan, variables),
            obstacles=[(as_markdown(name), as_markdown(reason)) for name, reason in plan.left_out(find_obstacle)],
        ),
    )


def find_obstacle(sending: Sending) -> str | None:
    """Why Postman cannot send a request as it is; None where it can."""
    if sending.obstacle:
        return sending.obstacle
    if has_variables(sending.outgoing):
        return "Postman would take what stands in double braces in the body for a variable"
    texts = [(name, text) for name, text in sending.outgoing.headers]
    if sending.outgoing.body is not None and not sending.outgoing.is_json:
        texts.append(("the body", sending.outgoing.body))
    for name, text in texts:
        plain = write_text(text, lambda _: "")
        if _VARIABLE.search(plain):
            return f"Postman would take what stands in double braces in {name} for a variable"
        if not _is_unicode(plain):
            return f"Postman has no way to write half of a surrogate pair in {name}"
    return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _names_of(plan: Plan, own: Iterable[str]) -> list[str]:
    sendings = [*plan.set_up, *(one for group in plan.groups() for one in group.sendings), *plan.clean_up]
    names = {slot.name for one in sendings for slot in one.outgoing.slots if slot.name.startswith("CASECRAFT_")}
    return sorted(names.union(own))


def _environment(suite: Suite, plan: Plan, own: Iterable[str]) -> dict[str, Any]:
    secrets = [{"key": name, "value": "", "type": "secret", "enabled": True} for name in _names_of(plan, own)]
    base_url = {"key": "baseUrl", "value": "http://localhost:8000", "type": "default", "enabled": True}
    return {
        "generator": "casecraft",
        "name": f"{one_line(suite.document.title) or 'API'} (casecraft)",
        "values": [base_url, *secrets],
        "_postman_variable_scope": "environment",
    }


def _collection(suite: Suite, entries: tuple[Entry, ...], plan: Plan) -> dict[str, Any]:
    title = one_line(suite.document.title) or "API"
    return {
        "info": {
            "name": title,
            "description": "API tests made by casecraft. README.md beside this file says how to run them.",
            "schema": SCHEMA,
        },
        "item": list(_folders(plan)),
        "event": [
            _event("prerequest", read_template("postman/prerequest.js").decode().splitlines()),
            _event("test", [*read_checks(as_module=False).decode().splitlines(), "", *_test_script()]),
        ],
        "variable": [{"key": "documented", "value": json.dumps(documented_answers(entries), separators=(",", ":"))}],
        "protocolProfileBehavior": _BEHAVIOR,
    }


def _test_script() -> list[str]:
    return read_template("postman/test.js").decode().splitlines()


def _folders(plan: Plan) -> Iterator[dict[str, Any]]:
    if plan.set_up:
        yield {"name": "Set-up", "item": [_item(one) for one in plan.set_up]}
    for tag, endpoints in plan.tags.items():
        folders = [_endpoint_folder(name, groups) for name, groups in endpoints.items()]
        yield {"name": tag, "item": [folder for folder in folders if folder["item"]]}
    scenarios = [_group_folder(group, ends=True) for group in plan.scenarios if _is_sendable(group)]
    if scenarios:
        yield {"name": "Scenarios", "item": scenarios}
    if plan.clean_up:
        yield {"name": "Clean-up", "item": [_item(one) for one in plan.clean_up]}


def _endpoint_folder(name: str, groups: Iterable[Group]) -> dict[str, Any]:
    sendable = [group for group in groups if _is_sendable(group)]
    items = [_item(group.sendings[0]) if len(group.sendings) == 1 else _group_folder(group) for group in sendable]
    return {"name": name, "item": items}


def _group_folder(group: Group, *, ends: bool = False) -> dict[str, Any]:
    name = group.id if ends else None
    return {"name": f"{group.title} ({group.id})", "item": [_item(one, name) for one in group.sendings]}


def _is_sendable(group: Group) -> bool:
    return not any(map(find_obstacle, group.sendings))


def _item(sending: Sending, scenario: str | None = None) -> dict[str, Any]:
    """A request; as a step of a scenario it is skipped once an earlier one has failed."""
    is_blank = not any(name.lower() == "content-type" for name, _ in sending.outgoing.headers)
    return {
        "name": f"{sending.title} ({sending.id})",
        "request": _request(sending),
        "event": [_event("prerequest", list(_before(sending, scenario)))],
        "protocolProfileBehavior": {**_BEHAVIOR, **(_BLANK_TYPE if is_blank else {})},
    }


def _event(listen: str, lines: list[str]) -> dict[str, Any]:
    return {"listen": listen, "script": {"type": "text/javascript", "exec": lines}}


def _before(sending: Sending, scenario: str | None) -> Iterator[str]:
    """What the test of the collection holds the answer to."""
    facts = expected_of(sending)
    if not sending.is_test:
        facts["is_test"] = False
    elif scenario:
        facts["scenario"] = scenario
    if sending.outgoing.repeats:
        repeats = json.dumps([asdict(part) for part in sending.outgoing.repeats])
        yield f'pm.variables.set("repeatedBody", {repeats}.map(({{ text, times }}) => text.repeat(times)).join(""));'
    first, *lines, last = as_literal(facts)
    yield f'pm.variables.set("expected", JSON.stringify({first}'
    yield from lines
    yield f"{last}));"
    if "scenario" in facts:
        yield f'if (pm.variables.get("ended") === {json.dumps(scenario)}) pm.execution.skipRequest();'


def _request(sending: Sending) -> dict[str, Any]:
    outgoing = sending.outgoing
    request: dict[str, Any] = {"method": outgoing.method, "header": [], "url": _url(sending)}
    for name, text in outgoing.headers:
        request["header"].append({"key": name, "value": _text(_as_latin1(text))})
    if outgoing.repeats:
        request["body"] = {"mode": "raw", "raw": "{{repeatedBody}}"}
    elif outgoing.body is not None:
        raw = _json(outgoing.body) if outgoing.is_json else _text(outgoing.body)
        request["body"] = {"mode": "raw", "raw": raw}
        if outgoing.is_json:
            request["body"]["options"] = {"raw": {"language": "json"}}
    return request


def _url(sending: Sending) -> dict[str, Any]:
    outgoing = sending.outgoing
    url: dict[str, Any] = {
        "raw": "{{baseUrl}}" + _text(outgoing.url),
        "host": ["{{baseUrl}}"],
        "path": _text(outgoing.path).removeprefix("/").split("/"),
    }
    if outgoing.query:
        url["query"] = [{"key": name, "value": None if text is None else _text(text)} for name, text in outgoing.query]
    return url


def _text(text: Text) -> str:
    return write_text(text, _variable)


def _json(text: Text) -> str:
    """JSON in which no text can be taken for a variable."""
    return write_text(text, _variable, lambda plain: plain.replace("{{", "\\u007b\\u007b"))


def _variable(slot: Slot) -> str:
    return "{{" + slot.name + ("" if slot.form == "text" else f".{slot.form}") + "}}"


def _as_latin1(text: Text) -> Text:
    """Header values go out with a byte for each character: UTF-8 is written byte by byte."""
    return tuple(part if isinstance(part, Slot) else part.encode().decode("latin-1") for part in text)
