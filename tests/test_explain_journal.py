"""Why not, out of a journal: what is not decoded changes no answer."""

from collections.abc import Sequence
from datetime import datetime

import pytest

import selfheal_rules as sr
from selfheal_rules.compile import Program
from selfheal_rules.explain.why_not import Answer, Excerpt, Input, kinds_for, why_not
from selfheal_rules.journal.items import brief, inputs
from selfheal_rules.journal.record import Chain, Place, Record, parse
from selfheal_rules.replay import inputs_of
from selfheal_rules.vocabulary import Vocabulary
from tests.asked import ALONE, CHAIN, CRITICAL, LATER, alarm, power, program, rule, second
from tests.generate.cases import case
from tests.test_why_not import OWN_ACTS
from tests.test_why_not_property import TARGET, Played, played

SEEDS = range(404, 420)


def _records(items: Sequence[Input], vocabulary: Vocabulary) -> list[Record]:
    """Give the records of a journal that took these inputs."""
    for one in items:
        if isinstance(one, sr.Event | sr.State):
            sr.events.checked(one, vocabulary)
    lines, _ = Chain().link(inputs(items))
    return [parse(line[:-1].encode(), Place("heal.jsonl", n)) for n, line in enumerate(lines, 1)]


def _both(one: Played, name: str) -> tuple[Answer, Answer, bool]:
    """Ask of all that was posted, and of what the question rests on; give whether the rest was read after all."""
    rules = Program.of(*one.rulesets)
    records = _records(one.inputs, one.rulesets[0].vocabulary)
    asked: list[int] = []

    def whole() -> list[Input]:
        asked.append(1)
        return [given for _, given in inputs_of(records)]

    few = [given for _, given in inputs_of(records, kinds_for(rules, name))]
    expected = why_not(rules, whole(), name, TARGET, one.end, max_age=one.max_age)
    found = why_not(rules, Excerpt(few, whole), name, TARGET, one.end, max_age=one.max_age)
    return expected, found, len(asked) > 1


def test_what_is_not_decoded_changes_no_answer() -> None:
    """On generated rules and streams every answer over the kinds it rests on equals that over everything."""
    read_again = [0, 0]
    for seed in SEEDS:
        one = played(case(seed))
        for rules, about in one.doing if one else ():
            assert one
            expected, found, again = _both(one, f"{rules.name}/{about.id}")
            assert expected == found, f"seed {seed} {about.id}"
            read_again[again] += 1
    assert min(read_again) >= 3, read_again


def test_only_the_kinds_of_the_rule_and_of_those_below_are_decoded() -> None:
    """What else was posted is the instant it came at; what the engine itself did takes everything."""
    rules = program(CHAIN + rule(ALONE).replace("id: x", "id: z"))
    assert frozenset({"alarm", "power", "dead"}) == kinds_for(rules, "x")
    assert frozenset({"alarm"}) == kinds_for(rules, "z")
    assert None is kinds_for(program(OWN_ACTS), "x")
    records = _records([alarm(0), power(1), second(2)], rules.vocabulary)
    found = [given for _, given in inputs_of(records, {"alarm"})]
    assert [sr.Event, datetime, datetime] == [type(one) for one in found]
    assert [second(1), second(2)] == found[1:]


def test_everything_is_read_where_the_rule_did_fire() -> None:
    """What guards said of it rests on all rules, and on all they saw."""
    rules, items = program(rule(ALONE)), [alarm(0), power(1)]
    records, read = _records(items, rules.vocabulary), []

    def whole() -> list[Input]:
        read.append(1)
        return [given for _, given in inputs_of(records)]

    excerpt = Excerpt([given for _, given in inputs_of(records, kinds_for(rules, "x"))], whole)
    assert "again" == why_not(rules, excerpt, "x", "c1", second(LATER)).failed
    assert [1] == read
    assert "missing" == why_not(rules, excerpt, "x", "c9", second(LATER)).failed.replace("key", "missing")
    assert [1] == read


@pytest.mark.parametrize(
    "id_", ["plain", 'a"quote', "back\\slash", "line\nbreak", "漢", '","kind":"other', "x" * 9_000]
)
def test_the_kind_and_time_of_a_record_are_those_of_its_item(id_: str) -> None:
    """Whatever stands before them; where it cannot be told at a glance, the record is read."""
    rules = program(rule(ALONE))
    (record,) = _records([alarm(0.25, id=id_, **CRITICAL)], rules.vocabulary)
    assert brief(record) in {("alarm", second(0.25)), None}
    assert ("plain" == id_) <= (brief(record) is not None)
    ((_, found),) = inputs_of([record], {"alarm"})
    assert isinstance(found, sr.Event)
    assert (id_, "alarm", second(0.25)) == (found.id, found.kind, found.time)
    ((_, passed),) = inputs_of([record], ())
    assert second(0.25) == (passed if isinstance(passed, datetime) else passed.time)
