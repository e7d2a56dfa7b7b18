"""
Whether tests would notice mistakes: each mutant is run against the cases that touch its rule, until one fails.

What no case could notice does not count: a mutant that is the program itself, and one that checks or policies refuse.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from attrs import define, evolve, field

from selfheal_rules.check.walk import conditions_below, patterns_of, roots
from selfheal_rules.compile import Program
from selfheal_rules.diagnostics import RuleSetError
from selfheal_rules.events import Event, State
from selfheal_rules.model import Conclude, Group, Pattern, Rule
from selfheal_rules.testing.cases import Case
from selfheal_rules.testing.fates import Fates, Tried
from selfheal_rules.testing.mutants import Mutant
from selfheal_rules.testing.results import Result
from selfheal_rules.testing.verdicts import keeps

_ALL = 100


def score(tried: Iterable[Tried]) -> float:
    """Give the share of mutants that were killed, in percent, of those that count."""
    fates = [one.fate for one in tried]
    killed, survived = fates.count("killed"), fates.count("survived")
    return _ALL * killed / (killed + survived) if killed + survived else float(_ALL)


@define(eq=False)
class Hunt:
    """The cases of a file, which all pass, and what became of the mutants of its rules."""

    results: Sequence[Result]
    fates: Fates = field(factory=Fates)
    _orders: dict[tuple[str, str], list[Case]] = field(factory=dict)

    def tried(self, mutants: Iterable[Mutant], told: Callable[[Tried], None] = lambda _: None) -> Iterator[Tried]:
        """Try mutants in their order; `told` hears of each as it is done."""
        for mutant in mutants:
            found = self._try(mutant)
            self.fates.note(found)
            told(found)
            yield found

    def _try(self, mutant: Mutant) -> Tried:
        fate, killer = self.fates.of(mutant) or (None, "")
        believed = fate if self.fates.is_current else None
        if believed == "survived":
            return Tried(mutant, believed)
        programs: dict[int, Program | None] = {}
        is_sound = False
        order = self._cases(mutant)
        order.sort(key=lambda case: case.name != killer)
        for number, case in enumerate(order):
            place = id(case.program)
            if place not in programs:
                programs[place] = mutant.of(case.program)
            is_kept = _is_kept(case, programs[place])
            if is_kept is False:
                order.insert(0, order.pop(number))  # what noticed one mistake of a rule notices the next, mostly
                return Tried(mutant, "killed", case.name)
            if is_kept is None and believed == "refused":
                return Tried(mutant, believed)
            is_sound = is_sound or is_kept is not None
        return Tried(mutant, "survived" if is_sound or self._is_untouched(mutant) else "refused")

    def _is_untouched(self, mutant: Mutant) -> bool:
        """Whether no case touches the rule, though it could."""
        programs = {id(one.case.program): one.case.program for one in self.results}
        return not self._cases(mutant) and any(mutant.of(one) for one in programs.values())

    def _cases(self, mutant: Mutant) -> list[Case]:
        """Give the cases that touch the rule of a mutant, those it fires in first; the list may be put in order."""
        name = (mutant.ruleset, mutant.rule)
        if name not in self._orders:
            passed = [one for one in self.results if one.ending == "passed"]
            kinds = _read_by(passed[0].case.program, name) if passed else None
            touching = [one for one in passed if _touches(one.case, kinds)]
            shared = Counter(id(one.case.program) for one in touching)  # each program is compiled anew for each mutant
            order = sorted(touching, key=lambda one: (not _fires(one, name), -shared[id(one.case.program)]))
            self._orders[name] = [one.case for one in order]
        return self._orders[name]


def _is_kept(case: Case, program: Program | None) -> bool | None:
    """Whether all a case says is so of a mutant; None where its rules, or the policy of the case, refuse it."""
    try:
        return None if program is None else keeps(evolve(case, program=program, also=()))
    except RuleSetError:
        return None


def _touches(case: Case, kinds: frozenset[str] | None) -> bool:
    """Whether a case gives anything of these kinds; None are all."""
    inputs = (*case.given, *(one for step in case.steps for one in step.inputs))
    given = (one.given for one in inputs)
    return kinds is None or any(isinstance(one, Event | State) and one.kind in kinds for one in given)


def _fires(result: Result, name: tuple[str, str]) -> bool:
    return any((one.ruleset, one.rule) == name for moment in result.played for one in moment.settled)


def _read_by(program: Program, name: tuple[str, str]) -> frozenset[str] | None:
    """Give the kinds a rule reads, itself or through what others conclude; None where it could be true of nothing."""
    rules = {(one.name, rule.id): rule for one in program.rulesets for rule in one.rules}
    found: dict[str, None] = {}
    waiting = [rules[name]]
    while waiting:
        rule = waiting.pop()
        if _is_true_of_nothing(rule):
            return None
        for kind in [kind for pattern in patterns_of(rule) for kind in pattern.kinds if kind not in found]:
            found[kind] = None
            waiting += [one for one in rules.values() if _concludes(one, kind)]
    return None if any(kind.startswith("selfheal.") for kind in found) else frozenset(found)


def _concludes(rule: Rule, kind: str) -> bool:
    return any(isinstance(step, Conclude) and step.kind == kind for step in rule.then)


def _is_true_of_nothing(rule: Rule) -> bool:
    """Whether a rule may wait for what is not there: then no kind tells which cases touch it."""
    groups = [one for one in conditions_below([rule.when]) if isinstance(one, Group)]
    counted = [one.count or one.aggregate for one in conditions_below(roots(rule)) if isinstance(one, Pattern)]
    falling = any(bound.comparison in {"at_most", "less_than"} for one in counted if one for bound in one.bounds)
    return falling or any(one.logic == "none" for one in groups)
