"""Two healers and one dead host: it is evacuated once, by one of them, and the other says why it does not."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from selfheal_rules import Decision, Engine, Event, State, compile_rules, load_rules
from selfheal_rules.model import RuleSet
from selfheal_rules.parse.policy import load_policy
from selfheal_rules.policy import Policy
from selfheal_rules.survey.shipped import healers
from tests.survey.written import rules

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SEGMENT = {"host": "c1", "segment": "blue", "enabled": True, "on_maintenance": False}


def _alarm() -> State:
    said = {"alarm": "a", "name": "HostDown", "status": "problem", "severity": "critical", "resource_type": "host"}
    return State("alarm", "alertmanager", NOON, {**said, "host": "c1"})


def _lost(at: datetime) -> Event:
    return Event(f"lost-{at.isoformat()}", "host.lost", "masakari", at, {"host": "c1", "recoverable": True})


class Site:
    """Our rules, and Masakari as the table of healers has it, each with an engine of its own."""

    def __init__(self, ruleset: str, policy: Policy | None = None, *, covered: bool = True) -> None:
        """Begin with a host that a segment covers, or none that the poller knows of."""
        self.rules = self._engine([load_rules(ROOT / "rulesets" / ruleset)], policy or Policy("tried"))
        self.masakari = self._engine([healers()["masakari"]], Policy("tried"))
        self.evacuated: list[str] = []
        self.decided: list[Decision] = []
        if covered:
            self._take(self.rules.post(State("segment.host", "poller", NOON, SEGMENT)))
        self._take(
            self.rules.post(State("instance", "nova", NOON, {"instance": "i1", "host": "c1", "status": "active"}))
        )

    @staticmethod
    def _engine(rulesets: Iterable[RuleSet], policy: Policy) -> Engine:
        return Engine(compile_rules(*rulesets), policy=policy)

    def _take(self, decisions: Iterable[Decision]) -> None:
        """Do what we decide: what is told to Masakari, Masakari hears of."""
        for one in decisions:
            self.decided.append(one)
            if one.action == "compute.evacuate_host":
                self.evacuated.append("rules")
            if one.action == "instance_ha.notify":
                self._tell(_lost(one.time))

    def _tell(self, report: Event) -> None:
        for one in self.masakari.post(report):
            if one.params["action"] == "compute.evacuate_host":
                self.evacuated.append("masakari")

    def dies(self, *, told: bool) -> None:
        """Have the host die; its monitor tells us, and Masakari as well where it is `told`."""
        self._take(self.rules.post(_alarm()))
        self._take(self.rules.post(_lost(NOON + timedelta(seconds=1))))
        if told:
            self._tell(_lost(NOON + timedelta(seconds=1)))
        self.waits(timedelta(minutes=1))

    def waits(self, after: timedelta) -> None:
        """Let time pass until so long after noon."""
        self._take(self.rules.advance(NOON + after))


def test_two_healers_evacuate_twice() -> None:
    """Without a hand-over each evacuates the host on the same report, where nobody asks Masakari what it covers."""
    site = Site("compute-host-failure", covered=False)
    site.dies(told=True)
    assert ["masakari", "rules"] == site.evacuated


def test_what_masakari_covers_is_left_to_it() -> None:
    """Where its segments are asked for, the rules that evacuate themselves do not, and people are told."""
    site = Site("compute-host-failure")
    site.dies(told=True)
    assert (["masakari"], []) == (site.evacuated, site.decided)
    site.waits(timedelta(minutes=11))
    (told,) = site.decided
    assert "c1 is called dead, and is not touched: segment blue of Masakari's covers it" == told.params["text"]


def test_what_is_handed_over_is_evacuated_once() -> None:
    """The host is fenced, then Masakari is told, and Masakari alone evacuates."""
    site = Site("masakari-hand-over")
    site.dies(told=False)
    assert ["masakari"] == site.evacuated
    assert ["compute.fence", "instance_ha.notify"] == [one.action for one in site.decided]
    told = site.decided[-1]
    assert {"type": "COMPUTE_HOST", "event": "STOPPED", "host_status": "NORMAL", "cluster_status": "OFFLINE"} == dict(
        told.params
    )


@pytest.mark.parametrize("ruleset", ["compute-host-failure", "masakari-hand-over"])
@pytest.mark.parametrize("mark", ["instanceha evacuation: 2026-01-01T11:59:00", "Masakari detected host failed."])
@pytest.mark.parametrize("policy", [None, load_policy(ROOT / "examples" / "other-healers.yaml")])
def test_where_another_healer_is_at_work_rules_stand_down(ruleset: str, mark: str, policy: Policy | None) -> None:
    """Its mark, the reason for which the service is disabled, is recognised and told of, whatever the policy says."""
    site = Site(ruleset, policy, covered=ruleset != "compute-host-failure")
    service = {"host": "c1", "binary": "nova-compute", "disabled": True, "disabled_reason": mark}
    site.rules.post(State("compute.service", "poller", NOON, service))
    site.dies(told=False)
    site.waits(timedelta(minutes=11))
    (told,) = site.decided
    assert ([], True) == (site.evacuated, str(told.params["text"]).endswith(mark))


def test_the_mark_goes_and_the_rules_go_on() -> None:
    """What was kept for another healer is decided once its mark is gone."""
    site = Site("compute-host-failure", load_policy(ROOT / "examples" / "other-healers.yaml"), covered=False)
    busy = {"notification": "n", "type": "COMPUTE_HOST", "status": "running", "host": "c1"}
    site.rules.post(State("recovery", "masakari", NOON, busy))
    site.dies(told=False)
    assert [] == site.decided
    over = State("recovery", "masakari", NOON + timedelta(minutes=2), {"notification": "n"}, cleared=True)
    (again,) = site.rules.post(over)[:1]
    assert ("compute.fence", "shadowed") == (again.action, again.verdict.status)


def test_a_stack_in_progress_is_heats() -> None:
    """A stack that Heat works on is left to Heat, whoever has begun it."""
    text = """\
rules:
  - id: check
    when: {as: a, state: stack, where: {name: web}}
    then: [{do: orchestration.check_stack, target: $a.stack}]
"""
    engine = Engine(compile_rules(rules(text)), policy=load_policy(ROOT / "examples" / "other-healers.yaml"))
    busy = {"stack": "s1", "name": "web", "action": "UPDATE", "status": "IN_PROGRESS"}
    (held,) = engine.post(State("stack", "heat", NOON, busy))
    assert ("stand_down", "Heat has `s1` in hand: `stack`") == (held.verdict.guard, held.verdict.reason)
