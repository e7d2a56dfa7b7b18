"""A record run again: against one rule set as the engine would, and against two, to see what a change changes."""

from datetime import timedelta
from pathlib import Path

import pytest

import selfheal_rules as sr
from selfheal_rules.decide.control import Control
from selfheal_rules.healer import Healer
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.journal.items import Input
from selfheal_rules.normalize import Reading, read_items
from selfheal_rules.parse.policy import load_policy
from selfheal_rules.replay import (
    AcceptanceError,
    Difference,
    Replay,
    Replayed,
    differences,
    inputs_of,
    program_of,
    read_acceptances,
    reason,
    replay,
    reviewed,
    write_acceptance,
)
from tests import compare
from tests.asked import ALONE, alarm, power, program, rule, second, state
from tests.calls import ROOT, RULES, STREAM
from tests.engines import resolved
from tests.generate.cases import case
from tests.generate.streams import Advance

SAMPLE = sr.compile_rules(sr.load_rules(ROOT / RULES))


def _sample() -> list[Input]:
    with (ROOT / STREAM).open("rb") as payloads:
        found = list(read_items(payloads, vocabulary=SAMPLE.vocabulary))
    return [one.item for one in found if isinstance(one, Reading)]


def _told(found: tuple[Difference, ...]) -> list[tuple[str, str, str]]:
    return [(one.change, one.one.action, str(one.one.target)) for one in found]


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_a_replay_decides_what_the_engine_does(seed: int) -> None:
    """On generated rules and streams, outcomes included: the same decisions, and every input counted once."""
    one = case(seed)
    rulesets = compare.loaded(one)
    if rulesets is None:
        return
    found = sr.compile_rules(*rulesets)
    engine, inputs, made = sr.Engine(found, max_age=one.max_age), list[Input](), list[sr.Decision]()
    for item in one.items:
        given = resolved(item, made)  # type: ignore[arg-type]  # an id and an attempt are all it asks of them
        if given is not None:
            inputs.append(given.time if isinstance(given, Advance) else given)
            made += engine.advance(given.time) if isinstance(given, Advance) else engine.post(given)
    again = replay(found, inputs, max_age=one.max_age)
    assert (tuple(made), len(inputs), engine.now) == (again.decisions, again.inputs, again.now)
    assert len(inputs) == sum(again.dispositions.values())
    assert () == differences(made, again.decisions)


def test_a_journal_replays_to_its_own_decisions(tmp_path: Path) -> None:
    """Inputs and rules come back out of the record; what they lead to is what it says it led to."""
    where = tmp_path / "heal.jsonl"
    healer = Healer(sr.Engine(SAMPLE), FileJournal(where))
    decided = healer.take(_sample())
    healer.close()
    records = list(FileJournal(where).records())
    rules = next(one for one in records if one.type == "snapshot")
    again = replay(program_of(rules), (given for _, given in inputs_of(records)))
    assert [one.id for one in decided] == [one.id for one in again.decisions]
    assert SAMPLE.digest == program_of(rules).digest


def test_a_snapshot_that_is_none_gives_no_rules(tmp_path: Path) -> None:
    """What cannot be read says so."""
    healer = Healer(sr.Engine(SAMPLE), FileJournal(tmp_path / "heal.jsonl"))
    healer.close()
    record = next(one for one in FileJournal(tmp_path / "heal.jsonl").records() if one.type == "snapshot")
    record.data["engine"] = "bm9uZQ=="
    with pytest.raises(sr.SnapshotError):
        program_of(record)


def test_what_the_rules_have_no_word_for_is_counted_apart() -> None:
    """An unknown kind is no fault of the record; an item that does not fit its kind is, and is named by its number."""
    stray = sr.Event("s", "never.heard", "m", second(0), {})
    found = replay(program(rule(ALONE)), [alarm(0), stray, alarm(1, severity="loud"), alarm(2)])
    assert {"never.heard": 1} == found.unknown
    assert [3] == [one.number for one in found.refused]
    assert (4, 2, {"matched": 2}) == (found.inputs, len(found.decisions), found.dispositions)
    assert (4, 2, 1, True) == tuple(found.to_json()[name] for name in ("inputs", "decisions", "refused", "whole"))


