"""The `curl` format: shell scripts that send with curl and print TAP."""

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

from casecraft.core.endpoint import Endpoint
from casecraft.core.scenario import Listing
from casecraft.suites.cases import find_required_headers
from casecraft.suites.credential_variables import own_variables
from casecraft.suites.outgoing import Slot, Text, join_text, write_text
from casecraft.suites.plan import Group, Plan, Sending, make_plan, status_pattern
from casecraft.suites.request_text import wire_text
from casecraft.suites.suite import Entry, Suite
from casecraft.suites.templating import as_markdown, one_line, read_template, render_template

_FOLDER = "curl"
_HEAD = "# Made by casecraft.\n# shellcheck shell=bash disable=SC2016,SC2154\n"
_LONGEST = 4000  # characters of a body that stands in the script itself
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_GLOB = re.compile(r"([?+@!\[\]()\\])")
_ESCAPED = r"\\\1"
_SCENARIOS = "scenarios--life-cycles"


def write_curl(suite: Suite, entries: tuple[Entry, ...]) -> Iterator[tuple[str, bytes]]:
    """Shell scripts that send with curl, which print TAP.

    `run.sh` runs them: one for each first tag. Long bodies and those with control characters are in files.
    """
    plan = make_plan(suite, entries)
    scripts = {tag: _Script(suite.listings) for tag in plan.tags}
    for tag, endpoints in plan.tags.items():
        scripts[tag].add_endpoints(endpoints.values())
    if plan.scenarios:
        scripts[_SCENARIOS] = _Script(suite.listings)
        scripts[_SCENARIOS].add_scenarios(plan.scenarios)
    files = {f"tags/{tag}.sh": script for tag, script in scripts.items()}
    for name, sendings in (("set-up.sh", plan.set_up), ("clean-up.sh", plan.clean_up)):
        if sendings:
            files[name] = _Script(suite.listings)
            files[name].add_group(sendings)
    for name, script in files.items():
        yield f"{_FOLDER}/{name}", _as_bytes(_HEAD + "".join(script.lines))
        for body, content in script.bodies.items():
            yield f"{_FOLDER}/{body}", content
    yield f"{_FOLDER}/casecraft.sh", read_template("curl/casecraft.sh")
    facts = {"set_up": bool(plan.set_up), "clean_up": bool(plan.clean_up)}
    yield f"{_FOLDER}/run.sh", render_template("curl/run.sh.j2", tags=list(scripts), **facts)
    yield f"{_FOLDER}/README.md", _readme(suite, entries, plan, list(scripts))


def _readme(suite: Suite, entries: tuple[Entry, ...], plan: Plan, tags: Sequence[str]) -> bytes:
    return render_template(
        "curl/README.md.j2",
        title=as_markdown(suite.document.title),
        variables=own_variables(entries),
        tags=tags,
        obstacles=[
            (as_markdown(name), as_markdown(reason)) for name, reason in plan.left_out(lambda sending: sending.obstacle)
        ],
    )


class _Script:
    """The lines of a script, and the bodies of its requests that have files of their own."""

    def __init__(self, listings: Mapping[str, Listing]) -> None:
        self.lines: list[str] = []
        self.bodies: dict[str, bytes] = {}
        self._endpoint = ""
        self._listings = listings

    def add_endpoints(self, endpoints: Iterable[tuple[Group, ...]]) -> None:
        for groups in endpoints:
            for group in groups:
                self.add_group(group.sendings)

    def add_scenarios(self, scenarios: Iterable[Group]) -> None:
        for group in scenarios:
            self.lines.append(f"\nscenario {shlex.quote(one_line(group.title))}\n")
            self.add_group(group.sendings)

    def add_group(self, sendings: Sequence[Sending]) -> None:
        if any(sending.obstacle for sending in sendings):
            return
        for sending in sendings:
            self._add_endpoint(sending.endpoint)
            self.lines += _announcement(sending)
            self.lines += _more(sending, self._listings.get(sending.endpoint.id))
            self.lines += [f"unique {name} {kind}\n" for name, kind in sending.uniques.items()]
            self.lines += self._request(sending)
            self.lines += [f"keep {name} {shlex.quote(_source(source))}\n" for name, source in sending.keeps.items()]

    def _add_endpoint(self, endpoint: Endpoint) -> None:
        lines = [["endpoint", one_line(endpoint.id), *_types(endpoint)]]
        if headers := list(_headers(endpoint)):
            lines.append(["headers", *headers])
        if listing := self._listings.get(endpoint.id):
            lines.append(["listing", _path(listing.items)])
        text = "".join(f"{shlex.join(line)}\n" for line in lines)
        if text != self._endpoint:
            self._endpoint = text
            self.lines.append(f"\n{text}")

    def _request(self, sending: Sending) -> Iterator[str]:
        outgoing = sending.outgoing
        yield f"send {shlex.quote(outgoing.method)} {_word(outgoing.url)}"
        names = {name.lower() for name, _ in outgoing.headers}
        for name, text in outgoing.headers:
            yield f" \\\n  {_word(join_text([f'{name}: ', *text]) if text else (f'{name};',))}"
        if "content-type" not in names and outgoing.body is not None:
            yield " \\\n  'Content-Type:'"
        for part in outgoing.repeats:
            yield f" \\\n  --body-part {shlex.quote(part.text)} {part.times}"
        if outgoing.body is not None and not outgoing.repeats:
            yield f" \\\n  {self._body(sending, outgoing.body)}"
        yield "\n"

    def _body(self, sending: Sending, body: Text) -> str:
        text = write_text(body, lambda _: "")
        has_slots = any(isinstance(part, Slot) for part in body)
        if not has_slots and (len(text) > _LONGEST or _UNPRINTABLE.search(text)):
            name = f"bodies/{re.sub('[^A-Za-z0-9._-]', '-', sending.id)}.{len(self.bodies)}.txt"
            self.bodies[name] = _as_bytes(text)
            return f"--body-file {name}"
        return f"--body {_word(body)}"


