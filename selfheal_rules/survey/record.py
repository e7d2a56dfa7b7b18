"""Failures in a record, and which of them nothing was decided about."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from attrs import define, field, frozen

from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.decide.decision import Decision
from selfheal_rules.diagnostics import EventError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.normalize.cloudevents import to_cloudevent
from selfheal_rules.policy import Policy
from selfheal_rules.survey.gap import Gap, Seen
from selfheal_rules.survey.roots import Identity, identity, roots
from selfheal_rules.survey.shipped import faults
from selfheal_rules.values import Value

NEAR = timedelta(minutes=15)
"""How far from a failure a decision about its target may be made, and still be taken for an answer to it."""


@frozen
class _Failure:
    """One failure: of which fault, when, about what, and by which item it was told."""

    fault: str
    source: str
    time: datetime
    target: Value
    identity: Identity
    example: str


@define(eq=False, repr=False)
class Record:
    """
    A record as it is read: what the rules decide over it, and every failure in it.

    The rules are run in shadow, so that every step is decided; what was decided at the time is not looked at.
    """

    program: Program
    looked_at: int = 0
    _rules: Engine = field(init=False)
    _faults: Engine = field(init=False)
    _failures: list[_Failure] = field(factory=list)
    _evidence: dict[Identity, datetime] = field(factory=dict)
    """The items that decisions rest on, each with when the last of these was made."""
    _targets: dict[Value, list[datetime]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Begin with nothing read."""
        self._rules = Engine(self.program, max_ahead=None, policy=Policy("survey"))
        self._faults = Engine(compile_rules(faults()), max_ahead=None, policy=Policy("survey"))

    def note(self, item: Event | State) -> None:
        """Look at an item."""
        self.looked_at += 1
        for decision in _posted(self._rules, item):
            self._decided(decision)
        for decision in _posted(self._faults, item):
            self._failures.append(_failure(decision, item))

    def close(self) -> None:
        """Let pass what rules wait for at the end."""
        now = self._rules.now
        for decision in self._rules.advance(now + NEAR) if now else ():
            self._decided(decision)

    def _decided(self, decision: Decision) -> None:
        for one in roots(decision.because):
            self._evidence[identity(one)] = decision.time
        if decision.target is not None:
            self._targets.setdefault(decision.target, []).append(decision.time)

    def unhandled(self) -> Iterator[Gap]:
        """Give what nothing was decided about, by fault and source."""
        groups: dict[tuple[str, str], list[_Failure]] = {}
        for one in self._failures:
            if not self._is_handled(one):
                groups.setdefault((one.fault, one.source), []).append(one)
        docs = {rule.id: rule.doc for rule in faults().rules}
        for (fault, source), found in groups.items():
            first, last = min(found, key=_time), max(found, key=_time)
            seen = Seen(len(found), first.time.isoformat(), last.time.isoformat(), first.example)
            reason = f"told by {source}: {docs[fault]}"
            cure = "write a rule that reads it, or say in the record of the site why nobody need to"
            yield Gap("unhandled", fault, reason, cure, seen=seen)

    def _is_handled(self, one: _Failure) -> bool:
        decided = self._evidence.get(one.identity)
        if decided is not None and decided >= one.time:
            return True
        return any(abs(time - one.time) <= NEAR for time in self._targets.get(one.target, ()))


def _posted(engine: Engine, item: Event | State) -> tuple[Decision, ...]:
    """Post an item to an engine that has its kind, of this shape; another vocabulary may have one of the same name."""
    if item.kind not in engine.program.vocabulary.kinds:
        return ()
    try:
        return tuple(engine.post(item))
    except EventError:
        return ()


def _time(one: _Failure) -> datetime:
    return one.time


def _failure(decision: Decision, item: Event | State) -> _Failure:
    (told,) = decision.because
    example = json.dumps(to_cloudevent(item), ensure_ascii=False)
    return _Failure(decision.rule, told.source, decision.time, decision.target, identity(told), example)
