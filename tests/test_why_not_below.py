"""Why not goes down through conclusions: to the rule that would have drawn them, for the key the target implies."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import frozen

import selfheal_rules as sr
from selfheal_rules.explain.why_not import Answer, Input, render, why_not
from selfheal_rules.explain.why_not.probe import Probe, Run
from selfheal_rules.model import Group
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source
from tests.asked import CRITICAL, HEAD, LATER, OFF, alarm, power, rule, second
from tests.everyday import WHOLE

GOLDEN = Path(__file__).parent / "data" / "explain"
KINDS = """\
  server: {key: [server], fields: {server: string, host: string}}
  flaky: {key: [host], fields: {host: string}}
rules:
"""
FLAPS = """\
  - id: flaps
    when: {event: alarm, as: a, where: {severity: critical}, count: {at_least: 5, within: 10m, by: [host]}}
    then: [{conclude: flaky, with: {host: $a.host}, ttl: 1h}]
"""
LOST = """\
  - id: lost
    when: {sequence: [{as: a, event: alarm}, {as: p, event: power}], same: [host], within: 1m}
    then: [{conclude: dead, with: {host: $a.host}, ttl: 1h}]
"""
DIES = """\
  - id: dies
    when: {all: [{as: f, state: flaky}, {as: p, event: power, where: {state: "off"}}], same: [host], within: 2m}
    then: [{conclude: dead, with: {host: $f.host}, ttl: 1h}]
"""
PAIR = """\
  - id: pair
    when: {all: [{as: a, event: power, where: {state: "off"}}, {as: b, event: power, where: {state: lost}}],
           same: [host], within: 30s}
    then: [{conclude: dead, with: {host: $a.host}, ttl: 1h}]
"""
ZONED = """\
  - id: placed
    when: {all: [{event: alarm, as: a}, {event: power, as: p}], same: [host], within: 1m}
    then: [{conclude: up, with: {host: $a.host, az: $p.state}, ttl: 1h}]
  - id: somewhere
    when: {event: alarm, as: a}
    then: [{conclude: up, with: {host: $a.host, az: unknown}, ttl: 1h}]
"""
CONCLUDES = """\
  - id: c
    when: {event: alarm, as: a}
    then: [{conclude: seen, with: {host: $a.host}}]
