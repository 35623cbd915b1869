"""The lives of resources: made, read, changed, listed, removed, and asked for once more when they are gone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from casecraft.cases.scenarios.attachment import CONFLICT
from casecraft.cases.scenarios.changes import Change, choose_changes, telling_creation
from casecraft.cases.scenarios.fields import escape
from casecraft.cases.scenarios.graph import Operation
from casecraft.cases.scenarios.listings import find_listing
from casecraft.cases.scenarios.paths import collection_of, is_below, is_item, noun_of, places_of, readable_name
from casecraft.cases.scenarios.producers import Producer
from casecraft.cases.scenarios.registry import Registry, own_binding
from casecraft.cases.scenarios.uniqueness import unique_bindings
from casecraft.core.case import Binding, Case, Expectation, Priority, Scalar, Source
from casecraft.core.scenario import Scenario, Step

UNCHANGED, UNMET = 304, 412
ANY_TAG = "*"

_RULES = Source("rules")


def scenarios_of(registry: Registry) -> Iterator[Scenario]:
    """The scenarios of all resources that the suite makes, in the order of these."""
    for item, resource in registry.resources.items():
        if not registry.has_life(item):
            continue
        life = Life(registry, registry.producers[item], resource.id)
        found = (life.whole(), life.after_removal(), life.of_child(), life.cleared(), life.page(), life.lost_update())
        yield from (it for it in found if it is not None)


@dataclass(frozen=True, slots=True)
class Life:
    """The steps that one kind of resource can go through. Parents are the suite's shared resources."""

    registry: Registry
    producer: Producer
    name: str

    def whole(self) -> Scenario | None:
        """Made, read, changed, read again, listed, removed, gone; what the document has of it."""
        create, values = telling_creation(self.registry.graph, self.producer, self._creation())
        steps = [create]
        read = self._operation("GET")
        if read is not None:
            steps.append(self._step("read", "Read it", read, values=values))
        for number, change in enumerate(self._changes(create)):
            mark = f"-{number + 1}" if number else ""
            steps.append(self._step(f"change{mark}", "Change it", change.operation, change.case))
            if read is not None:
                steps.append(self._step(f"read-changed{mark}", "Read the change", read, values=change.values))
        listing = self._listing()
        if listing is not None:
            steps.append(self._step("list", "List them", listing))
        steps += self._end(read)
        if len(steps) == 1:
            return None
        return self._scenario("life", f"{self._noun.capitalize()}: its whole life", "P0", steps)

    def after_removal(self) -> Scenario | None:
        """Removed, then changed, used and removed once more: all of it finds nothing."""
        removal = self._operation("DELETE")
        if removal is None:
            return None
        steps = [self._creation(), self._step("remove", "Remove it", removal)]
        for change in self._changes(self._creation())[:1]:
            steps += self._gone("change-removed", "Change what is removed", change.operation, change.case)
        for operation in self._uses():
            steps += self._gone("use-removed", "Use what is removed", operation)
        steps += self._gone("remove-removed", "Remove it again", removal)
        if len(steps) == len(("create", "remove")):
            return None
        return self._scenario("after-removal", f"{self._noun.capitalize()}: after its removal", "P1", steps)

    def of_child(self) -> Scenario | None:
        """Gone with its parent."""
        parent = self._parent()
        read = self._operation("GET")
        if parent is None or read is None:
            return None
        removal = self.registry.graph.find("DELETE", parent.item)
        if removal is None:
            return None
        first, moved = self._parent_creation(parent)
        steps = [
            first,
            _moved(self._creation(), moved),
            _moved(self._step("remove-parent", "Remove what it belongs to", removal), moved),
            *(_moved(step, moved) for step in self._gone("read-orphan", "Read it when its parent is gone", read)),
        ]
        if len(steps) < len(("create-parent", "create", "remove-parent", "read-orphan")):
            return None
        scenario = self._scenario(
            "orphan", f"{self._noun.capitalize()}: gone with its {_noun(parent.item)}", "P1", steps
        )
        remove_parent = _cleanup(_moved(steps[2], moved))
        return replace(scenario, cleanup=(remove_parent,))

    def cleared(self) -> Scenario | None:
        """Gone when all of its kind are removed from a parent that was made for this alone."""
        parent = self._parent()
        read = self._operation("GET")
        clearing = self.registry.graph.find("DELETE", collection_of(self.producer.item))
        if parent is None or read is None or clearing is None or clearing.least.request.content_type is not None:
            return None
        gone = self._gone("read-cleared", "Read it when all are removed", read)
        if not gone:
            return None
        first, moved = self._parent_creation(parent)
        steps = [first, self._creation(), self._step("clear", "Remove all of them", clearing), *gone]
        steps = [_moved(step, moved) for step in steps]
        scenario = self._scenario("cleared", f"{self._noun.capitalize()}: gone when all are removed", "P1", steps)
        removal = self.registry.graph.find("DELETE", parent.item)
        last = self._step("remove-parent", "Remove what it belonged to", removal) if removal is not None else None
        return replace(scenario, cleanup=(_cleanup(_moved(last, moved)),) if last is not None else ())

    def lost_update(self) -> Scenario | None:
        """Changed only as it was read: not again with the tag of before. Not sent again where it is as it was."""
        read = self._operation("GET")
        change = next((it for it in self._changes(self._creation()) if _header(it.operation, "if-match", UNMET)), None)
        if read is None or change is None:
            return None
        steps = [self._creation(), self._step("read", "Read it", read)]
        if _header(read, "if-none-match", UNCHANGED):
            same = self._step("read-unchanged", "Read it unless it is as it was", read)
            steps.append(_under(same, _header(read, "if-none-match", UNCHANGED), (UNCHANGED,)))
        header = _header(change.operation, "if-match", UNMET)
        update = self._step("change", "Change it as it was read", change.operation, change.case)
        again = replace(update, id="change-again", title="Change it as it was before")
        # A change that changes nothing may leave the tag as it is.
        refused = (UNMET,) if change.values else (UNMET, *update.expect.status)
        steps += [_under(update, header, update.expect.status), _under(again, header, refused)]
        return self._scenario("lost-update", f"{self._noun.capitalize()}: no change is lost", "P1", steps)

    def page(self) -> Scenario | None:
        """Two are made, and a list of at most one is asked for."""
        listing = self._listing()
        facts = find_listing(self.registry.graph.shapes, listing.endpoint) if listing is not None else None
        if listing is None or facts is None or facts.limit is None:
            return None
        parameter = next(it for it in listing.endpoint.parameters if it.name == facts.limit)
        if not self.registry.graph.shapes.accepts(listing.endpoint.definitions, parameter.schema, 1):
            return None
        step = self._step("list", "List one of them", listing)
        one = replace(step.request, query={**step.request.query, facts.limit: 1})
        again = replace(self._creation(), id="create-second", title="Make another")
        steps = [self._creation(), again, replace(step, request=one)]
        scenario = self._scenario("page", f"{self._noun.capitalize()}: no more of them than asked for", "P1", steps)
        seconds = (_moved(each, {"create": "create-second"}) for each in scenario.cleanup)
        cleanup = (*scenario.cleanup, *(replace(each, id=f"{each.id}-second") for each in seconds))
        return replace(scenario, cleanup=cleanup)

    # Steps

    def _creation(self) -> Step:
        made = self.registry.resources[self.producer.item].create
        return replace(made, id="create", title="Make it", expect=_success(made.expect))

    def _parent_creation(self, parent: Producer) -> tuple[Step, dict[str, str]]:
        """The step that makes a parent for one scenario, and what turns bindings of the shared one to it."""
        resource = self.registry.resources[parent.item]
        first = replace(
            resource.create,
            id="create-parent",
            expect=_success(resource.create.expect),
            title=f"Make its {_noun(parent.item)}",
        )
        return first, {resource.id: "create-parent"}

    def _step(
        self,
        name: str,
        title: str,
        operation: Operation,
        case: Case | None = None,
        values: dict[str, Scalar] | None = None,
    ) -> Step:
        case = case or operation.least
        bindings = tuple(self._bindings(operation, case))
        expect = _success(case.expect)
        return Step(name, title, operation.endpoint.id, case.request, expect, bindings, values or {})

    def _changes(self, create: Step) -> list[Change]:
        updates = [self._operation(method) for method in ("PUT", "PATCH", "POST")]
        return choose_changes(self.registry.graph, self.producer, create.request.body, *updates)

    def _bindings(self, operation: Operation, case: Case) -> Iterator[Binding]:
        endpoint = operation.endpoint
        yield from self.registry.path_bindings(endpoint, but=self.producer.item)
        yield from own_binding(operation, self.producer, "create")
        if endpoint.method.upper() != "GET" and any(each.status == CONFLICT for each in endpoint.responses):
            yield from unique_bindings(self.registry.graph.shapes, endpoint, case.request)
        yield from self.registry.reference_bindings(endpoint, case.request)

    def _gone(self, name: str, title: str, operation: Operation, case: Case | None = None) -> list[Step]:
        """A step that finds nothing, where the document has an answer for that."""
        creates = operation.endpoint.method.upper() == "PUT" and operation.documents(201)
        if not operation.not_found or creates:
            return []
        step = self._step(name, title, operation, case)
        return [replace(step, expect=Expectation(operation.not_found, step.expect.check_schema))]

    def _end(self, read: Operation | None) -> list[Step]:
        removal = self._operation("DELETE")
        if removal is None:
            return []
        steps = [self._step("remove", "Remove it", removal)]
        return steps + (self._gone("read-removed", "Read it when it is gone", read) if read is not None else [])

    # What there is

    @property
    def _noun(self) -> str:
        return _noun(self.producer.item)

    def _operation(self, method: str) -> Operation | None:
        return self.registry.graph.find(method, self.producer.item)

    def _listing(self) -> Operation | None:
        return self.registry.graph.find("GET", collection_of(self.producer.item))

    def _uses(self) -> list[Operation]:
        """One action on the resource beside those on itself: the first of the paths right below it."""
        below = [
            operation
            for (method, shape), operation in self.registry.graph.operations.items()
            if method == "POST"
            and is_below(shape, self.producer.item)
            and collection_of(shape) == self.producer.item
            and not is_item(shape)
        ]
        return sorted(below, key=lambda operation: operation.endpoint.id)[:1]

    def _parent(self) -> Producer | None:
        shapes = [place.shape for place in places_of(self.producer.operation.endpoint.path)]
        made = {item for item in self.registry.resources if self.registry.has_life(item)}
        above = [shape for shape in shapes if shape != self.producer.item and shape in made]
        return self.registry.producers[above[-1]] if above else None

    def _scenario(self, kind: str, title: str, priority: Priority, steps: list[Step]) -> Scenario:
        removal = self._operation("DELETE")
        cleanup = (_cleanup(self._step("remove", "Remove it", removal)),) if removal is not None else ()
        name = f"{self.name}--{kind}"
        return Scenario(name, title, priority, (f"scenario:{name}",), tuple(steps), _RULES, cleanup)


