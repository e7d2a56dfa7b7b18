"""
The keyed join on durable-rules, inside the profile in which it is safe.

Its rules are of one shape, two patterns joined by one text: a key that stands, and one that asks. Nothing else of it is
used: no `Host`, thread, timer, fact, batch or context, no value but a bit and a key, no number but an id, and never
more than one match at a time. `docs/decisions/0020` says what each of these keeps away, fault by fault.
"""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from hashlib import blake2b
from itertools import count
from types import ModuleType
from typing import Any
from weakref import finalize

from selfheal_rules.diagnostics import EngineError, MatcherError

JOINS = 200
"""Joins in one rule set of durable-rules: two constant tests each, and with more than 511 of these it hangs."""
KEYS = 10_000
"""Keys that stand in one rule set; past that each lookup takes longer by the key, and the next rule set takes over."""
PYTHON, BROKEN_ON = sys.version_info[:2], (3, 13)
"""durable-rules 2.0.28 builds on every Python, and does not import on those from 3.13 on."""
ASKER = KEYS
"""The id of what asks; ids are compared by a hash of 32 bits, in which those up to here are all different."""


class DurableMatcher:
    """The `Matcher` on durable-rules: it holds the keys, each once, and the numbers of the rows lie beside them."""

    def __init__(self, joins: int) -> None:
        """
        Make so many joins, with nothing standing.

        Raises:
            MatcherError: where durable-rules is not installed, or does not run on this Python.
        """
        self._calls = _calls()
        self._joins = joins
        self._groups: list[list[KeySet]] = [[] for _ in range(0, joins, JOINS)]
        self._places: dict[int, tuple[KeySet, int]] = {}
        self._made, self._numbers = count(), count()

    def insert(self, join: int, key: str) -> int:
        """Have one more row stand under a key; give the number it is reported and removed by."""
        number = next(self._numbers)
        self._places[number] = place, standing = self._find(join, key) or self._begin(join, key)
        place.rows[standing][number] = None
        return number

    def partners(self, join: int, key: str) -> Sequence[int]:
        """Give what stands under a key, by number."""
        found = self._find(join, key)
        return tuple(found[0].rows[found[1]]) if found else ()

    def remove(self, number: int) -> None:
        """Have a row stand no longer; a key goes with its last row."""
        place, standing = self._places.pop(number)
        del place.rows[standing][number]
        if not place.rows[standing]:
            place.end(standing)

    def _find(self, join: int, key: str) -> "tuple[KeySet, int] | None":
        group, local = divmod(join, JOINS)
        digest = _digest(key)
        for place in self._groups[group]:
            standing = place.find(local, digest)
            if standing is not None:
                return place, standing
        return None

    def _begin(self, join: int, key: str) -> "tuple[KeySet, int]":
        group, local = divmod(join, JOINS)
        place = next((one for one in self._groups[group] if one.free), None)
        if place is None:
            place = KeySet(self._calls, next(self._made), min(JOINS, self._joins - group * JOINS))
            self._groups[group].append(place)
        return place, place.begin(local, _digest(key))


