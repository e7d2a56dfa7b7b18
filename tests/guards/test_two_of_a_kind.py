"""Guards of a kind beside each other, and one after the other: none lets through what it alone would hold."""

from typing import TypeAlias

from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from selfheal_rules.decide import Decision
from tests.guards.rig import DRAIN, FREE, LOST, START, Site, rule

ACTIONS = {"lost": "compute.disable_service", "beat": "compute.enable_service"}
RULES = rule(LOST, DRAIN, name="lost") + rule(
    "{as: e, event: beat}", DRAIN.replace("disable", "enable"), name="beat", more="priority: 1"
)
HOSTS = ("h0", "h1", "h2", "h3")
EVERY = "{limit: 99, per: 1h}, {cooldown: 1s}, {attempts: 99, per: 1h}"
"""They hold nothing here, and have the site count everything from the start."""
Said: TypeAlias = tuple[str, int, int, tuple[str, ...]]
"""What a guard is, how much, in how many seconds, for which actions."""
Op: TypeAlias = tuple[str, str, int]
Known: TypeAlias = tuple[list[int], list[int]]
"""When attempts failed, and when the breaker opened."""
GUARD = st.tuples(
    st.sampled_from(("limit", "cooldown", "attempts", "max_in_flight")),
    st.integers(1, 3),
    st.sampled_from((20, 60, 300)),
    st.lists(st.sampled_from(tuple(ACTIONS.values())), min_size=1, max_size=2, unique=True).map(tuple),
)
WAITS = st.sampled_from((0, 1, 19, 20, 59, 60, 200))
OPS = st.tuples(st.sampled_from(("lost", "beat", "done", "crash", "policy")), st.sampled_from(HOSTS), WAITS)


def _written(said: Said) -> str:
    name, amount, per, actions = said
    settings = {
        "limit": f"limit: {amount}, per: {per}s",
        "cooldown": f"cooldown: {per}s",
        "attempts": f"attempts: {amount}, per: {per}s",
        "max_in_flight": f"max_in_flight: {amount}",
    }
    return f"{{{settings[name]}, action: [{', '.join(actions)}]}}"


def _policy(guards: list[Said]) -> str:
    return f"{FREE}guards: [{', '.join([EVERY, *map(_written, guards)])}]\n"


def _second(decision: Decision) -> float:
    return (decision.time - START).total_seconds()


@define(eq=False)
class Reckoning:
    """What was let through, and what each guard alone would say of that."""

    allowed: list[Decision] = field(factory=list)
    running: dict[str, Decision] = field(factory=dict)

    def judge(self, made: list[Decision], guards: list[Said]) -> None:
        """Hold what was let through against every guard there is now, whatever there was before."""
        for one in made:
            if one.verdict.status != "allowed":
                continue
            self.running = {id_: other for id_, other in self.running.items() if _second(one) - _second(other) < 900}
            for guard in guards:
                if one.action in guard[3]:
                    self._hold(one, guard)
            self.allowed.append(one)
            self.running[one.id] = one

    def _hold(self, one: Decision, guard: Said) -> None:
        name, amount, per, actions = guard
        late = [other for other in self.allowed if other.action in actions and _second(one) - _second(other) < per]
        same = [other for other in late if other.target == one.target]
        if name == "limit":
            targets = {other.target for other in late}
            assert one.target in targets or len(targets) < amount, guard
        elif name == "cooldown":
            assert not same, guard
        elif name == "attempts":
            assert len([other for other in same if other.action == one.action]) < amount, guard
        else:
            assert len([other for other in self.running.values() if other.action in actions]) < amount, guard


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(GUARD, max_size=3), min_size=1, max_size=4), st.lists(OPS, max_size=40))
def test_no_change_of_policy_frees_what_the_new_one_counts(policies: list[list[Said]], ops: list[Op]) -> None:
    """
    [31] Other actions, in another order, more of them, other numbers, back and forth, with crashes between.

    Whatever a policy says of limits, cooldowns, attempts and caps holds of all that was done, not only since it came.
    """
    now, current, done = 0, 0, Reckoning()
    site = Site(RULES, _policy(policies[0]))
    for name, host, wait in ops:
        now += wait
        before = len(site.decisions)
        site.until(now)
        if name in ACTIONS:
            site.event(name, now, host)
        elif name == "crash":
            site.restart()
        done.judge(site.decisions[before:], policies[current])
        before = len(site.decisions)
        if name == "policy":
            current = (current + 1) % len(policies)
            site.say("policy", now, _policy(policies[current]))
        elif name == "done" and done.running:
            last = done.running.pop(next(iter(done.running)))
            site.answer(
                now, back=len(site.decisions) - 1 - max(n for n, one in enumerate(site.decisions) if one is last)
            )
        done.judge(site.decisions[before:], policies[current])


