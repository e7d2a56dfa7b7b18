"""What every check is given: the rule set and, worked out once, the scopes of each rule."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TypeAlias

from attrs import frozen

from selfheal_rules.check.alternatives import Names, Scope, in_every, scopes
from selfheal_rules.check.walk import patterns_of, roots, steps_of, watched_by
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Do, Pattern, Rule, RuleSet, Step
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

    def kind(self, name: str) -> Kind | None:
        """Give a kind by its name, if there is one."""
        found: Kind | None = self.ruleset.vocabulary.kinds.get(name)
        return found

    def is_own(self, kind: Kind) -> bool:
        """Whether the rule set declares the kind itself, rather than taking it from a vocabulary."""
        return kind.span.source == self.ruleset.span.source


CheckRun: TypeAlias = Callable[[Subject], Iterable[Diagnostic]]


Reach: TypeAlias = Literal["part", "rule", "set"]
"""What a finding rests on: one part of a rule, all of the rule, or all of the rule set."""


@frozen(eq=False, repr=False)
class Check:
    """
    One check: the name it is known by, what it runs, and what its findings rest on.

    Parts are checked also in rules that could not be read to the end: what lacks there is not held against the rest.
    `is_lint` tells a check that never finds an error, and holds rules against each other or solves them to find more.
    """

    name: str
    run: CheckRun
    reach: Reach = "rule"
    is_lint: bool = False
