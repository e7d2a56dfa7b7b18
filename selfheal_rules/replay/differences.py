"""Two rule sets on one record: what the one decides and the other does not, or not so, or not then."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Literal, TypeAlias

from attrs import frozen

from selfheal_rules.decide.decision import Decision
from selfheal_rules.decide.evidence import Evidence, plain
from selfheal_rules.values import Value, canonical

Change: TypeAlias = Literal["added", "removed", "moved", "verdict", "params"]
About: TypeAlias = tuple[str, str, str, str, str]
Root: TypeAlias = tuple[Value | datetime, ...]
Roots: TypeAlias = dict[Root, datetime]
Paired: TypeAlias = tuple[list[tuple[Decision, Decision]], list[Decision], list[Decision]]


@frozen
class Difference:
    """
    One decision that is not the same under both: `was` under the old rules, `now` under the new ones.

    `added` and `removed` have the one or the other. `moved` is the same step on the same target at another time, for
    one cause: the latest thing that one of the two rests on is among what the other does. `verdict` is at the same time
    with another verdict, `params` with other parameters.
    """

    change: Change
    was: Decision | None = None
    now: Decision | None = None

    @property
    def one(self) -> Decision:
        """The decision under the new rules, or the old where there is none."""
        found = self.now or self.was
        assert found is not None  # noqa: S101 - one of the two is there
        return found

    def head(self) -> dict[str, Any]:
        """Give what tells it from others: what an acceptance speaks of."""
        one = self.one
        return {
            "change": self.change,
            "ruleset": one.ruleset,
            "rule": one.rule,
            "action": one.action,
            "target": plain(one.target),
            "was": _head(self.was),
            "now": _head(self.now),
        }

    def to_json(self) -> dict[str, Any]:
        """Give the difference as `--format json` prints it, both decisions with their evidence."""
        decisions = {
            "old": self.was.to_json() if self.was else None,
            "new": self.now.to_json() if self.now else None,
        }
        return {**self.head(), **decisions}


def _head(decision: Decision | None) -> dict[str, Any] | None:
    if decision is None:
        return None
    verdict = decision.verdict
    said = {"time": decision.time.isoformat(), "verdict": verdict.status, "guard": verdict.guard}
    return {**said, "params": plain(decision.params)} if decision.params else said


def differences(old: Iterable[Decision], new: Iterable[Decision]) -> tuple[Difference, ...]:
    """
    Compare what two rule sets decide on one record, in the order of time.

    Decisions of one step of one rule about one target are held against each other: those of one instant first, then
    those of one id, then those of one cause, in order.
    """
    befores, afters = _by_subject(old), _by_subject(new)
    found = [
        difference
        for subject in dict.fromkeys([*befores, *afters])
        for difference in _compared(befores.get(subject, []), afters.get(subject, []))
    ]
    return tuple(sorted(found, key=lambda one: (one.one.at, one.one.rule, canonical(plain(one.one.target)))))


def _by_subject(decisions: Iterable[Decision]) -> dict[About, list[Decision]]:
    found: dict[About, list[Decision]] = {}
    for one in decisions:
        about = (one.ruleset, one.rule, one.step, one.action, canonical(plain(one.target)))
        found.setdefault(about, []).append(one)
    return found


def _compared(old: list[Decision], new: list[Decision]) -> Iterator[Difference]:
    """Pair what is about one thing: by instant and attempt, what is left by id and attempt, the rest by its cause."""
    for naming in (_by_time, _by_id):
        pairs, old, new = _paired(old, new, naming)
        for was, now in pairs:
            yield from _within(was, now)
    for before, after in _of_one_cause(old, new):
        if before is None or after is None:
            yield Difference("added" if before is None else "removed", before, after)
        else:
            yield from _within(before, after)


def _by_time(one: Decision) -> object:
    return one.at, one.attempt, one.words


def _by_id(one: Decision) -> object:
    return one.id, one.attempt, one.words


def _paired(old: list[Decision], new: list[Decision], naming: Callable[[Decision], object]) -> Paired:
    """Give the pairs of one name, and what is left of both."""
    named: dict[object, deque[Decision]] = {}
    for was in old:
        named.setdefault(naming(was), deque()).append(was)
    pairs, left = [], []
    for now in new:
        waiting = named.get(naming(now))
        if waiting:
            pairs.append((waiting.popleft(), now))
        else:
            left.append(now)
    kept = {id(was) for waiting in named.values() for was in waiting}
    return pairs, [was for was in old if id(was) in kept], left


def _of_one_cause(old: list[Decision], new: list[Decision]) -> Iterator[tuple[Decision | None, Decision | None]]:
    """Give each of the old ones with the first of the new ones that has its cause, and those that stand alone."""
    left = [(now, _roots(now.because)) for now in new]
    for was in old:
        roots = _roots(was.because)
        place = next((n for n, (_, other) in enumerate(left) if _is_one_cause(roots, other)), None)
        yield was, None if place is None else left.pop(place)[0]
    for now, _ in left:
        yield None, now


def _is_one_cause(one: Roots, other: Roots) -> bool:
    return any(latest in some for latest, some in ((_latest(one), other), (_latest(other), one)))


def _latest(roots: Roots) -> Root | None:
    return max(roots, key=lambda root: roots[root], default=None)


def _roots(because: Iterable[Evidence]) -> Roots:
    """Give what evidence comes down to, each with its time: items that were posted."""
    found: Roots = {}
    for one in because:
        below = _roots(one.because)
        name = (one.source, one.id) if one.form == "event" else (one.kind, *one.key, one.time)
        found |= below or {name: one.time}
    return found


def _within(was: Decision, now: Decision) -> Iterator[Difference]:
    if was.at != now.at:
        yield Difference("moved", was, now)
    elif (was.verdict.status, was.verdict.guard) != (now.verdict.status, now.verdict.guard):
        yield Difference("verdict", was, now)
    elif was.params != now.params:
        yield Difference("params", was, now)