"""
JOINED = "{all: [{as: s, state: server}, {as: d, state: %s, where: {host: $s.host}}]}"
SAME = '{all: [{as: p, event: power, where: {state: "off"}}, {as: f, state: flaky}], same: [host]}'


def _program(rules: str) -> sr.Program:
    found, report = parse_rules(Source("r.yaml", HEAD.replace("rules:\n", KINDS) + rules))
    assert found, report.render()
    return sr.compile_rules(found)


def _server(at: float, host: str = "h1") -> sr.State:
    return sr.State("server", "m", second(at), {"server": "vm1", "host": host})


def _alarms(host: str, number: int, first: float = 0) -> list[Input]:
    return [alarm(first + 10 * n, host, id=f"{host}-{n}", **CRITICAL) for n in range(number)]


def _in_time(*items: Input) -> list[Input]:
    return sorted(items, key=lambda one: one.time if isinstance(one, sr.Event | sr.State) else second(0))


def _ask(rules: str, inputs: list[Input], target: str = "vm1") -> Answer:
    return why_not(_program(rules), inputs, "x", target, second(LATER))


def _fires(rules: str, inputs: list[Input], target: str) -> bool:
    engine = sr.Engine(_program(rules))
    return any(decision.target == target for one in inputs for decision in engine.post(one))  # type: ignore[arg-type]


@frozen
class Told:
    """A stream on which a rule over a conclusion does not fire, what is said of it, and a stream it fires on."""

    name: str
    rules: str
    target: str
    inputs: list[Input]
    below: list[str]
    miss: timedelta | float | None
    said: str
    cured: list[Input]


OTHERS = _alarms("h2", 5)
CASES = [
    Told(
        "joined by another item", rule(JOINED % "flaky", FLAPS, "$s.server"), "vm1",
        _in_time(_server(0), *_alarms("h1", 4), *OTHERS),
        ["all[1] flaky h1 was never concluded: flaps did not fire", "count 4 of at least 5 in 10m"], 1.0,
        "1 more alarm had been there in 10m, or at_least <= 4", _in_time(_server(0), *_alarms("h1", 5), *OTHERS),
    ),
    Told(
        "joined by `same`", rule(SAME, FLAPS, "$p.host"), "h1",
        _in_time(power(60, "h1", **OFF), *_alarms("h1", 4), *OTHERS),
        ["all[1] flaky h1 was never concluded: flaps did not fire", "count 4 of at least 5 in 10m"], 1.0,
        "1 more alarm", _in_time(power(60, "h1", **OFF), *_alarms("h1", 5), *OTHERS),
    ),
    Told(
        "too late below", rule(JOINED % "dead", LOST, "$s.server"), "vm1",
        _in_time(_server(0), alarm(0, "h1", id="a-1"), power(74, "h1", id="p-1"), alarm(0, "h2"), power(5, "h2")),
        ["all[1] dead h1 was never concluded: lost did not fire", "within within 1m: gap 1m14s, 14s too late"],
        timedelta(seconds=14), "p had arrived before 2026-01-01T09:01:00Z, or within > 1m14s",
        [_server(0), alarm(0, "h1"), power(59, "h1")],
    ),
    Told(
        "through two", rule(JOINED % "dead", FLAPS + DIES, "$s.server"), "vm1",
        _in_time(_server(0), *_alarms("h1", 4), *OTHERS, power(60, "h1", **OFF), power(61, "h2", **OFF)),
        [
            "all[1] dead h1 was never concluded: dies did not fire",
            "all[0] flaky h1 was never concluded: flaps did not fire",
            "count 4 of at least 5 in 10m",
        ], 1.0, "1 more alarm", _in_time(_server(0), *_alarms("h1", 5), power(60, "h1", **OFF)),
    ),
    Told(
        "beside a rule that always says something else",
        rule("{state: up, as: u, where: {az: {not: unknown}}}", ZONED, "$u.az"), "z1",
        [alarm(0, "h1"), power(70, "h1", state="z1")],
        ["when up z1 was never concluded: placed did not fire", "within within 1m: gap 1m10s, 10s too late"],
        timedelta(seconds=10), "p had arrived before", [alarm(0, "h1"), power(59, "h1", state="z1")],
    ),
]  # fmt: skip


@pytest.mark.parametrize("told", CASES, ids=lambda told: str(told.name))
def test_the_nearest_miss_is_that_of_the_rule_below(told: Told) -> None:
    """Whatever was concluded of others: the lines go down to what failed for the key, and its miss is the answer's."""
    assert not _fires(told.rules, told.inputs, told.target)
    answer = _ask(told.rules, told.inputs, told.target)
    failing = [line for line in answer.lines if line.mark == "FAIL"]
    assert told.below == [f"{line.address.removeprefix('when.')} {line.text}" for line in failing]
    assert list(range(len(failing))) == [line.depth for line in failing]
    assert ("missing", told.miss) == (answer.failed, answer.miss)
    assert answer.counterfactual.startswith(told.said)
    assert _fires(told.rules, told.cured, told.target)


@pytest.mark.parametrize("told", [CASES[0], CASES[2], CASES[3]], ids=lambda told: str(told.name))
def test_what_failed_below_reads_as_it_did(told: Told) -> None:
    """The text is the golden one; `UPDATE_GOLDEN=1` writes it anew."""
    found = render(_ask(told.rules, told.inputs, told.target))
    golden = GOLDEN / f"below-{told.name.replace(' ', '-')}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(found, "utf-8")
    assert golden.read_text("utf-8") == found


def test_of_several_keys_the_nearest_is_told() -> None:
    """A server that moved was on two hosts: that one is told of which more was there."""
    rules = rule(JOINED % "flaky", FLAPS, "$s.server")
    for near, far in (("h1", "h3"), ("h3", "h1")):
        inputs = _in_time(_server(0), *_alarms(near, 4), _server(100, "h3"), alarm(110, far, **CRITICAL))
        answer = _ask(rules, inputs)
        assert f"flaky {near} was never" in next(line.text for line in answer.lines if line.mark == "FAIL")
        assert 1.0 == answer.miss