class KeySet:
    """One rule set of durable-rules: at most `JOINS` joins, and `KEYS` keys that stand."""

    def __init__(self, calls: ModuleType, number: int, joins: int) -> None:
        """Compile the rules, and have them make a match."""
        self.rows: dict[int, dict[int, None]] = {}
        self.free = list(range(KEYS - 1, -1, -1))
        self._calls = calls
        self._join_of: dict[int, int] = {}
        self._standing = [0] * joins
        self._handle = self._called(calls.create_ruleset, f"selfheal-{number}", rules_text(joins))
        self._prime()
        finalize(self, _delete, calls, self._handle, self._join_of).atexit = False

    def _prime(self) -> None:
        """Make one match: what was never through one is freed, when it is deleted, by a pointer nobody has set."""
        self._post("s", 0, ASKER - 1, "")
        if self._post("p", 0, ASKER, "") != [(ASKER - 1, "")]:
            raise EngineError(_unexpected("no match where one was certain"))

    def begin(self, join: int, key: str) -> int:
        """Have a key stand that does not yet; give its id."""
        standing = self.free.pop()
        self._stand(standing, join, key)
        self._join_of[standing] = join
        self._standing[join] += 1
        self.rows[standing] = {}
        return standing

    def find(self, join: int, key: str) -> int | None:
        """
        Give the id of a key that stands, or None.

        A match takes both its events away, so what answered is put back, once nothing is pending.
        """
        if not self._standing[join]:
            return None
        answers = self._post("p", join, ASKER, key)
        if not answers:
            self._retract(ASKER)
            return None
        ((standing, own),) = answers if len(answers) == 1 else [(-1, "")]
        if own != key or self._join_of.get(standing) != join:
            raise EngineError(_unexpected(f"a match of {answers} with `{key}`"))
        self._stand(standing, join, key)
        return standing

    def end(self, standing: int) -> None:
        """Have a key stand no longer."""
        self._standing[self._join_of.pop(standing)] -= 1
        del self.rows[standing]
        self._retract(standing)
        self.free.append(standing)

    def _stand(self, standing: int, join: int, key: str) -> None:
        if self._post("s", join, standing, key):
            raise EngineError(_unexpected("a match for what only stands"))

    def _post(self, side: str, join: int, event: int, key: str) -> list[tuple[int, str]]:
        """Post one event and drain: give the id and key of what answered."""
        text = f'{{"id":{event},"{side}{join}":1,"k":"{key}"}}'
        code, state = self._called(self._calls.assert_event, self._handle, text)
        if code:
            raise EngineError(_unexpected(f"code {code} for an event"))
        begun = self._called(self._calls.start_action_for_state, self._handle, state)
        match, found = begun and begun[1], []
        while match:
            found.append(_answer(match))
            match = self._called(self._calls.complete_and_start_action, self._handle, state)
        return found

    def _retract(self, event: int) -> None:
        code, _ = self._called(self._calls.retract_fact, self._handle, f'{{"id":{event}}}')
        if code:
            raise EngineError(_unexpected(f"code {code} for what was to be removed"))

    def _called(self, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (self._calls.error, MemoryError) as error:
            raise EngineError(_unexpected(str(error) or "no memory left")) from error


def rules_text(joins: int) -> str:
    """Write the rules of so many joins in the JSON of durable-rules."""
    return json.dumps({f"j{number}": {"all": [*_patterns(number)]} for number in range(joins)})


def _patterns(number: int) -> Sequence[dict[str, Any]]:
    return {"s": {f"s{number}": 1}}, {"p": {"$and": [{f"p{number}": 1}, {"k": {"s": "k"}}]}}


def _answer(match: str) -> tuple[int, str]:
    ((_, bound),) = json.loads(match).items()
    return bound["s"]["id"], bound["s"]["k"]


def _digest(key: str) -> str:
    """Write a key in 32 hex digits: of one length, in plain ASCII, whatever a payload had in its place."""
    return blake2b(key.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _calls() -> ModuleType:
    """Give the C functions of durable-rules."""
    try:
        import durable_rules_engine as calls  # noqa: PLC0415 - only where it is asked for, and installed
    except ImportError as error:
        install = "install it by `pip install 'selfheal-rules[durable]'`, which needs a C compiler"
        cure = install if PYTHON < BROKEN_ON else "it runs on Python 3.12 and older; the native matcher runs everywhere"
        message = f"matcher `durable` cannot be used here: {error}; {cure}"
        raise MatcherError(message) from None
    return calls  # type: ignore[no-any-return]


def _delete(calls: ModuleType, handle: int, standing: Iterable[int]) -> None:
    """
    Give back what a rule set holds.

    Its state goes before it, or that stays for ever; and what still stands goes before the state.
    """
    with suppress(calls.error):
        for event in standing:
            calls.retract_fact(handle, f'{{"id":{event}}}')
        calls.delete_state(handle, None)
    calls.delete_ruleset(handle)


def _unexpected(what: str) -> str:
    return f"durable-rules did what it must not: {what}"
