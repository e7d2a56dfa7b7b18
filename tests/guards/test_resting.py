"""A step is done only while what it rests on is so: the states that confirmed what it comes after."""

from typing import TypeAlias

import pytest
from attrs import define
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.guards.rig import CONFIRM, DEAD, DRAIN, FENCED, START, Site, rule

LIMIT = "{limit: 9, per: 10m}"
SETTLE, BACKOFF = 20, 10
NEVER = "confirm: {state: mark, where: {name: never}, within: 9h}"
OTHER = rule("{as: e, event: touch}", "[{do: notify, target: $e.host}]", name="other")
ELSE = (
    "outcome: {healthy: {none: [{state: instance, where: {host: $e.host}}], for: 5m}, within: 9h,"
    " else: [{do: notify, target: $e.host}]}"
)
FENCE = "{id: fence, do: compute.fence, target: $e.host, " + CONFIRM + "}"
SETTLED = (
    "{id: settled, do: noop, target: $e.host, after: [],"
    f" confirm: {{none: [{{state: work, where: {{host: $e.host}}}}], for: {SETTLE}s, within: 1h}}}}"
)
DRAINED = (
    "{id: drain, do: compute.disable_service, target: $e.host, after: [fence, settled], "
    f"{NEVER}, retry: {{times: 2, backoff: {BACKOFF}s}}}}"
)
RULES = rule(DEAD, f"[{FENCE}, {SETTLED}, {DRAINED}]", LIMIT, more=ELSE)
DRAINING = "action:compute.disable_service"
Op: TypeAlias = tuple[str, float]


@define(eq=False)
class World:
    """A host that is off and settled, or not, reckoned without the engine."""

    site: Site
    now: float = 0
    power: str = "on"
    working: bool = False
    since: float = 0
    """Since when nobody has worked on it."""
    judged: int = 0

    def play(self, op: str, wait: float) -> None:
        """Let one thing happen, and hold what is said of the drain against how the host is."""
        self.now += wait
        self.see(self.site.until(self.now))
        if op in {"on", "off"}:
            self.power = op
            said = self.site.state("power", self.now, power=op)
        elif op in {"work", "idle"}:
            self.since = self.now if self.working and op == "idle" else self.since
            self.working = op == "work"
            said = self.site.state("work", self.now, gone=op == "idle")
        elif op == "failed":
            drains = [one for one in self.site.decisions if one.action == "compute.disable_service"]
            again = bool(drains) and drains[-1].verdict.status == "allowed"
            back = self.site.decisions[::-1].index(drains[-1]) if again else 0
            said = self.site.answer(self.now, "failed", back=back) if again else []
        elif op in {"pause", "resume"}:
            said = self.site.say(op, self.now, DRAINING)
        else:
            said = []
            self.site.restart() if op == "crash" else self.site.change(RULES + OTHER if op == "change" else RULES)
        self.see(said)

    def see(self, said: list[str]) -> None:
        """Hold decisions against the host: dropped because of `confirm` where it is not as it was, and only there."""
        for decision in self.site.decisions[len(self.site.decisions) - len(said) :]:
            if decision.action == "compute.disable_service" and decision.verdict.guard in {"confirm", "pause", "mode"}:
                settled = (decision.time - START).total_seconds() - self.since >= SETTLE and not self.working
                is_so = settled and self.power == "off"
                assert ("confirm" != decision.verdict.guard) == is_so, (decision, self)
                self.judged += 1


OPS = st.tuples(
    st.sampled_from(("on", "off", "work", "idle", "pause", "resume", "failed", "crash", "change", "back")),
    st.sampled_from((0.0, 1.0, 9.0, 10.0, 19.0, 20.0, 21.0)),
)


@given(st.lists(OPS, max_size=12))
@example([("work", 1), ("idle", 1), ("resume", 20)])
@example([("work", 1), ("idle", 1), ("crash", 1), ("resume", 17)])
@example([("resume", 9), ("failed", 1), ("on", 1), ("crash", 1)])
@settings(max_examples=60, deadline=None)
def test_a_step_goes_out_while_what_it_rests_on_is_so_and_then_only(ops: list[Op]) -> None:
    """Judged at first, after it was held, or again, also after a restart or a change of rules; a `for` counts whole."""
    world = World(Site(RULES))
    for op, wait in (("pause", 0.0), ("off", 0.0)):
        world.play(op, wait)
    world.site.state("alarm", 0)
    for op, wait in (*ops, ("resume", 1.0)):
        world.play(op, wait)
    world.see(world.site.until(world.now + 50))


