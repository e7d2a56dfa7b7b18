"""Budgets: guards that share one count a step once, and what has left every window is forgotten at a bounded price."""

import pytest

from selfheal_rules.guard.ledger import SWEEP, Book, act
from tests.guards.rig import DRAIN, FREE, LOST, Site, rule

PAIRS = {
    "attempts": ("{attempts: 3, per: 1h}", "{attempts: 9, per: 10h}"),
    "flap": ("{flap: 4, per: 1h}", "{flap: 9, per: 10h}"),
    "backoff": ("{backoff: 8s, per: 1h}", "{backoff: 1s, per: 10h}"),
    "cooldown": ("{cooldown: 15s}", "{cooldown: 5s}"),
    "limit": ("{limit: 2, per: 25s}", "{limit: 9, per: 1h}"),
}
"""Guards of one name that go by the same, the stricter first."""


@pytest.mark.parametrize("name", PAIRS)
def test_guards_that_share_a_budget_count_a_step_once(name: str) -> None:
    """So the stricter of two holds as it does alone, in either order, in a rule and in a policy."""
    strict, loose = PAIRS[name]

    def course(*guards: str, site: bool = False) -> list[str]:
        policy = f"{FREE}guards: [{', '.join(guards)}]\n" if site else FREE
        found, told = Site(rule(LOST, DRAIN, *(() if site else guards)), policy), []
        for second in range(0, 60, 10):
            made = found.event("lost", second, "h1" if name != "limit" else f"h{second}")
            told += made
            told += found.answer(second + 1) if made and made[-1].endswith(f"allowed@{second}") else []
        return told

    for site in (False, True):
        alone = course(strict, site=site)
        assert any(f":{name}@" in one or "quarantine" in one for one in alone)
        assert alone == course(strict, loose, site=site) == course(loose, strict, site=site)


def test_a_sweep_comes_when_as_much_is_new_as_there_is() -> None:
    """However much is remembered, a charge has its share of it, and no more; and what is old goes."""
    book, looked = Book(), 0
    acts, times = book.acts.setdefault(("limit", ""), {}), book.times.setdefault(("flap",), {})
    last = book.last.setdefault(("cooldown", ""), {})
    for now in range(20 * SWEEP):
        act(acts, (f"h{now}",), f"h{now}", now)
        times.setdefault((f"h{now}",), []).append(now)
        last[f"h{now}",] = now
        book.charged += 1
        if book.charged >= book.brim:
            looked += len(acts)
            book.sweep(now - 4 * SWEEP)
            assert {len(acts), len(times), len(last)} == {min(4 * SWEEP, now + 1)}
    assert looked <= 3 * 20 * SWEEP
    assert len(acts) <= 4 * SWEEP + book.brim