def test_time_may_go_on_behind_the_record() -> None:
    """`until` lets what waits come."""
    rules = program(rule("{state: up, as: a, for: 30s}"))
    inputs: list[Input] = [state("up", 0)]
    assert () == replay(rules, inputs).decisions
    assert [second(30)] == [one.time for one in replay(rules, inputs, until=second(60)).decisions]


def test_a_policy_said_in_the_record_counts_from_there(tmp_path: Path) -> None:
    """A control changes who is listened to and what is allowed, in the middle of a batch."""
    text = (
        "selfheal_policy: 1\npolicy: p\nmode: enforce\nguards:\n"
        "  - {limit: 1, per: 10m}\nobservers:\n  - {source: m, silent: 5m}\n"
    )
    (tmp_path / "policy.yaml").write_text(text, "utf-8")
    assert "p" == load_policy(tmp_path / "policy.yaml").name
    said = Control("policy", "me", "as of now", second(5), text)
    going = Replay.of(program(rule(ALONE)))
    going.take([alarm(0), said, alarm(6)])
    assert ["shadowed", "allowed"] == [one.verdict.status for one in going.decisions]


def test_whoever_stops_has_a_result_for_what_was_done() -> None:
    """An interrupt in the middle of a batch loses no count."""

    def stopped() -> "object":
        yield alarm(0)
        yield power(1)
        raise KeyboardInterrupt

    going = Replay.of(program(rule(ALONE)))
    with pytest.raises(KeyboardInterrupt):
        going.take(stopped())  # type: ignore[arg-type]
    found = going.result(is_whole=False)
    assert (2, 1, False) == (found.inputs, len(found.decisions), found.is_whole)


# Differences


def _replayed(when: str, inputs: list[Input], more: str = "", target: str = "$a.host") -> Replayed:
    return replay(program(rule(when, more, target)), inputs, until=second(1000))


def test_the_same_rules_make_no_difference() -> None:
    """A rule set beside itself differs in nothing, and neither does one that was only described better."""
    found = replay(SAMPLE, _sample())
    assert (6, ()) == (len(found.decisions), differences(found.decisions, replay(SAMPLE, _sample()).decisions))


def test_each_change_has_its_name() -> None:
    """Added, removed, moved, of another verdict, with other parameters: each with what was and what is."""
    inputs: list[Input] = [alarm(0), alarm(100, "c2", n=9)]
    plain = _replayed(ALONE, inputs).decisions
    narrow = _replayed("{event: alarm, as: a, where: {n: {more_than: 5}}}", inputs).decisions
    assert [("removed", "notify", "c1")] == _told(differences(plain, narrow))
    assert [("added", "notify", "c1")] == _told(differences(narrow, plain))
    held = _replayed(ALONE, inputs, "    guard: [{limit: 1, per: 1h}]\n").decisions
    (verdict,) = differences(plain, held)
    assert ("verdict", "shadowed", "suppressed") == (
        verdict.change, verdict.was and verdict.was.verdict.status, verdict.now and verdict.now.verdict.status,
    )  # fmt: skip
    states: list[Input] = [state("up", 0, n=1)]
    early, late = (_replayed(f"{{state: up, as: a, for: {span}}}", states).decisions for span in ("30s", "1m"))
    (moved,) = differences(early, late)
    assert ("moved", second(30), second(60)) == (
        moved.change,
        moved.was and moved.was.time,
        moved.now and moved.now.time,
    )


