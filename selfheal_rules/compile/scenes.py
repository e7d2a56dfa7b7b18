"""What a rule brings together: for each way its condition may come true, its patterns and what is equal in them."""

from collections.abc import Iterator
from functools import cached_property

from attrs import evolve, field, frozen

from selfheal_rules.actions import risk_of
from selfheal_rules.check.walk import steps_of
from selfheal_rules.compile.blocks import is_open
from selfheal_rules.compile.branches import Branch, expand
from selfheal_rules.compile.equalities import Equalities
from selfheal_rules.compile.routes import Node, Path
from selfheal_rules.compile.sources import group_paths
from selfheal_rules.compile.steps import key_parts
from selfheal_rules.model import Conclude, Do, Group, Pattern, Reference, Rule, RuleSet

RuleName = tuple[str, str]
"""The name of a rule set and the id of one of its rules."""


@frozen(eq=False, repr=False)
class Scene:
    """
    One conjunction of patterns: a branch of `when`, or what is asked inside one by a negative, `confirm` or `healthy`.

    `equal` holds while all of its patterns are bound; `groups` are the fields the rows of a count are told apart by;
    `open` are the counts that have a row where there is nothing to count.
    """

    patterns: tuple[Pattern, ...]
    equal: Equalities
    groups: dict[str, tuple[Path, ...]]
    open: frozenset[str] = frozenset()
    inner: tuple["Scene", ...] = ()
    word: str = "when"
    picked: dict[str, Equalities] = field(factory=dict)
    """What is equal for the candidates of a pick, before another pick is made."""
    is_awaited: bool = False
    """Whether it is what a step waits for, and so is looked for only once the rule has fired."""

    def equal_for(self, pattern: Pattern) -> Equalities:
        """Give what is equal where a row of the pattern is looked for."""
        return self.picked.get(pattern.alias, self.equal)


@frozen(eq=False, repr=False)
class Facts:
    """A rule as the split analysis sees it."""

    name: RuleName
    rule: Rule
    rules: RuleSet
    scenes: tuple[Scene, ...]
    does: bool
    """Whether it decides steps; else it only concludes."""

    @classmethod
    def of(cls, rules: RuleSet, rule: Rule) -> "Facts":
        """Gather what a rule brings together."""
        scenes = tuple(_outermost(rule, rules, branch) for branch in expand(rule.when, rules))
        does = any(isinstance(step, Do) for step in rule.then)
        return cls((rules.name, rule.id), rule, rules, scenes, does)

    @property
    def proposing(self) -> "Facts":
        """Give the rule as a stage sees it that only matches it: without guards and what its steps wait for."""
        steps = tuple(evolve(step, confirm=None) if isinstance(step, Do) else step for step in self.rule.then)
        return Facts.of(self.rules, evolve(self.rule, then=steps, guard=(), outcome=None))

    @cached_property
    def every_scene(self) -> tuple[Scene, ...]:
        """Give all scenes, with those inside behind each."""
        return tuple(one for scene in self.scenes for one in (scene, *scene.inner))

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """Give the kinds its patterns read, in order, those its guards count included."""
        return _kinds((*(one for scene in self.every_scene for one in scene.patterns), *self.populations))

    @property
    def awaited(self) -> tuple[str, ...]:
        """Give the kinds its steps wait for, and its guards count: what is read where it is decided."""
        hidden = [one for scene in self.every_scene if scene.is_awaited for one in scene.patterns]
        return _kinds((*hidden, *self.populations))

    @property
    def populations(self) -> tuple[Pattern, ...]:
        """Give the patterns of what its guards count."""
        settings = (value for guard in self.rule.guard for value in guard.settings.values())
        return tuple(value for value in settings if isinstance(value, Pattern))

    @cached_property
    def conclusions(self) -> tuple[Conclude, ...]:
        """Give its `conclude` steps."""
        return tuple(step for step in self.rule.then if isinstance(step, Conclude))

    @property
    def dos(self) -> tuple[Do, ...]:
        """Give its `do` steps, those of `else` included."""
        return tuple(step for step in steps_of(self.rule) if isinstance(step, Do))

    @property
    def guarded(self) -> tuple[Do, ...]:
        """Give the steps its guards may speak to: those that touch something; where none of `then` does, all of it."""
        then = tuple(step for step in self.rule.then if isinstance(step, Do))
        acting = tuple(step for step in self.dos if risk_of(step.action) != "none")
        found = acting if any(step in acting for step in then) else (*then, *acting)
        return found if self.rule.guard else ()

    @property
    def key(self) -> tuple[Node, ...]:
        """Give the values its firings are told apart by, as far as they are values of items."""
        parts = key_parts(self.rule, self.rules)
        return tuple((part.alias, part.path) for part in parts if isinstance(part, Reference))


def _kinds(patterns: tuple[Pattern, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(kind for one in patterns for kind in one.kinds))


def _outermost(rule: Rule, rules: RuleSet, branch: Branch) -> Scene:
    equal = Equalities.of(branch.joins)
    hidden = (scene for word, condition in _conditions(rule) for scene in _hidden(word, condition, rules, equal))
    inner = (*_negatives(branch, equal), *(evolve(scene, is_awaited=True) for scene in hidden))
    return _scene(branch, Equalities(), "when", inner)


def _conditions(rule: Rule) -> Iterator[tuple[str, Group]]:
    for step in steps_of(rule):
        if isinstance(step, Do) and step.confirm:
            yield "confirm", step.confirm.condition
    if rule.outcome:
        yield "healthy", rule.outcome.healthy


def _hidden(word: str, condition: Group, rules: RuleSet, outer: Equalities) -> Iterator[Scene]:
    for branch in expand(condition, rules):
        yield _scene(branch, outer, word)
        yield from _negatives(branch, outer.and_(branch.joins))


def _negatives(branch: Branch, outer: Equalities) -> Iterator[Scene]:
    for negative in branch.negatives:
        for inside in negative.branches:
            yield _scene(inside, outer, "unless" if negative.outer else "none")
            yield from _negatives(inside, outer.and_(inside.joins))


def _scene(branch: Branch, outer: Equalities, word: str, inner: tuple[Scene, ...] = ()) -> Scene:
    counted = (one for one in branch.patterns if one.count or one.aggregate)
    groups = {one.alias: group_paths(one, branch) for one in counted}
    opened = (
        one.alias for one in branch.patterns if one.alias in groups and is_open(one, groups[one.alias], branch, ())
    )
    equal = outer.and_(branch.joins)
    return Scene(branch.patterns, equal, groups, frozenset(opened), inner, word, _picked(branch, outer))


def _picked(branch: Branch, outer: Equalities) -> dict[str, Equalities]:
    """Give what is equal for each pick: a join with another picked row is no help, for which comes first may change."""
    picks = [one.alias for one in branch.patterns if one.pick]
    found = {}
    for alias in picks:
        others = {other for other in picks if other != alias}
        found[alias] = outer.and_(j for j in branch.joins if not {j.left.alias, j.right.alias} & others)
    return found
