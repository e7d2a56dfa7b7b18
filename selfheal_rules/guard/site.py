"""The guards of a policy: those over all rules, each for its actions."""

from attrs import evolve

from selfheal_rules.compile.codegen import Code
from selfheal_rules.compile.guards import guarding, sharing
from selfheal_rules.compile.plan import Guarding
from selfheal_rules.guard.stage import SITE
from selfheal_rules.guards import GUARDS
from selfheal_rules.model import RuleSet
from selfheal_rules.policy import Policy, SiteGuard


def site_guards(policy: Policy, rules: RuleSet, code: Code) -> tuple[Guarding, ...]:
    """Lower the guards of a policy; in which order it names their actions means nothing."""
    return sharing(_site_guard(one, rules, code) for one in policy.guards)


def _site_guard(one: SiteGuard, rules: RuleSet, code: Code) -> Guarding:
    known = GUARDS.get(one.guard.name)
    by = one.by if known is not None and known.is_brought else tuple(sorted(one.by))
    return evolve(guarding(one.guard, SITE, rules, by, None, code), actions=tuple(sorted(one.actions)))
