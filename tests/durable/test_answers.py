"""What durable-rules silently answers wrongly, an engine whose joins it makes answers right."""

import pytest

from tests.durable.rig import Asked, Item, decided, engine_of, event, pair, posted, rule, state

HOST = "where: {host: $a.host}"


def test_w1_nothing_between_two_events(asked: Asked) -> None:
    """What must not come between two events is looked for natively, and blocks."""
    when = (
        "{sequence: [{as: a, event: left}, {none: [{event: third, where: {host: $a.host}}]},"
        " {as: b, event: right, where: {host: $a.host}}], within: 1m}"
    )
    items = [
        event("left"),
        event("third", 1),
        event("right", 2),
        event("left", 3, host="b"),
        event("right", 4, host="b"),
    ]
    assert [("r", "b")] == decided(rule(when), *items)
    assert asked.answers


def test_w2_two_that_block(asked: Asked) -> None:
    """Where two states block and one goes, the other blocks on."""
    when = f"{{all: [{{as: a, event: left}}, {{as: b, event: right}}], same: [host], within: 1m, unless: [{BLOCKS}]}}"
    blocking = [state("first", zone="z"), state("second", zone="z"), state("first", 1, gone=True)]
    items = [*blocking, event("left", 2), event("right", 3), state("second", 4, gone=True), event("right", 5)]
    assert [("r", "h")] == decided(rule(when), *items)
    assert asked.answers


BLOCKS = f"{{state: first, {HOST}}}, {{state: second, {HOST}}}"


def test_w3_what_must_not_be_is_written_first(asked: Asked) -> None:
    """A negative stands where its author put it, and means the same."""
    when = "{all: [{none: [{state: second}]}, {as: a, state: first}, {as: b, event: left}], same: [host]}"
    items = [state("first"), event("left", 1), state("second", 2), event("left", 3), state("second", 4, gone=True)]
    assert [("r", "h"), ("r", "h")] == decided(rule(when), *items, event("left", 5))
    assert asked.answers


def test_w4_an_event_of_many_rules(asked: Asked) -> None:
    """Every rule an event completes fires, and what it met stays for others."""
    rules = [pair(name="one"), pair(name="two"), pair(name="other", right="third")]
    items = [event("left"), event("right", 1), event("third", 2), event("right", 3)]
    expected = [("one", "h"), ("two", "h"), ("other", "h"), ("one", "h"), ("two", "h")]
    assert expected == decided(rules, *items)
    assert asked.answers


def test_w5_two_events_of_one_content(asked: Asked) -> None:
    """Events are told apart by their ids, never by what they say."""
    when = "{all: [{as: a, event: left}, {as: b, event: left}, {as: c, event: right}], same: [host], within: 1m}"
    assert [] == decided(rule(when), event("left"), event("right"))
    assert [("r", "h")] == decided(rule(when), event("left"), event("left"), event("right"))
    assert asked.answers


@pytest.mark.parametrize("ids", [("evt-462789", "evt-679192"), ("evt-679192", "evt-462789")])
def test_w6_ids_of_one_hash(asked: Asked, ids: tuple[str, str]) -> None:
    """Ids never go there: both events are kept, and each is met."""
    one, other = (event("left", id=name, host=name) for name in ids)
    found = decided(pair(), one, other, event("right", host=ids[0]), event("right", host=ids[1]))
    assert [("r", ids[0]), ("r", ids[1])] == found
    assert 2 == asked.answers


@pytest.mark.parametrize("hosts", [("host-139599", "host-322382"), ("host-139149", "host-177857")])
def test_w7_hosts_of_one_hash(asked: Asked, hosts: tuple[str, str]) -> None:
    """Two hosts are not joined, whether their names have one hash there or what stands for them has."""
    one, other = hosts
    assert [] == decided(pair(), event("left", host=one), event("right", host=other))
    assert [("r", one)] == decided(pair(), event("left", host=one), event("left", host=other), event("right", host=one))
    assert asked.lookups


def test_w7_fields_of_one_hash(asked: Asked) -> None:
    """Names of fields never go there."""
    items = [event("left", label_169889="x"), event("right", label_1249142="x")]
    assert [] == decided([pair("label_169889"), pair("label_1249142", name="other")], *items)
    assert [("r", "h")] == decided(pair("label_169889"), *items, event("right", label_169889="x"))
    assert asked.answers