def test_what_another_thing_caused_has_not_moved() -> None:
    """Two causes half an hour apart are one decision less and one more; a standing state beside them is no cause."""
    standing = state("up", 0, n=1)
    inputs: list[Input] = [standing, alarm(10, severity="info"), alarm(1810, severity="critical")]
    when = "{{all: [{{as: a, event: alarm, where: {{severity: {}}}}}, {{as: u, state: up}}], same: [host]}}"
    one, other = (_replayed(when.format(word), inputs).decisions for word in ("info", "critical"))
    assert [("removed", "notify", "c1"), ("added", "notify", "c1")] == _told(differences(one, other))
    few, many = (
        _replayed(f"{{event: alarm, as: a, count: {{at_least: {n}, within: 1h, by: [host]}}}}", inputs).decisions
        for n in (1, 2)
    )
    assert [("moved", "notify", "c1")] == _told(differences(few, many))


def test_other_parameters_are_a_difference() -> None:
    """What an executor would be told counts."""
    inputs: list[Input] = [alarm(0, n=1)]
    one, other = (
        replay(program(rule(ALONE).replace("target: $a.host", f"target: $a.host, with: {{n: {value}}}")), inputs)
        for value in ("$a.n", "2")
    )
    assert [("params", "notify", "c1")] == _told(differences(one.decisions, other.decisions))


def test_differences_are_acceptable_one_by_one() -> None:
    """What is written for a difference accepts it and no other; an acceptance that leaves things out accepts more."""
    inputs: list[Input] = [alarm(0), alarm(100, "c2"), alarm(200, "c3")]
    found = differences(_replayed(ALONE, inputs).decisions, ())
    first = read_acceptances([write_acceptance(found[0])])
    seen = reviewed(found, first)
    assert (["c1"], ["c2", "c3"]) == (
        [one.one.target for one in seen.accepted], [one.one.target for one in seen.open],
    )  # fmt: skip
    wide = read_acceptances(["# moved to another rule", '{"change": "removed", "rule": "x", "why": "asked for"}', ""])
    assert ((), 3, ()) == ((all_ := reviewed(found, wide)).open, len(all_.accepted), all_.idle)
    assert [2] == [one.line for one in reviewed((), wide).idle]


def test_acceptances_that_say_nothing_are_refused() -> None:
    """Every wrong line is named at once: no JSON, no object, an unknown word, one that would accept everything."""
    lines = ["{", "[1]", '{"rull": "x"}', '{"why": "because"}']
    with pytest.raises(AcceptanceError) as refused:
        read_acceptances(lines)
    told = str(refused.value).splitlines()
    assert ["line 1: not JSON", "line 2: not an object", "line 3: `rull` is none of", "line 4: it says nothing"] == [
        line[: len(start)]
        for line, start in zip(
            told, ("line 1: not JSON", "line 2: not an object", "line 3: `rull` is none of", "line 4: it says nothing"),
            strict=True,
        )
    ]  # fmt: skip


def test_a_difference_has_its_reason() -> None:
    """The side that does not decide is asked when the other does; a rule it lacks cannot be, nor one that does."""
    inputs: list[Input] = [alarm(0, n=3)]
    wide, narrow = (program(rule(when)) for when in (ALONE, "{event: alarm, as: a, where: {n: {more_than: 5}}}"))
    (gone,) = differences(replay(wide, inputs).decisions, replay(narrow, inputs).decisions)
    (come,) = differences(replay(narrow, inputs).decisions, replay(wide, inputs).decisions)
    why = [reason(gone, wide, narrow, inputs), reason(come, narrow, wide, inputs)]
    assert [("where", 2.0)] * 2 == [(one.failed, one.miss) for one in why if one]
    renamed = program(rule(ALONE).replace("id: x", "id: z"))
    assert None is reason(gone, wide, renamed, inputs)
    assert None is reason(Difference("verdict", gone.was, gone.was), wide, narrow, inputs)
    assert None is reason(gone, wide, wide, inputs)


def test_a_difference_is_written_with_its_evidence() -> None:
    """JSON has both decisions whole."""
    (found,) = differences(_replayed(ALONE, [alarm(0)]).decisions, ())
    told = found.to_json()
    assert ("removed", None, ["alarm"]) == (
        told["change"],
        told["new"],
        [one["kind"] for one in told["old"]["because"]],
    )
    assert timedelta(0) == found.one.time - second(0)
