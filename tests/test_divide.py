"""A stream divided among partitions is decided as one engine decides it."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

import selfheal_rules as sr
from selfheal_rules.compile.routes import Route, key_text, partition_of
from selfheal_rules.divide import Partitions
from tests import compare
from tests.divided import FIXED, broken, decides_as_one, restores_as_one, stops_as_one, whole
from tests.engines import program_of
from tests.generate.cases import Case, case
from tests.generate.joined import joined_case
from tests.generate.streams import moment

SIZE, BLOCKS, SOME = 20, 4, 1
"""Seeds in one block, how many blocks run by themselves, and how many every day; `--cases` asks for more."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Cut the seeds asked for into blocks."""
    if "block" in metafunc.fixturenames:
        asked, whole = map(metafunc.config.getoption, ("--cases", "--whole"))
        metafunc.parametrize("block", range((BLOCKS if whole else SOME) if asked is None else -(-asked // SIZE)))


def _broken(block: int, holds: compare.Property, every: int = 1, draw: Callable[[int], Case] = joined_case) -> str:
    seeds = range(block * SIZE, (block + 1) * SIZE, every)
    return next((f"seed {seed}\n{why}" for seed in seeds if (why := broken(draw(seed), holds))), "")


def test_partitions_decide_as_one_engine(block: int) -> None:
    """With 1, 2, 3 and 7 partitions every input has the same disposition, decisions, evidence, states and deadline."""
    found = _broken(block, decides_as_one(FIXED))
    assert not found, found


def test_rules_that_are_joined_by_chance_are_divided_as_well(block: int) -> None:
    """The same of cases in which hardly anything is joined, and nothing is declared to be fixed."""
    found = _broken(block, decides_as_one({}), every=2, draw=case)
    assert not found, found


def test_a_snapshot_of_the_whole_changes_nothing(block: int) -> None:
    """Whatever input the partitions are restored before, they go on as if nothing had been."""
    found = _broken(block, restores_as_one(FIXED), every=10)
    assert not found, found


def test_stopping_at_deadlines_changes_nothing(block: int) -> None:
    """`post` is `advance` and `post`, and no deadline is missed, for partitions as for one engine."""
    found = _broken(block, stops_as_one(FIXED), every=4)
    assert not found, found


def test_most_of_what_is_tried_is_divided() -> None:
    """The cases above count: of their decisions, more than half are of rules that are divided."""
    made: Counter[bool] = Counter()
    for seed in range(60):
        one = joined_case(seed)
        rules = compare.loaded(one)
        if rules is None:
            continue
        keyed = {split.rule[1] for split in program_of(*rules).split(FIXED).rules if not split.because}
        driver = whole(one, rules)
        for item in one.items:
            driver.take(item)
        made.update(decision.rule in keyed for decision in driver.decisions)
    assert made[True] > made[False]
    assert made[True] > 50


# Keys


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (1, True), (1.0, True), ("1", 1), (None, "null"), ("a", "A")])
def test_keys_are_never_coerced(one: object, other: object) -> None:
    """Values that differ as keys have texts that differ."""
    assert key_text(one) != key_text(other)


def test_a_key_is_the_same_everywhere() -> None:
    """Under every hash seed, in every process, a key names one partition."""
    code = (
        "import json; from selfheal_rules.compile.routes import key_text, partition_of;"
        "print(json.dumps([partition_of(key_text(f'host-{n}'), 7) for n in range(200)]))"
    )
    found = []
    for seed in ("0", "1", "4711"):
        run = subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        found.append(json.loads(run.stdout))
    assert found[0] == found[1] == found[2]
    assert set(range(7)) == set(found[0])
    assert [1, 0, 0] == [partition_of(key_text(host), 3) for host in "abc"]


# Stages


RULES = """\
selfheal: 1
ruleset: hosts
events:
  host.lost: {fields: {host: {type: string, required: true}, zone: string}}
  host.found: {fields: {host: {type: string, required: true}, zone: string}}
states:
  alarm: {key: [alarm], fields: {alarm: string, host: {type: string, required: true}}}
  maintenance: {key: [host], fields: {host: string}}
  host.dead: {key: [host], fields: {host: string, zone: string}}
rules:
  - id: dead
    when:
      all: [{as: lost, event: host.lost}, {as: alarm, state: alarm}]
      same: [host]
      within: 5m
      unless: [{state: maintenance, where: {host: $alarm.host}}]
    then: [{conclude: host.dead, with: {host: $lost.host, zone: $lost.zone}, ttl: 1h}]
  - id: heal
    when: {as: dead, state: host.dead}
    then: [{do: fence, target: $dead.host}]
  - id: storm
    when: {as: many, state: host.dead, count: {at_least: 3, by: [zone]}}
    then: [{do: notify, target: $many.zone}]
  - id: again
    when: {as: lost, event: host.lost, count: {at_least: 2, within: 10m, by: [zone]}}
    then: [{do: notify, target: $lost.zone}]
"""


def _program(text: str = RULES) -> sr.Program:
    rules, report = sr.parse.parse_rules(sr.source.Source("rules.yaml", text))
    assert rules is not None, report
    return sr.compile_rules(rules)


def _routes(stage: object) -> list[str]:
    return [str(route) for route in stage.routes]  # type: ignore[attr-defined]


def test_stages_are_told_by_what_they_are_divided_by() -> None:
    """One stage goes by host, one by zone, the global one is last; what only concludes is judged where it is needed."""
    first, second, last = _program().stages()
    assert ("host", "zone", "all") == (first.name, second.name, last.name)
    assert (("hosts", "dead"), ("hosts", "heal")) == first.rules
    assert ["alarm everywhere", "host.dead by host", "host.lost by host", "maintenance by host"] == _routes(first)
    assert ("alarm",) == first.everywhere
    assert (("hosts", "again"),) == second.rules
    assert (("hosts", "storm"),) == last.rules
    assert (("hosts", "dead"),) == last.repeated
    assert last.is_global


def test_what_is_declared_fixed_divides() -> None:
    """An alarm that never changes its host goes to one partition, its clearing to all."""
    first = _program().stages({"alarm": ["host"]})[0]
    assert Route("alarm", ("host",), fixed=True) == first.route("alarm")
    assert () == first.everywhere
    alarm = sr.State("alarm", "m", moment(0), {"alarm": "a1", "host": "h1"})
    gone = sr.State("alarm", "m", moment(0), {"alarm": "a1"}, cleared=True)
    assert '"h1"' == first.partition_key(alarm)
    assert first.partition_key(gone) is None


def test_what_was_declared_fixed_and_moves_is_refused() -> None:
    """An input that breaks what was declared changes nothing."""
    whole = Partitions(_program(), 3, fixed={"alarm": ["host"]})
    whole.post(sr.State("alarm", "m", moment(0), {"alarm": "a1", "host": "h1"}))
    moved = sr.State("alarm", "m", moment(9), {"alarm": "a1", "host": "h2"})
    with pytest.raises(sr.EventError, match='`host` of `alarm` was "h1" and is now "h2", and was declared to be fixed'):
        whole.post(moved)
    assert moment(0) == whole.now
    whole.post(sr.State("alarm", "m", moment(9), {"alarm": "a1"}, cleared=True))
    assert "matched" == whole.post(moved).disposition


def test_a_rule_that_cannot_be_divided_says_why() -> None:
    """The reason stands at the place that is in the way, with what would help."""
    (storm,) = [one for one in _program().split().rules if one.rule[1] == "storm"]
    assert storm.because is not None
    assert () == storm.keys
    assert "`host.dead` is told apart by `host`, so its `zone` may change while it stands" == storm.because.reason


def test_items_of_a_kind_a_stage_does_not_read_have_no_key() -> None:
    """Asking for the key of such an item is an error, not a guess."""
    second = _program().stages()[1]
    with pytest.raises(KeyError):
        second.partition_key(sr.State("maintenance", "m", moment(0), {"host": "h1"}))


# The whole


def test_a_program_without_rules_has_one_partition() -> None:
    """What nothing reads is refused or unmatched, as one engine says."""
    whole = Partitions(_program(RULES[: RULES.index("  - id: dead")].replace("rules:", "rules: []")), 4)
    assert 1 == len(whole.partitions)
    assert "unmatched" == whole.post(sr.Event("e1", "host.lost", "m", moment(0), {"host": "h1"})).disposition
    with pytest.raises(sr.EventError):
        whole.post(sr.Event("e1", "host.gone", "m", moment(0), {}))


def test_a_batch_is_taken_whole_or_not_at_all() -> None:
    """Where one item does not fit its kind, none of those before it is taken."""
    whole = Partitions(_program(), 3)
    items = [sr.Event(host, "host.lost", "m", moment(0), {"host": host}) for host in ("h1", "h2")]
    with pytest.raises(sr.EventError, match=r"kind `host\.gone` is in no vocabulary of the program"):
        whole.post_all([*items, sr.Event("e", "host.gone", "m", moment(0), {})])
    assert whole.now is None
    assert ["matched", "matched"] == [step.disposition for step in whole.post_all(items)]


def test_an_input_far_ahead_is_ahead_for_all() -> None:
    """`max_ahead` is judged against the greatest time any partition was told."""
    whole = Partitions(_program(), 4, max_ahead=timedelta(minutes=1))
    for at, host in ((0, "h1"), (50, "h2"), (90, "h3")):
        assert "matched" == whole.post(sr.Event(host, "host.lost", "m", moment(at), {"host": host})).disposition
    assert "ahead" == whole.post(sr.Event("h4", "host.lost", "m", moment(151), {"host": "h1"})).disposition


def test_a_snapshot_of_another_program_is_refused() -> None:
    """Partitions are restored under the program they were taken of, from their own snapshots."""
    program = _program()
    with pytest.raises(sr.SnapshotError):
        Partitions.restore(_program(RULES.replace("5m", "6m")), Partitions(program, 2).snapshot())
    with pytest.raises(sr.SnapshotError):
        Partitions.restore(program, sr.Engine(program).snapshot())


@pytest.mark.parametrize("count", [0, -1])
def test_there_is_a_partition(count: int) -> None:
    """A number that is none is refused before anything is posted."""
    with pytest.raises(ValueError, match=f"{count} partitions are none"):
        Partitions(sr.compile_rules(sr.load_rules("rulesets/compute-host-failure")), count)
