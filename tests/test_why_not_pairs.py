"""Why not, where two patterns read one kind: two aliases never bind one item, and the answer says so."""

from datetime import datetime, timedelta

import pytest

from selfheal_rules.explain.why_not import Input, render
from tests.asked import COUNT, CRITICAL, OFF, alarm, ask, failing, fires, power, rule, second, state

PAIR = """{all: [{as: a, event: power, where: {state: "off"}}, {as: b, event: power, where: {state: "on"}}],
           same: [host], within: 30s}"""
STATES = "{all: [{as: a, state: up}, {as: b, state: up, where: {az: $a.az}}], same: [az]}"
THRICE = "{all: [{as: a, event: alarm}, {as: b, event: alarm}, {as: c, event: alarm}], same: [host], within: 30s}"
LEAF = "{all: [{as: a, event: alarm, where: {n: 1}}, {as: b, event: alarm, where: {n: 1}}], same: [host], within: 30s}"
ON = {"state": "on"}


@pytest.mark.parametrize(
    ("when", "inputs", "where", "said", "cured"),
    [
        (PAIR, [power(0, **OFF)], "when.all[1]", "no other power about c1", [power(0, **OFF), power(29, **ON)]),
        (THRICE, [alarm(0), alarm(9)], "when.all[2]", "no other alarm about c1", [alarm(0), alarm(9), alarm(20)]),
        (LEAF, [alarm(0, n=1), alarm(9, n=2)], "when.all[1].where.n", "n is 2, not 1", [alarm(0, n=1), alarm(9, n=1)]),
        (LEAF, [alarm(0, n=1, **CRITICAL)], "when.all[1]", "no other alarm about c1", [alarm(0, n=1), alarm(9, n=1)]),
    ],
)
def test_one_item_is_never_taken_for_two(
    when: str, inputs: list[Input], where: str, said: str, cured: list[Input]
) -> None:
    """The second pattern lacks an item of its own, whatever the first one has."""
    answer = ask(rule(when), inputs)
    told = next(line.text for line in answer.lines if line.mark == "FAIL")
    assert (where, said) == (failing(answer), told)
    assert fires(rule(when), cured)
    assert not fires(rule(when), inputs)


def test_one_state_is_never_taken_for_two() -> None:
    """Neither is a state."""
    answer = ask(rule(STATES), [state("up", 0, az="z")])
    assert ("missing", "b had been seen") == (answer.failed, answer.counterfactual)
    assert "no other up about c1" == answer.lines[1].text


TAIL = "{sequence: [{as: a, event: alarm}, {none: [{event: power, where: {host: $a.host}}], within: 1m}]}"
MIDDLE = """{sequence: [{as: a, event: alarm}, {none: [{event: power, where: {host: $a.host}}]},
           {as: b, event: alarm, where: {n: 9}}], same: [host], within: 1m}"""


@pytest.mark.parametrize(
    ("when", "last", "cure"),
    [
        (TAIL, [], "power p1 and power p2 had not been there"),
        (MIDDLE, [alarm(55, n=9)], "power p1 and power p2 had not been there"),
    ],
)
def test_what_came_between_is_named_and_without_it_the_rule_fires(when: str, last: list[Input], cure: str) -> None:
    """A `none` in a sequence looks forward: all that came since the item before it has to be gone."""
    watched = [power(0, "c9"), alarm(3, "c9")]
    inputs: list[Input] = [*watched, alarm(10), power(20, id="p1"), power(50, id="p2"), *last]
    answer = ask(rule(when), inputs)
    assert ("none", sorted(cure.split(" "))) == (answer.failed, sorted(answer.counterfactual.split(" ")))
    assert not fires(rule(when), [one for one in inputs if getattr(one, "id", "") != "p1"])
    assert fires(rule(when), [*watched, alarm(10), *last])


STANDING = """{sequence: [{as: a, state: up, where: {n: 1}}, {none: [{state: maintenance, where: {host: $a.host}}]},
             {as: b, event: alarm}], same: [host]}"""
