"""Sentence 33: what a shadow decides, against enforcement over the same inputs, with rules that confirm."""

from collections.abc import Callable
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfheal_rules.decide import Decision
from tests.guards.rig import AZONE, DEAD, DRAIN, FENCED, FREE, LOST, PAGE, START, Site, at, rule
from tests.guards.test_interleavings import OPS, POLICY, Op, World, _world

SHADOW = FREE.replace("mode: enforce", "mode: shadow")
ENABLE = DRAIN.replace("disable", "enable")
RETRIED = f"{FENCED[:-1]}, retry: {{times: 1, backoff: 5s}}}}"
HEAL = rule(DEAD, f"[{RETRIED}, {ENABLE[1:-1]}]", "{limit: 9, per: 1h}", more=f"outcome: {PAGE}")
Said: TypeAlias = list[str]


def both(rules: str = HEAL) -> tuple[Site, Site]:
    """Give a site that enforces, and one in shadow."""
    return Site(rules), Site(rules, SHADOW)


def marked(said: Said) -> Said:
    """Give what enforcement said as a shadow would."""
    return [one.replace("allowed", "shadowed") for one in said]


def test_a_shadow_step_counts_as_confirmed_at_once() -> None:
    """[33] Where the confirmation comes at the instant of the step, both decide the same at the same instants."""
    enforce, shadow = both()
    said = [site.state("alarm", 0) + site.state("power", 0, power="off") for site in (enforce, shadow)]
    assert ["fence h1 allowed@0", "enable_service h1 allowed@0"] == said[0]
    assert marked(said[0]) == said[1]
    ended = [site.state("alarm", 9, gone=True) + site.until(99) for site in (enforce, shadow)]
    assert ([[], []], ["healed"], ["healed"]) == (ended, enforce.status(), shadow.status())


def test_a_late_confirmation_makes_enforcement_later_and_nothing_else() -> None:
    """[33] A shadow takes each step as early as it could come: the same decisions in the same order, by id."""
    enforce, shadow = both()
    for site in (enforce, shadow):
        site.state("alarm", 0)
        site.state("power", 30, power="off")
    assert [one.id for one in enforce.decisions] == [one.id for one in shadow.decisions]
    assert [0, 30] == [(one.time - enforce.decisions[0].time).total_seconds() for one in enforce.decisions]
    assert [0, 0] == [(one.time - shadow.decisions[0].time).total_seconds() for one in shadow.decisions]


def test_a_confirmation_that_fails_is_of_enforcement_alone() -> None:
    """[33] Nothing was done, so nothing can have failed: a shadow retries nothing, and goes on to the next step."""
    enforce, shadow = both()
    said = [site.state("alarm", 0) + site.until(599) for site in (enforce, shadow)]
    assert ["fence h1 allowed@0", "fence h1#2 allowed@65", "notify h1 allowed@125"] == said[0]
    assert ["fence h1 shadowed@0", "enable_service h1 shadowed@0"] == said[1]
    assert marked(said[0])[:1] == said[1][:1]


def test_an_outcome_that_failed_is_for_both() -> None:
    """[33] Outcomes are inputs: where one says that the step failed, both go to `else` at once."""
    rules = rule(DEAD, f"[{FENCED}]", "{limit: 9, per: 1h}", more=f"outcome: {PAGE}")
    said = [site.state("alarm", 0) + site.answer(5, "failed") for site in both(rules)]
    assert ["fence h1 allowed@0", "notify h1 allowed@5"] == said[0]
    assert ["fence h1 shadowed@0", "notify h1 shadowed@5"] == said[1]


@pytest.mark.parametrize("policy", [None, SHADOW])
@pytest.mark.parametrize("first", [FENCED, DRAIN[1:-1]])
def test_what_is_only_shown_is_over_as_it_is_confirmed(policy: str | None, first: str) -> None:
    """[33] Nobody does it and nobody tells its end: it holds no more back than what is told at once to be done."""
    guards = ("{limit: 9, per: 1h}", "{max_in_flight: 1}")
    rules = rule(DEAD, f"[{first}, {ENABLE[1:-1]}]", *guards, more=f"outcome: {PAGE}") + rule(LOST, DRAIN, name="lost")
    shadow, enforce = Site(rules, policy), Site(rules)
    for site in (shadow, enforce):
        site.state("power", 0, power="off")
    assert ["enable_service h1 held:max_in_flight@1"] == enforce.state("alarm", 1)[1:]
    assert ["enable_service h1 allowed@1"] == enforce.answer(1, back=1)
    assert ["enable_service h1 shadowed@1"] == shadow.state("alarm", 1)[1:]
    assert ["disable_service h1 shadowed@2"] == shadow.event("lost", 2)