def _announcement(sending: Sending) -> Iterator[str]:
    """What the request is for, what is expected of its answer, and the variables that it needs."""
    role = ("check" if sending.expect.check_schema else "check_status") if sending.is_test else "prepare"
    title = re.sub(r"([\\#])", r"\\\1", one_line(sending.title))
    needed = [slot.name for slot in sending.needs]
    words = [
        role,
        shlex.quote(one_line(sending.id)),
        shlex.quote(title),
        shlex.quote(status_pattern(sending.expect)),
        *needed,
    ]
    yield f"\n{' '.join(words)}\n"


def _more(sending: Sending, listing: Listing | None) -> Iterator[str]:
    """What else is said of a request and its answer, a line for each."""
    if not sending.valid:
        yield "invalid\n"
    if attacks := [target for target in sending.targets if target.startswith("security:")]:
        yield f"looks_for {shlex.join(map(one_line, attacks))}\n"
    for pointer, value in sending.values.items():
        yield f"has_value {shlex.quote(_path(pointer))} {shlex.quote(json.dumps(value))}\n"
    for name, value in sending.read_only.items():
        yield f"sets_read_only {shlex.quote(name)} {shlex.quote(json.dumps(value))}\n"
    yield from _asked(sending, listing)


def _asked(sending: Sending, listing: Listing | None) -> Iterator[str]:
    for name, value in sending.query.items():
        if not isinstance(value, list | dict):
            asks = "most" if listing and name == listing.limit else "only"
            wanted = f'"${value.name}"' if isinstance(value, Slot) else shlex.quote(wire_text(value))
            yield f"asks_for {asks} {shlex.quote(name)} {wanted}\n"


def _headers(endpoint: Endpoint) -> Iterator[str]:
    """`STATUS=NAME` for each header that answers must have."""
    for status, names in find_required_headers(endpoint).items():
        yield from (f"{status.upper()}={name}" for name in names)


def _types(endpoint: Endpoint) -> Iterator[str]:
    """`STATUS=TYPE` for each documented content type, as a pattern of the shell's; `STATUS=` where there is none."""
    for response in endpoint.responses:
        kinds = [media.content_type.partition(";")[0].strip().lower() for media in response.media_types]
        for kind in kinds or [""]:
            yield f"{response.status.upper()}={_GLOB.sub(_ESCAPED, kind)}"


def _source(source: str) -> str:
    if source.startswith("header:"):
        return source
    return _path(source)


def _path(pointer: str) -> str:
    """The names of a JSON pointer, as JSON."""
    return json.dumps([name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]])


def _word(text: Text) -> str:
    """A text as one word of the shell: what is no slot stands in single quotes."""
    return write_text(text, _slot, shlex.quote) or "''"


def _slot(slot: Slot) -> str:
    match slot.form:
        case "text":
            return f'"${slot.name}"'
        case "json":
            return f'"${slot.name}_json"'
        case "xml":
            return f'"$(as_xml "${slot.name}")"'
        case "base64":
            return f'"$(base64_of "${slot.name}")"'
        case _:
            return f'"$(percent "${slot.name}")"'


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
