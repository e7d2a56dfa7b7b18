"""A stream that makes two rules act on one target because of one item: put together, then tried in an engine."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import product
from typing import TypeAlias

from attrs import define, evolve, frozen

from selfheal_rules.actions import risk_of
from selfheal_rules.check.meeting import Meeting
from selfheal_rules.check.subject import Subject
from selfheal_rules.check.witness import Item, solved
from selfheal_rules.compile import Program
from selfheal_rules.decide.decision import Decision
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event
from selfheal_rules.model import Pattern, RuleSet
from selfheal_rules.policy import Policy
from selfheal_rules.survey.causes import Cause, Field
from selfheal_rules.survey.roots import identity, roots
from selfheal_rules.values import FrozenMap, Value, lookup

RuleName: TypeAlias = tuple[str, str]

_STEP = timedelta(milliseconds=1)
_WATCHED = timedelta(days=1)
_LONGER = timedelta(minutes=5)


@frozen(eq=False, repr=False)
class Act:
    """One way in which a rule acts: its cause, what it does, and the field its target is found in, `written` so."""

    rule: RuleName
    cause: Cause
    action: str
    target: Field
    written: str


@frozen
class Link:
    """A state of this kind says that what `inner` names is on what `outer` names, which is the target of the first."""

    kind: str
    inner: str
    outer: str
    is_first_whole: bool


@frozen
class Proof:
    """
    A stream, and what two rules did in it to one target because of the same item; `lead` is that of the first.

    Or, with another target of the second, to a thing and to what is on it, as a state of `kind` says.
    """

    items: tuple[Item, ...]
    kind: str
    """The kind of what both acted on because of."""
    target: Value
    first: tuple[str, ...]
    second: tuple[str, ...]
    lead: timedelta
    other: Value = None
    link: Link | None = None


def prove(first: Act, second: Act, program: Program, link: Link | None = None) -> Proof | None:
    """Give a proof that two acts overlap, as the engine decides; None where none was found."""
    matchings: Iterable[Mapping[int, int]] = _matchings(first.cause.parts, second.cause.parts)
    for matching in matchings if link is None else ({}, *matchings):
        items = _items(first, second, matching, program, link)
        found = _tried(items, first, second, program, link) if items else None
        if found:
            return found
    return None


def _matchings(some: Sequence[Pattern], others: Sequence[Pattern]) -> Iterator[Mapping[int, int]]:
    """Give ways to take parts of the second for parts of the first: as many as may be at once, then one at a time."""
    alike = [(i, j) for i, j in product(range(len(some)), range(len(others))) if common(some[i], others[j])]
    whole: dict[int, int] = {}
    for i, j in alike:
        if i not in whole.values() and j not in whole:
            whole[j] = i
    if whole:
        yield whole
    for i, j in alike if len(whole) > 1 or len(alike) > 1 else ():
        yield {j: i}


def common(some: Pattern, other: Pattern) -> str | None:
    """Give a kind both patterns wait for; None where there is none."""
    return next((kind for kind in some.kinds if some.form == other.form and kind in other.kinds), None)


def _items(
    first: Act, second: Act, matching: Mapping[int, int], program: Program, link: Link | None
) -> tuple[Item, ...]:
    """Give the items of both, those that are matched once, with one target; none where they cannot be."""
    parts = list(first.cause.parts)
    number: dict[int, int] = {}
    for at, pattern in enumerate(second.cause.parts):
        if at in matching:
            number[at] = matching[at]
            shared = common(parts[matching[at]], pattern)
            parts[matching[at]] = evolve(pattern, kinds=(shared or pattern.kinds[0],))
        else:
            number[at] = len(parts)
            parts.append(pattern)
    meeting = Meeting(Subject(RuleSet("survey", (), program.vocabulary), ()), parts)
    own, other = _Laid(meeting, {at: at for at in range(len(first.cause.parts))}), _Laid(meeting, number)
    wanted = [*own.lay(first.cause), *other.lay(second.cause)]
    targets = own.moved(first.target), other.moved(second.target)
    if link:
        wanted += _linked(meeting, link, targets)
    else:
        meeting.unite(*targets)
    if any(meeting.contradictions()):
        return ()
    often = own.often(first.cause) | other.often(second.cause)
    in_order = first.cause.in_order or second.cause.in_order
    inside = [*own.inside(first.cause), *other.inside(second.cause)]
    items = _filled(solved(meeting, wanted, timedelta(), in_order=in_order), inside, parts, in_order=in_order)
    return tuple(dict.fromkeys(one for item in items for one in _repeated(item, often)))


def _linked(meeting: Meeting, link: Link, targets: tuple[Field, Field]) -> list[Field]:
    """Let a state say that one target is on the other: the one that is asked for already, or one more."""
    whole, part = targets if link.is_first_whole else targets[::-1]
    number = next(
        (
            at
            for at, one in enumerate(meeting.patterns)
            if one.kinds == (link.kind,) and meeting.root((at, (link.inner,))) == meeting.root(part)
        ),
        len(meeting.patterns),
    )
    if number == len(meeting.patterns):
        meeting.patterns.append(Pattern("#there", "state", (link.kind,)))
    said = [(number, (link.inner,)), (number, (link.outer,))]
    meeting.unite(said[0], part)
    meeting.unite(said[1], whole)
    return [*said]


def _filled(
    items: tuple[Item, ...], inside: Sequence[tuple[Field, Field]], parts: Sequence[Pattern], *, in_order: bool
) -> tuple[Item, ...]:
    """Put into lists what they have to contain; items stand as `solved` gives them."""
    order = range(len(parts)) if in_order else sorted(range(len(parts)), key=lambda at: parts[at].form == "event")
    found = dict(zip(order, items, strict=False))
    for (at, path), (other, own) in inside if items else ():
        element = lookup(found[other].fields, own)
        found[at] = evolve(found[at], fields=FrozenMap({**found[at].fields, path[0]: (element,)}))
    return tuple(found[at] for at in order if at in found)


@define(eq=False, repr=False)
class _Laid:
    """A cause laid into a meeting, its parts under the numbers of the meeting."""

    meeting: Meeting
    number: Mapping[int, int]

    def moved(self, one: Field) -> Field:
        """Give a field of the cause as one of the meeting."""
        return self.number[one[0]], one[1]

    def lay(self, cause: Cause) -> list[Field]:
        """Ask all that the cause asks for, and give the fields it wants to be there."""
        for place, test in cause.tests:
            self.meeting.tests.setdefault(self.moved(place), []).append(test)
        for left, right in cause.equal:
            self.meeting.unite(self.moved(left), self.moved(right))
        return [self.moved(one) for one in cause.wanted]

    def inside(self, cause: Cause) -> list[tuple[Field, Field]]:
        """Give the lists of the cause with what they have to contain."""
        return [(self.moved(one), self.moved(other)) for one, other in cause.inside]

    def often(self, cause: Cause) -> dict[str, int]:
        """Say how often an event of a kind has to come."""
        found = ((self.meeting.patterns[self.number[at]].kinds[0], times) for at, times in cause.often.items())
        return dict(found)


def _repeated(item: Item, often: Mapping[str, int]) -> Iterator[Item]:
    times = often.get(item.kind, 1) if isinstance(item, Event) else 1
    for number in range(times):
        again = number and isinstance(item, Event)
        yield evolve(item, id=f"{item.id}.{number}", time=item.time + number * _STEP) if again else item


def _tried(items: tuple[Item, ...], first: Act, second: Act, program: Program, link: Link | None) -> Proof | None:
    """Post the items, let pass what both wait for, then more, and look for what both do because of one item."""
    engine = Engine(program, max_ahead=None, policy=Policy("survey"))
    decided: list[Decision] = []
    ordered = tuple(sorted(items, key=lambda item: item.time))
    engine.advance(ordered[0].time - _WATCHED)  # what must not have been is judged only where it was watched for
    for item in ordered:
        decided += engine.post(item)
    wait = max(first.cause.wait, second.cause.wait) + _STEP
    found = None
    for more in (wait, _LONGER):  # other rules may hold one of the two back for a while, as a storm does
        if engine.now and not found:
            decided += engine.advance(engine.now + more)
            found = _both(decided, ordered, first, second, link)
    return found


def _both(
    decided: Sequence[Decision], items: tuple[Item, ...], first: Act, second: Act, link: Link | None
) -> Proof | None:
    """Look for two decisions about one target and one item, or about a thing and what is on it."""
    mine = [one for one in decided if (one.ruleset, one.rule) == first.rule and done(one)]
    theirs = [one for one in decided if (one.ruleset, one.rule) == second.rule and done(one)]
    for some, other in product(mine, theirs):
        if link and _is_on(some, other, items, link):
            acts = _all(mine, some.target), _all(theirs, other.target)
            return Proof(items, link.kind, some.target, *acts, other.time - some.time, other.target, link)
        shared = {identity(one): one.kind for one in roots(some.because)}
        kinds = [one.kind for one in roots(other.because) if identity(one) in shared]
        if kinds and not link and some.target == other.target:
            target = some.target
            acts = _all(mine, target), _all(theirs, target)
            return Proof(items, kinds[0], target, *acts, other.time - some.time)
    return None


def _is_on(some: Decision, other: Decision, items: Sequence[Item], link: Link) -> bool:
    whole, part = (some, other) if link.is_first_whole else (other, some)
    said = [one.fields for one in items if one.kind == link.kind]
    return any(one.get(link.inner) == part.target and one.get(link.outer) == whole.target for one in said)


def done(decision: Decision) -> str:
    """Say what a decision would do to its target, another healer's included; an empty text where it touches nothing."""
    if decision.action == "noop":
        return str(decision.params.get("action") or "")
    return decision.action if risk_of(decision.action) != "none" else ""


def _all(decisions: Sequence[Decision], target: Value) -> tuple[str, ...]:
    return tuple(dict.fromkeys(done(one) for one in decisions if one.target == target))
