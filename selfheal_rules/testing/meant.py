"""Which rule an expected decision would be of: by what the test says of it, and by what that rule is about."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from attrs import frozen

from selfheal_rules.check.walk import patterns_below, steps_of
from selfheal_rules.compile.program import Program
from selfheal_rules.events import Event, State
from selfheal_rules.explain.why_not.items import value_at
from selfheal_rules.explain.why_not.sift import concluding
from selfheal_rules.model import Do, Literal, Operand, Reference, Rule, RuleSet, Template
from selfheal_rules.testing.cases import Wanted
from selfheal_rules.testing.compare import same
from selfheal_rules.testing.runner import Played
from selfheal_rules.values import Value

_OWN = "selfheal."
"""Kinds of the engine's own: what they are about no input tells."""


@frozen(eq=False, repr=False)
class _Candidate:
    """A step that does what is expected, by its rule."""

    rules: RuleSet
    rule: Rule
    step: Do
    name: str

    @property
    def names(self) -> tuple[str, str]:
        """The rule, with the name of its rule set and without."""
        return f"{self.rules.name}/{self.rule.id}", self.rule.id


def meant(wanted: Wanted, program: Program, played: Played) -> tuple[str, ...]:
    """
    Give the rules an expected decision may be of, each with the name of its rule set.

    Of those that do such a thing, the ones that are left are of the step and the parameters that are named, and about
    things of the target's sort: `az1` is no host where no item had it for one. What leaves nobody is not asked.
    """
    words = wanted.words
    found = [one for one in _steps(program) if words.get("do", one.step.action) == one.step.action]
    if "rule" in words:
        found = [one for one in found if words["rule"] in one.names]
    found = _best(found, lambda one: words.get("step", one.name) == one.name)
    found = _best(found, lambda one: _says(one.step, words.get("with")))
    about = _About(program, played, words.get("target"))
    found = _best(found, lambda one: about.sort(one.rule, one.step.target))
    return tuple(dict.fromkeys(one.names[0] for one in found))


def _steps(program: Program) -> Iterator[_Candidate]:
    for rules in program.rulesets:
        for rule in rules.rules:
            for number, step in enumerate(steps_of(rule)):
                if isinstance(step, Do):
                    yield _Candidate(rules, rule, step, step.id or str(number))


def _best(found: list[_Candidate], grade: Callable[[_Candidate], float]) -> list[_Candidate]:
    """Keep those of the highest grade."""
    grades = [grade(one) for one in found]
    most = max(grades, default=0)
    return [one for one, own in zip(found, grades, strict=True) if own == most]


def _says(step: Do, params: Value) -> bool:
    """Whether a step gives parameters such as these."""
    named = params.items() if isinstance(params, Mapping) else ()
    return all(name in step.params and _may_be(step.params[name], value) for name, value in named)


def _may_be(said: object, value: Value) -> bool:
    """Whether what a step writes down may come to a value."""
    if isinstance(said, Literal):
        return same(value, said.value)
    if isinstance(said, Template):
        parts = (re.escape(part) if isinstance(part, str) else ".*" for part in said.parts)
        return isinstance(value, str) and re.fullmatch("".join(parts), value, re.DOTALL) is not None
    return True


class _About:
    """Whether a target is of the sort a rule is about: whether an item that was played had it where that comes from."""

    def __init__(self, program: Program, played: Played, target: Value) -> None:
        self._program, self._target = program, target
        self._items = [moment.item for moment in played if isinstance(moment.item, Event | State)]

    def sort(self, rule: Rule, said: Operand | Template | None) -> float:
        """Give 1 where it is, 0 where it is not, and a half where that cannot be told."""
        if isinstance(said, Reference):
            return max(self._of(rule, said), default=0.5)
        return float(_may_be(said, self._target)) if isinstance(said, Literal | Template) else 0.5

    def _of(self, rule: Rule, said: Reference) -> Iterator[float]:
        for kind in self._kinds(rule, said.alias):
            yield 0.5 if kind.startswith(_OWN) else float(self._was_in(kind, said.path))
            for _, concluder, step in concluding(self._program, [kind]):
                source = step.fields.get(said.path[0])
                yield self.sort(concluder, source)

    def _kinds(self, rule: Rule, alias: str) -> Iterable[str]:
        return (kind for one in patterns_below([rule.when]) if one.alias == alias for kind in one.kinds)

    def _was_in(self, kind: str, path: tuple[str, ...]) -> bool:
        mine = (item for item in self._items if item.kind == kind)
        return any(same(self._target, value_at(item, path)) for item in mine)
