"""Values that go into XML bodies when a suite runs, in every format that runs."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from casecraft.core.case import RUN, Binding, CaseRequest, Expectation, Source
from casecraft.core.endpoint import Response
from casecraft.core.scenario import Resource, Scenario, Step
from casecraft.suites import render
from tests.suites.consumers import Run, run_bruno, run_curl, run_httpyac, run_jest, run_newman, run_pytest
from tests.suites.running import Answer, Echo
from tests.suites.samples import make_case, make_endpoint, make_result, make_suite

pytestmark = pytest.mark.slow

RUNNERS: dict[str, Callable[..., Run]] = {
    "pytest": run_pytest,
    "jest": run_jest,
    "postman": run_newman,
    "bruno": run_bruno,
    "http": run_httpyac,
    "curl": run_curl,
}
ODD = 'a&b <c> "d" $& \\1'
XML = '<toy pet="[bound-1]"><name>[bound-2]</name><name>[bound-2]</name></toy>'
OF_PET = Binding("/body#[bound-1]", "pet", "/id")
UNIQUE = Binding("/body#[bound-2]", RUN, "unique")


def sending(path: str) -> CaseRequest:
    return CaseRequest("POST", path, body=XML, content_type="application/xml")


@pytest.mark.parametrize("name", sorted(RUNNERS))
def test_values_take_the_place_of_their_marks(tmp_path: Path, echo: tuple[Echo, str], name: str) -> None:
    echo[0].answers[b"/pets"] = Answer(200, b'{"id": "a&b <c> \\"d\\" $& \\\\1"}')
    pets, toys, again = (make_endpoint("POST", path, responses=(Response("200"),)) for path in ("/pets", "/t", "/u"))
    expect = Expectation((200,), check_schema=False)
    made = Step("pet", "makes a pet", pets.id, CaseRequest("POST", "/pets"), expect)
    same = Binding("/body#[bound-2]", "first", "request:/body#[bound-2]")
    steps = (
        Step("first", "makes a toy", toys.id, sending("/t"), expect, (OF_PET, UNIQUE)),
        Step("second", "makes the same", again.id, sending("/u"), expect, (OF_PET, same)),
    )
    case = make_case("toy", request=sending("/t"), expect=expect, bindings=(OF_PET, UNIQUE))
    suite = make_suite(
        [make_result(pets), make_result(toys, case), make_result(again)],
        resources=(Resource("pet", made),),
        scenarios=(Scenario("life", "A toy", "P0", ("life",), steps, Source("rules")),),
    )
    render(suite, tmp_path / "suite", [name])
    run = RUNNERS[name](tmp_path / "suite", echo[1])
    assert run.verdicts["toy"] == "passed", run.output
    sent = [(one["path"], ET.fromstring(one["body"])) for one in echo[0].requests if one["path"] != b"/pets"]
    assert [path for path, _ in sent] in ([b"/t", b"/t", b"/u"], [b"/t", b"/u", b"/t"])
    for _, root in sent:
        assert root.attrib == {"pet": ODD}
        first, second = (element.text for element in root)
        assert first == second
        assert str(first).startswith("cc")
    texts = {path: [root[0].text for name, root in sent if name == path] for path in (b"/t", b"/u")}
    assert texts[b"/u"][0] in texts[b"/t"]
    assert len(set(texts[b"/t"])) == 2
