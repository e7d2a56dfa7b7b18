"""Whatever a file of tests says, it is read to its end, and what is wrong is a finding; what is sound can be played."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from selfheal_rules.source import Source
from selfheal_rules.testing.parse import parse_suite
from selfheal_rules.testing.report import text
from selfheal_rules.testing.verdicts import judge
from tests.chunks import read_chunks
from tests.documents import Place, places, said

ROOT = Path(__file__).parents[1]
WHOLE = [
    said(chunk.source.text.replace("doc:", "doc:").replace("    skip: not today\n", ""))
    for chunk in read_chunks("testing")
    if not chunk.expected
]
"""Sound files with all there is to say."""
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    5,
    1e9,
    "",
    "x",
    "$x",
    "${x}",
    "$$",
    "5s",
    "c1",
    [],
    {},
    [5],
    [[]],
    {"a": 5},
    {"$x": "$x"},
    "allowed",
)
PLACES = [(number, place) for number, document in enumerate(WHOLE) for place in places(document)]


def changed(document: Any, place: Place, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Give a document with another value in one place."""
    found = deepcopy(document)
    inner = found
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    return found


@settings(max_examples=20)
@given(st.sampled_from(PLACES), st.sampled_from(ODD), st.booleans())
def test_no_value_anywhere_is_a_surprise(where: tuple[int, Place], value: Any, gone: bool) -> None:  # noqa: ANN401, FBT001 - drawn
    """With any value in any place, or none there, a file gives findings or cases, and cases give results."""
    number, place = where
    document = changed(WHOLE[number], place, value)
    if gone and isinstance(place[-1], str):
        document = deepcopy(WHOLE[number])
        inner = document
        for name in place[:-1]:
            inner = inner[name]
        del inner[place[-1]]
    suite, report = parse_suite(Source("tests.yaml", json.dumps(document)), folder=ROOT)
    report.render()
    assert suite or report.errors
    for case in suite.cases if suite and not report.errors else ():
        text(judge(case))
