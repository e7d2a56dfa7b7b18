"""Every finding of the checks stands on the line that is guilty of it, and no other is made."""

import pytest

from selfheal_rules.check import check_rules
from selfheal_rules.parse import parse_rules
from tests.chunks import Chunk, places, read_chunks

CHUNKS = read_chunks("check")


@pytest.mark.parametrize("chunk", CHUNKS, ids=str)
def test_findings_stand_on_the_guilty_lines(chunk: Chunk) -> None:
    """The findings are those the fixture names, each on its line: none is missing and none is added."""
    ruleset, read = parse_rules(chunk.source)
    assert ruleset is not None
    assert "no findings" == read.render()
    assert chunk.expected == places(check_rules(ruleset))
