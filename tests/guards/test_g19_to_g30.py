"""G19 to G30, but for those of the journal: each requirement by the test that proves it."""

import pytest

from benchmarks.guards import hostile, slowest
from selfheal_rules.check import check_rules
from selfheal_rules.compile import compile_rules
from selfheal_rules.decide import Control
from selfheal_rules.diagnostics import EventError, RuleSetError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event
from selfheal_rules.parse import parse_rules
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.source import Source
from tests.guards.rig import CONFIRM, DEAD, DRAIN, FENCED, FREE, LOST, PAGE, VOCABULARY, Site, at, load, rule
from tests.guards.test_g01_to_g12 import FLEET, OUTCOME, fleet

ENABLE = DRAIN.replace("disable", "enable")
TOPOLOGY = "topology: [{state: instance, within: [host]}, {state: host, within: [az]}]\n"
SECOND = 1_000_000


def test_g19_one_key_for_one_attempt() -> None:
    """G19: however often a step is told of, and whatever crashes, its key is one; another attempt has another."""
    rules = rule(DEAD, f"[{FENCED[:-1]}, retry: {{times: 1, backoff: 1s}}}}]", "{limit: 1, per: 1m}", more=OUTCOME)

    def keys(*, crashing: bool) -> list[tuple[str, str]]:
        site = Site(rules)
        for step in range(5):
            if step < 2:
                site.state("alarm", step, f"h{step}")
            elif step == 3:
                site.answer(61, "failed")
            else:
                site.until(50 * step)
            if crashing:
                site.restart()
        return [(one.idempotency_key, one.verdict.status) for one in site.decisions]

    assert keys(crashing=False) == keys(crashing=True)
    allowed = [key for key, status in keys(crashing=True) if status == "allowed"]
    assert len(allowed) == len(set(allowed)) > 2


def test_g21_what_is_old_does_not_act() -> None:
    """G21: a backlog of three hours leads to nothing, and what was held until its cause was old is dropped."""
    site = Site(rule(LOST), FREE + "kill_switch: true\n")
    site.event("beat", 10_800)
    assert [[]] * 9 == [site.event("lost", second * 60) for second in range(9)]
    assert ["disable_service h1 held:kill_switch@10801"] == site.event("lost", 10_801)
    assert [] == site.until(11_400.5)
    assert ["disable_service h1 suppressed:stale@11401"] == site.until(11_401)


def test_g21_what_comes_free_as_its_cause_grows_old_is_dropped() -> None:
    """G21: a step held for exactly `max_age` meets a world that old: the switch goes off at that instant, in vain."""
    site = Site(rule(LOST), FREE)
    site.say("kill", 0)
    site.event("lost", 1)
    assert ["disable_service h1 suppressed:stale@601"] == site.say("resume", 601)
    tight = Site(rule(LOST, DRAIN, "{limit: 1, per: 10m}"))
    tight.event("lost", 0, "h1")
    assert ["disable_service h2 suppressed:limit@0"] == tight.event("lost", 0, "h2")


OBSERVERS = "observers: [{source: m, silent: 5m}]\n"


def test_g22_a_mute_source_is_suspected() -> None:
    """G22: mute one source and nothing new begins, until it is heard of again."""
    site = Site(rule(LOST), FREE + OBSERVERS)
    site.event("beat", 0)
    assert ["disable_service h1 held:observer@301"] == site.event("lost", 301, source="other")
    assert "observer suspect" in site.decisions[-1].verdict.reason
    assert ["disable_service h1 allowed@302"] == site.event("beat", 302)


def test_g22_too_many_failing_at_once_suspect_the_observer() -> None:
    """G22: more than a share of all failing within two minutes is not believed for ten."""
    failing = f"observers: [{{failing: 30%, {FLEET}, per: 2m, for: 10m}}]\n"
    site = Site(rule(), FREE + failing)
    fleet(site, up=20, of=20)
    for number in range(6):
        site.state("host", 60 + number, f"h{number}", az="a", status="down")
    assert ["disable_service h1 held:observer@70"] == site.state("alarm", 70)
    assert [] == site.until(784)
    assert ["disable_service h1 allowed@785"] == site.until(785)


