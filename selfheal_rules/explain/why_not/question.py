"""Why a rule did not fire: its condition asked for piece by piece, until the engine says no."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property

from attrs import evolve

from selfheal_rules.check.walk import patterns_below
from selfheal_rules.compile.program import Program
from selfheal_rules.decide.decision import Decision
from selfheal_rules.diagnostics import SelfHealError
from selfheal_rules.engine import MAX_AGE
from selfheal_rules.events import frozen_time
from selfheal_rules.explain.why_not.answer import Answer
from selfheal_rules.explain.why_not.between import standing_at
from selfheal_rules.explain.why_not.case import Case
from selfheal_rules.explain.why_not.constraints import Constraint, Pins, inside, spelled, without
from selfheal_rules.explain.why_not.implied import implied, keys_of, spread
from selfheal_rules.explain.why_not.items import History
from selfheal_rules.explain.why_not.lines import line, lines_of, rest
from selfheal_rules.explain.why_not.meanings import Given, nobodys, read
from selfheal_rules.explain.why_not.near import Near
from selfheal_rules.explain.why_not.nearest import nearest
from selfheal_rules.explain.why_not.probe import Probe, Run, full_run
from selfheal_rules.explain.why_not.sift import (
    Excerpt,
    Input,
    Needed,
    Sieve,
    concluding,
    needed_for,
    pins_of,
    read_by,
    reads_itself,
    sifted,
)
from selfheal_rules.explain.why_not.verdicts import last_fired, spoken
from selfheal_rules.model import Conclude, Do, Group, Pattern, Reference, Rule, RuleSet, Template
from selfheal_rules.parse.findings import closest
from selfheal_rules.policy import Policy
from selfheal_rules.values import Value
from selfheal_rules.wording import shown

_NAMED = 8
"""So many rules are named where one is asked for that there is not."""
_EVENTS = 300
"""So many events, the latest, are looked into of a key that is one of a few: each may go with each."""
DEEPEST = 8
"""So many rules below one another are asked."""


class UnknownRuleError(SelfHealError):
    """There is no rule of this name, or more than one."""


def why_not(
    program: Program,
    inputs: Iterable[Input] | Excerpt,
    rule: str,
    target: Value,
    at: datetime,
    policy: Policy | None = None,
    *,
    max_age: timedelta = MAX_AGE,
) -> Answer:
    """
    Say why a rule had not fired for a target by an instant, or what guards said of it where it had.

    `inputs` are what was given to an engine, in order: items, outcomes, controls, and instants it was told to advance
    to; what is later than `at` is not looked at. `rule` is its id, or `RULESET/RULE`. `target` is that of any of its
    steps, or of a rule that concludes the key (a tuple where it has several fields); None is any. A text that cannot be
    one is read as the JSON value it writes. The words of `Answer.failed` are told there.

    Of a long record an `Excerpt` will do: the inputs of the kinds that `kinds_for` names, and an instant in place of
    each other. The whole is asked for where the rule did fire, or other rules have a say in it.

    Raises:
        UnknownRuleError: where there is no such rule, or several.
    """
    rules, found = _rule(program, rule)
    asking = _Asking(program, _excerpt(inputs), frozen_time(at), policy, max_age)
    meant, meanings = read(rules, found, target)
    if not meanings:
        return nobodys(rules, found, meant, asking.at)
    answers = [asking.ask(rules, found, meant, given) for given in meanings]
    best = max(answers, key=lambda one: (one.fired, one.failed in {"", "after", "episode"}, _reached(one)))
    return evolve(best, since=max(asking.cuts, default=None))


def _excerpt(inputs: Iterable[Input] | Excerpt) -> Excerpt:
    """Take everything for what matters where nobody chose."""
    if isinstance(inputs, Excerpt):
        return inputs
    every = inputs if isinstance(inputs, Sequence) else list(inputs)
    return Excerpt(every, lambda: every)


def kinds_for(program: Program, rule: str) -> frozenset[str] | None:
    """
    Give the kinds of items why a rule did not fire can rest on, with those the rules below it read; None: any kind.

    Raises:
        UnknownRuleError: where there is no such rule, or several.
    """
    needed = needed_for(program, Needed(*_rule(program, rule), {}))
    return None if reads_itself(needed) else read_by(needed)


def _reached(answer: Answer) -> int:
    """Give how far it came."""
    return sum(line.mark == "ok" for line in answer.lines)


def _short(answer: Answer) -> float:
    """Give by how much it missed, in seconds or by a number; what cannot be measured is far away."""
    miss = answer.miss.total_seconds() if isinstance(answer.miss, timedelta) else answer.miss
    return float("inf") if miss is None else miss


def _rule(program: Program, name: str) -> tuple[RuleSet, Rule]:
    """Find a rule by its id, or by `RULESET/RULE`."""
    every = [(rules, rule) for rules in program.rulesets for rule in rules.rules]
    found = [(rules, rule) for rules, rule in every if name in {rule.id, f"{rules.name}/{rule.id}"}]
    if len(found) == 1:
        return found[0]
    if found:
        choices = ", ".join(f"`{rules.name}/{rule.id}`" for rules, rule in found)
        message = f"several rules are called `{name}`: {choices}"
    else:
        message = f"no rule is called `{name}`; {_known(name, [rule.id for _, rule in every])}"
    raise UnknownRuleError(message)


def _known(name: str, ids: list[str]) -> str:
    """Name the rule that may be meant, or some of those there are."""
    close = closest(name, ids)
    if close:
        return f"did you mean `{close}`?"
    more = f", and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
    return f"there are {', '.join(f'`{one}`' for one in ids[:_NAMED])}{more}"


class _Asking:
    """One question and those it leads to."""

    def __init__(
        self, program: Program, excerpt: Excerpt, at: datetime, policy: Policy | None, max_age: timedelta
    ) -> None:
        self.program, self.at, self.policy, self.max_age = program, at, policy, max_age
        self.every, self._excerpt = excerpt.inputs, excerpt
        self.cuts: list[datetime] = []
        self.programs: dict[object, Program] = {}

    @cached_property
    def whole(self) -> Sequence[Input]:
        """Every input, whatever its kind."""
        found = self._excerpt.whole()
        return found if isinstance(found, Sequence) else list(found)

    @cached_property
    def concluded(self) -> frozenset[str]:
        """The kinds that rules conclude."""
        steps = (step for rules in self.program.rulesets for rule in rules.rules for step in rule.then)
        return frozenset(step.kind for step in steps if isinstance(step, Conclude))

    @cached_property
    def full(self) -> Run:
        """The run of everything."""
        return full_run(self.program, sifted(self.whole, self.at, None), self.at, self.policy, self.max_age)

    def ask(self, rules: RuleSet, rule: Rule, target: Value, given: Given, depth: int = 0) -> Answer:
        """Answer for one meaning of the target."""
        needed = self._needed(rules, rule, given)
        blank = Answer(rule.id, target, self.at)
        own = reads_itself(needed)
        probe = self._probe(needed, whole=own)
        if any(isinstance(step, Do) for step in rule.then) and (own or probe.fires(probe.whole)):
            told = spoken(self.full, rules, rule, blank)
            if told.lines and not (own and told.failed == "key"):  # what reads itself may not be true for this target
                return told
            blank = blank if told.lines else told
            probe.since = last_fired(blank)
            if not blank.decisions:  # something only the other rules know, such as an id they have seen before
                probe = self._probe(needed, whole=True)
        return self._diagnose(probe, blank, depth)

    def _probe(self, needed: tuple[Needed, ...], *, whole: bool) -> Probe:
        start = needed[0]
        sieve = None if whole else Sieve.of(self.program, needed)
        others = needed[1:]
        if whole:
            others = tuple(Needed(rules, rule, {}) for rules in self.program.rulesets for rule in rules.rules)
        inputs = sifted(self.whole if whole else self.every, self.at, sieve)
        policy = self.policy if whole else None
        return Probe(
            start.rules, start.rule, start.pins, others, inputs, self.at, self.max_age, policy,
            cuts=self.cuts, programs=self.programs,
        )  # fmt: skip

    def _diagnose(self, probe: Probe, blank: Answer, depth: int) -> Answer:
        """Ask for each key the other items imply of what is concluded; the one that came furthest is the answer."""
        about = [evolve(probe, pins=pins) for pins in implied(probe, self.program)]
        answers = [self._first_failing(one, blank, depth) for each in about for one in self._each(each)]
        return max(answers, key=lambda one: (_reached(one), -_short(one)))

    def _each(self, probe: Probe) -> list[Probe]:
        """Give the question for a few of the keys it may be about, where nothing says which."""
        return [self._narrowed(probe, pins) for pins in spread(probe)[0]] or [probe]

    def _narrowed(self, probe: Probe, pins: Pins) -> Probe:
        needed = needed_for(self.program, Needed(probe.rules, probe.rule, pins))
        if reads_itself(needed):
            return evolve(probe, pins=pins)
        inputs = sifted(probe.inputs, self.at, Sieve.of(self.program, needed))
        return evolve(probe, pins=pins, inputs=probe.since_the(_EVENTS, inputs))

    def _first_failing(self, probe: Probe, blank: Answer, depth: int) -> Answer:
        held: list[Constraint] = []
        found: list[Decision] = []
        asked = probe.asked
        for one in asked:
            now = probe.matched((*held, one))
            if not now:
                return self._failed(probe, blank, depth, tuple(held), one, found)
            held.append(one)
            found = now
        lines = tuple(lines_of(asked, found))
        return evolve(blank, lines=lines)

    def _failed(
        self,
        probe: Probe,
        blank: Answer,
        depth: int,
        held: tuple[Constraint, ...],
        failed: Constraint,
        found: list[Decision],
    ) -> Answer:
        run = probe.run(probe.whole)
        history = History(
            self.every, probe, blank.target, run.fates,
            lambda pattern: self._below(probe, pattern, blank.target, depth),
            lambda pattern: self._nearly(probe, pattern, depth),
            self.concluded,
        )  # fmt: skip
        case = Case(probe, history, held, failed, found)
        if probe.since and (not held):
            near = Near(
                "again", "nothing new came since it fired", None, "it had been over, and come again", probe.since
            )
        elif failed.word == "any":
            near = self._branches(probe, failed, blank, depth)
        else:
            near = nearest(case)
        culprit = near.at or failed
        before = tuple(one for one in (*held, failed) if one.name != culprit.name and one in held)
        lines = [*lines_of(before, [near.match] if near.match else found, omit=near.at)]
        lines.append(line("FAIL", culprit, near.text, near.time, near.item))
        lines += near.below
        lines += rest(probe.asked, (*held, failed))
        also = () if near.failed == "again" else _also(case, near)  # what stands since before has not come again either
        change = " and ".join([near.counterfactual, *also])
        return evolve(blank, lines=tuple(lines), failed=near.failed, miss=near.miss, counterfactual=change)

    # Below

    def _below(self, probe: Probe, pattern: Pattern, target: Value, depth: int) -> Near | None:
        """Ask the rules that would have concluded what a pattern wants."""
        if depth >= DEEPEST:
            return None
        asked = [
            (step, _handed(step, pattern, probe), (rules, rule))
            for rules, rule, step in concluding(self.program, pattern.kinds)
            if not step.cleared and _could_say(rules, step, pattern, probe)
        ]
        told = [(step, self.ask(*of, target, given, depth + 1), (of, given)) for step, given, of in asked]
        if not told:
            return None
        step, best, meant = max(told, key=lambda one: _reached(one[1]))
        if not best.failed:
            return None
        about = ", ".join(str(value) for value in probe.pins.get(pattern.alias, {}).values())
        among = "" if about else self._among(*meant)
        text = f"{step.kind} {about}".strip() + f" was never concluded{among}: {best.rule} did not fire"
        below = tuple(evolve(one, depth=one.depth + 1) for one in best.lines)
        return Near("missing", text, best.miss, best.counterfactual, below=below)

    def _among(self, of: tuple[RuleSet, Rule], given: Given) -> str:
        """Say of how many keys a rule spoke, where only a few of them were looked into."""
        return spread(self._probe(self._needed(*of, given), whole=False))[1]

    def _nearly(self, probe: Probe, pattern: Pattern, depth: int) -> Near | None:
        """Ask those rules for each key that one of their items speaks of, and give the one that came nearest."""
        if depth >= DEEPEST:
            return None
        answers = [
            (step, key, self.ask(rules, rule, None, key, depth + 1))
            for rules, rule, step in concluding(self.program, pattern.kinds)
            if not step.cleared and _could_say(rules, step, pattern, probe)
            for key in keys_of(self._probe(self._needed(rules, rule, _handed(step, pattern, probe)), whole=False), step)
        ]
        failed = [one for one in answers if one[2].failed]
        if not failed:
            return None
        step, key, best = max(failed, key=lambda one: (_reached(one[2]), -_short(one[2])))
        about = ", ".join(shown(value) for _, value in key)
        below = tuple(evolve(one, depth=one.depth + 1) for one in best.lines)
        return Near("missing", f"the nearest is {step.kind} {about}: {best.rule} did not fire", below=below)

    def _needed(self, rules: RuleSet, rule: Rule, given: Given) -> tuple[Needed, ...]:
        return needed_for(self.program, Needed(rules, rule, pins_of(rule, rules, given)))

    def _branches(self, probe: Probe, failed: Constraint, blank: Answer, depth: int) -> Near:
        """Ask each branch of an `any` by itself."""
        group = failed.group
        assert group is not None  # noqa: S101 - an `any` is a group
        chosen = (_chosen(probe.rule.when, failed.address, number) for number in range(len(group.items)))
        answers = [self._diagnose(evolve(probe, rule=evolve(probe.rule, when=one)), blank, depth) for one in chosen]
        below = tuple(
            evolve(one, depth=one.depth + 1)
            for answer in answers
            for one in answer.lines
            if one.address.startswith(failed.address) or one.mark == "FAIL"
        )
        best = max(answers, key=_reached)
        return Near("any", "no branch holds", best.miss, best.counterfactual, below=below)


def _also(case: Case, near: Near) -> Iterator[str]:
    """
    Say what else would have had to be so: the rule is asked for all the rest, without what failed.

    What speaks of an item that is not there cannot be asked for, but for what blocks: what is known of it is enough.
    """
    when = spelled(case.probe.rule.when, case.probe.pins)
    probe = evolve(case.probe, rule=evolve(case.probe.rule, when=when))
    culprit = near.at or case.failed
    gone = _bound_by(culprit)
    held = [one for one in without((*case.held, case.failed), gone) if one.name != culprit.name]
    done = {one.name for one in (*case.held, case.failed)}
    found = case.found
    for one in probe.asked:
        if one.name in done or not without((one,), gone):
            continue
        standing = standing_at(case.history, one, _time_below(near)) if near.below else ""
        if standing:
            yield f"{standing} had not been there"
            continue
        now = probe.matched((*held, one))
        if now:
            held.append(one)
            found = now
            continue
        gone |= _bound_by(one)
        if one.word == "any":
            yield f"a branch of {one.address} had held"
        else:
            yield nearest(Case(probe, case.history, tuple(held), one, found)).counterfactual


def _time_below(near: Near) -> datetime | None:
    """Give when what should have been concluded came nearest to it."""
    return next((one.time for one in near.below if one.mark == "FAIL"), None)


def _bound_by(one: Constraint) -> set[str]:
    """Give the aliases that are not there where this is not."""
    if one.word == "any":
        return {pattern.alias for pattern in patterns_below([one.group])} if one.group else set()
    return {one.alias} if one.word == "missing" else set()


def _chosen(group: Group, address: str, number: int) -> Group:
    """Give a condition with an `any` reduced to one of its branches."""
    if inside(group.address) == address:
        return evolve(group, logic="all", items=(group.items[number],))
    items = tuple(_chosen(item, address, number) if isinstance(item, Group) else item for item in group.items)
    return evolve(group, items=items)


def _handed(step: Conclude, pattern: Pattern, probe: Probe) -> tuple[tuple[Reference, Value], ...]:
    """Give what the concluding rule must have bound for its word to be what is asked for."""
    own = probe.pins.get(pattern.alias, {})
    pairs = ((step.fields.get(path[0]), value) for path, value in own.items() if len(path) == 1)
    return tuple((source, value) for source, value in pairs if isinstance(source, Reference))


def _could_say(rules: RuleSet, step: Conclude, pattern: Pattern, probe: Probe) -> bool:
    """Whether what a step always says is what is asked for, as far as that is known."""
    own = probe.pins.get(pattern.alias, {})
    said = ((step.fields.get(path[0]), value) for path, value in own.items() if len(path) == 1)
    texts = ((one, value) for one, value in said if not isinstance(value, datetime | timedelta))  # written otherwise
    return all(isinstance(one, Reference | Template | None) or rules.value(one) == value for one, value in texts)
