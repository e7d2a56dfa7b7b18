"""What is recorded comes back as what it was, to the last type."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Outcome
from selfheal_rules.diagnostics import JournalError
from selfheal_rules.events import Event, State, checked
from selfheal_rules.journal.items import FORMS, input_of, inputs
from selfheal_rules.journal.record import INPUTS, Chain, Place, parse
from selfheal_rules.journal.text import read, write
from selfheal_rules.values import FrozenMap, freeze
from selfheal_rules.vocabulary import ANY, Field, Kind, Vocabulary
from tests.semantics.rig import beat

NAMES = st.sampled_from(["a", "host", "$", "$time", "$$time", "$duration", "type", "n", "hash", "left"]) | st.text()
TEXTS = st.text(st.characters(codec=None), max_size=20)  # half surrogate pairs among them
TIMES = st.datetimes(timezones=st.just(UTC))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
    | TIMES | st.timedeltas() | st.integers(2**1023, 2**1024),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)  # fmt: skip
FIELDS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)
CAUSES = st.lists(TEXTS, max_size=2)

ANYTHING = FrozenMap({name: Field(name, ANY) for name in "abc"})
VOCABULARY = Vocabulary(
    "v", FrozenMap({"e": Kind("e", "event", ANYTHING), "s": Kind("s", "state", ANYTHING, ("source",))})
)

SOME = st.text(min_size=1).filter(str.strip)
EVENTS = st.builds(Event, SOME, st.just("e"), SOME, TIMES, FIELDS, CAUSES)
STATES = st.builds(State, st.just("s"), SOME, TIMES, FIELDS, st.booleans(), CAUSES, TEXTS)
OUTCOMES = st.builds(
    Outcome,
    SOME,
    st.sampled_from(["done", "failed", "refused", "dry_run", "unconfirmed"]),
    TIMES,
    TEXTS,
    st.booleans(),
    st.none() | st.integers(1, 9),
)
CONTROLS = st.builds(Control, st.just("stand_down"), SOME, SOME, TIMES, SOME, TIMES) | st.builds(
    Control, st.sampled_from(["kill", "resume"]), SOME, SOME, TIMES
)
ITEMS = st.one_of(EVENTS.map(lambda one: checked(one, VOCABULARY)), STATES.map(lambda one: checked(one, VOCABULARY)))


def _shape(value: Any) -> Any:  # noqa: ANN401 - any value
    """Give a value with the types of all it holds: 1, 1.0 and True are equal, and three different things."""
    if isinstance(value, FrozenMap):
        return FrozenMap, {name: _shape(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return tuple, [_shape(inner) for inner in value]
    return type(value), value


def _shaped(item: Any) -> Any:  # noqa: ANN401 - any input
    return type(item), _shape(getattr(item, "fields", None))


@given(VALUES)
def test_a_value_comes_back_with_its_types(value: Any) -> None:  # noqa: ANN401 - any value
    """Writing and reading loses nothing: no type, no key, no microsecond; and the text is ASCII."""
    frozen = freeze(value)
    text = write(frozen)
    assert text.isascii()
    assert _shape(frozen) == _shape(freeze(read(text)))
    assert _shape(frozen) == _shape(freeze(read(text.encode())))


@given(st.lists(ITEMS | OUTCOMES | CONTROLS | TIMES, min_size=1, max_size=4))
def test_an_input_comes_back_equal(items: list[Any]) -> None:
    """Events, states, outcomes, controls and instants are read back as they were posted, field by field."""
    lines, _ = Chain().link(inputs(items))
    found = [input_of(parse(line[:-1].encode(), Place("j", n))) for n, line in enumerate(lines, 1)]
    assert items == found
    assert [_shape(getattr(item, "fields", None)) for item in items] == [
        _shape(getattr(one, "fields", None)) for one in found
    ]
    assert [type(item) for item in items] == [type(one) for one in found]


def test_what_is_no_frozen_value_is_not_written() -> None:
    """Nothing is turned into a text by chance."""
    with pytest.raises(TypeError, match="is not a frozen value"):
        write({"a": object()})


def test_every_form_has_its_type() -> None:
    """The table of classes and the list of types say the same."""
    assert sorted(INPUTS) == sorted(form.type for form in FORMS.values())


def test_an_item_nobody_looked_at_is_not_written() -> None:
    """Which of its fields are secret is only known once it was held against its kind."""
    with pytest.raises(JournalError, match="`beat` was not held against its kind"):
        inputs([beat(0)])


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"id": "x"},
        {"id": "x", "kind": "e", "source": "m", "time": "soon"},
        {"time": 1},
        [],
        {"more": 1, "now": "2026"},
    ],
)
@pytest.mark.parametrize("kind", INPUTS)
def test_what_is_no_input_is_refused(kind: str, data: Any) -> None:  # noqa: ANN401 - any JSON value
    """A record whose data are not those of its type is named, not read as something else."""
    (line,), _ = Chain().link(inputs([datetime(2026, 1, 1, tzinfo=UTC)]))
    record = evolve(parse(line[:-1].encode(), Place("j", 1)), type=kind, text=json.dumps(data).encode())
    with pytest.raises(JournalError, match=r"record 1 at `j`, line 1 holds no"):
        input_of(record)
