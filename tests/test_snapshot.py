"""Snapshots: what they refuse, how large they are, and what a restore under other rules reports."""

import pickle
from datetime import timedelta

import pytest

from selfheal_rules.carry import Carried
from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.diagnostics import SnapshotError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.parse import parse_rules
from selfheal_rules.snapshot import MAGIC, VERSION
from selfheal_rules.source import Source
from tests.generate.streams import Advance, moment
from tests.semantics.rig import beat, disk, fail, load, node, rule, until

PLAIN = rule("{as: p, state: node}", name="plain")
PAIR = rule("{all: [{as: p, event: beat}, {event: fail}], same: [host], within: 60s}", name="pair")
SLOW = rule("{as: p, event: fail}", "[{do: one, target: $p.host, confirm: {state: disk, within: 60s}}]", name="slow")
HEAD = "selfheal: 1\nruleset: other\nstates:\n  node: {key: [host], fields: {host: string, n: FIELD}}\nrules:\n"


def program(*rules: str) -> Program:
    """Compile rules over the generated vocabulary."""
    return compile_rules(load("".join(rules)))


def read(text: str) -> Program:
    """Compile a whole file."""
    found, report = parse_rules(Source("rules.yaml", text))
    assert found, report.render()
    return compile_rules(found)


def run(ready: Program, *items: object, max_age: float = 600) -> Engine:
    """Give an engine that has seen items."""
    engine = Engine(ready, max_age=timedelta(seconds=max_age))
    for item in items:
        engine.advance(item.time) if isinstance(item, Advance) else engine.post(item)  # type: ignore[arg-type]
    return engine


def test_what_is_no_snapshot_is_refused() -> None:
    """Not bytes, other bytes, and bytes that end too soon."""
    for blob in (b"", b"nothing", MAGIC, "text", None):
        with pytest.raises(SnapshotError, match="no snapshot of an engine"):
            Engine.restore(program(PLAIN), blob)  # type: ignore[arg-type]


def test_another_format_is_refused() -> None:
    """By its number, with the one this library reads."""
    blob = bytearray(run(program(PLAIN), node(0)).snapshot())
    blob[len(MAGIC)] = VERSION - 1
    with pytest.raises(SnapshotError, match=f"of format {VERSION - 1}, and this library reads format {VERSION}"):
        Engine.restore(program(PLAIN), bytes(blob))


def test_a_damaged_snapshot_is_refused() -> None:
    """Whatever byte of the rest was changed, or is missing."""
    ready = program(PLAIN)
    blob = run(ready, node(0)).snapshot()
    start = len(MAGIC) + 1
    for at in (*range(start, start + 64), *range(start + 64, len(blob), 97)):
        spoilt = bytearray(blob)
        spoilt[at] ^= 1
        with pytest.raises(SnapshotError, match="damaged"):
            Engine.restore(ready, bytes(spoilt))
    with pytest.raises(SnapshotError, match="damaged"):
        Engine.restore(ready, blob[:-1])


def test_a_snapshot_of_other_rule_sets_is_refused() -> None:
    """A program that has none of them is no change of it."""
    other = read(HEAD.replace("FIELD", "integer") + PLAIN)
    with pytest.raises(SnapshotError, match="of the rule sets `tests`, and this program has none of them"):
        Engine.restore(other, run(program(PLAIN), node(0)).snapshot())


USUAL = """\
selfheal: 1
ruleset: usual
events:
  host.lost: {fields: {host: {type: string, required: true}, reason: string}}
  host.down: {fields: {host: {type: string, required: true}}}
states:
  alarm: {key: [host], fields: {host: string, severity: string, text: string}}
rules:
  - id: pair
    when: {all: [{as: a, event: host.lost}, {as: b, event: host.down}], same: [host], within: 5m}
    then: [{do: drain, target: $a.host}]
  - id: many
    when: {as: n, event: host.lost, count: {at_least: 3, within: 10m, by: [host]}}
    then: [{do: ticket, target: $n.host}]
  - id: dead
    when: {all: [{as: a, state: alarm}, {as: e, event: host.lost, where: {host: $a.host}}], within: 5m}
    then: [{do: fence, target: $a.host, confirm: {event: host.down, where: {host: $a.host}, within: 5m}}]
"""


def test_a_key_takes_no_more_than_four_kibibytes() -> None:
    """With an alarm, an event that waits and is counted, and an episode that waits, for each of a thousand hosts."""
    engine, keys = Engine(read(USUAL)), 1000
    for number in range(keys):
        host = f"compute-{number:04}"
        fields = {"host": host, "severity": "critical", "text": f"{host} has not answered for {number} seconds"}
        engine.post(State("alarm", "monitor", moment(number / 100), fields))
        engine.post(Event(f"event-{number}", "host.lost", "monitor", moment(number / 100), {"host": host}))
    assert keys == len(engine._rounds.episodes.running)
    assert len(engine.snapshot()) / keys < 4096


def test_a_pickle_is_a_snapshot() -> None:
    """Of an engine that has seen rules change, too: the episode that was open goes on in both."""
    engine = run(program(PAIR, SLOW.replace("60s}}]", "60s}}, {do: two}]")), fail(1))
    changed = Engine.restore(program(PAIR, PLAIN), engine.snapshot())
    again = pickle.loads(pickle.dumps(changed))  # noqa: S301 - written a moment ago
    assert [["two"], ["two"]] == [[decision.action for decision in one.post(disk(3))] for one in (changed, again)]


