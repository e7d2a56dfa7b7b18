"""Why a rule did not fire: the first thing that failed, by how much, and a cure that the engine confirms."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve, field, frozen

import selfheal_rules as sr
from selfheal_rules.explain.why_not import Input, UnknownRuleError, render, why_not
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source
from tests.asked import (
    ALONE,
    ANY,
    BOTH,
    CHAIN,
    COUNT,
    CRITICAL,
    FEW,
    HEAD,
    HELD,
    LATER,
    LEVEL,
    MEAN,
    NEVER,
    NEXT,
    NUMBER,
    OFF,
    OLD,
    ORDER,
    OTHER,
    SHARE,
    STATE,
    TEST,
    alarm,
    ask,
    failing,
    fires,
    power,
    program,
    rule,
    second,
    state,
)

GOLDEN = Path(__file__).parent / "data" / "explain"


@frozen
class Told:
    """A stream on which a rule does not fire, what is said of it, and a stream it does fire on."""

    name: str
    rules: str
    inputs: list[Input]
    failed: str
    address: str
    miss: timedelta | float | None
    said: str
    cured: list[Input] = field(factory=list)
    cured_rules: str = ""


CASES = [
    Told(
        "too late for the window", rule(BOTH), [alarm(0, **CRITICAL), power(121, **OFF)], "within", "when.within",
        timedelta(seconds=1), "p had arrived before 2026-01-01T09:02:00Z, or within > 2m1s",
        [alarm(0, **CRITICAL), power(119.999999, **OFF)], rule(BOTH.replace("2m", "121001ms")),
    ),
    Told(
        "at the very end of the window", rule(BOTH), [alarm(0, **CRITICAL), power(120, **OFF)], "within", "when.within",
        timedelta(0), "within > 2m", [alarm(0, **CRITICAL), power(119.999999, **OFF)],
    ),
    Told(
        "a leaf", rule(BOTH), [alarm(0, **CRITICAL), power(9, state="on")], "where", "when.all[1].where.state", None,
        "state had been off", [alarm(0, **CRITICAL), power(9, **OFF)],
    ),
    Told(
        "a missing field", rule(BOTH), [alarm(0), power(9, **OFF)], "where", "when.all[0].where.severity", None,
        "severity had been critical", [alarm(0, **CRITICAL), power(9, **OFF)],
    ),
    Told(
        "a number, by how much", rule(NUMBER), [alarm(0, n=1), alarm(1, n=3.5)], "where",
        "when.where.n.at_least", 1.5, "n had been at least 5", [alarm(1, n=5)],
    ),
    Told(
        "another host", rule(BOTH), [alarm(0, **CRITICAL), power(9, "c2", **OFF)], "same", "when.all[1]", None,
        "the host of p had been c1", [alarm(0, **CRITICAL), power(9, "c1", **OFF)],
    ),
    Told(
        "only of another target", rule(ALONE), [alarm(0, "c2")], "key", "when", None, "the host of a had been c1",
        [alarm(0)],
    ),
    Told(
        "nothing of one kind", rule(BOTH), [alarm(0, **CRITICAL)], "missing", "when.all[1]", None,
        "p had been seen before 2026-01-01T09:02:00Z", [alarm(0, **CRITICAL), power(119, **OFF)],
    ),
    Told(
        "it is worked on", rule(BOTH), [state("maintenance", 0), alarm(1, **CRITICAL), power(2, **OFF)], "unless",
        "when.unless[0]", None, "maintenance c1 had not been there", [alarm(1, **CRITICAL), power(2, **OFF)],
    ),
    Told(
        "held too short", rule(HELD), [state("up", 0), state("up", 20, cleared=True)], "for", "when.for",
        timedelta(seconds=10), "a had held until 2026-01-01T09:00:30Z, or for <= 20s", [state("up", 0)],
        rule(HELD.replace("30s", "20s")),
    ),
    Told(
        "has not held long enough yet", rule(HELD), [state("up", 180)], "for", "when.for", timedelta(seconds=10), "20s"
    ),
    Told(
        "both held too short", rule(LEVEL), [state("up", 0), state("maintenance", 10), state("up", 25, cleared=True)],
        "for", "when.for", timedelta(seconds=15), "all of it had held until 2026-01-01T09:00:40Z",
        [state("up", 0), state("maintenance", 10)],
    ),
    Told(
        "too few", rule(COUNT), [alarm(0), alarm(1), alarm(70)], "count", "when.count", 1.0, "1 more alarm",
        [alarm(0), alarm(1), alarm(2)], rule(COUNT.replace("3", "2")),
    ),
    Told(
        "too many", rule(FEW), [alarm(90 + 10 * n) for n in range(11)], "count", "when.count", 4.0, "4 fewer", [],
        rule(FEW.replace("1,", "5,")),
    ),
    Told(
        "a mean too low", rule(MEAN), [alarm(0, n=3), alarm(1, n=8)], "aggregate", "when.aggregate", 4.5,
        "the avg had been more than 10", [alarm(0, n=12), alarm(1, n=8.5)],
    ),
    Told(
        "a share too low", rule(SHARE), [alarm(0, n=3), alarm(3, n=1)], "aggregate",
        "when.aggregate", 50.0, "the percent_of had been at least 50", [alarm(0, n=3), alarm(1, n=8)],
    ),
    Told(
        "nothing to take a mean of", rule(MEAN), [alarm(0)], "aggregate", "when.aggregate", None, "the avg",
        [alarm(0, n=11)],
    ),
    Told(
        "the wrong order", rule(ORDER), [power(0), alarm(10)], "sequence", "when.sequence", timedelta(seconds=10),
        "p had come after 2026-01-01T09:00:10Z", [alarm(10), power(10.000001)],
    ),
    Told(
        "it was there before", rule(NEVER), [alarm(0, "z"), power(70), alarm(80)], "none", "when.all[1]", None,
        "had not been there", [alarm(0, "z"), alarm(80)],
    ),
    Told(
        "not watched long enough", rule(NEVER), [alarm(0, "z"), alarm(40)], "none", "when.all[1]", None,
        "it could have been ruled out", [alarm(0, "z"), alarm(60)],
    ),
    Told(
        "over before the event came", rule(STATE), [state("up", 0), state("up", 5, cleared=True), alarm(10)], "held",
        "when.all[0]", timedelta(seconds=5), "a had still held at 2026-01-01T09:00:10Z", [state("up", 0), alarm(10)],
    ),
    Told(
        "the event before it held", rule(STATE), [alarm(10), state("up", 15)], "held", "when.all[1]",
        timedelta(seconds=5), "a had been there at 2026-01-01T09:00:10Z", [state("up", 10), alarm(10)],
    ),
    Told(
        "no branch", rule(ANY), [power(0, state="on"), alarm(10, n=3)], "any", "when", 2.0, "n had been more than 5",
        [alarm(10, n=5.1)],
    ),
    Told(
        "a formula", rule(TEST), [state("up", 0, n=1), alarm(10, n=3)], "test", "when.all[2]", None,
        "a.n - u.n > 5 had been so", [state("up", 0, n=1), alarm(10, n=7)],
    ),
    Told(
        "against another item", rule(OTHER), [state("up", 0, n=9), alarm(10, n=3)], "where",
        "when.all[1].where.n.less_than", 6.0, "n less_than $a.n had been so", [state("up", 0, n=2), alarm(10, n=3)],
    ),
    Told(
        "joined by two fields", rule(NEXT), [state("disk", 0, name="d", n=4), alarm(9, n=3)], "same",
        "when.all[1].where.n", 1.0, "had been so", [state("disk", 0, name="d", n=3), alarm(9, n=3)],
    ),
    Told(
        "not old enough", rule(OLD), [state("disk", 100, name="d", seen=second(0))], "where",
        "when.all[0].where.seen.more_than", timedelta(seconds=100), "seen had been more than 5m",
        [state("disk", 100, name="d", seen=second(-101))],
    ),
    Told(
        "never concluded", CHAIN, [power(0), alarm(70)], "missing", "when", timedelta(seconds=10),
        "a had arrived before 2026-01-01T09:01:00Z", [power(0), alarm(59)],
    ),
]  # fmt: skip


@pytest.mark.parametrize("told", CASES, ids=lambda told: str(told.name))
def test_what_failed_is_told_and_can_be_cured(told: Told) -> None:
    """The word, the place, the miss and the cure are as they are; the engine fires on what is cured, and only then."""
    assert not fires(told.rules, told.inputs)
    answer = ask(told.rules, told.inputs)
    assert (told.failed, told.address, told.miss) == (answer.failed, failing(answer), answer.miss)
    assert told.said in answer.counterfactual
    assert () == answer.decisions
    if told.cured:
        assert fires(told.rules, told.cured)
        assert "" == ask(told.rules, told.cured, LATER).failed.replace("again", "")
    if told.cured_rules:
        assert fires(told.cured_rules, told.inputs)


def test_the_age_in_an_event_is_that_of_its_arrival() -> None:
    """What is old enough by now was not when the event came."""
    answer = ask(rule("{event: power, as: a, where: {seen: {at_least: 6s}}}"), [power(10, seen=second(8))])
    assert ("where", timedelta(seconds=4)) == (answer.failed, answer.miss)


def test_late_events_are_named() -> None:
    """An event that came too late to count is told from one that never came; how much too late is the miss."""
    inputs: list[Input] = [state("up", 0), second(1000), alarm(0)]
    answer = ask(rule(STATE), inputs, 1000)
    assert ("stale", timedelta(minutes=6, seconds=40)) == (answer.failed, answer.miss)
    assert "" == ask(rule(STATE), inputs, 1000, max_age=timedelta(minutes=20)).failed


def test_repeated_events_are_named() -> None:
    """An event whose id was seen before, about another host, is no witness."""
    answer = ask(rule(ALONE), [alarm(0, "c2", id="one"), alarm(1, id="one")])
    assert "duplicate" == answer.failed


def test_two_things_that_fail_are_both_in_the_cure() -> None:
    """The window is too short, and it is worked on: one alone would not have helped."""
    inputs: list[Input] = [state("maintenance", 0), alarm(1, **CRITICAL), power(130, **OFF)]
    answer = ask(rule(BOTH), inputs)
    assert "within" == answer.failed
    assert " and maintenance c1 had not been there" in answer.counterfactual


FEWER = "{all: [{as: a, event: alarm}], unless: [{event: power, count: {at_most: 1, within: 1m, by: [host]}}]}"
MORE = (
    "{all: [{as: a, event: alarm}], unless: [{event: power, where: {host: $a.host}, count: {at_least: 2, within: 1m}}]}"
)


@pytest.mark.parametrize(("when", "said"), [(FEWER, "so few of them block"), (MORE, "so many c1 were there")])
def test_a_count_that_blocks_is_named(when: str, said: str) -> None:
    """Too many, by whom; too few, by nobody."""
    inputs: list[Input] = [power(100), power(170), power(171, "c2"), *([power(172)] if when == MORE else [])]
    answer = ask(rule(when), [*inputs, alarm(180)])
    assert ("unless", said) == (answer.failed, next(one.text for one in answer.lines if one.mark == "FAIL"))


def test_what_concludes_can_be_asked_too() -> None:
    """A rule that concludes is asked by the key of what it concludes; where it did, nothing failed."""
    found = program(CHAIN)
    inputs: list[Input] = [power(0), alarm(70)]
    assert "within" == why_not(found, inputs, "y", "c1", second(LATER)).failed
    assert "" == why_not(found, [power(0), alarm(7)], "r/y", "c1", second(LATER)).failed


def test_of_several_that_came_only_those_are_named_that_would_have_done() -> None:
    """An item of another target is a cure where it goes with the others: the engine is asked of each."""
    near = rule("{all: [{as: u, state: up}, {as: a, state: disk, where: {host: $u.host}}]}", target="$a.name")
    disks = [state("disk", 0, name=f"d{n}", host=host) for n, host in enumerate(("c1", "c2", "c3"))]

    def cure(*hosts: str) -> str:
        inputs: list[Input] = [*disks, *(state("up", 1, host=host) for host in hosts)]
        return why_not(program(near), inputs, "x", "d9", second(2)).counterfactual

    assert "the name of any of 3 a had been d9" == cure("c1", "c2", "c3")
    assert "the name of one of 3 a had been d9" == cure("c2", "c7")
    assert cure("c8").startswith("the name of a a that goes with the others had been d9")


def test_what_stands_since_it_fired_is_not_asked_to_come_anew() -> None:
    """Where nothing new came, that is the cure: what else the rule asks for is there still."""
    answer = ask(rule("{all: [{as: e, event: alarm}, {as: a, state: up}], same: [host]}"), [state("up", 0), alarm(1)])
    assert ("again", "it had been over, and come again") == (answer.failed, answer.counterfactual)


def test_after_it_fired_a_mean_is_the_best_since() -> None:
    """What a mean was when it fired is no longer short of anything."""
    answer = ask(rule(MEAN), [alarm(0, n=99), alarm(120, n=1), alarm(130, n=3)])
    assert ("aggregate", 8.0) == (answer.failed, answer.miss)
    assert "avg was 2.0 at best, not more than 10" in answer.lines[-1].text


def test_a_count_is_told_at_an_instant_at_which_it_was_so() -> None:
    """An item later than the window in which there were most of them does not date it."""
    answer = ask(rule(COUNT), [alarm(0), alarm(1), alarm(70)])
    assert second(1) == next(line.time for line in answer.lines if line.mark == "FAIL")


def test_rules_are_asked_down_to_the_lowest() -> None:
    """A conclusion that is missing is explained by the rule that would have drawn it, one step further in."""
    answer = ask(CHAIN, [power(0), alarm(70)])
    assert "dead c1 was never concluded: y did not fire" == answer.lines[0].text
    assert ["when.within"] == [one.address for one in answer.lines if one.depth == 1 and one.mark == "FAIL"]


def test_an_unknown_rule_is_refused_with_those_there_are() -> None:
    """The message names the one that may be meant, or some of those there are."""
    with pytest.raises(UnknownRuleError, match="no rule is called `z`; there are `x`"):
        why_not(program(rule(ALONE)), [], "z", "c1", second(0))
    many = program("".join(rule(ALONE).replace("id: x", f"id: rule-{number}") for number in range(10)))
    with pytest.raises(UnknownRuleError, match="did you mean `rule-7`"):
        why_not(many, [], "rul-7", "c1", second(0))
    with pytest.raises(UnknownRuleError, match="`rule-7`, and 2 more"):
        why_not(many, [], "z", "c1", second(0))


GUARDED = rule(ALONE, "    guard: [{cooldown: 10m}]\n")


@pytest.mark.parametrize(
    ("name", "rules", "inputs"),
    [
        ("within", rule(BOTH), [alarm(0, id="e-41", **CRITICAL), power(121, id="e-57", **OFF)]),
        ("below", CHAIN, [alarm(70, id="e-2"), power(0, id="e-1")]),
        ("any", rule(ANY), [power(0, id="e-1", state="on"), alarm(10, id="e-2", n=3)]),
        ("held", GUARDED, [alarm(0, id="e-1"), alarm(100, id="e-2")]),
    ],
)  # fmt: skip
def test_the_answer_reads_as_it_did(name: str, rules: str, inputs: list[Input]) -> None:
    """The text is the golden one; `UPDATE_GOLDEN=1` writes it anew."""
    found = render(ask(rules, inputs))
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(found, "utf-8")
    assert golden.read_text("utf-8") == found


def test_an_answer_can_be_written_as_json() -> None:
    """A miss in time is in seconds, and each line says where it stands."""
    told = ask(rule(BOTH), [alarm(0, **CRITICAL), power(121, **OFF)]).to_json()
    assert (1.0, "within", []) == (told["miss"], told["failed"], told["decisions"])
    assert "r.yaml:14" == next(line["place"] for line in told["lines"] if line["mark"] == "FAIL")


OWN_ACTS = (
    rule(ALONE, target="$a.host").replace("id: x", "id: first")
    + "  - id: x\n    when: {event: selfheal.decision, as: a, where: {rule: first, status: allowed}}\n"
    "    then: [{do: notify, target: $a.target}]\n"
)  # fmt: skip


def test_what_the_engine_did_itself_is_asked_as_well() -> None:
    """A rule over the engine's own decisions is run beside all the others."""
    answer = ask(OWN_ACTS, [alarm(0)])
    assert ("where", "status had been allowed") == (answer.failed, answer.counterfactual)


def test_one_rule_name_in_two_rule_sets_has_to_be_told_apart() -> None:
    """Both are named, as they can be asked for."""
    one, other = (parse_rules(Source(f"{name}.yaml", HEAD.replace("ruleset: r", f"ruleset: {name}") + rule(ALONE)))[0]
                  for name in ("r", "s"))  # fmt: skip
    assert one
    assert other
    both = sr.compile_rules(one, evolve(other, vocabulary=one.vocabulary))
    with pytest.raises(UnknownRuleError, match="several rules are called `x`: `r/x`, `s/x`"):
        why_not(both, [], "x", "c1", second(0))
    assert "missing" == why_not(both, [], "s/x", "c1", second(0)).failed