ENDED = "{sequence: [{as: b, event: alarm}, {none: [{state: maintenance, where: {host: $b.host}}]}]}"


@pytest.mark.parametrize("when", [STANDING, ENDED])
@pytest.mark.parametrize("began", [-900, 5, 25])
def test_a_state_that_blocks_in_a_sequence_is_named_whenever_it_began(when: str, began: float) -> None:
    """It is asked for as it is now, not as what came since the item before it."""
    there: list[Input] = [state("maintenance", began), state("up", 0, n=1)]
    answer = ask(rule(when, target="$b.host"), [*(there if began < 0 else there[::-1]), alarm(30)])
    assert ("none", "maintenance c1 had not been there") == (answer.failed, answer.counterfactual)
    assert ask(rule(when, target="$b.host"), [state("up", 0, n=1), alarm(30)]).fired


FORWARD = """{sequence: [{as: p, event: power}, {none: [{event: alarm, where: {host: $p.host, n: 0}}]},
            {as: a, event: alarm, where: {host: $p.host}}], within: 1m}"""
LOW = """  - id: low
    when: {event: power, as: c, count: {at_least: 3, within: 1m, by: [host]}}
    then: [{conclude: dead, with: {host: $c.host}, ttl: 5m}]
"""
HIGH = """{all: [{as: a, state: dead}, {as: n, state: up, where: {host: $a.host}}],
         unless: [{state: maintenance, where: {host: $a.host}}]}"""


def test_a_count_of_nothing_asks_for_as_many_as_it_takes() -> None:
    """One of those about another host would not do."""
    answer = ask(rule(COUNT), [alarm(0, "c2"), alarm(1, "c2"), alarm(2, "c2")])
    assert "3 alarm of the host c1 had been there in 1m" == answer.counterfactual
    assert fires(rule(COUNT), [alarm(0), alarm(1), alarm(2)])


def test_an_item_of_another_target_is_named_only_where_it_would_have_done() -> None:
    """Where none of them came at the right time, none of them is named."""
    inputs: list[Input] = [power(0, "c2"), power(1, "c2"), alarm(150, n=1)]
    answer = ask(rule(FORWARD, target="$p.host"), inputs)
    assert "the host of a p that goes with the others had been c1" == answer.counterfactual


@pytest.mark.parametrize(("most", "since"), [(10, second(30 * 60)), (1_000, None)])
def test_of_more_events_than_can_go_each_with_each_the_latest_are_looked_into(
    monkeypatch: pytest.MonkeyPatch, most: int, since: datetime | None
) -> None:
    """And the answer says since when; what the rule itself asks for is still asked of all."""
    monkeypatch.setattr("selfheal_rules.explain.why_not.probe.MOST", most)
    inputs: list[Input] = [power(n * 60, state="on" if n % 2 else "off") for n in range(40)]
    answer = ask(rule(PAIR), inputs, 40 * 60)
    assert ("within", timedelta(seconds=30), since) == (answer.failed, answer.miss, answer.since)
    assert (since is not None) == ("looked into: events since 09:30:00; before" in render(answer))
    early: list[Input] = [power(0, **OFF), power(1, **ON)]
    assert ask(rule(PAIR), [*early, *inputs[2:]], 40 * 60).fired


@pytest.mark.parametrize("over", [False, True])
def test_what_blocks_above_a_conclusion_is_in_the_cure(over: bool) -> None:  # noqa: FBT001 - parametrized
    """Were it concluded, it would still be blocked by what stands then; not by what is over."""
    calm = [state("up", 0), state("maintenance", 1), *[state("maintenance", 2, cleared=True)] * over]
    answer = ask(LOW + rule(HIGH), [*calm, power(3), power(4)])
    blocked = " and maintenance c1 had not been there"
    assert ("" if over else blocked) == answer.counterfactual.partition("at_least <= 2")[2]
    assert over == fires(LOW + rule(HIGH), [*calm, power(3), power(4), power(5)])
