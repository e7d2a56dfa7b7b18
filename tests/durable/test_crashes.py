"""What kills or hangs a process that uses durable-rules does not happen to one that uses it through an engine."""

import gc
from collections.abc import Iterable
from random import Random
from threading import Thread

import pytest

from selfheal_rules.match.durable import JOINS
from tests.durable.rig import Asked, Item, decided, engine_of, event, pair, posted, rule, state

FOUR = rule(
    "{all: [{as: a, event: left}, {as: b, event: right}, {as: c, event: third}, {as: d, event: fourth}],"
    " same: [host], within: 2s}"
)
STATES = rule(
    "{all: [{as: a, state: first}, {as: b, state: second, where: {zone: $a.zone}}, "
    "{as: c, state: first, where: {zone: $b.zone}}]}"
)


def _drawn(seed: int, kinds: Iterable[str], number: int, hosts: int = 3) -> list[Item]:
    random, names = Random(seed), sorted(kinds)
    return [event(random.choice(names), at / 10, host=f"h{random.randrange(hosts)}") for at in range(number)]


def test_c1_a_false_inequality_between_two_events(asked: Asked) -> None:
    """A comparison of two events is made in Python, however many rules stand before it."""
    rules = [pair(name=f"r{number}", more=f", where: {{v: {{more_than: {number}}}}}") for number in range(60)]
    rules.append(pair(name="less", more=", where: {v: {more_than: $a.v}}"))
    assert [] == decided(rules, event("left", v=5), event("right", v=0))
    assert [("less", "h"), *((f"r{number}", "h") for number in range(9))] == sorted(
        decided(rules, event("left", v=5), event("right", v=9))
    )
    assert asked.answers


def test_c2_rules_over_four_events(asked: Asked) -> None:
    """Any number of events is joined two by two, and never two matches at a time."""
    rules = (FOUR, pair(name="two"))
    items = _drawn(2, ("left", "right", "third", "fourth"), 400, hosts=12)
    assert {"r", "two"} == {name for name, _ in decided(rules, *items)}
    assert asked.answers > 400


def test_c3_three_states_that_come_and_go(asked: Asked) -> None:
    """States are never facts there: they stand and are removed one by one."""
    random = Random(3)
    items: list[Item] = []
    for at in range(150):
        fields = {"host": f"h{random.randrange(4)}", "zone": f"z{random.randrange(2)}"}
        items.append(state(random.choice(("first", "second")), at, gone=random.random() < 0.4, **fields))
    assert decided(STATES, *items)
    assert asked.answers


def test_c4_engines_in_several_threads(asked: Asked) -> None:
    """Engines of one program, each in a thread of its own, do not disturb each other."""
    items = _drawn(4, ("left", "right"), 60)
    expected = posted(engine_of(pair(), matcher="native"), items)
    found: list[object] = []
    threads = [Thread(target=lambda: found.append(posted(engine_of(pair()), items))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [expected] * 3 == found
    assert asked.answers


def test_c5_many_rows_under_one_key(asked: Asked) -> None:
    """One event that meets six hundred others is answered by one match: a key stands once, whoever stands under it."""
    names = [f"n{number:03}" for number in range(600)]
    when = "{all: [{as: a, event: left}, {as: b, event: right}], same: [host], within: 1m}"
    items = [event("left", name=name) for name in names]
    found = decided(rule(when, then="[{do: noop, target: $a.name}]"), *items, event("right"))
    assert [("r", name) for name in names] == found
    assert asked.answers


def test_c6_a_division_by_zero(asked: Asked) -> None:
    """Sums are done in Python, where what is divided by zero is unknown and fires nothing."""
    when = (
        '{all: [{as: a, event: left}, {as: b, event: right}, {test: "b.integer / a.integer > 1"}],'
        " same: [host], within: 1m}"
    )
    items = [event("left", integer=0), event("right", integer=4), event("left", integer=2), event("right", integer=4)]
    assert [("r", "h"), ("r", "h")] == decided(rule(when), *items)
    assert asked.answers


def test_c7_more_joins_than_one_rule_set_holds(asked: Asked) -> None:
    """Past two hundred joins the next rule set takes over; five hundred and thirteen constant tests never meet."""
    fields = [f"f{number}" for number in range(JOINS + 90)]
    rules = [pair(f"deep.{name}", name=name) for name in fields]
    deep = {fields[0]: "x", fields[JOINS]: "y", fields[-1]: "z"}
    found = decided(rules, event("left", deep=deep), event("right", deep=deep))
    assert {fields[0], fields[JOINS], fields[-1]} == {name for name, _ in found}
    assert asked.answers


def test_c8_rules_that_end_in_the_same_pattern(asked: Asked) -> None:
    """Three hundred rules over the same two patterns share one join, and all of them fire."""
    rules = [pair(name=f"r{number:03}") for number in range(300)]
    assert [(f"r{number:03}", "h") for number in range(300)] == decided(rules, event("left"), event("right"))
    assert asked.answers


def test_c9_more_than_a_thousand_hosts(asked: Asked) -> None:
    """A host is a key and never a context, also where a payload calls it `sid`."""
    hosts = [f"h{number}" for number in range(1030)]
    items = [event(kind, host=host, sid=host) for kind in ("left", "right") for host in hosts]
    assert [("r", host) for host in hosts] == decided(pair("sid"), *items)
    assert 1030 == asked.answers


@pytest.mark.parametrize("used", [True, False], ids=["after a match", "before any match"])
def test_c10_engines_that_go_while_others_stay(asked: Asked, *, used: bool) -> None:
    """An engine gives back what it held, whatever still waits in it, and others go on (C16: also before any match)."""
    staying = engine_of(pair())
    posted(staying, [event("left")])
    for _ in range(8):
        posted(engine_of(pair()), [event("left"), *([event("right")] if used else []), event("left", host="other")])
    gc.collect()
    assert [("r", "h")] == posted(staying, [event("right")])
    assert asked.answers


def test_c12_a_key_of_nine_megabytes(asked: Asked) -> None:
    """A key is 32 hex digits there, however long it is here."""
    long = "x" * 9_000_000
    items = [event("left", name=long), event("right", name=long), event("right", name=long + "y")]
    assert [("r", "h")] == decided(pair("name"), *items)
    assert asked.answers


def test_c13_a_key_of_many_levels(asked: Asked) -> None:
    """Nested values are written and digested in Python."""
    value: object = "x"
    for _ in range(60):
        value = [value]
    items = [event("left", any=value), event("right", any=value), event("right", any=[value])]
    assert [("r", "h")] == decided(pair("any"), *items)
    assert asked.answers


def test_c14_a_rule_that_only_says_what_must_not_be(asked: Asked) -> None:
    """Nothing feeds itself: a rule without a positive pattern is none of durable-rules' business."""
    rules = (rule("{all: [{as: a, state: first}], unless: [{state: second, where: {host: $a.host}}]}"), pair(name="p"))
    items = (state("second"), state("first", 1), state("second", 2, gone=True), event("left", 3), event("right", 4))
    assert [("r", "h"), ("p", "h")] == decided(rules, *items)
    assert asked.answers