def test_g23_protected_things_are_never_acted_on() -> None:
    """G23: in any mode, by their name or by what they are in; telling people about them is no act."""
    protected = TOPOLOGY + "protected: [{target: ctl-*, reason: the engine runs here}]\n"
    for mode in (FREE, FREE.replace("enforce", "shadow")):
        site = Site(rule(DEAD, f"[{DRAIN[1:-1]}]", more=OUTCOME), mode + protected)
        assert ["disable_service ctl-1 rejected:protected@0"] == site.state("alarm", 0, "ctl-1")
        site.state("instance", 1, "ctl-1", instance="i1")
        assert ["disable_service i1 rejected:protected@2"] == site.state("alarm", 2, "i1")
    told = Site(rule(DEAD, "[{do: notify, target: $e.host}]"), FREE + protected)
    assert ["notify ctl-1 allowed@0"] == told.state("alarm", 0, "ctl-1")


SPELLED = {
    "ctl-1": ("CTL-1", "ctl-1.example.org", "Ctl-1.Example.ORG."),
    "ctl-1.example.org": ("ctl-1", "CTL-1.EXAMPLE.ORG"),
    "CTL-*.example.org": ("ctl-7", "ctl-7.example.org"),
    "Web-?": ("web-3", "WEB-3.rack.example"),
    "10.0.0.1": ("10.0.0.1",),
    "[FE80::1]:9100": ("[fe80::1]:9100",),
}
OTHERS = {
    "ctl-1": ("ctl-10", "xctl-1", "ctl-1-example", "ctl"),
    "ctl-1.example.org": ("ctl-1.example.net", "ctl-10", "example.org"),
    "CTL-*.example.org": ("web-7", "ctl-7.example.net"),
    "*.example.org": ("web-7", "ctl-1.example.net"),
    "10.0.0.1": ("10", "10.0.0.12", "10.0.0.2"),
}


@pytest.mark.parametrize("written", [*SPELLED, "*.example.org"])
def test_g23_a_protected_host_is_protected_however_it_is_written(written: str) -> None:
    """G23: in another letter case, with its domain or without; another host is not, though its name begins so."""
    site = Site(rule(), FREE + f'protected: [{{target: "{written}", reason: the control plane}}]\n')
    for name in SPELLED.get(written, ("ctl-1.example.org",)):
        assert [f"disable_service {name} rejected:protected@0"] == site.state("alarm", 0, name)
    for name in OTHERS.get(written, ("h1",)):
        assert [f"disable_service {name} allowed@1"] == site.state("alarm", 1, name)


def test_g23_what_is_paused_or_planned_is_left_alone_however_it_is_written() -> None:
    """G23: the targets of a pause and of a calendar are read as protected ones are."""
    plan = "maintenance: [{name: night, targets: [ctl-1], days: [mon], from: '00:00', to: '23:59', zone: UTC, "
    site = Site(rule(), FREE + plan + "until: 2027-01-01, owner: ops, reason: disks}]\n")
    assert ["disable_service CTL-1.a.org held:maintenance@0"] == site.state("alarm", 0, "CTL-1.a.org")
    site.say("pause", 1, "target:h1.a.org")
    assert ["disable_service H1 held:pause@2"] == site.state("alarm", 2, "H1")


def test_a_limit_of_nothing_lets_nothing_through() -> None:
    """Of the rule and of the site alike: what asks is held, with no instant to wait for, and dropped with its cause."""
    for site in (
        Site(rule(DEAD, DRAIN, "{limit: 0, per: 1h}")),
        Site(rule(), FREE + "guards: [{limit: 0, per: 1h}]\n"),
    ):
        assert ["disable_service h1 held:limit@0"] == site.state("alarm", 0)
        assert (None, "0 targets acted on of late, 0 may be") == (
            site.decisions[-1].verdict.retry_at,
            site.decisions[-1].verdict.reason,
        )
        assert [] == site.until(9_000)
        assert ["disable_service h1 suppressed:withdrawn@9001"] == site.state("alarm", 9_001, gone=True)


def test_g23_a_protected_name_may_have_brackets_in_it() -> None:
    """G23: what is written is protected as it is written, though `[` begins a set of signs in a pattern."""
    site = Site(rule(), FREE + 'protected: [{target: "[fe80::1]:9100", reason: the control plane}]\n')
    assert ["disable_service [fe80::1]:9100 rejected:protected@0"] == site.state("alarm", 0, "[fe80::1]:9100")
    assert ["disable_service h1 allowed@1"] == site.state("alarm", 1, "h1")


CONFLICTS = "conflicts: [[compute.disable_service, compute.enable_service]]\n"


