"""A stream as an engine plays it: in shadow, and where a site enforces and steps take their time."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from attrs import evolve

from selfheal_rules.check.meeting import Meeting
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.check.witness import Item, solved
from selfheal_rules.compile import Program
from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.engine import Engine
from selfheal_rules.model import Pattern, RuleSet
from selfheal_rules.policy import Autonomy, Policy

_WATCHED = timedelta(days=1)
_TAKES = timedelta(minutes=1)
"""How long a step takes."""
_ENFORCED = Policy("survey", mode="enforce", autonomy=(Autonomy("auto"),))


def watched(
    program: Program, items: Sequence[Item], waits: Sequence[timedelta], policy: Policy | None = None
) -> Iterator[Sequence[Decision]]:
    """Play items that were watched for before: what must not have been is judged only then."""
    engine = Engine(program, max_ahead=None, policy=policy or Policy("survey"))
    engine.advance(items[0].time - _WATCHED)
    yield from _played(engine, items, waits)


def plain(program: Program, items: Sequence[Item], waits: Sequence[timedelta]) -> Iterator[Sequence[Decision]]:
    """Play items alone, as `selfheal run` does: give what is decided after each of the waits."""
    yield from _played(Engine(program, max_ahead=None, policy=Policy("survey")), items, waits)


def enforced(program: Program, items: Sequence[Item], waits: Sequence[timedelta]) -> Iterator[Sequence[Decision]]:
    """Play items alone where the site enforces: each step is done a minute after it was decided."""
    yield from _played(Engine(program, max_ahead=None, policy=_ENFORCED), items, waits)


def _played(engine: Engine, items: Sequence[Item], waits: Sequence[timedelta]) -> Iterator[Sequence[Decision]]:
    decided: list[Decision] = []
    answered = 0
    for item in items:
        answered = _pass(engine, item.time, decided, answered)
        decided += engine.post(item)
    for wait in waits:
        if engine.now:
            answered = _pass(engine, engine.now + wait, decided, answered)
        yield decided


def _pass(engine: Engine, until: datetime, decided: list[Decision], answered: int) -> int:
    """Let time pass, and say of each step that was begun, in turn, that it is done; give how many were looked at."""
    while answered < len(decided) and decided[answered].time + _TAKES <= until:
        one = decided[answered]
        answered += 1
        if one.verdict.status == "allowed":
            time = max(engine.now or one.time, one.time + _TAKES)
            decided += engine.post(Outcome.of(one, "done", time))
    decided += engine.advance(until)
    return answered


def decide_both(played: Iterator[Sequence[Decision]], names: tuple[tuple[str, str], tuple[str, str]]) -> bool:
    """Whether two rules decide, and neither has taken that back."""
    taken = {"withdrawn", "superseded"}
    said = ({(one.ruleset, one.rule) for one in decided if one.verdict.guard not in taken} for decided in played)
    return any(found.issuperset(names) for found in said)


def earlier(program: Program, time: datetime) -> tuple[Item, ...]:
    """Give an item of a day before that no rule reads: with it, that nothing was told since is known."""
    vocabulary = program.vocabulary
    rules = (RuleView.of(rule) for rules in program.rulesets for rule in rules.rules)
    read = {kind for view in rules for pattern in view.patterns for kind in pattern.kinds}
    subject = Subject(RuleSet("survey", (), vocabulary), ())
    for kind in vocabulary.kinds.values():
        if kind.form == "event" and kind.name not in read and not kind.name.startswith("selfheal."):
            meeting = Meeting(subject, [Pattern("#", "event", (kind.name,))])
            for one in solved(meeting, (), timedelta(), in_order=False):
                return (evolve(one, time=time - _WATCHED),)
    return ()
