"""The schema of files of tests takes what can be read, and its words are those of the readers."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from selfheal_rules.decide.control import Act
from selfheal_rules.decide.decision import OutcomeStatus
from selfheal_rules.parse import load_vocabulary
from selfheal_rules.schema import schema
from selfheal_rules.schema import tests as words
from selfheal_rules.source import Source
from selfheal_rules.testing.cases import ALSO, DISPOSITIONS, STATUSES
from selfheal_rules.testing.parse import parse_suite
from tests.documents import said
from tests.everyday import some
from tests.test_testing_page import FAILS, HOLDS
from tests.test_testing_robustness import ODD, PLACES, WHOLE, changed

ROOT = Path(__file__).parents[1]
SHIPPED = [path.read_text("utf-8") for path in sorted(ROOT.glob("rulesets/*/tests.yaml"))]


@lru_cache
def _validator() -> Draft7Validator:
    made = schema("tests", load_vocabulary("openstack"))
    Draft7Validator.check_schema(made)
    return Draft7Validator(made)


def _refusals(document: Any) -> list[str]:  # noqa: ANN401 - any JSON value
    return [error.message for error in _validator().iter_errors(document)]


@pytest.mark.parametrize("text", [*some(SHIPPED, 10), *HOLDS, *FAILS, *map(json.dumps, WHOLE)])
def test_sound_files_are_taken(text: str) -> None:
    """What ships, what pages show and what fixtures hold is taken."""
    assert [] == _refusals(said(text))


@settings(max_examples=12)
@given(st.sampled_from(PLACES), st.sampled_from(ODD))
def test_what_can_be_read_is_never_refused(where: tuple[int, Any], value: Any) -> None:  # noqa: ANN401 - drawn
    """Whatever stands anywhere: where the readers find nothing, neither does the schema."""
    number, place = where
    document = changed(WHOLE[number], place, value)
    _, report = parse_suite(Source("tests.yaml", json.dumps(document)), folder=ROOT)
    assert report.errors or [] == _refusals(document)


@pytest.mark.parametrize(
    "text",
    ["{t: 0s, evnt: host.lost}", "{t: 0s, expect: [{action: notify}]}", "{t: soon, expect: []}", "{t: 0s, result: don}",
     "{t: 0s, post: [{event: host.lost, state: alarm}]}", "{t: 0s, held: [{status: maybe}]}", "{t: 0s, holds: [{}]}"],
)  # fmt: skip
def test_slips_are_seen_while_one_types(text: str) -> None:
    """Unknown keys, words and times are underlined by an editor."""
    assert _refusals(said(f"selfheal_test: 1\ncases: [{{name: one, steps: [{text}]}}]"))


def test_words_are_those_of_the_readers() -> None:
    """Where few words may stand, the schema has just these."""
    own = (words._ALSO, words._BECOMES, words._STATUSES, words._RESULTS, words._ACTS)
    assert (ALSO, DISPOSITIONS, STATUSES, get_args(OutcomeStatus), get_args(Act)) == own


def test_kinds_and_their_fields_are_offered() -> None:
    """After the kind, its fields are told of."""
    made = schema("tests", load_vocabulary("openstack"))
    kinds = made["definitions"]["step"]["properties"]["event"]["anyOf"][0]["enum"]
    assert "host.lost" in kinds
    told = [one["then"] for one in made["definitions"]["fields"]["allOf"] if "host.lost" in str(one["if"])]
    assert "recoverable" in told[0]["properties"]["with"]["properties"]
