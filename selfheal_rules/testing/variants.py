"""The circumstances under which a case is played again, and its decisions must be the same."""

from collections.abc import Iterable, Mapping

from attrs import frozen

from selfheal_rules.check.walk import patterns_of, steps_of
from selfheal_rules.compile.plan import Guarding
from selfheal_rules.compile.split import Stage
from selfheal_rules.events import Event, State
from selfheal_rules.model import Conclude, Rule
from selfheal_rules.testing.cases import Also, Case, Input

OF_ONE = frozenset({"lock", "maintenance", "approval"})
"""Guards that, as those by target, mind one target where they name nothing else: what befalls another is nothing."""


@frozen
class Variant:
    """One way to play a case."""

    name: str = ""
    crashes: bool = False
    """After each call the engine is thrown away, and another goes on from its snapshot."""
    duplicates: bool = False
    """Each event and state is delivered twice."""
    reorders: bool = False
    """Of the inputs of one time those that cannot matter to each other change places."""
    matcher: str = "native"


PLAIN = Variant()
VARIANTS: Mapping[Also, Variant] = {
    "crash_each_step": Variant("crash_each_step", crashes=True),
    "duplicate_each_event": Variant("duplicate_each_event", duplicates=True),
    "reorder_ties": Variant("reorder_ties", reorders=True),
    "durable_engine": Variant("durable_engine", matcher="durable"),
}


def reordered(inputs: tuple[Input, ...], case: Case) -> tuple[Input, ...]:
    """Give the inputs with all those turned round that are of one time and cannot matter to each other."""
    order = list(inputs)
    if len(order) < 2 or _is_guarded_over_all(case):  # noqa: PLR2004 - a tie takes two
        return inputs
    stages = case.program.stages()
    shared = _shared_kinds(case)
    for end in range(1, len(order)):
        at = end
        while at and _are_apart(order[at - 1], order[at], stages, shared):
            order[at - 1], order[at] = order[at], order[at - 1]
            at -= 1
    return tuple(order)


def _is_guarded_over_all(case: Case) -> bool:
    """Whether the site's policy looks at what is done to one target before it lets another be acted on."""
    policy = case.policy
    return policy is not None and bool(policy.guards or policy.observers or policy.conflicts or policy.stand_down)


def _shared_kinds(case: Case) -> frozenset[str]:
    """Give the kinds that lead to a rule with a guard under which one target takes the place of another."""
    counting = {
        (one.ruleset, one.name) for one in case.program.plan.rules if any(_is_shared(guard) for guard in one.guards)
    }
    rules = [(ruleset.name, rule) for ruleset in case.program.rulesets for rule in ruleset.rules]
    found = _read([rule for name, rule in rules if (name, rule.id) in counting])
    while True:
        leading = [rule for _, rule in rules if not found.isdisjoint(_concluded(rule))]
        more = found | _read(leading)
        if more == found:
            return found
        found = more


def _read(rules: Iterable[Rule]) -> frozenset[str]:
    return frozenset(kind for rule in rules for pattern in patterns_of(rule) for kind in pattern.kinds)


def _concluded(rule: Rule) -> frozenset[str]:
    return frozenset(step.kind for step in steps_of(rule) if isinstance(step, Conclude))


def _is_shared(guard: Guarding) -> bool:
    return not (guard.by_target or guard.name in OF_ONE) or guard.scope is not None


def _are_apart(left: Input, right: Input, stages: tuple[Stage, ...], shared: frozenset[str]) -> bool:
    """Whether no rule brings two inputs of one time together, and no guard counts both."""
    first, second = left.given, right.given
    if not isinstance(first, Event | State) or not isinstance(second, Event | State):
        return False
    if left.at != right.at or first.time != second.time:
        return False
    if {first.kind, second.kind} <= shared:
        return False
    for stage in stages:
        if stage.route(first.kind) is None or stage.route(second.kind) is None:
            continue
        if stage.is_global:
            return False
        keys = stage.partition_key(first), stage.partition_key(second)
        if None in keys or keys[0] == keys[1]:
            return False
    return True