def test_a_restore_says_what_it_carried_over() -> None:
    """Rule by rule, and the episodes that go on under rules that are gone or changed."""
    engine = run(program(PLAIN, PAIR, SLOW), node(0), fail(1))
    assert engine.carried is None
    opened = [decision.episode for decision in engine.post(fail(2, host="b")) if decision.rule == "slow"]
    others = program(PLAIN.replace("plain", "fresh"), PAIR, SLOW.replace("60s", "61s"))
    carried = Engine.restore(others, engine.snapshot()).carried
    assert carried is not None
    expected = Carried(("tests/pair",), ("tests/slow",), ("tests/fresh",), ("tests/plain",), ("tests/slow",))
    assert expected == Carried(carried.kept, carried.changed, carried.added, carried.removed, carried.lingering)
    assert (2, opened) == (len(carried.episodes), [one for one in carried.episodes if one in opened])


def test_what_lingers_is_forgotten_with_its_last_episode() -> None:
    """A later change finds nothing left to carry on."""
    engine = Engine.restore(program(PAIR), run(program(PAIR, SLOW), fail(1)).snapshot())
    assert ("tests/slow",) == getattr(engine.carried, "lingering", ())
    again = Engine.restore(program(PAIR, PLAIN), engine.snapshot())
    assert ("tests/slow",) == getattr(again.carried, "lingering", ())
    again.post(disk(2))
    last = Engine.restore(program(PAIR), again.snapshot())
    assert () == getattr(last.carried, "lingering", None)


def test_states_that_no_longer_fit_are_dropped_and_named() -> None:
    """A kind that is gone, or whose field has another type; what still fits stays."""
    whole = HEAD.replace("states:\n", "states:\n  gone: {key: [host], fields: {host: string}}\n")
    before = read(whole.replace("FIELD", "integer") + PLAIN)
    engine = Engine(before)
    for item in (node(0, n=1), node(0, host="b"), node(1, host="c", n=2)):
        engine.post(item)
    engine.post(State("gone", "m", moment(1), {"host": "a"}))
    after = Engine.restore(read(HEAD.replace("FIELD", "string") + PLAIN), engine.snapshot())
    assert ["b"] == [state.fields["host"] for state in after.states()]
    assert (("gone", ("a",)), ("node", ("a",)), ("node", ("c",))) == tuple(
        sorted(getattr(after.carried, "dropped", ()))
    )


def test_what_a_step_concluded_of_a_kind_that_is_another_now_is_gone() -> None:
    """It would be read as what it is not."""
    text = (
        HEAD.replace("states:\n", "events: {beat: {fields: {host: {type: string, required: true}}}}\nstates:\n")
        + "  - id: c\n    when: {as: p, event: beat}\n    then:\n"
        + "      - {conclude: node, with: {host: $p.host, n: VALUE}, ttl: 1h}\n      - {do: noop, target: $p.host}\n"
        + "  - id: r\n    when: {as: p, state: node, where: {n: LEAF}}\n    then: [{do: one, target: $p.host}]\n"
    )
    before, after = (
        read(text.replace("FIELD", kind).replace("VALUE", value).replace("LEAF", leaf))
        for kind, value, leaf in (("integer", "1", "{at_least: 1}"), ("string", "x", "{starts_with: x}"))
    )
    engine = Engine(before)
    event = Event("e1", "beat", "m", moment(0), {"host": "a"})
    assert ["noop", "one"] == [decision.action for decision in engine.post(event)]
    changed = Engine.restore(after, engine.snapshot())
    assert () == changed.states()
    again = changed.post(Event("e2", "beat", "m", moment(1), {"host": "a"}))
    assert ["noop", "one"] == [decision.action for decision in again]


def test_an_engine_that_has_seen_nothing_takes_other_rules() -> None:
    """There is nothing to carry over, and it starts with its first input."""
    engine = Engine.restore(program(PAIR), Engine(program(PLAIN)).snapshot())
    assert (None, None) == (engine.now, engine.next_deadline())
    assert "matched" == engine.post(beat(0)).disposition


def test_what_is_owed_outlives_another_restore() -> None:
    """A decision that follows from a change comes with the next step that lets time pass, whoever gives it."""
    says = rule("{as: q, state: disk}", "[{conclude: trouble, with: {host: $q.host}}]", name="says")
    waits = "{do: one, target: $p.host, confirm: {state: trouble, where: {host: $p.host}, within: 60s}}"
    slow = rule("{as: p, event: fail}", f"[{waits}, {{do: two, target: $p.host}}]", name="slow")
    engine = run(program(slow), disk(0), fail(1), until(2))
    others = program(slow, says)
    changed = Engine.restore(others, engine.snapshot())
    again = Engine.restore(others, changed.snapshot())
    assert (False, again.now) == (again.is_idle(), again.next_deadline())
    assert ["two"] == [decision.action for decision in again.advance(until(2).time)]
    assert [] == list(again.advance(until(3).time))