FLEET = "of: {state: host, where: {status: up}}"
STORMS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from((5, 60, 200))), min_size=1, max_size=3)


@settings(max_examples=40, deadline=None)
@given(STORMS, st.lists(st.tuples(st.sampled_from(("up", "down", "lost")), st.sampled_from(HOSTS), WAITS), max_size=30))
def test_each_storm_guard_holds_as_long_as_it_alone_would(storms: list[tuple[int, int]], ops: list[Op]) -> None:
    """G7: nothing begins before it has been calm for `for`, by the number and the time of each of them."""
    guards = ", ".join(f"{{storm: {number}, {FLEET}, for: {wait}s}}" for number, wait in storms)
    other = "{storm: 1, of: {state: power, where: {power: 'on'}}, for: 1s}"
    site = Site(RULES, f"{FREE}guards: [{guards}, {other}]\n")
    down, raged, now, told = dict[str, None](), dict[int, float](), 0, 0
    site.state("power", 0, power="on")
    for host in HOSTS:
        site.state("host", 0, host, status="up")
    for name, host, wait in ops:
        now += wait
        site.until(now)
        for at in [_second(one) for one in site.decisions[told:] if one.verdict.status == "allowed"]:
            for number, calm in storms:
                assert len(down) < number
                assert at >= raged.get(number, -calm) + calm
        told = len(site.decisions)
        raging = [number for number, _ in storms if len(down) >= number]
        if name == "lost":
            site.event("lost", now, host)
        else:
            down = {one: None for one in (*down, host) if name == "down" or one != host}
            site.state("host", now, host, status=name)
        raging += [number for number, _ in storms if len(down) >= number]
        raged |= dict.fromkeys(raging, now)


BREAKERS = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from((20, 60, 300)), st.sampled_from((10, 60))), min_size=1, max_size=3
)


@settings(max_examples=40, deadline=None)
@given(BREAKERS, st.lists(st.tuples(st.sampled_from(("done", "failed")), WAITS), max_size=30))
def test_each_breaker_opens_as_it_alone_would(breakers: list[tuple[int, int, int]], ops: list[tuple[str, int]]) -> None:
    """G15: after so many failures within its own time the next waits for its own `for`, whatever stands beside it."""
    guards = ", ".join(f"{{breaker: {least}, per: {per}s, for: {wait}s}}" for least, per, wait in breakers)
    site = Site(RULES, f"{FREE}guards: [{guards}]\n")
    known: list[Known] = [([], []) for _ in breakers]
    now = told = 0
    for number, (outcome, wait) in enumerate(ops):
        now += wait
        site.until(now)
        site.event("lost", now, f"h{number}")
        while told < len(site.decisions):
            told += 1
            if site.decisions[told - 1].verdict.status == "allowed":
                _end(known, breakers, _second(site.decisions[told - 1]), now, outcome)
                site.answer(now, outcome, back=len(site.decisions) - told)
        site.restart()


def _end(known: list[Known], breakers: list[tuple[int, int, int]], at: float, now: int, how: str) -> None:
    """Hold what was let through against each breaker, and have each hear how it ends."""
    for (failures, opened), (least, per, wait) in zip(known, breakers, strict=True):
        assert not opened or at >= opened[-1] + wait
        if how == "failed":
            failures.append(now)
            if opened or len([one for one in failures if now - one < per]) >= least:
                opened[:] = [now]
        elif opened:
            failures.clear()
            opened.clear()
