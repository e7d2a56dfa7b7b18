"""A stream divided among engines on durable-rules is decided as one engine decides it."""

import pytest

from selfheal_rules.diagnostics import MatcherError
from selfheal_rules.divide import Partitions
from tests.compare import loaded
from tests.divided import FIXED
from tests.durable.rig import Asked
from tests.engines import program_of
from tests.generate.joined import joined_case
from tests.generate.sites import site
from tests.sites import answer, course


def test_partitions_take_a_matcher(asked: Asked) -> None:
    """Every partition, those that are restored too, has its joins made by the matcher that was asked for."""
    for seed in range(10):
        one = course(site(seed))
        if one is None:
            continue
        many = Partitions(one.program, 3, fixed=FIXED, policy=one.policy, matcher="durable", **one.settings)
        for number, (given, expected) in enumerate(zip(one.inputs, one.told, strict=True)):
            if not number % 9:
                many = Partitions.restore(one.program, many.snapshot(), "durable")
            assert expected == answer(many, given)[0]
        assert {"durable"} == {partition.matcher.name for partition in many.partitions}
    assert asked.answers


def test_a_matcher_that_is_none_is_refused() -> None:
    """As by an engine."""
    rules = loaded(joined_case(1))
    assert rules is not None
    with pytest.raises(MatcherError, match="`rete`"):
        Partitions(program_of(*rules), 2, matcher="rete")
