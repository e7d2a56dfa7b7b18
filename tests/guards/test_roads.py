"""What is written out once for a step of a rule is what its guards say, each asked every time."""

from collections import Counter
from collections.abc import Iterable

import pytest

from selfheal_rules.decide import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.gate import Guards
from selfheal_rules.guard.road import Words
from tests.generate.sites import site, zoned
from tests.sites import course

SITES = 60
KINDS = 14
"""So many guards at least say no to something."""


def test_a_guard_that_is_not_asked_would_have_said_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over random sites, the first of all that guards say of a step is the verdict, word for word."""
    heard: list[Verdict | None] = []
    said = Counter[str]()
    judge = Guards.judge

    def hear(_: Proposal, words: Words, __: int) -> None:
        heard.append(next((word for _, word in words if word is not None), None))

    def judged(self: Guards, proposal: Proposal, rivals: Iterable[Proposal], now: int) -> Verdict:
        self.ear = hear
        found = judge(self, proposal, rivals, now)
        word = heard.pop()
        said[found.guard if word else "through"] += 1
        if word is None:
            assert found.status in {"allowed", "shadowed"}
        elif found.status == "suppressed" and word.status == "held":
            assert found.reason.startswith(word.reason)
        else:
            assert word == found
        return found

    monkeypatch.setattr(Guards, "judge", judged)
    for seed in range(600, 600 + SITES):
        course(site(seed))
        course(zoned(seed))
    assert KINDS <= len(said), said
