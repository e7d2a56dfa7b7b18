"""What every check is given: the rule set and, worked out once, the scopes of each rule."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Literal, TypeAlias, get_args

from attrs import evolve, frozen

from selfheal_rules.check.alternatives import Names, Scope, in_every, scopes
from selfheal_rules.check.walk import conditions_below, is_unread, leaves_of, patterns_of, roots, steps_of, watched_by
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Conclude, Do, Formula, Group, Pattern, Rule, RuleSet, Step
from selfheal_rules.values import EMPTY
from selfheal_rules.vocabulary import Kind, Vocabulary


@frozen(eq=False, repr=False)
class RuleView:
    """
    A rule, worked out.

    `when` are the scopes of its condition's alternatives, `names` what all of them bind. `scopes` are those of `when`,
    `confirm` and `healthy` with those of their negatives; `guarded` those of patterns in guards.
    """

    rule: Rule
    when: tuple[Scope, ...]
    names: Names
    scopes: tuple[Scope, ...]
    guarded: tuple[Scope, ...]
    steps: tuple[Step, ...]
    patterns: tuple[Pattern, ...]

    @classmethod
    def of(cls, rule: Rule) -> "RuleView":
        """Walk the rule once."""
        every = tuple(scopes(rule.when, {}))
        when = tuple(scope for scope in every if scope.outer is None)
        names = in_every(when)
        later = tuple(found for root in roots(rule) if root is not rule.when for found in scopes(root, names))
        watched = watched_by(rule)
        guarded = tuple(found for pattern in watched for found in scopes(pattern, names))
        patterns = patterns_of(rule)
        return cls(rule, when, names, (*every, *later), guarded, steps_of(rule), patterns)

    @property
    def is_joined(self) -> bool:
        """Whether it is known what the patterns of its conditions have to do with each other."""
        conditions = tuple(conditions_below(roots(self.rule)))
        leaves = (leaf for one in conditions if isinstance(one, Pattern) for leaf in leaves_of(one))
        terms = [one.term for one in conditions if isinstance(one, Formula)]
        terms += [one.pick.term for one in self.patterns if one.pick]
        sames = (same for one in conditions if isinstance(one, Group) for same in one.same)
        return not (any(map(is_unread, (*leaves, *terms))) or any(not (same.field or same.pair) for same in sames))

    @property
    def dos(self) -> Iterator[Do]:
        """The steps that do something, those of `else` included."""
        return (step for step in self.steps if isinstance(step, Do))


@frozen(eq=False, repr=False)
class Subject:
    """A rule set under check."""

    ruleset: RuleSet
    rules: tuple[RuleView, ...]

    @classmethod
    def of(cls, ruleset: RuleSet) -> "Subject":
        """Walk each rule once."""
        return cls(ruleset, tuple(RuleView.of(rule) for rule in ruleset.rules))

    @property
    def vocabulary(self) -> Vocabulary:
        """The words the rule set may use."""
        return self.ruleset.vocabulary

    @cached_property
    def unpostable(self) -> frozenset[str]:
        """The kinds that come from the engine alone; once for all rules, of each of which it is asked."""
        concluded = (step.kind for view in self.rules for step in view.steps if isinstance(step, Conclude))
        return frozenset((*concluded, *(name for name in self.vocabulary.kinds if name.startswith("selfheal."))))

    def kind(self, name: str) -> Kind | None:
        """Give a kind by its name, if there is one."""
        found: Kind | None = self.ruleset.vocabulary.kinds.get(name)
        return found

    def is_own(self, kind: Kind) -> bool:
        """Whether the rule set declares the kind itself, rather than taking it from a vocabulary."""
        return kind.span.source == self.ruleset.span.source


CheckRun: TypeAlias = Callable[[Subject], Iterable[Diagnostic]]


Reach: TypeAlias = Literal["part", "whole", "kinds", "rule", "set"]
"""
What a finding rests on: parts of a rule; that none lacks; nor the declaration of a kind it speaks of; that all of it
could be read; that all of the rule set could.
"""
REACHES: tuple[Reach, ...] = get_args(Reach)


def readable(ruleset: RuleSet, reach: Reach) -> RuleSet:
    """Give the rule set with those of its rules that a check of a reach may look at; of one without mistakes, all."""
    if not ruleset.faults:
        return ruleset
    every = sorted((*ruleset.rules, *ruleset.unread), key=lambda rule: rule.span.line)
    sound = {id(rule) for rule in ruleset.rules}
    tests: dict[Reach, Callable[[Rule], bool]] = {
        "part": lambda _: True,
        "whole": lambda rule: not rule.torn,
        "kinds": lambda rule: not rule.torn and not _is_doubtful(rule, ruleset),
        "rule": lambda rule: id(rule) in sound and not _is_doubtful(rule, ruleset),
        "set": lambda _: False,
    }
    return evolve(ruleset, rules=tuple(filter(tests[reach], every)), params=EMPTY if reach == "set" else ruleset.params)


def _is_doubtful(rule: Rule, ruleset: RuleSet) -> bool:
    """Whether a rule speaks of a kind whose declaration could not be read."""
    concluded = [step.kind for step in steps_of(rule) if isinstance(step, Conclude)]
    named = (*concluded, *(name for one in patterns_of(rule) for name in one.kinds))
    return any(name not in ruleset.vocabulary.kinds and ruleset.may_declare(name) for name in named)


@frozen(eq=False, repr=False)
class Check:
    """
    One check: the name it is known by, what it runs, and what its findings rest on.

    Parts are checked also in rules of which others are left out: what lacks there is not held against the rest. In a
    rule that is `whole` nothing is left out, though `Unread` may stand in it.
    `is_lint` tells a check that never finds an error, and holds rules against each other or solves them to find more.
    """

    name: str
    run: CheckRun
    reach: Reach = "rule"
    is_lint: bool = False
