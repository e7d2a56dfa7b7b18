"""
What tests cover of rules, seen while cases are played: rules, leaves, windows, guards, outcomes.

A leaf counts by itself for what it is of items that are there at one instant (condition coverage), whatever else its
rule asks for. A window counts for what tests would notice: that it were a millisecond shorter, or longer, or twice as
long.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product

from attrs import define, evolve, field, frozen

from selfheal_rules.check.walk import concludes
from selfheal_rules.compile import Program
from selfheal_rules.decide.acts import Act, answered, decided
from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.explain.why_not.probe import PROBE, deaf
from selfheal_rules.model import Do, Rule
from selfheal_rules.testing.cases import Case, Suite
from selfheal_rules.testing.fates import Fates
from selfheal_rules.testing.mutation import Hunt
from selfheal_rules.testing.points import AGAIN, ALLOWED, DECIDED, ELSE, FIRED, HEALED, HELD, SORTS, Point, Points, Sort
from selfheal_rules.testing.results import Result
from selfheal_rules.testing.runner import CannotGoOn, Moment, play
from selfheal_rules.testing.truths import Item, Judged, Leaf, Truth, judged
from selfheal_rules.testing.verdicts import episode_fields, judge
from selfheal_rules.values import FrozenMap, canonical, microseconds

_ALL = 100
_UNHEEDED = frozenset({"stale", "duplicate", "ahead"})


@frozen
class Coverage:
    """What there is to cover, in order, and what of it was."""

    points: tuple[Point, ...]
    covered: frozenset[Point] = field(repr=False)

    @property
    def missed(self) -> tuple[Point, ...]:
        """What no case covers, in order."""
        return tuple(point for point in self.points if point not in self.covered)

    def share(self, sort: Sort) -> float:
        """Give the share that is covered, in percent; of nothing, all."""
        own = [point for point in self.points if point.sort == sort]
        return _ALL * sum(point in self.covered for point in own) / len(own) if own else float(_ALL)

    def counts(self) -> Iterator[tuple[Sort, int, int]]:
        """Give what is covered, and what there is, of each sort there is any of."""
        for sort in SORTS:
            own = [point for point in self.points if point.sort == sort]
            if own:
                yield sort, sum(point in self.covered for point in own), len(own)


def coverage_of(
    suite: Suite, results: Sequence[Result], told: Callable[[], None] = lambda: None, fates: Fates | None = None
) -> Coverage:
    """Give what the cases of a file cover that pass; `told` is called after each piece of the work."""
    passed = [one for one in results if one.ending == "passed"]
    points = Points.of(suite.measured)
    covered: dict[Point, None] = {}
    programs: dict[int, Program] = {}
    for one in passed:
        place = id(one.case.program)
        if place not in programs:
            programs[place] = twinned(one.case.program)
        _play(evolve(one.case, program=programs[place]), points, covered)
        told()
    by_mutant = {id(mutant): point for mutant, point in points.windows}
    for tried in Hunt(passed, fates or Fates()).tried((mutant for mutant, _ in points.windows), lambda _: told()):
        point = by_mutant[id(tried.mutant)]
        if tried.fate == "killed":
            covered[point] = None
        elif tried.fate == "refused":  # an edge that no rule can have is none
            points = evolve(points, all=tuple(one for one in points.all if one != point))
    return Coverage(points.all, frozenset(covered))


def plainly(suite: Suite) -> tuple[Result, ...]:
    """Judge the cases of a file, each once and under no variant."""
    return tuple(judge(evolve(case, also=())) for case in suite.cases)


def twinned(program: Program) -> Program:
    """Give a program with a twin of each rule that only concludes, which tells by a `noop` that it fired."""
    twins = (
        evolve(rules, name=rules.name + PROBE, rules=tuple(_twin(rule) for rule in rules.rules if concludes(rule)))
        for rules in program.rulesets
    )
    return Program.of(*program.rulesets, *(rules for rules in twins if rules.rules))


def _twin(rule: Rule) -> Rule:
    name = rule.id + PROBE
    return Rule(name, deaf(rule.when, name), (Do("noop"),), key=(), span=rule.span)


def _play(case: Case, points: Points, covered: dict[Point, None]) -> None:
    try:
        play(case, observer=Seen(case, points, covered))
    except CannotGoOn:
        return  # it went on without the twins: what it covered until then it covered


@define(eq=False)
class Seen:
    """Looks on at one case, and notes in `covered` what of the rules came about."""

    case: Case
    points: Points
    covered: dict[Point, None]
    _events: dict[str, list[Item]] = field(factory=dict)
    _states: dict[str, dict[str, Item]] = field(factory=dict)
    _gone: dict[str, list[Item]] = field(factory=dict)
    """What was withdrawn at this moment: what an episode rests on may be, by the very thing that confirms its step."""
    _told: dict[str, Decision] = field(factory=dict)
    _judges: dict[tuple[int, tuple[str, ...]], Judged] = field(factory=dict)
    _named: dict[tuple[str, str, str, str], list[Point]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Order what is named by words alone."""
        for point in self.points.all:
            self._named.setdefault((point.ruleset, point.rule, point.what, point.way), []).append(point)

    def saw(self, engine: Engine, moment: Moment) -> None:
        """Note what a moment showed."""
        new: dict[str, list[Item]] = {}
        if isinstance(moment.item, Event | State) and moment.settled.disposition not in _UNHEEDED:
            self._take(moment.item, new)
        for decision in moment.settled:
            self._decided(decision)
            self._rests(decision, new)
            self._act(decided(decision), moment, new)
        self._answered(moment, new)
        self._concluded(engine, new)
        self._episodes(engine, moment, new)
        self._leaves(new, microseconds(moment.at), is_later=moment.item is None)

    def ended(self, engine: Engine, step: int, number: int) -> None:
        """Note nothing: every moment was seen."""

    # What is there

    def _take(self, item: Item, new: dict[str, list[Item]]) -> None:
        if isinstance(item, Event):
            self._events.setdefault(item.kind, []).append(item)
        else:
            key = self._key(item)
            states = self._states.setdefault(item.kind, {})
            states.pop(key, None)
            if item.cleared:
                return
            states[key] = item
        new.setdefault(item.kind, []).append(item)

    def _act(self, act: Act, moment: Moment, new: dict[str, list[Item]]) -> None:
        """Take what the engine itself did."""
        kind, name, fields = act
        self._take(Event(name, kind, "selfheal", moment.at, FrozenMap(fields)), new)

    def _rests(self, decision: Decision, new: dict[str, list[Item]]) -> None:
        """Take the concluded events a decision rests on: nobody else tells of them."""
        for one in decision.because:
            known = self._events.get(one.kind, ())
            if one.form == "event" and one.rule and all(isinstance(it, Event) and it.id != one.id for it in known):
                self._take(Event(one.id, one.kind, one.source, one.time, one.fields), new)

    def _key(self, item: State) -> str:
        kind = self.case.program.vocabulary.kinds[item.kind]
        return canonical(tuple(item.source if name == "source" else item.fields.get(name) for name in kind.key))

    def _concluded(self, engine: Engine, new: dict[str, list[Item]]) -> None:
        """Take what rules have concluded, and no longer what they have withdrawn."""
        for kind in _concluded_kinds(self.case.program):
            before = self._states.get(kind, {})
            now: dict[str, Item] = {canonical(one.fields): one for one in engine.states(kind)}
            self._states[kind] = now
            self._gone[kind] = [one for key, one in before.items() if key not in now]
            new.setdefault(kind, []).extend(one for key, one in now.items() if key not in before)

    def _present(self, kind: str) -> Iterator[Item]:
        yield from self._events.get(kind, ())
        yield from self._states.get(kind, {}).values()
        yield from self._gone.get(kind, ())

    # Leaves

    def _leaves(self, new: Mapping[str, list[Item]], now: int, *, is_later: bool) -> None:
        for leaf, points in self.points.leaves:
            waiting = [point for point in points if point not in self.covered]
            if waiting:
                self._leaf(leaf, points, [*_rows(leaf, new, self._present, is_later=is_later)], now)

    def _leaf(self, leaf: Leaf, points: Sequence[Point], rows: Iterable[tuple[Item, ...]], now: int) -> None:
        by_truth: dict[Truth, Point] = dict(zip(leaf.needs(), points, strict=True))
        for row in rows:
            kinds = tuple(item.kind for item in row)
            place = (id(leaf), kinds)
            if place not in self._judges:
                own = next(one for one in self.case.program.rulesets if one.name == leaf.ruleset.name)
                self._judges[place] = judged(evolve(leaf, ruleset=own), kinds)
            point = by_truth.get(self._judges[place](row, now))
            if point is not None:
                self.covered[point] = None

    # Decisions and episodes

    def _note(self, ruleset: str, rule: str, what: str, way: str) -> None:
        for point in self._named.get((ruleset, rule, what, way), ()):
            self.covered[point] = None

    def _decided(self, decision: Decision) -> None:
        ruleset, rule = decision.ruleset.removesuffix(PROBE), decision.rule.removesuffix(PROBE)
        self._note(ruleset, rule, "rule", FIRED)
        if decision.rule.endswith(PROBE):
            return
        self._note(ruleset, rule, f"step `{decision.step}`", DECIDED)
        if decision.attempt > 1:
            self._note(ruleset, rule, f"step `{decision.step}`", AGAIN)
        if decision.verdict.status in {"allowed", "shadowed"}:
            for name in {guard.name: None for guard in self._rule(ruleset, rule).guard}:
                self._note(ruleset, rule, f"guard `{name}`", ALLOWED)
        else:
            self._note(ruleset, rule, f"guard `{decision.verdict.guard}`", HELD)

    def _rule(self, ruleset: str, rule: str) -> Rule:
        found = (one for rules in self.case.program.rulesets if rules.name == ruleset for one in rules.rules)
        return next(one for one in found if one.id == rule)

    def _answered(self, moment: Moment, new: dict[str, list[Item]]) -> None:
        """Take the answer of an executor as the rules see it."""
        for decision in moment.settled:
            self._told[decision.id] = decision
        outcome = moment.item
        if isinstance(outcome, Outcome) and outcome.decision_id in self._told:
            self._act(answered(self._told[outcome.decision_id], outcome.status), moment, new)

    def _episodes(self, engine: Engine, moment: Moment, new: dict[str, list[Item]]) -> None:
        for episode in engine.episodes():
            self._take(State("selfheal.episode", "selfheal", moment.at, episode_fields(episode)), new)
            self._note(episode.ruleset, episode.rule, "rule", FIRED)
            if episode.state == "healed":
                self._note(episode.ruleset, episode.rule, "outcome", HEALED)
            if any(step.rung and step.decision is not None for step in episode.steps):
                self._note(episode.ruleset, episode.rule, "outcome", ELSE)


def _concluded_kinds(program: Program) -> tuple[str, ...]:
    steps = (step for rules in program.rulesets for rule in rules.rules for step in rule.then)
    return tuple(dict.fromkeys(getattr(step, "kind", "") for step in steps if not isinstance(step, Do)))


def _rows(
    leaf: Leaf, new: Mapping[str, list[Item]], present: Callable[[str], Iterator[Item]], *, is_later: bool
) -> Iterator[tuple[Item, ...]]:
    """Give the items a leaf is to be judged over: at least one of them new, or all where only time has passed."""
    there = [[one for kind in pattern.kinds for one in present(kind)] for pattern in leaf.patterns]
    if is_later and len(there) <= 1:
        yield from product(*there)
        return
    for place, pattern in enumerate(leaf.patterns):
        fresh = [one for kind in pattern.kinds for one in new.get(kind, ())]
        if fresh:
            yield from product(*there[:place], fresh, *there[place + 1 :])
