"""A file of payloads: every line is read, and one that cannot be costs nothing but itself."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from selfheal_rules.diagnostics import EventError
from selfheal_rules.normalize import Problem, Reading, normalize_payload, read_items
from selfheal_rules.values import FrozenMap
from selfheal_rules.vocabulary import Vocabulary
from tests.payloads import NAMES, VOCABULARY, items, raw


def _line(name: str) -> str:
    payload, received = raw(name)
    return json.dumps({"received": received.isoformat(), "payload": payload} if received else payload)


def _read(*lines: str | bytes) -> list[Reading | Problem]:
    return list(read_items(lines, vocabulary=VOCABULARY))


def _problems(*lines: str | bytes) -> list[tuple[int, str, str]]:
    found = [read for read in _read(*lines) if isinstance(read, Problem)]
    return [(problem.line, problem.kind, problem.message) for problem in found]


def test_all_that_was_captured_is_one_stream() -> None:
    """Mixed in one file, every payload gives what it gives alone, under its line."""
    names = NAMES
    expected = [Reading(number, item) for number, name in enumerate(names, 1) for item in items(name)]
    assert expected == _read(*(_line(name) for name in names))


def test_lines_may_be_bytes_and_empty() -> None:
    """Empty lines are skipped and counted."""
    image = _line("glance/unversioned.image.create").encode()
    assert [2] == [read.line for read in _read(b"\n", image, "  \n")]


def test_a_bad_line_does_not_stop_the_rest() -> None:
    """Lines before and after it are read."""
    good = _line("glance/unversioned.image.create")
    kinds = [type(read) for read in _read(good, '{"a": ', good, '{"a": 1}', good)]
    assert [Reading, Problem, Reading, Problem, Reading] == kinds


@pytest.mark.parametrize(
    ("line", "kind", "message"),
    [
        ('{"a": 1', "malformed", "not JSON: expecting ',' delimiter at column 8"),
        (b"\xff!", "malformed", "not JSON: byte 1 is not of a UTF-8 text"),
        ("[" * 5000, "malformed", "not JSON: nested too deeply"),
        ("[" + "9" * 5000 + "]", "malformed", "not JSON: a number has too many digits"),
        ('{"a": "\x01"}', "malformed", "not JSON: invalid control character at column 8"),
        ("null", "unrecognised", "null is no payload: neither a mapping nor a list of mappings"),
        ('{"a": 1, "b": 2}', "unrecognised", "payload of no known source, with the keys `a`, `b`"),
        ("{}", "unrecognised", "payload of no known source, with the keys none"),
        ("5", "unrecognised", "5 is no payload: neither a mapping nor a list of mappings"),
        ('{"received": "x", "payload": {}}', "malformed", "`received` is 'x', not a time"),
        ('{"oslo.message": "{"}', "malformed", "`oslo.message` is a text of 1 characters, not JSON"),
        ('{"oslo.message": 5}', "malformed", "`oslo.message` is 5, not a JSON text"),
        (
            '{"oslo.message": "[]"}',
            "malformed",
            "`oslo.message` holds no notification: it needs `event_type` and `payload`",
        ),
        (
            json.dumps(dict.fromkeys("abcdefghij", 1)),
            "unrecognised",
            "payload of no known source, with the keys `a`, `b`, `c`, `d`, `e`, `f`, `g`, `h` and 2 more",
        ),
    ],
)
def test_a_problem_says_its_line_its_kind_and_its_cause(line: str | bytes, kind: str, message: str | None) -> None:
    """What is malformed and what is merely unknown are told apart."""
    ((number, found, said),) = _problems("", line)
    assert (2, kind, message or said) == (number, found, said)
    assert "\n" not in said


def test_a_list_is_read_element_by_element() -> None:
    """One bad element of a batch does not take the others with it."""
    good = json.loads(_line("glance/unversioned.image.create"))
    found = _read(json.dumps([good, {"a": 1}, good]))
    assert [(1, Reading), (1, Problem), (1, Reading)] == [(read.line, type(read)) for read in found]


def test_not_a_number_is_refused() -> None:
    """Python reads NaN as JSON; no item may hold it."""
    inner = json.loads(json.loads(_line("glance/unversioned.image.create"))["oslo.message"])
    inner["payload"]["size"] = float("nan")
    ((_, kind, message),) = _problems(json.dumps(inner))
    assert ("malformed", "field `payload`: nan is not a finite number") == (kind, message)


def test_what_is_nested_too_deeply_is_refused() -> None:
    """A payload cannot make the reader run out of its stack."""
    deep: dict[str, Any] = {}
    for _ in range(20_000):
        deep = {"a": deep}
    inner = json.loads(json.loads(_line("glance/unversioned.image.create"))["oslo.message"])
    with pytest.raises(EventError, match=r"^the payload is nested too deeply$"):
        normalize_payload(inner | {"payload": deep})


def test_a_problem_is_one_line() -> None:
    """What a foreign text breaks into lines is joined again."""
    odd = {"specversion": "1.0", "type": "alarm", "source": "s", "id": "1", "time": "2026-01-01T00:00:00Z"}
    ((_, _, message),) = _problems(json.dumps(odd | {"data": {"alarm": "a", "status": "b\nc"}}))
    assert "field `status` of `alarm`: string `b c` is not one of `ok`, `problem`, `unknown`" == message


def test_the_time_of_arrival_serves_the_sources_without_one() -> None:
    """A line of Aodh's webhook is wrapped with it."""
    (found,) = _read(_line("aodh/webhook.ok.1"))
    assert isinstance(found, Reading)
    assert datetime(2026, 11, 22, 16, 39, 20, 818668, UTC) == found.item.time