def test_g24_of_two_that_contradict_each_other_one_wins() -> None:
    """G24: in one instant, in whatever order the rules stand; the loser says to whom it lost."""
    both = [rule(), rule(DEAD, ENABLE, name="other")]
    for rules in (both[0] + both[1], both[1] + both[0]):
        site = Site(rules, FREE + CONFLICTS)
        said = site.state("alarm", 0)
        assert ["disable_service h1 allowed@0", "enable_service h1 suppressed:conflict@0"] == sorted(said)
        loser = next(one for one in site.decisions if one.verdict.status == "suppressed")
        assert "lost to `compute.disable_service` of rule `r` on the same target" == loser.verdict.reason


def test_g24_what_is_held_loses_to_what_comes_later_and_what_runs_wins() -> None:
    """G24: a held loser is told as soon as the winner asks; one that asks while the winner runs loses, too."""
    rules = rule(LOST) + rule("{as: e, event: beat}", ENABLE, "{limit: 1, per: 5m}", name="other")
    site = Site(rules, FREE + CONFLICTS)
    site.event("beat", 0, "h0")
    assert ["enable_service h1 held:limit@1"] == site.event("beat", 1)
    assert ["disable_service h1 allowed@2", "enable_service h1 suppressed:conflict@2"] == site.event("lost", 2)
    assert ["enable_service h1 suppressed:conflict@3"] == site.event("beat", 3)


def test_g24_the_same_action_twice_is_one() -> None:
    """G24: two rules that ask for one thing at one instant get it once."""
    site = Site(rule() + rule(name="other"))
    said = site.state("alarm", 0)
    assert ["disable_service h1 allowed@0", "disable_service h1 suppressed:conflict@0"] == said


NAMING = {"workflow.start": "workflow", "command": "command", "clean": "what"}
"""By actions that say by a value what they do, the name of that."""


@pytest.mark.parametrize("action", NAMING)
def test_g24_two_things_that_are_done_by_one_action_are_two(action: str) -> None:
    """G24: what a workflow, a command, or what nobody knows, does its values say; alike they are one, else in turn."""
    first, same, other = (_doing(action, name, what) for name, what in (("a", "x"), ("b", "x"), ("c", "y")))
    site = Site(first + same + other)
    said = site.state("alarm", 0)
    assert [f"{action} h1 allowed@0", f"{action} h1 held:lock@0", f"{action} h1 suppressed:conflict@0"] == said
    assert [f"{action} h1 allowed@5"] == site.state("power", 5, power="off")


def _doing(action: str, name: str, what: str) -> str:
    then = f"[{{do: {action}, target: $e.host, with: {{{NAMING[action]}: {what}}}, {CONFIRM}}}]"
    return rule(DEAD, then, "{limit: 9, per: 1h}", name=name, more=f"outcome: {PAGE}")


def test_g27_a_rule_set_nobody_vouched_for_does_not_act() -> None:
    """G27: where a policy names revisions at all, one without it is refused, another stays in shadow."""
    program = compile_rules(load(rule(LOST)))
    revision = program.revisions["site"]
    entry = "rulesets: [{{ruleset: {}, mode: enforce, revision: '{}'}}]\n"
    unnamed = read_policy(Source("p.yaml", FREE + entry.format("another", "abc")))
    with pytest.raises(RuleSetError, match="SH356"):
        Engine(program, policy=unnamed)
    assert ["disable_service h1 allowed@0"] == Site(rule(LOST), FREE + entry.format("site", revision)).event("lost", 0)
    changed = Site(rule(LOST), FREE + entry.format("site", "0" * 32))
    assert ["disable_service h1 shadowed@0"] == changed.event("lost", 0)


BOMBS = ["(a+)+$", "(a|a)*b", "(.*a){20}", "(a*)*", "((a{1,50}){1,50}){1,50}"]


@pytest.mark.parametrize("bomb", BOMBS)
def test_g28_a_rule_cannot_keep_the_engine_busy(bomb: str) -> None:
    """G28: an expression that can backtrack without end is refused before it is ever tried."""
    when = f"{{as: e, event: lost, where: {{host: {{matches: '{bomb}'}}}}}}"
    found, _ = parse_rules(Source("r.yaml", f"selfheal: 1\nruleset: s\n{VOCABULARY}rules:\n{rule(when)}"))
    assert found is not None
    assert check_rules(found).errors


CODE = ["__import__('os')", "e.host.__class__", "(lambda: 1)()", "[x for x in e.host]", "e.host ** 9", "exec('1')"]


