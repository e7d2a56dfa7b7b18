"""A site's policy before it is bound to a program: it fits, or it is refused whole."""

from collections.abc import Mapping

from selfheal_rules.check.policy import check_policy
from selfheal_rules.compile.program import Program
from selfheal_rules.decide.control import Control
from selfheal_rules.diagnostics import EventError, RuleSetError, SnapshotError
from selfheal_rules.guards import GUARDS, without
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.policy import Policy
from selfheal_rules.source import Source


def refuse_policy(program: Program, policy: Policy | None) -> None:
    """
    Hold a policy against the rule sets of a program.

    Raises:
        RuleSetError: with every error.
    """
    if policy is not None:
        report = check_policy(policy, program.vocabulary, program.rulesets, program.revisions)
        if report.errors:
            raise RuleSetError(report)


def said_policy(program: Program, policy: Policy | None, said: Control) -> Policy | None:
    """
    Give the policy a control brings, if it brings one; whatever it brings must be fit to be taken.

    Raises:
        EventError: before anything changes.
    """
    if said.act == "rules":
        _refuse_rules(policy, said)
    if said.act != "policy":
        return None
    try:
        found = read_policy(Source(f"policy of {said.who}", said.subject))
        refuse_policy(program, found)
    except RuleSetError as error:
        message = f"the policy cannot be taken: {error}"
        raise EventError(message, item=said, field="subject") from None
    return found


def _refuse_rules(policy: Policy | None, said: Control) -> None:
    """Refuse other rules that come without the report of their backtest, where the site asks for one."""
    digest, _, report = said.subject.partition(" ")
    if policy and policy.require_backtest and not report.strip():
        message = f"the site takes no other rules without the report of their backtest: `{digest} HASH`"
        raise EventError(message, item=said, field="subject")


def refuse_guards(named: Mapping[str, int]) -> None:
    """
    Hold the guards of other packages that a snapshot names, each with its version, against those that are installed.

    Raises:
        SnapshotError: where one is missing, or does not read what it remembers; nothing of it is dropped.
    """
    for name, version in named.items():
        known = GUARDS.get(name)
        if known is None:
            raise SnapshotError(without(name))
        if version not in {known.version, *known.reads}:
            message = (
                f"the snapshot has what version {version} of guard `{name}` remembers, and version {known.version} "
            )
            message += "does not read it: install a version that does"
            raise SnapshotError(message)


def kept_policy(kept: tuple[str, str] | None) -> Policy | None:
    """
    Give the policy a snapshot was taken under.

    Raises:
        SnapshotError: where it was put together in Python, and has no text.
    """
    if kept is None:
        return None
    name, text = kept
    if not text:
        message = f"the snapshot was taken under policy `{name}`, which has no text: give it again"
        raise SnapshotError(message)
    return read_policy(Source(name, text))