def test_w8_a_join_on_the_id(asked: Asked) -> None:
    """The id of an event, and a field called `sid`, are joined like any other value."""
    when = "{all: [{as: a, event: left}, {as: b, event: right, where: {name: $a.id}}], within: 1m}"
    long = "evt-000000000000000001"
    assert [("r", "h")] == decided(rule(when), event("left", id=long), event("right", name=long))
    assert [("r", "h")] == decided(pair("sid"), event("left", sid="0"), event("right", sid="0"))
    assert asked.answers


def test_w9_numbers_in_exponents(asked: Asked) -> None:
    """A number is a digest there, however JSON writes it; nothing behind it is lost."""
    numbers = (1e-05, 1e16, 5e-324, 1.5)
    items = [event(kind, number=number, host=str(number)) for kind in ("left", "right") for number in numbers]
    assert [("r", str(number)) for number in numbers] == decided(pair("number"), *items)
    assert 4 == asked.answers


def test_w10_texts_and_numbers(asked: Asked) -> None:
    """A text is no number."""
    items = [event("left", any="5"), event("right", any=5), event("right", any="50"), event("right", any=5.0)]
    assert [] == decided(pair("any"), *items)
    assert [("r", "h")] == decided(pair("any"), *items, event("right", any="5"))
    assert asked.answers


def test_w11_true_and_one(asked: Asked) -> None:
    """`true`, 1 and 1.0 are three keys."""
    values = (True, 1, 1.0)
    items = [event(kind, any=value, host=repr(value)) for kind in ("left", "right") for value in values]
    assert [("r", repr(value)) for value in values] == decided(pair("any"), *items)
    assert 3 == asked.answers


def test_w12_texts_of_65536_characters_and_more(asked: Asked) -> None:
    """No part of a text is left out."""
    long = "x" * 65_537
    assert [] == decided(pair("name"), event("left", name="x"), event("right", name=long))
    assert [("r", "h")] == decided(pair("name"), event("left", name=long), event("right", name=long))
    assert asked.answers


def test_w13_integers_past_64_bits(asked: Asked) -> None:
    """Integers are exact, and floats are what they are to the last bit."""
    items = [event("left", integer=2**70), event("right", integer=2**64), event("left", number=0.1 + 0.2)]
    rules = [pair("integer"), pair("number", name="number")]
    assert [] == decided(rules, *items, event("right", number=0.3))
    more = [event("right", integer=2**70), event("right", number=0.30000000000000004)]
    assert [("r", "h"), ("number", "h")] == decided(rules, *items, *more)
    assert asked.answers


def test_w14_nulls_and_missing_fields(asked: Asked) -> None:
    """What has no key is joined with nothing, on either side."""
    items = [event("left", name=None), event("right", name=None), event("left"), event("right")]
    assert [] == decided(pair("name"), *items)
    assert [("r", "h")] == decided(pair("name"), *items, event("left", name="n"), event("right", name="n"))
    assert asked.answers


def test_w15_dotted_and_nested_names(asked: Asked) -> None:
    """A name with a dot is not a path."""
    flat, nested = {"a.b": 1}, {"a": {"b": 1}}
    assert [] == decided(pair("any"), event("left", any=flat), event("right", any=nested))
    assert [("r", "h")] == decided(pair("deep.a.b"), event("left", deep=nested), event("right", deep=nested))
    assert asked.answers


def test_w16_a_waiting_event_without_the_field(asked: Asked) -> None:
    """What lacks a field that is compared hinders nobody behind it."""
    more = ", where: {v: {more_than: $a.v}}"
    items = [event("left"), event("left", v=None), *(event("right", at, v=at) for at in range(1, 4))]
    assert [] == decided(pair(more=more), *items)
    assert [("r", "h")] == decided(pair(more=more), *items, event("left", 5, v=8), event("right", 6, v=9))
    assert asked.answers


def test_w17_both_branches_of_an_any(asked: Asked) -> None:
    """A rule fires once where both branches of its `any` are true."""
    when = (
        "{all: [{as: a, event: left}, {any: [{as: b, state: first, where: {v: 1}},"
        ' {as: b, state: first, where: {zone: "z"}}]}], same: [host]}'
    )
    assert [("r", "h")] == decided(rule(when), state("first", v=1, zone="z"), event("left", 1))
    assert asked.answers


