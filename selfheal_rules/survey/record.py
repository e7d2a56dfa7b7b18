"""Failures in a record, and which of them nothing was decided about."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from attrs import define, field, frozen

from selfheal_rules.check.alternatives import denies, shared_type
from selfheal_rules.check.domains import truth
from selfheal_rules.check.possible import by_field
from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.decide.decision import Decision
from selfheal_rules.diagnostics import EventError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.model import Pattern
from selfheal_rules.normalize.cloudevents import to_cloudevent
from selfheal_rules.policy import Policy
from selfheal_rules.survey.gap import Gap, Seen
from selfheal_rules.survey.readers import Placed, Readers, blocking, is_plain, names
from selfheal_rules.survey.roots import Identity, identity, roots
from selfheal_rules.survey.shipped import faults
from selfheal_rules.values import Value, lookup
from selfheal_rules.vocabulary import ATTRIBUTES

NEAR = timedelta(minutes=15)
"""How far from a failure a decision about its target may be made, and still be taken for an answer to it."""
_NAMED = 3
"""So many rules that read a failure are named."""


@frozen
class _Failure:
    """One failure: of which fault, when, about what, and by which item it was told."""

    fault: str
    source: str
    time: datetime
    target: Value
    identity: Identity
    example: str
    held: str = ""
    """Who read it all the same, and what may have held them back."""


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
    _readers: Readers = field(init=False)
    _against: frozenset[str] = field(init=False)
    """The kinds that hold some rule back."""

    def __attrs_post_init__(self) -> None:
        """Begin with nothing read."""
        self._rules = Engine(self.program, max_ahead=None, policy=Policy("survey"))
        self._readers = Readers.of(self.program.rulesets, self.program.vocabulary)
        rules = [one.view.rule for one in self._readers.rules]
        found = (kind for rule in rules for pattern in blocking(rule.when) for kind in pattern.kinds)
        self._against = frozenset(found) & self.program.vocabulary.kinds.keys()
        self._faults = Engine(compile_rules(faults()), max_ahead=None, policy=Policy("survey"))

    def note(self, item: Event | State) -> None:
        """Look at an item."""
        self.looked_at += 1
        for decision in _posted(self._rules, item):
            self._decided(decision)
        for decision in _posted(self._faults, item):
            self._failures.append(_failure(decision, item, self._held(item)))

    def _held(self, item: Event | State) -> str:
        """Say which rules read an item, and what that is there of the same thing may hold them back."""
        read = [one for one, pattern in self._readers.reading.get(item.kind, ()) if self._takes(one, pattern, item)]
        said = {value for value in item.fields.values() if isinstance(value, str)}
        standing = (one for kind in self._against for one in self._rules.states(kind))
        there = {one.kind for one in standing if not said.isdisjoint(_texts(one))}
        against = {
            kind
            for one in self._readers.after(read)
            for pattern in blocking(one.view.rule.when)
            for kind in pattern.kinds
        }
        by, more = names(read)[:_NAMED], len(names(read)) - _NAMED
        holding = ", ".join(f"`{kind}`" for kind in sorted(there & against))
        others = f" and {more} more" if more > 0 else ""
        told = f"read by {', '.join(f'`{name}`' for name in by)}{others}"
        return f"{told}, which {holding} may have held back" if holding else told if read else ""

    def _takes(self, one: Placed, pattern: Pattern, item: Event | State) -> bool:
        """Whether the plain leaves of a pattern are true of an item."""
        for path, tests in by_field(pattern).items():
            known = shared_type((item.kind,), path, self._readers.vocabulary)
            value = lookup(item.fields, path)
            for test in filter(is_plain, tests):
                if test.operator == "exists":
                    is_true = (value is None) == denies(test)
                else:
                    is_true = bool(known and value is not None and truth(test, value, known, one.ruleset) is not False)
                if not is_true and path[0] not in ATTRIBUTES:
                    return False
        return True

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
            held = tuple(dict.fromkeys(one.held for one in found if one.held))
            cure = "write a rule that reads it, or say in the record of the site why nobody need to"
            look = "look at what else these wait for, or what holds them back: `selfheal run` and `explain` tell"
            told = f"{reason}; {'; '.join(held)}" if held else reason
            yield Gap("unhandled", fault, told, look if held else cure, seen=seen)

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


def _texts(state: State) -> set[str]:
    return {value for value in state.fields.values() if isinstance(value, str)}


def _failure(decision: Decision, item: Event | State, held: str) -> _Failure:
    (told,) = decision.because
    example = json.dumps(to_cloudevent(item), ensure_ascii=False)
    return _Failure(decision.rule, told.source, decision.time, decision.target, identity(told), example, held)
