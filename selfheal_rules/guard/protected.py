"""Some things no rule ever acts on, nor on what is in them."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import rejected


def bind(_: object, desk: Desk) -> Asked:
    """Reject acting on what the site protects."""
    protected, cover, way = desk.view.protected, desk.view.shield.cover, desk.view.topology.way

    def verdict(proposal: Proposal, _: object, __: int) -> Verdict | None:
        reason = protected(proposal.target)
        return None if reason is None else rejected("protected", reason)

    return Asked(
        verdict, Phrase("{cover}(str(proposal.target)) or {way}(proposal.target).shielded", cover=cover, way=way)
    )


STAGE = Stage("protected", bind, "acting", heeds=lambda view: bool(view.shields), forbids=True)