def _noun(item: str) -> str:
    return " ".join(noun_of(item)) or readable_name(item)


def _success(expect: Expectation) -> Expectation:
    status = tuple(each for each in expect.status if str(each)[0] in "23")
    return replace(expect, status=status or ("2XX",))


def _header(operation: Operation, name: str, unmet: int) -> str:
    """What an operation calls a precondition header; "" where it has none, or no answer for when it is not met."""
    headers = (it.name for it in operation.endpoint.parameters if it.location == "header" and it.name.lower() == name)
    return next(headers, "") if operation.documents(unmet) else ""


def _under(step: Step, header: str, status: tuple[int | str, ...]) -> Step:
    """A step under the condition that what is there still has, or no longer has, the tag with which it was read."""
    request = replace(step.request, headers={**step.request.headers, header: ANY_TAG})
    binding = Binding(f"/headers/{escape(header)}", "read", "header:ETag")
    expect = Expectation(status, step.expect.check_schema)
    return replace(step, request=request, bindings=(*step.bindings, binding), expect=expect)


def _cleanup(step: Step) -> Step:
    return replace(step, id=f"cleanup-{step.id}")


def _moved(step: Step, moved: dict[str, str]) -> Step:
    """The step with the bindings of these resources turned to steps of the scenario."""
    bindings = tuple(
        replace(binding, step=moved[binding.step]) if binding.step in moved else binding for binding in step.bindings
    )
    return replace(step, bindings=bindings)
