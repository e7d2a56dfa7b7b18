"""
What every stream of bytes must leave true of the reader: no byte stops it, and what it gives an engine would take.

An input begins with a byte that says what it is: below 128 the rest is a stream of lines as it stands; else the rest
are choices by which payloads of the tests are taken apart and put together again.
"""

import copy
import json
from collections.abc import Iterator
from typing import Any

from selfheal_rules.events import checked
from selfheal_rules.normalize import Problem, Reading, read_items, to_cloudevent
from tests.acme import ACME
from tests.payloads import NAMES, VOCABULARY, WRITTEN, raw

RECEIVED = "2026-11-22T16:30:00Z"
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**63, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", " ", "0", "x",
    "\x00",
    "\ud800", "\u2028", "é" * 300, "2026-11-22 16:30:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.9-12:00",
    "1795365000", "{", "[]", '{"a": 1}', [], {}, [[]], [None], [{}], {"": None}, {"a": {"b": []}}, "start", "error",
)  # fmt: skip


def _opened(payload: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Take a message out of its envelope, so that a choice meets its fields and not its text."""
    is_sealed = isinstance(payload, dict) and "oslo.message" in payload
    return json.loads(payload["oslo.message"]) if is_sealed else payload


def _places(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - a JSON value
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    for key in keys:
        yield value, key
        yield from _places(value[key])


SEEDS = [_opened(raw(name)[0]) for name in [*NAMES, *WRITTEN]]
KEYS = sorted({key for seed in SEEDS for _, key in _places(seed) if isinstance(key, str)})


class Choices:
    """Numbers out of bytes; when they are used up, always the first choice."""

    def __init__(self, data: bytes) -> None:
        """Begin at the first."""
        self._data = data
        self._at = 0

    def below(self, limit: int) -> int:
        """Give a number below a limit."""
        two = self._data[self._at : self._at + 2]
        self._at += len(two)
        return int.from_bytes(two, "big") % limit

    def __bool__(self) -> bool:
        """Whether there are any left."""
        return self._at < len(self._data)


def _changed(choices: Choices) -> Any:  # noqa: ANN401 - a JSON value
    """Put together a payload: one of the tests', with values, keys and whole branches of others in it."""
    payload = copy.deepcopy(SEEDS[choices.below(len(SEEDS))])
    while choices:
        places = list(_places(payload))
        if not places:
            break
        holder, key = places[choices.below(len(places))]
        _change(holder, key, choices)
    return payload


def _change(holder: Any, key: Any, choices: Choices) -> None:  # noqa: ANN401 - a JSON value
    what = choices.below(4)
    if what == 0:
        holder[key] = copy.deepcopy(VALUES[choices.below(len(VALUES))])
    elif what == 1:
        del holder[key]
    elif what == 2:
        branch = list(_places(SEEDS[choices.below(len(SEEDS))]))
        theirs, at = branch[choices.below(len(branch))]
        holder[key] = copy.deepcopy(theirs[at])
    elif isinstance(holder, dict):
        holder[KEYS[choices.below(len(KEYS))]] = holder.pop(key)
    else:
        holder.append(copy.deepcopy(holder[key]))


def _lines(data: bytes) -> list[bytes]:
    if data[:1] < b"\x80":
        return data[1:].splitlines()
    choices = Choices(data[1:])
    is_framed = choices.below(2)
    payload = _changed(choices)
    return [json.dumps({"received": RECEIVED, "payload": payload} if is_framed else payload).encode()]


def holds(data: bytes) -> tuple[int, int]:
    """
    Read an input, and give how many items and how many problems it gave.

    Raises:
        Exception: whatever the reader, the vocabulary or the way through CloudEvents should not have raised.
    """
    found = list(read_items(_lines(data), vocabulary=VOCABULARY, mappings=[ACME]))
    items = [read.item for read in found if isinstance(read, Reading)]
    for item in items:
        checked(item, VOCABULARY)
        (again,) = read_items([json.dumps(to_cloudevent(item))], vocabulary=VOCABULARY)
        if item.kind != "alarm.event":  # the times among its traits are of no declared type
            assert isinstance(again, Reading), again
            assert item == again.item
    problems = [read for read in found if isinstance(read, Problem)]
    assert all(problem.message and "\n" not in problem.message for problem in problems)
    return len(items), len(problems)
