"""A step without one plain target is never done: an empty set is not everything."""

import re

from selfheal_rules.decide.decision import UNTARGETED, Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import rejected
from selfheal_rules.spelling import EVERYTHING, names_one

_PLAIN = re.compile(rf"(?!(?:{'|'.join(filter(None, sorted(EVERYTHING)))})\Z)[\w.:/-]+", re.IGNORECASE)
"""Nearly every name there is; what it fits names one thing."""


def bind(_: object, __: Desk) -> Asked:
    """Reject what names nothing, or everything."""
    plain = "not ((named := proposal.target).__class__ is str and {plain}(named))"
    return Asked(_verdict, Phrase(plain, plain=_PLAIN.fullmatch))


def _verdict(proposal: Proposal, _: object, __: int) -> Verdict | None:
    target = proposal.target
    if target is None:
        return UNTARGETED if proposal.targeted or proposal.acting else None
    if isinstance(target, str) and proposal.acting and not names_one(target):
        return rejected("target", f"`{target}` names no one thing to act on")
    return None


STAGE = Stage("target", bind, "every", forbids=True)
