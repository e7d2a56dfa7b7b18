"""CloudEvents 1.0: what is said in the words of the vocabulary comes in, and every item goes out and in unchanged."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import Event, State
from selfheal_rules.normalize import Unrecognised, normalize_payload, to_cloudevent
from selfheal_rules.values import FrozenMap
from selfheal_rules.vocabulary import Field, FieldType, Kind, Vocabulary
from tests.payloads import NAMES, WRITTEN, event, items, read, state

MAINTENANCE = {
    "specversion": "1.0", "type": "host.maintenance", "source": "//ops.example.org/calendar", "id": "chg-4711",
    "time": "2026-11-22T16:00:00Z", "datacontenttype": "application/json",
    "data": {"host": "compute2", "reason": "memory is replaced", "until": "2026-11-22T18:00:00Z"},
}  # fmt: skip


def _changed(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    return {name: value for name, value in (MAINTENANCE | changed).items() if value is not None}


def test_a_kind_of_the_vocabulary_is_an_item() -> None:
    """The kind says that it is a state, and which texts are times."""
    found = state("host.maintenance", read(MAINTENANCE))
    assert ("//ops.example.org/calendar", "chg-4711", False) == (found.source, found.id, found.cleared)
    assert datetime(2026, 11, 22, 18, tzinfo=UTC) == found.fields["until"]


def test_the_prefix_openstack_may_stay() -> None:
    """`openstack.host.lost` is `host.lost`."""
    said = _changed(type="openstack.host.lost", data={"host": "compute2", "recoverable": True})
    assert "compute2" == event("host.lost", read(said)).fields["host"]


def test_a_state_is_cleared_by_an_extension() -> None:
    """Its key is all the data a clearing needs."""
    assert state("host.maintenance", read(_changed(selfhealcleared=True, data={"host": "compute2"}))).cleared


def test_a_type_that_is_no_kind_is_named() -> None:
    """It is a CloudEvent, and not for us."""
    with pytest.raises(Unrecognised, match=r"^CloudEvent type 'com.example.someevent' is no kind of the vocabulary$"):
        read(_changed(type="com.example.someevent"))


def test_a_batch_is_read_in_order() -> None:
    """A list of CloudEvents is their items one after the other."""
    hosts = ["compute2", "compute5"]
    batch = [_changed(id=host, data={"host": host}) for host in hosts]
    assert hosts == [item.fields["host"] for item in read(batch)]


def test_data_may_be_in_base64() -> None:
    """The JSON format of CloudEvents allows it for any content."""
    packed = base64.b64encode(json.dumps(MAINTENANCE["data"]).encode()).decode()
    assert read(MAINTENANCE) == read(_changed(data=None, data_base64=packed))


def test_without_a_time_it_is_dated_by_its_arrival() -> None:
    """`time` is optional in CloudEvents and not in an item."""
    received = datetime(2026, 11, 22, 17, tzinfo=UTC)
    assert received == read(_changed(time=None), received)[0].time
    with pytest.raises(EventError, match=r"^`time` is missing, and when the CloudEvent was received is not known$"):
        read(_changed(time=None))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"specversion": "0.3"}, "`specversion` is '0.3', and only '1.0' is known"),
        ({"id": ""}, "`id` of the CloudEvent is missing"),
        ({"id": None}, "`id` of the CloudEvent is missing"),
        ({"id": None, "source": None, "type": None}, "`id` and `source` and `type` of the CloudEvent are missing"),
        ({"data": "x"}, "`data` is 'x', not a mapping of fields"),
        ({"data": None, "data_base64": "%"}, "`data_base64` is '%', not JSON in Base64"),
        ({"data": {"reason": "x"}}, "`host.maintenance` needs field `host`"),
        ({"data": {"host": "h", "colour": "red"}}, "`host.maintenance` has no field `colour`"),
        ({"data": {"host": 5}}, "field `host` of `host.maintenance`: integer `5` is not a string"),
        ({"data": {"host": "h", "until": "soon"}}, "`until` is 'soon', not a time"),
        ({"selfhealcleared": "yes"}, "`selfhealcleared` is 'yes', not a boolean"),
        ({"selfhealcause": "x"}, "`selfhealcause` is 'x', not a JSON list of texts"),
    ],
)
def test_a_malformed_cloudevent_is_refused_by_its_field(changed: dict[str, Any], problem: str) -> None:
    """The error says which field is wrong, and what stands in it."""
    with pytest.raises(EventError, match=f"{problem}$"):
        read(_changed(**changed))


def test_a_cloudevent_is_read_by_a_vocabulary() -> None:
    """Without one nobody knows which text is a time."""
    with pytest.raises(EventError, match=r"^a CloudEvent is read by a vocabulary, and none was given$"):
        normalize_payload(MAINTENANCE)


@pytest.mark.parametrize("name", [*NAMES, *WRITTEN])
def test_what_was_captured_goes_out_and_in_unchanged(name: str) -> None:
    """Every item of every captured payload is the same after it was written and read as a CloudEvent."""
    for item in items(name):
        found = read(json.loads(json.dumps(to_cloudevent(item))))
        assert "alarm.event" == item.kind or (item,) == found  # the times among its traits are of no declared type


def test_extensions_keep_to_the_names_cloudevents_allows() -> None:
    """Lower-case letters and digits, at most twenty, and values that are scalars."""
    item = State("host.maintenance", "ops", datetime(2026, 1, 1, tzinfo=UTC), {"host": "h"}, cause=("a", "b"))
    written = to_cloudevent(item)
    extensions = [name for name in written if name.startswith("selfheal")]
    assert ["selfhealform", "selfhealcleared", "selfhealcause"] == extensions
    assert all(len(name) <= 20 and name.isalnum() and name.islower() for name in extensions)
    assert all(isinstance(written[name], str | bool) for name in extensions)


@pytest.mark.parametrize("length", [timedelta(microseconds=1), timedelta(seconds=-1)])
def test_a_duration_without_a_text_is_refused(length: timedelta) -> None:
    """The rule language writes no negative and no finer duration than a millisecond, and neither do we."""
    with pytest.raises(EventError, match=r"has no text: it is negative, or finer than a millisecond$"):
        to_cloudevent(Event("1", "any", "s", datetime(2026, 1, 1, tzinfo=UTC), {"d": length}))


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
LENGTHS = st.integers(0, 10**11).map(lambda ms: timedelta(milliseconds=ms))
SCALARS = {
    "string": TEXT, "integer": st.integers(), "number": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(), "time": TIMES, "duration": LENGTHS, "enum": st.sampled_from(["on", "off"]),
}  # fmt: skip


def _values(of: FieldType) -> st.SearchStrategy[Any]:
    if of.element and of.name == "list":
        return st.lists(_values(of.element), max_size=3)
    if of.element and of.name == "map":
        return st.dictionaries(TEXT, _values(of.element), max_size=3)
    return SCALARS[of.name]


PLAIN = [FieldType(name, ("on", "off") if name == "enum" else ()) for name in SCALARS]  # type: ignore[arg-type]
TYPES = {
    f"f{number}": of
    for number, of in enumerate(
        [*PLAIN, *(FieldType("list", element=of) for of in PLAIN), *(FieldType("map", element=of) for of in PLAIN)]
    )
}
FIELDS = FrozenMap({name: Field(name, of) for name, of in TYPES.items()})
DRAWN = Vocabulary(
    "drawn",
    FrozenMap({"a.event": Kind("a.event", "event", FIELDS), "a.state": Kind("a.state", "state", FIELDS, ("source",))}),
)


@st.composite
def _items(draw: st.DrawFn) -> Event | State:
    """Draw an item with fields of every type, alone, in lists and in maps."""
    fields = {name: draw(_values(of)) for name, of in TYPES.items() if draw(st.booleans())}
    time, cause = draw(TIMES), tuple(draw(st.lists(TEXT, max_size=2)))
    if draw(st.booleans()):
        return Event(draw(TEXT), "a.event", draw(TEXT), time, fields, cause)
    return State("a.state", draw(TEXT), time, fields, draw(st.booleans()), cause, draw(st.just("") | TEXT))


def test_a_cloudevent_need_not_have_data() -> None:
    """A kind without required fields needs none."""
    said = _changed(type="a.event", data=None)
    assert {} == normalize_payload(said, vocabulary=DRAWN)[0].fields


def test_a_duration_is_a_text_of_the_rule_language() -> None:
    """`90s` is one, `soon` is not."""
    duration = next(name for name, of in TYPES.items() if of.name == "duration")
    said = _changed(type="a.event", data={duration: "90s"})
    assert {duration: timedelta(seconds=90)} == normalize_payload(said, vocabulary=DRAWN)[0].fields
    with pytest.raises(EventError, match=rf"^field `{duration}` of `a.event`: `soon` is not a duration"):
        normalize_payload(said | {"data": {duration: "soon"}}, vocabulary=DRAWN)


@given(_items())
def test_any_item_goes_out_and_in_unchanged(item: Event | State) -> None:
    """Writing an item as a CloudEvent and reading it gives it again, whatever the types of its fields."""
    written = json.loads(json.dumps(to_cloudevent(item)))
    assert (item,) == normalize_payload(written, vocabulary=DRAWN)