@pytest.mark.parametrize("crashing", [False, True])
def test_what_was_so_for_a_while_and_still_is_lets_a_held_step_go(*, crashing: bool) -> None:
    """It is not asked to be so for as long again; work that began meanwhile has to have been over for as long."""
    for until, then in ((0, "allowed@100"), (80, "allowed@100"), (81, "suppressed:confirm@100")):
        site = Site(RULES)
        site.say("pause", 0, DRAINING)
        site.state("alarm", 0)
        site.state("power", 1, power="off")
        assert ["disable_service h1 held:pause@20"] == site.until(20)
        if until:
            site.state("work", 50)
            site.state("work", until, gone=True)
        if crashing:
            site.restart()
        assert f"disable_service h1 {then}" == site.say("resume", 100, DRAINING)[0]


def test_a_step_judged_for_the_first_time_rests_on_all_it_comes_after() -> None:
    """The host is on again by the time the last of them is confirmed."""
    site = Site(RULES)
    site.state("alarm", 0)
    site.state("power", 1, power="off")
    site.state("power", 19, power="on")
    assert ["disable_service h1 suppressed:confirm@20", "notify h1 allowed@20"] == site.until(20)
    assert "what it rests on was confirmed, and is not so any more" == site.decisions[-2].verdict.reason


def test_an_attempt_that_is_made_again_rests_on_the_same() -> None:
    """Also on the instant at which it is carried out: who is about to call asks whether it is stopped."""
    site = Site(RULES)
    site.state("alarm", 0)
    site.state("power", 1, power="off")
    assert ["disable_service h1 allowed@20"] == site.until(20)
    first = site.decisions[-1]
    assert "" == site.engine.stopped(first)
    site.answer(21, "failed")
    site.state("power", 22, power="on")
    assert "what it rests on was confirmed, and is not so any more" == site.engine.stopped(first)
    assert ["disable_service h1#2 suppressed:confirm@31", "notify h1 allowed@31"] == site.until(31)


def test_what_an_event_confirmed_stays_confirmed() -> None:
    """An event is not so for a while: it has happened."""
    heard = FENCE.replace(CONFIRM, "confirm: {event: touch, where: {host: $e.host}, within: 60s}")
    site = Site(rule(DEAD, f"[{heard}, {SETTLED}, {DRAINED}]", LIMIT, more=ELSE))
    site.state("alarm", 0)
    site.event("touch", 1)
    site.event("beat", 2)
    assert ["disable_service h1 allowed@20"] == site.until(20)


def test_a_step_may_end_what_an_earlier_one_was_confirmed_by() -> None:
    """What comes after it rests on it alone: a node that was switched off is switched on, and then put to use."""
    on = FENCED.replace("fence", "force_up").replace("'off'", "'on'")
    site = Site(rule(DEAD, f"[{FENCED}, {on}, {DRAIN[1:-1]}]", LIMIT, more=ELSE))
    site.state("alarm", 0)
    assert ["force_up h1 allowed@1"] == site.state("power", 1, power="off")
    assert ["disable_service h1 allowed@2"] == site.state("power", 2, power="on")


@pytest.mark.parametrize("between", ["{do: notify, target: $e.host}", "{do: noop}"])
def test_who_is_told_in_between_changes_nothing(between: str) -> None:
    """What touches nothing and waits for nothing is no ground: a step behind it rests on what that comes after."""
    site = Site(rule(DEAD, f"[{FENCED}, {between}, {DRAIN[1:-1]}]", LIMIT, more=ELSE))
    site.say("pause", 0, DRAINING)
    site.state("alarm", 0)
    assert "disable_service h1 held:pause@1" in site.state("power", 1, power="off")
    site.state("power", 2, power="on")
    assert "disable_service h1 suppressed:confirm@3" == site.say("resume", 3, DRAINING)[0]