def test_where_nothing_implies_a_key_any_will_do() -> None:
    """Without the item that joins them, there is no telling which host is meant: what is missing is that item."""
    answer = _ask(rule(JOINED % "flaky", FLAPS, "$s.server"), [*OTHERS])
    assert ("missing", "when.all[0]") == (answer.failed, answer.lines[0].address)


def test_of_a_count_of_conclusions_the_nearest_that_is_lacking_is_told() -> None:
    """Those that were concluded count; of the others, the one that came nearest says by how much it missed."""
    rules = rule("{state: flaky, as: f, count: {at_least: 2}}", FLAPS, "site")
    answer = why_not(_program(rules), _in_time(*OTHERS, *_alarms("h3", 1), *_alarms("h1", 4)), "x", None, second(LATER))
    failing = [(line.depth, line.text) for line in answer.lines if line.mark == "FAIL"]
    assert [
        (0, "1 of at least 2; the nearest is flaky h1: flaps did not fire"),
        (1, "4 of at least 5 in 10m"),
    ] == failing
    assert ("count", 1.0, "1 more flaky had been there, or at_least <= 1") == (
        answer.failed, answer.miss, answer.counterfactual,
    )  # fmt: skip
    only = why_not(_program(rules), OTHERS, "x", None, second(LATER))
    assert ["1 of at least 2"] == [line.text for line in only.lines if line.mark == "FAIL"]


@pytest.fixture
def matched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the items of the largest match that every question to the engine led to."""
    found: list[int] = []
    run = Probe.run

    def counted(self: Probe, when: Group) -> Run:
        made = run(self, when)
        found.append(max((len(decision.because) for decision in made.decisions), default=0))
        return made

    monkeypatch.setattr(Probe, "run", counted)
    return found


@pytest.mark.parametrize(
    ("hosts", "said", "most"),
    [
        (40, " for any of 40 values of host (the latest 5 were looked into)", 1),
        pytest.param(1, "", 2 * 299, marks=WHOLE),
    ],
)
def test_where_nothing_says_which_host_is_meant_not_every_pair_is_gone_over(
    hosts: int, said: str, most: int, matched: list[int]
) -> None:
    """A mistyped target has but a few hosts looked into, and of each the latest events, and the answer says so."""
    inputs: list[Input] = [power(n / 100, f"h{n % hosts}", state="on") for n in range(40 if hosts > 1 else 320)]
    when = "{all: [{as: d, state: dead}, {as: s, state: server, where: {host: $d.host}}]}"
    answer = _ask(PAIR + rule(when, target="$s.server"), inputs)
    assert f"dead was never concluded{said}: pair did not fire" == answer.lines[0].text
    assert max(matched) <= most, matched


def test_a_rule_that_names_nobody_says_so() -> None:
    """Who asks for a target of a rule that concludes an event without a key is told to ask without one."""
    rules = HEAD.replace("states:", "  seen: {fields: {host: string}}\nstates:") + CONCLUDES
    found, report = parse_rules(Source("r.yaml", rules))
    assert found, report.render()
    (line,) = why_not(sr.compile_rules(found), [], "c", "h1", second(0)).lines
    assert "no target of it can be h1: it has none, ask without one" == line.text


def test_what_rules_conclude_comes_from_no_source() -> None:
    """Nobody is sent to look for the source of what was concluded, and is over, or has been told of another."""
    over = "  - id: d\n    when: {event: alarm, as: a}\n    then: [{conclude: dead, with: {host: $a.host}, ttl: 1s}]\n"
    wants = rule("{all: [{state: dead, as: d}, {event: power, as: p}], same: [host]}", over, "$p.host")
    said = [one.text for one in _ask(wants, [alarm(0, "h1"), power(5, "h1")], "h1").lines if one.mark == "FAIL"]
    assert said
    assert not any("source" in one for one in said)