@pytest.mark.parametrize("policy", [FREE, SHADOW, None])
def test_a_breaker_hears_once_of_every_attempt_that_failed(policy: str | None) -> None:
    """[33, G15] What was only shown, or had seemed to work, has failed where its outcome says so, and once only."""
    guards = ("{limit: 9, per: 1h}", "{breaker: 2, per: 1h, for: 1h}")
    site = Site(rule(DEAD, f"[{FENCED}]", *guards, more=f"outcome: {PAGE}"), policy)
    for second, host in enumerate(("h1", "h2", "h3")):
        said = site.state("alarm", second, host)
        assert (second == 2) == ("held:breaker" in said[0])
        fence = len(site.decisions)
        site.state("power", second, host, power="off")
        for _ in range(2):
            site.answer(second, "failed", back=len(site.decisions) - fence)


def test_what_was_only_shown_holds_nothing_of_what_is_enforced_since() -> None:
    """[33] A policy that comes while a shadow waits for its confirmation counts none of it as acted on."""
    up = "{min_healthy: 1, of: {state: host, where: {status: up}}}"
    site = Site(rule(DEAD, f"[{FENCED}]", "{limit: 9, per: 1h}", up, more=f"outcome: {PAGE}"), None)
    for host in ("h1", "h2"):
        site.state("host", 0, host, status="up")
    assert ["fence h1 shadowed@1"] == site.state("alarm", 1)
    assert ["fence h2 held:min_healthy@1"] == site.state("alarm", 1, "h2")
    assert ["fence h2 allowed@2"] == site.say("policy", 2, FREE)


def _told(world: World) -> list[tuple[str, int, int, str, str]]:
    return [(one.id, one.attempt, one.at, *_verdict(one)) for one in world.site.decisions]


def _verdict(decision: Decision) -> tuple[str, str]:
    return decision.verdict.status.replace("shadowed", "allowed"), decision.verdict.guard


class Prompt(World):
    """A world in which all that is asked for works at the very instant."""

    def live(self, op: Op) -> None:
        """Let time pass instant by instant, then one thing happen; answer each step when it is told."""
        name, host, wait = op
        end = at(self.now + wait)
        while (due := self.site.engine.next_deadline()) is not None and due <= end:
            self.now = (due - START).total_seconds()
            self._answered(self.site.until, self.now)
        self.now = (end - START).total_seconds()
        self._answered(self.site.until, self.now)
        self._answered(self._act, name, host)

    def _answered(self, act: Callable[..., object], *arguments: object) -> None:
        done = len(self.site.decisions)
        act(*arguments)
        while done < len(self.site.decisions):
            one = self.site.decisions[done]
            done += 1
            if one.verdict.status in {"allowed", "shadowed"}:
                for power in ("off", "on") if one.action == "compute.fence" else ():
                    self.site.state("power", self.now, str(one.target), power=power)
                self.site.answer(self.now, "done", back=len(self.site.decisions) - done)


LOSSES = rule("{as: e, event: beat}", ENABLE, name="beat") + rule(
    LOST, DRAIN, "{cooldown: 30s}", "{attempts: 3, per: 10m}", "{limit: 3, per: 2m}", name="lost"
)
FAILURES = (
    rule(AZONE, f"[{FENCED}, {ENABLE[1:-1]}]", "{limit: 2, per: 2m}", "{cooldown: 30s}", more=f"outcome: {PAGE}")
    + rule(LOST, DRAIN, "{attempts: 3, per: 10m}", name="lost")
    + rule("{as: e, event: beat}", ENABLE, "{max_in_flight: 2}", name="beat")
)


