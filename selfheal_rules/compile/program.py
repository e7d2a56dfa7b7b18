"""A compiled program: immutable, shareable between threads and engines."""

import pickle
import zlib
from collections.abc import Container, Sequence
from functools import cached_property
from hashlib import sha256

from attrs import evolve, field, frozen

from selfheal_rules.check import check_rules, check_together
from selfheal_rules.compile.arrangement import AS_WRITTEN, Arrangement
from selfheal_rules.compile.deciding import Within
from selfheal_rules.compile.lower import lower
from selfheal_rules.compile.plan import Plan
from selfheal_rules.compile.scenes import RuleName
from selfheal_rules.compile.split import Split, Stage, split
from selfheal_rules.compile.units import Fixed
from selfheal_rules.diagnostics import Report, RuleSetError
from selfheal_rules.events import Event, State
from selfheal_rules.model import RuleSet
from selfheal_rules.policy import Policy
from selfheal_rules.values import EMPTY, FrozenMap, argument
from selfheal_rules.vocabulary import Vocabulary


@frozen
class Program:
    """
    Rule sets ready to run.

    `digest` tells programs apart: it changes with any rule, their order, and any kind or site value a rule uses.
    Pickling keeps the rule sets and compiles them again.
    """

    rulesets: tuple[RuleSet, ...]
    digest: str
    plan: Plan = field(eq=False, repr=False)
    arrangement: Arrangement = field(default=AS_WRITTEN, eq=False, repr=False)
    whole: FrozenMap | None = field(default=None, eq=False, repr=False)
    """The revisions of the program this is a part of, if it is one."""

    @classmethod
    def of(cls, *rulesets: RuleSet) -> "Program":
        """Give the program of rule sets that are known to be sound, such as parts of others."""
        return _recompile(*rulesets)

    @property
    def vocabulary(self) -> Vocabulary:
        """Every kind an engine of this program takes."""
        first, *others = (rules.vocabulary for rules in self.rulesets)
        for other in others:
            first = first | other
        return first

    @property
    def revisions(self) -> FrozenMap:
        """The digest of each rule set, by its name: a site's policy may speak of one revision alone."""
        if self.whole is not None:
            return self.whole
        digests: dict[str, list[str]] = {}
        for ruling in self.plan.rules:
            digests.setdefault(ruling.ruleset, []).append(ruling.digest)
        return FrozenMap({name: sha256(repr(found).encode()).hexdigest()[:32] for name, found in digests.items()})

    def split(self, fixed: Fixed = EMPTY, *, within: Within = EMPTY, policy: Policy | None = None) -> Split:
        """
        Say how the stream may be divided among partitions without changing a decision; reckoned at each call.

        `fixed` names, by kind, fields of states that never change while a state stands, such as `{"alarm": ["host"]}`;
        `within` says what a thing is in for good, such as `{"host": "zone"}`: only whoever posts the items can know.
        Under a policy every step is judged by guards that look at all of the site.

        Raises:
            ValueError: where no item could keep what is promised: there is no such kind or field.
        """
        return split(self.rulesets, fixed, within, None if policy is None else policy.kinds)

    def stages(
        self, fixed: Fixed = EMPTY, *, within: Within = EMPTY, policy: Policy | None = None
    ) -> tuple[Stage, ...]:
        """Give the stages of `split`: what matches and proposes, then what decides on it, the global one last."""
        return self.split(fixed, within=within, policy=policy).stages

    def partition_key(self, item: Event | State, stage: Stage) -> str | None:
        """
        Give the text that says which partition of a stage an item belongs to; None where every partition must see it.

        Raises:
            KeyError: where the stage reads no item of the kind.
        """
        return stage.partition_key(item)

    def only(self, names: Container[RuleName]) -> "Program":
        """Give the program of some of its rules: (rule set, rule) each; its vocabulary and revisions stay whole."""
        kept = (evolve(one, rules=tuple(r for r in one.rules if (one.name, r.id) in names)) for one in self.rulesets)
        return evolve(_recompile(*kept), whole=self.revisions)

    def share(self, stage: Stage) -> "Program":
        """Give what an engine of one partition of a stage runs."""
        rules = self.only({*stage.rules, *stage.repeated, *stage.decided})
        return rules.arranged(Arrangement(proposed=stage.proposed, decided=stage.decided))

    @cached_property
    def written(self) -> bytes:
        """The rule sets as a snapshot has them, written once."""
        return zlib.compress(pickle.dumps(self.rulesets, protocol=5))

    def arranged(self, arrangement: Arrangement) -> "Program":
        """Give the program as an engine runs it that has seen rules change."""
        if arrangement == self.arrangement:
            return self
        return evolve(self, plan=lower(self.rulesets, _name(self.rulesets), arrangement), arrangement=arrangement)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        """Pickle as the rule sets, and how they came together: generated code is made again."""
        return _unpickled, (self.rulesets, self.arrangement, self.whole)


def compile_rules(*rulesets: RuleSet) -> Program:
    """
    Compile rule sets into one program, checking them first.

    Raises:
        RuleSetError: with every error found, those of reading included: no part of a rule set is run without the
            rest. Warnings do not stop it.
        TypeError: where one is no rule set.
    """
    for rules in rulesets:
        argument("rulesets", rules, RuleSet, cure="`load_rules` gives one, and several stand side by side")
    report = sum(
        (Report.of(rules.faults) + check_rules(rules, lint=False) for rules in rulesets),
        check_together(*rulesets, lint=False),
    )
    if report.errors:
        raise RuleSetError(report)
    return _recompile(*rulesets)


def _unpickled(rulesets: tuple[RuleSet, ...], arrangement: Arrangement, whole: FrozenMap | None) -> Program:
    return evolve(_recompile(*rulesets).arranged(arrangement), whole=whole)


def _recompile(*rulesets: RuleSet) -> Program:
    plan = lower(rulesets, _name(rulesets))
    return Program(tuple(rulesets), _digest(rulesets, plan), plan)


def _name(rulesets: Sequence[RuleSet]) -> str:
    return "-".join(rules.name for rules in rulesets)


def _digest(rulesets: Sequence[RuleSet], plan: Plan) -> str:
    names = [rules.name for rules in rulesets]
    return sha256(repr((names, [(ruling.order, ruling.digest) for ruling in plan.rules])).encode()).hexdigest()[:32]
