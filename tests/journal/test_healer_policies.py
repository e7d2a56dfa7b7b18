"""Policies over the life of a healer: they are recorded, hold from then on, and change with the rules."""

from contextlib import closing
from pathlib import Path

import pytest

from selfheal_rules.compile import compile_rules
from selfheal_rules.decide import Control
from selfheal_rules.diagnostics import EventError, JournalError
from selfheal_rules.engine import Engine
from selfheal_rules.parse import parse_rules
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.source import Source
from tests.generate.streams import moment
from tests.journal.rig import FREE, PROGRAM, Hands, file_journal, free, healer, program, told
from tests.semantics.rig import beat, fail, rule


def test_a_policy_that_cannot_be_taken_is_refused_before_it_is_recorded(tmp_path: Path) -> None:
    """Nobody would get past it when the journal is gone on from."""
    one = healer(file_journal(tmp_path))
    before = (tmp_path / "heal.jsonl").read_bytes()
    with pytest.raises(EventError, match="the policy cannot be taken"):
        one.take([fail(1), Control("policy", "ann", "stricter", moment(2), "mode: strict")])
    assert before == (tmp_path / "heal.jsonl").read_bytes()


def test_a_policy_given_at_the_start_holds_from_then_on(tmp_path: Path) -> None:
    """It is recorded as an input with its text, once; a start without one keeps the one there was."""
    hands = Hands()
    one = healer(file_journal(tmp_path), hands)
    one.take([fail(1)])
    one.close()
    strict = read_policy(Source("policy.yaml", FREE.replace("mode: enforce", "mode: shadow")))
    for at in (2, 3):
        two = healer(file_journal(tmp_path), hands, engine=Engine(PROGRAM, policy=strict))
        assert ["shadowed"] == [decision.verdict.status for decision in two.take([fail(at, host="b")])]
        two.close()
    three = healer(file_journal(tmp_path), hands, engine=Engine(PROGRAM))
    assert ["shadowed"] == [decision.verdict.status for decision in three.take([fail(4, host="c")])]
    controls = [data for type_, _, data in told(file_journal(tmp_path).records()) if type_ == "control"]
    assert [("policy", "healer", True)] == [(c["act"], c["who"], "mode: shadow" in c["subject"]) for c in controls]
    assert ["disable_service a#1"] == hands.calls


def test_a_policy_given_before_anything_was_taken_holds_as_well(tmp_path: Path) -> None:
    """A healer that was stopped before its first input and begun anew in shadow does not act."""
    healer(file_journal(tmp_path)).close()
    strict = read_policy(Source("policy.yaml", FREE.replace("mode: enforce", "mode: shadow")))
    for engine in (Engine(PROGRAM, policy=strict), Engine(PROGRAM)):
        two = healer(file_journal(tmp_path), hands := Hands(), engine=engine)
        assert strict == two.course.engine.policy
        two.close()
    three = healer(file_journal(tmp_path), hands, engine=Engine(PROGRAM))
    assert ["shadowed"] == [decision.verdict.status for decision in three.take([fail(1)])]
    assert [] == hands.calls


def test_other_rules_and_another_policy_take_over_together(tmp_path: Path) -> None:
    """Where the policy there was does not fit the new rules, the one given holds; without one the cure is said."""
    with closing(healer(file_journal(tmp_path))) as one:  # rules of low risk, under a policy that lets all act
        one.take([beat(1)])
    worse = program(rule("{as: p, event: fail}", "[{do: melt, target: $p.host}]", name="each"))
    with pytest.raises(JournalError, match="the policy the journal ends with does not fit these rules"):
        healer(file_journal(tmp_path), engine=Engine(worse))
    strict = read_policy(Source("policy.yaml", FREE.replace("mode: enforce", "mode: shadow")))
    with closing(healer(file_journal(tmp_path), engine=Engine(worse, policy=strict))) as two:
        assert ["shadowed"] == [decision.verdict.status for decision in two.take([fail(2)])]
    with closing(healer(file_journal(tmp_path), engine=Engine(worse))) as three:
        assert strict == three.course.engine.policy


def test_a_kind_that_only_the_old_policy_read_may_go(tmp_path: Path) -> None:
    """The rules stay what they are, and so does their digest; the policy given speaks of the kinds there are now."""
    head = "selfheal: 1\nruleset: tests\nevents: {fail: {fields: {host: {type: string, required: true}, n: integer}}}\n"
    rules = f"rules:\n{rule('{as: p, event: fail}', '[{do: notify, target: $p.host}]', name='each')}"
    rack = "states: {rack: {key: [rack], fields: {rack: string, row: string}}}\n"
    found = [parse_rules(Source("tests.yaml", head + kinds + rules))[0] for kinds in (rack, "")]
    before, after = (compile_rules(one) for one in found if one)
    assert before.digest == after.digest
    wide = read_policy(Source("policy.yaml", f"{FREE}topology: [{{state: rack, within: [row]}}]\n"))
    with closing(healer(file_journal(tmp_path), engine=Engine(before, policy=wide))) as one:
        one.take([fail(1)])
    with pytest.raises(JournalError, match="the policy the journal ends with does not fit these rules"):
        healer(file_journal(tmp_path), engine=Engine(after))
    with closing(healer(file_journal(tmp_path), engine=Engine(after, policy=free()))) as two:
        assert ["allowed"] == [decision.verdict.status for decision in two.take([fail(2)])]
    with closing(healer(file_journal(tmp_path), engine=Engine(after))) as three:
        assert free() == three.course.engine.policy