@pytest.mark.parametrize("rules", [LOSSES, FAILURES])
@settings(max_examples=60, deadline=None)
@given(ops=st.lists(OPS, max_size=40))
def test_shadow_and_enforce_decide_alike_where_each_step_works_at_once(rules: str, ops: list[Op]) -> None:
    """[33] Whatever happens, rules that confirm, escalate, are limited and contradict each other decide the same."""
    worlds = [Prompt(_world(rules, policy).site, rules) for policy in (POLICY, POLICY.replace("enforce", "shadow"))]
    for op in ops:
        for world in worlds if op[0] not in {"failed", "done", "off", "on"} else ():
            world.live(op)
    assert _told(worlds[0]) == _told(worlds[1])


MOVED = "{do: compute.evacuate_host, target: $e.host, confirm: {none: [{state: instance, where: {host: $e.host}}]}}"
MOVES = rule(DEAD, f"[{FENCED}, {MOVED}]", "{limit: 9, per: 1h}", more=f"outcome: {PAGE}")


@pytest.mark.parametrize("grade", ["{action: compute.fence, grade: suggest}", "{risk: high, grade: suggest}"])
def test_what_rests_on_a_shadow_is_not_done(grade: str) -> None:
    """[33, G9] A fence that is only suggested is followed by no evacuation; people are told all the same."""
    site = Site(MOVES, FREE.replace("[{grade: auto}]", f"[{grade}, {{grade: auto}}]"))
    assert ["fence h1 shadowed@0", "evacuate_host h1 shadowed@0"] == site.state("alarm", 0)
    assert ["notify h1 allowed@600"] == site.until(600)
    reason = "not to be carried out: a step before it was only shadowed, and not done"
    assert {reason, site.decisions[0].verdict.reason} >= {site.decisions[1].verdict.reason}


def test_an_episode_that_began_in_shadow_goes_on_in_shadow() -> None:
    """[33, G9] A policy that enforces from the middle on lets nothing act that rests on what was not done."""
    site = Site(MOVES, SHADOW)
    site.say("pause", 0, "action:compute.evacuate_host")
    assert ["fence h1 shadowed@1", "evacuate_host h1 held:pause@1"] == site.state("alarm", 1)
    site.say("policy", 2, FREE)
    site.restart()
    assert ["evacuate_host h1 shadowed@3"] == site.say("resume", 3, "action:compute.evacuate_host")
    assert "a step before it was only shadowed" in site.decisions[-1].verdict.reason
    assert ["fence h2 allowed@4"] == site.state("alarm", 4, "h2")


def test_an_else_that_touches_something_is_not_done_for_a_shadow() -> None:
    """[33, G11] The harsher rung is not taken because the first, which nobody did, has not helped."""
    harsh = PAGE.replace("[{do: notify, target: $e.host}]", "[{do: compute.lock_server, target: $e.host}]")
    grades = "[{action: compute.fence, grade: suggest}, {grade: auto}]"
    rules = rule(DEAD, f"[{FENCED}]", "{limit: 9, per: 1h}", more=f"outcome: {harsh}")
    site = Site(rules, FREE.replace("[{grade: auto}]", grades))
    assert ["fence h1 shadowed@0"] == site.state("alarm", 0)
    assert ["lock_server h1 shadowed@600"] == site.until(600)


SAID = "{conclude: work, with: {host: $e.host}, ttl: 1h}"
CHAIN = rule(DEAD, f"[{FENCED}, {SAID}]", "{limit: 9, per: 1h}", more=f"outcome: {PAGE}")
CHAIN += rule("{all: [{as: e, state: work}]}", ENABLE, name="then")


def test_nothing_is_concluded_from_a_shadow_where_anything_acts() -> None:
    """[33] A rule that acts on `fenced` does not act on a fence that was only suggested; in shadow all is shown."""
    suggested = FREE.replace("[{grade: auto}]", "[{action: compute.fence, grade: suggest}, {grade: auto}]")
    mixed = Site(CHAIN, suggested)
    assert ["fence h1 shadowed@0"] == mixed.state("alarm", 0)
    assert ((), []) == (mixed.engine.states("work"), mixed.until(500))
    enforced = Site(CHAIN)
    assert ["fence h1 allowed@0", "enable_service h1 allowed@1"] == [
        *enforced.state("alarm", 0), *enforced.state("power", 1, power="off"),
    ]  # fmt: skip
    assert ["fence h1 shadowed@0", "enable_service h1 shadowed@0"] == Site(CHAIN, SHADOW).state("alarm", 0)