def test_a_source_may_be_named() -> None:
    """A named source is asked alone, with or without a time of arrival beside it."""
    payload, received = raw("aodh/webhook.ok.1")
    assert received is not None
    framed = {"source": "aodh", "received": received.isoformat(), "payload": payload}
    assert _read(_line("aodh/webhook.ok.1")) == _read(json.dumps(framed))
    image, _ = raw("glance/unversioned.image.create")
    assert [Reading] == [type(read) for read in _read(json.dumps({"source": "oslo", "payload": image}))]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nova", "this is no payload of 'nova': it has the keys `a`"),
        ("nvoa", "no source is called 'nvoa'; known: nova, ironic, "),
        (5, "`source` is 5, not a text"),
    ],
)
def test_a_payload_is_not_of_the_source_it_is_said_to_be(source: object, message: str) -> None:
    """It is malformed, not merely unknown: somebody meant it to be read."""
    ((_, kind, said),) = _problems(json.dumps({"source": source, "payload": {"a": 1}}))
    assert "malformed" == kind
    assert said.startswith(message)


def test_lists_in_lists_are_read_in_order() -> None:
    """However deep they are: a list is no more than its elements."""
    good = json.loads(_line("glance/unversioned.image.create"))
    found = _read(json.dumps({"received": "2026-11-22T16:00:00Z", "payload": [[good, [{"a": 1}]], good, None]}))
    assert [Reading, Problem, Reading, Problem] == [type(read) for read in found]


def test_an_answer_of_an_api_is_read_one_by_one() -> None:
    """What is wrong with one of its elements costs the others nothing; what only looks like an answer is seen whole."""
    report = raw("masakari/api.masakari.PROCESS.finished")[0]["notification"]
    alone = _read(json.dumps({"notification": report}))
    found = _read(json.dumps({"notifications": [report, {"type": 5}, report], "notifications_links": []}))
    assert [*alone, *alone] == [read for read in found if isinstance(read, Reading)]
    assert [Problem] == [type(read) for read in found if isinstance(read, Problem)]
    ((_, kind, said),) = _problems(json.dumps({"events": [1], "more": 2}))
    assert ("unrecognised", "payload of no known source, with the keys `events`, `more`") == (kind, said)


def test_without_a_vocabulary_items_are_not_held_against_one() -> None:
    """The other sources need none; the engine checks what it takes."""
    (found,) = list(read_items([_line("glance/unversioned.image.create")]))
    assert isinstance(found, Reading)
    assert found.item.fits is None


def test_a_kind_of_another_vocabulary_is_not_for_us() -> None:
    """What the vocabulary has no kind for is named, each kind by itself, and its siblings are read."""
    kinds = {name: kind for name, kind in VOCABULARY.kinds.items() if name != "alias"}
    small = Vocabulary("small", FrozenMap(kinds), VOCABULARY.types)
    first, *others = read_items([_line("alertmanager/webhook.firing.1")], vocabulary=small)
    assert Problem(1, "unrecognised", "kind `alias` is not in the vocabulary") == first
    assert ["alarm"] == [read.item.kind for read in others if isinstance(read, Reading)]
