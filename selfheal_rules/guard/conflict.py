"""Of actions that contradict each other on one target, one wins; the others are told to whom they lost."""

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.stage import Asked, Desk, Phrase, Stage
from selfheal_rules.guard.verdict import suppressed


def bind(_: object, desk: Desk) -> Asked:
    """Suppress what a rival, asked for or under way, outranks; of two that ask for the same, the first is heard."""
    view, book = desk.view, desk.book

    def verdict(proposal: Proposal, _: object, __: int) -> Verdict | None:
        for rival in view.rivals:
            if view.loses(proposal, rival):
                return suppressed("conflict", f"lost to `{rival.action}` of rule `{rival.rule}` on the same target")
        found = book.locking(proposal.place) if view.conflicts else None
        if found and found.episode != proposal.episode.number and view.outranks(found.action, proposal.action):
            return suppressed("conflict", f"lost to `{found.action}`, which is under way on the same target")
        return None

    return Asked(
        verdict,
        Phrase(
            "len({view}.rivals) > 1 or ({ranked} and proposal.place in {locks})",
            view=view,
            ranked=bool(view.conflicts),
            locks=book.locks,
        ),
    )


STAGE = Stage("conflict", bind, "acting")
