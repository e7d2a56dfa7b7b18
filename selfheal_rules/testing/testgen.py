"""
First tests of a rule set, from its witnesses: for each rule a case in which it fires, and one in which it nearly does.

What they expect is what the rules decide. They are a beginning to be read by a person, and no proof of anything.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import chain
from pathlib import Path

from attrs import define, evolve, field, frozen

from selfheal_rules.check.domains import example
from selfheal_rules.check.meeting import Meeting
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.check.walk import patterns_below
from selfheal_rules.check.witness import SOURCE, Item, witness
from selfheal_rules.compile import Program
from selfheal_rules.compile.leaves import is_constant
from selfheal_rules.diagnostics import EventError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, checked
from selfheal_rules.explain.why_not.probe import PROBE
from selfheal_rules.model import Conclude, Condition, Group, Pattern, Rule, RuleSet, Test
from selfheal_rules.source import Source
from selfheal_rules.testing.cases import LISTS
from selfheal_rules.testing.compare import side_of
from selfheal_rules.testing.coverage import twinned
from selfheal_rules.testing.edits import pieces
from selfheal_rules.testing.mutants import TICK, negated
from selfheal_rules.testing.parse import parse_suite
from selfheal_rules.testing.programs import Programs
from selfheal_rules.testing.runner import CannotGoOn, Observer, Played, Unobserved, play
from selfheal_rules.testing.writing import flow, value_text
from selfheal_rules.values import FrozenMap, Value
from selfheal_rules.vocabulary import write_duration

_MOST = 100
"""So many events at most are written for one count."""
HEAD = """\
# Written by `selfheal testgen`, to be read by a person: these cases say what the rules do, not what they should do.
selfheal_test: 1
"""


@frozen
class Drafted:
    """A file of tests, as a text, and the rules for which none could be found, each with what is lacking."""

    text: str
    cases: int
    lacking: tuple[tuple[str, str], ...]


@frozen
class Story:
    """Items in their order, and for how long nothing follows after them."""

    items: tuple[Item, ...]
    wait: timedelta
    about: str = ""
    """In what it differs from one in which the rule fires."""


def drafted(ruleset: RuleSet, file: str, folder: Path) -> Drafted:
    """Draft tests of a rule set, which stands in a file of this name in a folder."""
    writer = _Writer(Subject.of(ruleset), f"rulesets: [{value_text(file)}]\n", folder, Programs((ruleset,)))
    texts: list[str] = []
    lacking: list[tuple[str, str]] = []
    known: list[Story] = []
    for view in writer.subject.rules:
        stories = chain(writer.stories(view), known)
        fires = next((one for one in stories if writer.fires(one, view.rule)), None)
        if fires is None:
            lacking.append((view.rule.id, "a case in which it fires"))
            continue
        if _is_heard(view.rule, ruleset) and (heard := writer.heard(view)):
            fires = heard
        elif _is_heard(view.rule, ruleset):
            lacking.append((view.rule.id, "a case that notices it, where a rule decides on the events it concludes,"))
        known.append(fires)
        texts.append(writer.case(f"{view.rule.id} fires", view.rule, fires))
        near = next((one for one in writer.misses(view.rule, fires) if writer.fires(one, view.rule) is False), None)
        if near is None:
            lacking.append((view.rule.id, "a case in which it nearly fires"))
        else:
            texts.append(writer.case(f"{view.rule.id} does not fire: {near.about}", view.rule, near))
    return Drafted(f"{HEAD}{writer.named}cases:\n" + "\n".join(texts), len(texts), tuple(lacking))


def _is_heard(rule: Rule, ruleset: RuleSet) -> bool:
    """Whether a rule concludes nothing but events, which are over at once: only rules that hear of them show it."""
    kinds = ruleset.vocabulary.kinds
    return all(isinstance(step, Conclude) and kinds[step.kind].form == "event" for step in rule.then)


@frozen(eq=False)
class _Writer:
    """Finds stories for the rules of one file, tries them, and writes them down."""

    subject: Subject
    named: str
    folder: Path
    programs: Programs
    _deep: int = field(default=4)
    _twins: dict[int, Program] = field(factory=dict)
    """Programs with a twin of each rule, by the identity of those without."""

    def stories(self, view: RuleView, depth: int = 0) -> Iterator[Story]:
        """Give what may make a rule fire: its own witnesses, then those of rules that conclude what it reads."""
        wait = _longest(view.rule, self.subject.ruleset)
        for rule in (view.rule, _plain(view.rule)):
            for scope in RuleView.of(rule).when:
                alternative = scope.alternative
                items = {one.pattern.alias: at for at, one in enumerate(alternative.placed)}
                found = witness(Meeting.of(alternative, self.subject), ((alternative, view.rule, items),))
                if found:
                    yield Story(_counted(found, view.rule, self.subject.ruleset), wait)
        kinds = {kind: None for pattern in view.patterns for kind in pattern.kinds}
        for other in self.subject.rules if depth < self._deep else ():
            if any(isinstance(step, Conclude) and step.kind in kinds for step in other.rule.then):
                for story in self.stories(other, depth + 1):
                    yield evolve(story, wait=story.wait + wait)

    def heard(self, view: RuleView) -> Story | None:
        """Give a story in which a rule fires, and one that reads what it concludes decides something."""
        concluded = {step.kind for step in view.rule.then if isinstance(step, Conclude)}
        readers = (one for one in self.subject.rules if concluded & {kind for p in one.patterns for kind in p.kinds})
        stories = (story for reader in readers for story in self.stories(reader))
        return next((one for one in stories if self.fires(one, view.rule) and self._decides(one)), None)

    def _decides(self, story: Story) -> bool:
        played = self._played(story, twins=False)
        return played is not None and any(moment.settled for moment in played)

    def misses(self, rule: Rule, story: Story) -> Iterator[Story]:
        """Give stories that differ in one thing: a field, a millisecond, an item."""
        for number, item in reversed([*enumerate(story.items)]):
            for name, other in self._others(rule, item):
                items = (*story.items[:number], other, *story.items[number + 1 :])
                yield evolve(story, items=items, about=f"{name} of {item.kind} is another")
        if story.wait:
            yield evolve(story, wait=story.wait - TICK, about="not for long enough")
        for number, item in reversed([*enumerate(story.items)]):
            left = (*story.items[:number], *story.items[number + 1 :])
            yield evolve(story, items=left, about=f"without {item.kind}")

    def _others(self, rule: Rule, item: Item) -> Iterator[tuple[str, Item]]:
        """Give an item with one field changed to what a rule, or one that concludes for it, does not ask for."""
        kind = self.subject.vocabulary.kinds[item.kind]
        rules = [rule, *(view.rule for view in self.subject.rules if view.rule is not rule)]
        for leaf in (leaf for one in rules for leaf in _leaves(one, item.kind)):
            turned, known = negated(leaf), kind.type_at(leaf.path)
            value = example([turned[0]], known, self.subject.ruleset, ("other",)) if turned and known else None
            if value is None:
                continue
            fields = FrozenMap({**item.fields, leaf.path[0]: value})
            try:
                yield leaf.path[0], checked(evolve(item, fields=fields), self.subject.vocabulary)
            except EventError:
                continue

    def fires(self, story: Story, rule: Rule) -> bool | None:
        """Whether a rule fires in a story; None where it cannot be told."""
        played = self._played(story)
        if played is None:
            return None
        names = {rule.id, rule.id + PROBE}
        return any(one.rule in names for moment in played for one in moment.settled)

    def _played(self, story: Story, *, twins: bool = True, observer: Observer | None = None) -> Played | None:
        text = f"{HEAD}{self.named}cases:\n" + self._text("try", story, None)
        suite, report = parse_suite(Source("tests.yaml", text), folder=self.folder, programs=self.programs)
        if suite is None or report.errors:
            return None
        (case,) = suite.cases
        try:
            program = self._twinned(case.program) if twins else case.program
            return play(evolve(case, program=program), observer=observer)
        except CannotGoOn:
            return None

    def _twinned(self, program: Program) -> Program:
        if id(program) not in self._twins:
            self._twins[id(program)] = twinned(program)
        return self._twins[id(program)]

    def case(self, name: str, rule: Rule, story: Story) -> str:
        """Write a story with what is decided in it, and with what holds at its end of what the rule concludes."""
        kinds = [step.kind for step in rule.then if isinstance(step, Conclude)]
        ending = _Ending([kind for kind in kinds if self.subject.vocabulary.kinds[kind].form == "state"])
        played = self._played(story, twins=False, observer=ending)
        return self._text(name, story, played, _holding(ending.found))

    def _text(self, name: str, story: Story, played: Played | None, holding: str = "") -> str:
        start = story.items[0].time if story.items else None
        steps = [(item.time - start, _input(item)) for item in story.items if start is not None]
        end = max((at for at, _ in steps), default=timedelta()) + story.wait
        steps += [(end, {})] if story.wait or not steps else []
        lines = [f"  - name: {value_text(name)}", "    steps:"]
        for number, (at, words) in enumerate(steps):
            inside = ", ".join([f"{{t: {write_duration(at)}", *([flow(words)[1:-1]] if words else [])])
            wanted = ", expect: []" if played is None else _wanted(played, number)
            at_end = holding if number == len(steps) - 1 else ""
            lines.append(f"      - {inside}{wanted}{at_end}}}")
        return "\n".join(lines) + "\n"


@define
class _Ending(Unobserved):
    """Sees which states of some kinds hold at the end of a story."""

    kinds: list[str]
    found: dict[str, list[FrozenMap]] = field(factory=dict, init=False)

    def ended(self, engine: Engine, step: int, number: int) -> None:  # noqa: ARG002 - an observer is told them
        """Take note of what holds now."""
        self.found = {kind: [state.fields for state in engine.states(kind)] for kind in self.kinds}


def _holding(found: Mapping[str, list[FrozenMap]]) -> str:
    """Write which states hold, and of which kinds none does."""
    items: list[dict[str, Value]] = []
    for kind, states in found.items():
        items += [{"state": kind, "with": fields} for fields in states] or [{"state": kind, "cleared": True}]
    return f", holds: [{', '.join(map(flow, items))}]" if items else ""


def _plain(rule: Rule) -> Rule:
    """Give a rule that asks only for what a witness can be found for: what else it asks for is tried by playing."""
    return evolve(rule, when=_without(rule.when), key=None)


def _without(group: Group) -> Group:
    """Leave out of a condition what blocks it, what is reckoned, and how often things have to be."""
    items: list[Condition] = []
    for one in group.items:
        if isinstance(one, Pattern):
            items.append(evolve(one, count=None, aggregate=None, pick=None))
        elif isinstance(one, Group) and one.logic != "none":
            items.append(_without(one))
    return evolve(group, items=tuple(items), unless=())


def _counted(items: tuple[Item, ...], rule: Rule, ruleset: RuleSet) -> tuple[Item, ...]:
    """Give items with each event as often as a rule counts at least."""
    least: dict[str, int] = {}
    for pattern in patterns_below([rule.when]):
        for bound in pattern.count.bounds if pattern.count else ():
            value = ruleset.value(bound.operand)
            if bound.comparison in {"at_least", "more_than"} and isinstance(value, int):
                least |= dict.fromkeys(pattern.kinds, value + (bound.comparison == "more_than"))
    often = (min(least.get(one.kind, 1), _MOST) if isinstance(one, Event) else 1 for one in items)
    return tuple(item for item, times in zip(items, often, strict=True) for _ in range(times))


def _leaves(rule: Rule, kind: str) -> Iterator[Test]:
    for pattern in patterns_below([rule.when]):
        if kind in pattern.kinds:
            yield from (leaf for leaf in pattern.where if is_constant(leaf) and len(leaf.path) == 1)


def _longest(rule: Rule, ruleset: RuleSet) -> timedelta:
    """Give how long a rule waits at most for what holds to have held."""
    held = (one.held for _, one in pieces(rule.when) if isinstance(one, Group | Pattern) and one.held)
    return max((ruleset.duration(one) for one in held), default=timedelta())


def _input(item: Item) -> dict[str, object]:
    source = {} if item.source == SOURCE else {"source": item.source}
    return {"event" if isinstance(item, Event) else "state": item.kind, **source, "with": item.fields}


def _wanted(played: Played, step: int) -> str:
    """Write all that was decided in a step."""
    made = [one for moment in played if moment.step == step for one in moment.settled]
    found = ""
    for side in LISTS:
        own = [one for one in made if side_of(one) == side]
        items = (
            {"do": one.action, **({} if one.target is None else {"target": one.target}), "rule": one.rule}
            for one in own
        )
        if own:
            found += f", {side}: [{', '.join(map(flow, items))}]"
    return found or ", expect: []"
