"""A stream that makes two rules act on one target because of one item: put together, then tried in an engine."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import product
from typing import Literal, TypeAlias

from attrs import define, evolve, frozen

from selfheal_rules.actions import risk_of
from selfheal_rules.check.meeting import Meeting
from selfheal_rules.check.subject import Subject
from selfheal_rules.check.witness import Item, solved
from selfheal_rules.compile import Program
from selfheal_rules.decide.decision import Decision
from selfheal_rules.events import Event
from selfheal_rules.model import Pattern, RuleSet
from selfheal_rules.survey.causes import Cause, Field
from selfheal_rules.survey.played import decide_both, earlier, enforced, plain, watched
from selfheal_rules.survey.roots import identity, roots
from selfheal_rules.survey.said import let_sources_say
from selfheal_rules.values import FrozenMap, Value, lookup

RuleName: TypeAlias = tuple[str, str]

_STEP = timedelta(milliseconds=1)
_LONGER = timedelta(minutes=5)
_OPEN = "workflow.start"
"""What this action does is in what it is given."""


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


Way: TypeAlias = Link | Literal["apart"]
"""How two acts meet, where it is not by one item about one target."""


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
    is_twice: bool = False
    """Whether both do the same."""
    is_apart: bool = False
    """Whether each acts for an item of its own."""


def prove(first: Act, second: Act, program: Program, how: Way | None = None) -> Proof | None:
    """
    Give a proof that two acts overlap, as the engine decides; None where none was found.

    With a link the second is about what is on the target of the first; with `apart` each acts for an item of its own.
    """
    matchings: Iterable[Mapping[int, int]] = _matchings(first.cause.parts, second.cause.parts)
    for matching in matchings if how is None else ({},) if how == "apart" else ({}, *matchings):
        items = _items(first, second, matching, program, how if isinstance(how, Link) else None)
        found = _tried(items, first, second, program, how) if items else None
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
    if any(meeting.contradictions()) or not let_sources_say(meeting):
        return ()
    often = own.often(first.cause) | other.often(second.cause)
    in_order = first.cause.in_order or second.cause.in_order
    inside = [*own.inside(first.cause), *other.inside(second.cause)]
    late = _late(first.cause, second.cause, number) if link else {}
    items = _filled(solved(meeting, wanted, timedelta(), in_order=in_order), inside, late, parts, in_order=in_order)
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


def _late(first: Cause, second: Cause, number: Mapping[int, int]) -> dict[int, timedelta]:
    """Give the parts of what waits for less, and by how much these come later, so that both decide at one time."""
    own, other = set(range(len(first.parts))), set(number.values())
    sooner = own - other if first.wait < second.wait else other - own
    return dict.fromkeys(sooner, abs(first.wait - second.wait))


def _filled(
    items: tuple[Item, ...],
    inside: Sequence[tuple[Field, Field]],
    late: Mapping[int, timedelta],
    parts: Sequence[Pattern],
    *,
    in_order: bool,
) -> tuple[Item, ...]:
    """Put into lists what they have to contain, and let come later what has to; items stand as `solved` gives them."""
    order = range(len(parts)) if in_order else sorted(range(len(parts)), key=lambda at: parts[at].form == "event")
    found = dict(zip(order, items, strict=False))
    for (at, path), (other, own) in inside if items else ():
        element = lookup(found[other].fields, own)
        found[at] = evolve(found[at], fields=FrozenMap({**found[at].fields, path[0]: (element,)}))
    found |= {at: evolve(one, time=one.time + late[at]) for at, one in found.items() if at in late}
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


def _tried(items: tuple[Item, ...], first: Act, second: Act, program: Program, how: Way | None) -> Proof | None:
    """
    Post the items, let pass what both wait for, then more, and look for what both do because of one item.

    What shows so is confirmed where a site enforces: there steps take their time, and a rule may yield to them. What
    it takes to be judged before the first of the items is in the stream.
    """
    ordered = tuple(sorted(items, key=lambda item: item.time))
    waits = (max(first.cause.wait, second.cause.wait) + _STEP, _LONGER)
    found = _seen(watched(program, ordered, waits), ordered, first, second, how)
    if not found:
        return None
    if not _seen(plain(program, ordered, waits), ordered, first, second, how):
        ordered = (*earlier(program, ordered[0].time), *ordered)
    names = first.rule, second.rule
    return evolve(found, items=ordered) if decide_both(enforced(program, ordered, waits), names) else None


def _seen(
    played: Iterable[Sequence[Decision]], items: tuple[Item, ...], first: Act, second: Act, how: Way | None
) -> Proof | None:
    """Look after each wait: other rules may hold one of the two back for a while, as a storm does."""
    return next((found for decided in played if (found := _both(decided, items, first, second, how))), None)


def _both(
    decided: Sequence[Decision], items: tuple[Item, ...], first: Act, second: Act, how: Way | None
) -> Proof | None:
    """Look for two decisions about one target and one item, or about a thing and what is on it."""
    mine = [one for one in decided if (one.ruleset, one.rule) == first.rule and done(one)]
    theirs = [one for one in decided if (one.ruleset, one.rule) == second.rule and done(one)]
    for some, other in product(mine, theirs):
        acts = _all(mine, some.target), _all(theirs, other.target)
        lead = other.time - some.time
        if isinstance(how, Link) and _is_on(some, other, items, how):
            return Proof(items, how.kind, some.target, *acts, lead, other.target, how)
        kinds = _because(some, other, {item.kind for item in items}, is_apart=how == "apart")
        if kinds and not isinstance(how, Link) and some.target == other.target:
            is_twice = any(_is_same(one, another) for one, another in product(mine, theirs))
            return Proof(items, kinds[0], some.target, *acts, lead, is_twice=is_twice, is_apart=how == "apart")
    return None


def _because(some: Decision, other: Decision, posted: set[str], *, is_apart: bool) -> list[str]:
    """Give the kinds of what both rest on; where each has its own item, those of both."""
    mine, theirs = ({identity(one): one.kind for one in roots(each.because)} for each in (some, other))
    if is_apart:
        kinds = dict.fromkeys(kind for kind in (*mine.values(), *theirs.values()) if kind in posted)
        return [] if mine.keys() & theirs.keys() else [", ".join(kinds)]
    return [kind for one, kind in theirs.items() if one in mine]


def _is_same(some: Decision, other: Decision) -> bool:
    """Whether two decisions do the same to one thing."""
    if some.target != other.target or done(some) != done(other):
        return False
    mine, theirs = some.params, other.params
    return done(some) != _OPEN or all(value == theirs.get(name, value) for name, value in mine.items())


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
