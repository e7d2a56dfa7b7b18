"""A healer whose engine is on durable-rules goes on there after its process has ended."""

from contextlib import closing
from pathlib import Path

from selfheal_rules.compile import compile_rules
from selfheal_rules.engine import Engine
from tests.durable.rig import Asked
from tests.journal.rig import file_journal, healer
from tests.semantics.rig import beat, fail, load, rule

PROGRAM = compile_rules(load(rule("{all: [{as: p, event: beat}, {as: q, event: fail}], same: [host], within: 9s}")))


def test_a_healer_goes_on_with_its_matcher(asked: Asked, tmp_path: Path) -> None:
    """What one process kept meets what the next is given, under the matcher of the engine it is given."""
    with closing(healer(file_journal(tmp_path), engine=Engine(PROGRAM, matcher="durable"))) as first:
        assert [] == first.take([beat(1, id="b1")])
    with closing(healer(file_journal(tmp_path), engine=Engine(PROGRAM, matcher="durable"))) as second:
        assert "durable" == second.course.engine.matcher.name
        (decision,) = second.take([fail(2, id="f1")])
    assert ("r", "a") == (decision.rule, decision.target)
    assert asked.answers
