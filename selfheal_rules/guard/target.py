"""A step without one plain target is never done: an empty set is not everything."""

from selfheal_rules.decide.decision import UNTARGETED, Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import rejected

EVERYTHING = frozenset({"", "all", "any", "none", "null"})
"""Texts that name no one thing; nor does any with a `*` in it."""


def bind(_: object, __: Desk) -> Asked:
    """Reject what names nothing, or everything."""
    named = "(named := proposal.target).__class__ is str and '*' not in named and named.strip().lower() not in {odd}"
    return Asked(_verdict, Phrase(f"not ({named})", odd=EVERYTHING))


def _verdict(proposal: Proposal, _: object, __: int) -> Verdict | None:
    target = proposal.target
    if target is None:
        return UNTARGETED if proposal.targeted or proposal.acting else None
    if isinstance(target, str) and proposal.acting and ("*" in target or target.strip().lower() in EVERYTHING):
        return rejected("target", f"`{target}` names no one thing to act on")
    return None


STAGE = Stage("target", bind, "every")
