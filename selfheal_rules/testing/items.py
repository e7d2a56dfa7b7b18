"""What is given to an engine in a test, from YAML: events, states, raw payloads, results of executors, controls."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, get_args

from attrs import define, evolve, field

from selfheal_rules.decide.control import Act, Control
from selfheal_rules.decide.decision import OutcomeStatus
from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import Event, State, checked
from selfheal_rules.parse import literals
from selfheal_rules.parse.fields import Fields, Keys, keyed
from selfheal_rules.parse.findings import Findings, did_you_mean
from selfheal_rules.parse.nodes import MapNode, Node, ScalarNode
from selfheal_rules.parse.suite import INPUTS
from selfheal_rules.testing.cases import DISPOSITIONS, Answer, Input, Said
from selfheal_rules.testing.expand import offset
from selfheal_rules.testing.payloads import Payloads
from selfheal_rules.testing.programs import Known
from selfheal_rules.testing.wanted import read_decision
from selfheal_rules.testing.words import word
from selfheal_rules.values import FrozenMap, Value
from selfheal_rules.vocabulary import FieldType, Kind

SOURCE = "test"
"""Who says what a test does not name the source of."""
WHO, WHY = "tester", "a test says so"
OWN = "own"
"""`at: own`: the items of a payload keep the times it says."""


@define(eq=False, repr=False)
class Items:
    """Reads the inputs of one case: ids of events are counted through it."""

    known: Known
    start: datetime
    payloads: Payloads
    findings: Findings = field(init=False)
    count: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        """Tell findings to whoever reads the payloads."""
        self.findings = self.payloads.findings

    def read(self, node: Node, at: timedelta, *, given: bool = False) -> Iterator[Input]:
        """Give what one item of `post` or `given` says, at a moment."""
        if not isinstance(node, MapNode):
            self.findings.refuse("SH020", f"an input is a mapping, not {literals.shape(node)}", node)
            return
        named = [name for name in INPUTS if name in node.entries]
        if len(named) != 1:
            self._refuse_name(node, named)
            return
        keys: Keys = INPUTS[named[0]]
        if given:
            keys = Keys(keys.what, keys.required, ("since", *keys.optional), keys.elsewhere, keys.meant)
        fields = keyed(node, self.beside(node, keys), self.findings)
        at -= offset(fields, "since", {}) or timedelta()
        disposition = word(fields, "disposition", DISPOSITIONS)
        for found in self._made(named[0], fields, at):
            yield Input(self._when(found, fields, at), found, disposition, span=fields.span)

    def beside(self, node: MapNode, keys: Keys) -> Keys:
        """Give the words of a mapping that says what is given: a field that stands beside them is told its place."""
        named = node.entries.get("event", node.entries.get("state"))
        kind = self.known.vocabulary.kinds.get(str(named.value)) if isinstance(named, ScalarNode) else None
        strange = [name for name in (kind.fields if kind else ()) if name not in keys.known]
        cures = {name: f"fields stand under `with`: write `with: {{{name}: …}}`" for name in strange}
        return evolve(keys, elsewhere=FrozenMap({**keys.elsewhere, **cures}))

    def _when(self, found: Event | State | Answer | Said, fields: Fields, at: timedelta) -> timedelta:
        """Give when an input comes: with its step, or, of a payload that keeps its times, when it says itself."""
        if not isinstance(found, Event | State) or not _keeps_its_times(fields):
            return at
        own = found.time - self.start
        if own > at:
            message = f"the payload says something of {found.time.isoformat()}, after the step it stands in"
            self.findings.refuse("SH413", message, fields.node, "let the step be later, or the clock start earlier")
        return min(own, at)

    def _refuse_name(self, node: MapNode, named: list[str]) -> None:
        if named:
            message = f"`{named[0]}` and `{named[1]}` are two inputs"
            self.findings.refuse("SH417", message, node.keys[named[1]], "write each as an item of `post`")
            return
        first = next(iter(node.entries), "")
        message = f"`{first}` is no input" if first else "an input says what is given"
        self.findings.refuse("SH417", message, node.keys.get(first, node), did_you_mean(first, INPUTS))

    def _made(self, name: str, fields: Fields, at: timedelta) -> Iterable[Event | State | Answer | Said]:
        if name == "payload":
            return self._payload(fields, at)
        read = {"event": self._event, "state": self._state, "result": self._result, "control": self._control}[name]
        found = read(fields, at)
        return () if found is None else (found,)

    # Events and states

    def _time(self, fields: Fields, at: timedelta) -> datetime:
        own = offset(fields, "at", {}) if fields.has("at") else at
        return self.start + (at if own is None else own)

    def _event(self, fields: Fields, at: timedelta) -> Event | State | None:
        self.count += 1
        kind = self._kind(fields, "event")
        ident, source = fields.text("id") or f"test-{self.count}", fields.text("source") or SOURCE
        time = self._time(fields, at)
        if kind is None:
            return None
        return self._checked(fields, kind, lambda read: Event(ident, kind.name, source, time, read))

    def _state(self, fields: Fields, at: timedelta) -> Event | State | None:
        kind = self._kind(fields, "state")
        source, cleared, time = fields.text("source") or SOURCE, fields.boolean("cleared"), self._time(fields, at)
        if kind is None:
            return None
        return self._checked(fields, kind, lambda read: State(kind.name, source, time, read, cleared))

    def _kind(self, fields: Fields, form: str) -> Kind | None:
        name, node = fields.name(form), fields.node_of(form)
        kind: Kind | None = self.known.vocabulary.kinds.get(name)
        if not name or node is None or (kind and kind.form == form and not name.startswith("selfheal.")):
            return kind if name else None
        kinds = [one.name for one in self.known.vocabulary.kinds.values() if one.form == form]
        message, cure = f"no rule set knows the {form} `{name}`", did_you_mean(name, kinds)
        if name.startswith("selfheal."):
            message, cure = (
                f"`{name}` is what the engine itself says",
                "a test cannot post it; `expect` what it follows",
            )
        elif kind:
            message, cure = f"`{name}` is of form {kind.form}", f"write `{kind.form}: {name}`"
        self.findings.refuse("SH414", message, node, cure)
        return None

    def _checked(self, fields: Fields, kind: Kind, make: Any) -> Event | State | None:  # noqa: ANN401 - either item
        """Read the fields as their kind declares them, and hold the item against it."""
        node = fields.node_of("with")
        before = len(self.findings.found)
        read = read_fields(node, kind, self.findings)
        if len(self.findings.found) > before or any(inner.faulty for inner in fields.node.entries.values()):
            return None
        try:
            found: Event | State = checked(make(read), self.known.vocabulary)
        except EventError as error:
            place = node.keys.get(error.field, node) if isinstance(node, MapNode) else fields.node
            self.findings.refuse("SH414", str(error), place, self._cure(error, kind))
            return None
        return found

    def _cure(self, error: EventError, kind: Kind) -> str:
        if error.field in kind.fields or error.field in kind.key:
            return f"add `{error.field}:` under `with`" if "needs" in str(error) else ""
        return did_you_mean(error.field, kind.fields)

    # Payloads

    def _payload(self, fields: Fields, at: timedelta) -> Iterable[Event | State]:
        node, source = fields.node_of("payload"), fields.text("source") or None
        time = None if _keeps_its_times(fields) else self._time(fields, at)
        if node is None:
            return ()
        return self.payloads.read(node, source, self.start + at, time, self.known.vocabulary)

    # Results and controls

    def _result(self, fields: Fields, _: timedelta) -> Answer | None:
        status = word(fields, "result", get_args(OutcomeStatus))
        of = read_decision(fields, self.known)
        detail, retryable = fields.text("detail"), fields.boolean("retryable")
        return None if status is None or of is None else Answer(status, of, detail, retryable)

    def _control(self, fields: Fields, at: timedelta) -> Said | None:
        act: Act | None = word(fields, "control", get_args(Act))
        who, why = fields.text("who") or WHO, fields.text("why") or WHY
        subject, until = fields.text("subject"), offset(fields, "until", {})
        of = read_decision(fields, self.known) if act in {"approve", "refuse"} and not subject else None
        if act is None or (of is None and act in {"approve", "refuse"} and not subject):
            return None
        try:
            end = None if until is None else self.start + until
            Control(act, who, why, self.start + at, subject or ("?" if of else ""), end)
        except EventError as error:
            cure = {"subject": "add `subject:`", "until": "add `until:`"}.get(error.field, "")
            self.findings.refuse("SH421", str(error), fields.node, cure)
            return None
        return Said(act, who, why, subject, of, until)


def _keeps_its_times(fields: Fields) -> bool:
    node = fields.node_of("at")
    return fields.has("payload") and isinstance(node, ScalarNode) and node.value == OWN


def read_fields(node: Node | None, kind: Kind, findings: Findings) -> FrozenMap:
    """Read the fields under `with` as a kind declares them."""
    if node is None:
        return FrozenMap()
    if not isinstance(node, MapNode):
        findings.refuse("SH020", f"`with` takes a mapping, not {literals.shape(node)}", node)
        return FrozenMap()
    found: dict[str, Value] = {}
    for name, inner in node.entries.items():
        value = literals.plain(inner, name, findings)
        declared = kind.fields.get(name)
        try:
            found[name] = typed(declared.type, value) if declared else value
        except (ValueError, OverflowError) as error:
            findings.refuse("SH414", f"field `{name}` of `{kind.name}`: {error}", inner)
    return FrozenMap(found)


def typed(expected: FieldType, value: Value) -> Value:
    """
    Give a value as its type has it: times and durations are written as texts.

    Raises:
        ValueError: where a text is neither.
    """
    if expected.name in {"time", "duration"} and isinstance(value, str):
        return expected.literal(value)
    inner = expected.element
    if inner and expected.name == "list" and isinstance(value, tuple):
        return tuple(typed(inner, one) for one in value)
    if inner and expected.name == "map" and isinstance(value, FrozenMap):
        return FrozenMap({name: typed(inner, one) for name, one in value.items()})
    return value
