"""What is written out once for a step of a rule is what its guards say, each asked every time."""

from collections import Counter
from collections.abc import Iterable

import pytest

from benchmarks.guards import GUARDS, POLICY, RULES, ZONES, fleet, losses
from benchmarks.guards_floor import Floor
from benchmarks.measure import load
from selfheal_rules.compile import compile_rules
from selfheal_rules.decide import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.engine import Engine
from selfheal_rules.events import State
from selfheal_rules.guard.gate import Guards
from selfheal_rules.guard.road import Words
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.source import Source
from tests.generate.sites import site, zoned
from tests.sites import course

FIRST, SITES = 440, 60
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
    for seed in range(FIRST, FIRST + SITES):
        course(site(seed))
        course(zoned(seed))
    assert KINDS <= len(said), said


@pytest.mark.parametrize(("limit", "down"), [(2, 0), (1_000_000, 6), (1_000_000, 9)])
def test_the_floor_of_the_benchmark_holds_what_the_guards_hold(limit: int, down: int) -> None:
    """What is called the least that nine guards cost says the same as they do, host by host, also where it says no."""
    rules, policy = (text.replace("1000000, per", f"{limit}, per") for text in (RULES + GUARDS, POLICY))
    engine = Engine(compile_rules(load(rules)), policy=read_policy(Source("policy.yaml", policy)))
    floor, said = Floor(limit), list[str]()
    up = fleet(10 * ZONES)
    ill = [State(one.kind, one.source, one.time, {**one.fields, "status": "down"}) for one in up[: down * ZONES : 3]]
    for state in (*up, *ill):
        engine.post(state)
        floor.hold(state)
    lost = losses(engine.program, 8 * ZONES, 10 * ZONES)
    for event in lost:
        said += [one.verdict.guard for one in engine.post(event) if one.verdict.status != "allowed"] or [""]
    assert [floor.judge(event) for event in lost] == said
    assert ({"limit"} if limit == 2 else {"min_healthy"} if down == 6 else {"storm"}) <= {*said}