@pytest.mark.parametrize("code", CODE)
def test_g28_a_rule_cannot_run_code(code: str) -> None:
    """G28: an expression is of a closed set of operations; nothing else is even read."""
    when = f'{{all: [{{as: e, event: lost}}, {{test: "{code} == 1"}}]}}'
    _, report = parse_rules(Source("r.yaml", f"selfheal: 1\nruleset: s\n{VOCABULARY}rules:\n{rule(when)}"))
    assert report.errors


def test_g28_an_event_that_takes_too_long_is_told() -> None:
    """G28: the hostile corpus is measured by whatever clock is given; the one that took longest is named, and short."""
    program, events = hostile()
    ticks = iter([0.0, 0.001, 1.0, 1.011, *(second for _ in events[2:] for second in (2.0, 2.002))])
    found = slowest(program, events, 1, lambda: next(ticks))
    assert (11, "short") == (round(found.value or 0), found.verdict)
    assert found.note.startswith("event `e1`")


def test_g29_automation_counts_itself() -> None:
    """G29: verdicts by reason, healed, recurred and withdrawn episodes: counters are what decisions add up to."""
    site = Site(rule(DEAD, f"[{FENCED}]", "{limit: 1, per: 1h}", more=f"outcome: {PAGE}"))
    site.state("alarm", 0)
    site.state("power", 1, power="off")
    site.state("alarm", 5, gone=True)
    site.state("alarm", 10)
    site.state("alarm", 12, "h2")
    site.state("alarm", 13, "h2", gone=True)
    counted = site.engine.counts()
    told: dict[tuple[str, ...], int] = {}
    for one in site.decisions:
        place = ("decision", one.ruleset, one.rule, one.verdict.status, one.verdict.guard)
        told[place] = told.get(place, 0) + 1
    assert told == {place: number for place, number in counted.items() if place[0] == "decision"}
    episodes = {place[3]: number for place, number in counted.items() if place[0] == "episode"}
    assert {"opened": 3, "healed": 1, "recurred": 1, "closed": 1} == episodes


def test_g29_rules_of_one_name_are_counted_apart() -> None:
    """G29: what rule sets have in common is a name; the episodes, the verdicts and the relapses are each one's own."""
    texts = (f"selfheal: 1\nruleset: {name}\n{VOCABULARY}rules:\n{rule(LOST, name='tell')}" for name in ("one", "two"))
    found = [parse_rules(Source("rules.yaml", text))[0] for text in texts]
    engine = Engine(compile_rules(*[one for one in found if one]), policy=read_policy(Source("p.yaml", FREE)))
    engine.post(Event("e", "lost", "m", at(0), {"host": "h1"}))
    told = {place[1:]: number for place, number in engine.counts().items() if place[0] == "episode"}
    assert [("one", "tell", "opened"), ("two", "tell", "opened")] == [place for place in told if place[2] == "opened"]
    said = [place[1:3] for place in engine.counts() if place[0] == "decision"]
    assert [("one", "tell"), ("two", "tell")] == said


def test_g30_a_revision_acts_only_once_it_was_tried() -> None:
    """G30: where the policy wants a backtest, what lacks the hash of its report is refused."""
    program = compile_rules(load(rule(LOST)))
    wanting = FREE + "require_backtest: true\n"
    with pytest.raises(RuleSetError, match="SH355"):
        Engine(program, policy=read_policy(Source("p.yaml", wanting)))
    tried = f"rulesets: [{{ruleset: site, mode: enforce, revision: {program.revisions['site']!r}, backtest: 1f3a}}]\n"
    engine = Engine(program, policy=read_policy(Source("p.yaml", wanting + tried)))
    with pytest.raises(EventError, match="backtest"):
        engine.post(Control("rules", "ann", "tuned", at(0), program.digest))
    assert "matched" == engine.post(Control("rules", "ann", "tuned", at(0), f"{program.digest} 1f3a")).disposition


def test_the_hour_of_a_wait_is_real() -> None:
    """A retry time is an instant the engine wakes at: `next_deadline` knows of it."""
    site = Site(rule(DEAD, DRAIN, "{limit: 1, per: 1h}"))
    site.state("alarm", 0)
    site.answer(0)
    site.state("alarm", 1, "h2")
    assert at(3600) == site.engine.next_deadline()


def test_the_fleet_is_made_of_hosts() -> None:
    """What the tests call a fleet is what guards count."""
    site = Site(rule(DEAD, DRAIN, f"{{min_healthy: 1, {FLEET}}}"))
    fleet(site, up=1, of=3)
    assert ["up"] == [one.fields["status"] for one in site.engine.states("host") if one.fields["status"] == "up"]