def test_w18_more_patterns_than_it_can_have_true_at_once(asked: Asked) -> None:
    """An event that passes a hundred patterns is posted for each of their joins by itself."""
    more = ", where: {{v: {{more_than: {}}}}}"
    rules = [pair(name=f"r{number:03}", more=more.format(number)) for number in range(100)]
    found = decided(rules, event("right", v=1000), event("left"))
    assert [f"r{number:03}" for number in range(100)] == [name for name, _ in found]
    assert asked.answers


def test_w19_what_goes_while_others_match(asked: Asked) -> None:
    """A state that is cleared takes no other match with it; nothing is removed while a match is pending."""
    when = "{all: [{as: a, state: first}, {as: b, state: second}], same: [host]}"
    items: list[Item] = []
    for number in range(40):
        items += [state("first", number, host=f"h{number}"), state("first", number, host="other")]
        items += [state("second", number, host=f"h{number}"), state("first", number, host="other", gone=True)]
    assert [("r", f"h{number}") for number in range(40)] == decided(rule(when), *items)
    assert asked.answers


def test_w20_names_it_keeps_for_itself(asked: Asked) -> None:
    """No name and no value out of a payload is read as durable-rules' own."""
    odd = {"$s": 1, "sid": "0", "$timerName": "t", "id": "0", "$time": {}}
    items = [event("left", any=odd, sid="0"), event("right", any=odd, sid="0")]
    assert [("r", "h"), ("s", "h")] == decided([pair("any"), pair("sid", name="s")], *items)
    assert 2 == asked.answers


def test_w21_priorities_below_zero(asked: Asked) -> None:
    """Priorities and counts are ours."""
    rules = [pair(name="low"), pair(name="high")]
    rules[0] += "    priority: -1\n"
    rules[1] += "    priority: 70000\n"
    assert [("high", "h"), ("low", "h")] == decided(rules, event("left"), event("right"))
    assert asked.answers


def test_w22_the_order_of_what_fires_and_the_end_of_a_window(asked: Asked) -> None:
    """Keys fire in their order, whatever order their rows came in; a window ends to the microsecond."""
    when = "{all: [{as: a, event: left}, {as: b, event: right}], same: [host], within: 1m}"
    text = rule(when, then="[{do: noop, target: $a.name}]")
    lefts = [event("left", name=name) for name in "hbxa"]
    assert [("r", name) for name in "abhx"] == decided(text, *lefts, event("right", 59.999999))
    assert [] == decided(text, *lefts, event("right", 60))
    assert asked.answers


def test_w24_batches(asked: Asked) -> None:
    """A batch is posted event by event, of whichever hosts, and an empty one is nothing."""
    items = [event(kind, host=host) for host in ("a", "b", "c") for kind in ("left", "right", "fourth")]
    engine = engine_of(pair())
    assert [] == engine.post_all([])
    assert [("r", name) for name in "abc"] == [
        (one.rule, one.target) for step in engine.post_all(items) for one in step
    ]
    assert 3 == asked.answers


def test_w25_regular_expressions(asked: Asked) -> None:
    """A leaf is matched by Python's own expressions."""
    more = ', where: {name: {matches: "^h\\\\d{2}$"}}'
    items = [event("left"), event("right", name="h7"), event("right", name="h42"), event("right", name="xh42")]
    assert [("r", "h")] == decided(pair(more=more), *items)
    assert asked.answers


def test_w26_lists(asked: Asked) -> None:
    """Lists are joined by all they hold, empty ones too, and `contains` asks of one."""
    items = [event("left", list=["a", "b"]), event("right", list=["b", "a"]), event("left", list=[])]
    assert [] == decided(pair("list"), *items)
    more = [event("right", list=["a", "b"]), event("right", list=[])]
    assert [("r", "h"), ("r", "h")] == decided(pair("list"), *items, *more)
    containing = pair(more=", where: {list: {contains: a}}")
    assert [("r", "h")] == decided(containing, event("left"), *more)
    assert asked.answers


def test_events_out_of_their_order(asked: Asked) -> None:
    """An event that comes late meets what came before it and what came after it."""
    when = "{sequence: [{as: a, event: left}, {as: b, event: right}], same: [host], within: 1m}"
    items = [event("right", 10), event("fourth", 20), event("left", 5)]
    assert [("r", "h")] == decided(rule(when), *items)
    assert [("r", "h")] == posted(engine_of(rule(when)), items)
    assert asked.answers
