"""The matcher by itself: what it keeps to, what it gives back, and what it does when it is let down."""

import pickle
import sys
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from selfheal_rules.diagnostics import EngineError, MatcherError
from selfheal_rules.engine import Engine
from selfheal_rules.match import durable
from selfheal_rules.match.durable import ASKER, JOINS, KEYS, DurableMatcher, KeySet, rules_text
from selfheal_rules.match.matcher import DEMANDED, NEGATED, PICKED, SCANNED, Refused
from tests.durable.rig import Asked, engine_of, event, pair, posted, program, rule, state


def _hash(text: str) -> int:
    """Hash as durable-rules does: FNV-1a of 32 bits."""
    found = 0x811C9DC5
    for byte in text.encode():
        found = (found ^ byte) * 0x01000193 & 0xFFFFFFFF
    return found


def test_no_two_names_or_ids_have_one_hash() -> None:
    """Every id and every name this library gives durable-rules is told apart by its hash alone."""
    names = ["id", "sid", "k", "s", "p", "$s", *(f"{letter}{number}" for letter in "sp" for number in range(JOINS))]
    ids = ["sid-0", *map(str, range(ASKER + 1))]
    rules = [f"j{number}" for number in range(JOINS)]
    assert [len(names), len(ids), len(rules)] == [len({_hash(one) for one in some}) for some in (names, ids, rules)]


def test_the_rules_keep_to_the_profile() -> None:
    """Two patterns a rule, two constant tests, one equality of texts; at most four hundred tests in a rule set."""
    assert 2 * JOINS <= 400
    assert KEYS <= 10_000
    second = '{"p": {"$and": [{"p0": 1}, {"k": {"s": "k"}}]}}'
    assert '{"j0": {"all": [{"s": {"s0": 1}}, ' + second + "]}}" == rules_text(1)


@pytest.mark.parametrize("seed", range(4))
def test_what_stands_is_found(asked: Asked, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """After any inserting and removing a key has the rows a plain table has, also over many rule sets."""
    monkeypatch.setattr(durable, "KEYS", (KEYS, 7)[seed % 2])
    random = Random(seed)
    joins = (1, 3, 2 * JOINS + 5, 5)[seed]
    matcher = DurableMatcher(joins)
    table: dict[tuple[int, str], list[int]] = {}
    stands: dict[int, tuple[int, str]] = {}
    for _ in range(1500):
        join, key = random.randrange(joins) % 7, f"k{random.randrange(12)}"
        if random.random() < 0.4:
            number = matcher.insert(join, key)
            table.setdefault((join, key), []).append(number)
            stands[number] = join, key
        elif stands and random.random() < 0.5:
            number = random.choice(list(stands))
            table[stands.pop(number)].remove(number)
            matcher.remove(number)
        else:
            assert table.get((join, key), []) == sorted(matcher.partners(join, key))
    assert not asked.lookups


def test_a_stream_goes_on_after_a_pickle(asked: Asked) -> None:
    """A pickled engine comes back under the matcher it had, with all that stood."""
    engine = engine_of(pair())
    posted(engine, [event("left", host=f"h{number}") for number in range(20)])
    again: Engine = pickle.loads(pickle.dumps(engine))  # noqa: S301 - written a moment ago
    assert "durable" == again.matcher.name
    assert [("r", "h7")] == posted(again, [event("right", host="h7")])
    assert asked.answers


def test_what_stands_is_carried_over_to_changed_rules(asked: Asked) -> None:
    """Restored under a program in which another rule has changed, what a rule kept meets what comes."""
    engine = engine_of(pair(), pair("name", name="other"))
    posted(engine, [event("left"), state("first")])
    blob = engine.snapshot()
    changed = program(pair(), pair("sid", name="other"), rule(STATES, name="states"))
    again = Engine.restore(changed, blob, "durable")
    assert [("r", "h"), ("states", "h")] == posted(again, [event("right", 1), state("second", 2)])
    assert asked.answers


STATES = "{all: [{as: a, state: first}, {as: b, state: second}], same: [host]}"


def test_what_stays_native_is_named(asked: Asked) -> None:
    """A pattern without an equality, one that is picked, an empty group and a negative are named with the reason."""
    rules = (
        rule("{all: [{as: a, state: first}, {as: b, state: second}]}", name="crossed"),
        rule(
            "{all: [{as: a, state: first}, {as: best, state: second, where: {zone: $a.zone}, pick: {max: best.v}}]}",
            name="picks",
        ),
        rule("{all: [{as: a, state: first}], unless: [{state: second, where: {host: $a.host}}]}", name="free"),
        rule(
            "{all: [{as: a, state: first}, {as: n, state: second, count: {at_most: 3, by: [host]}}], same: [host]}",
            name="few",
        ),
        pair(name="joined"),
    )
    engine = engine_of(*rules)
    expected = [
        Refused("odd", "crossed", "b", SCANNED),
        Refused("odd", "picks", "best", PICKED),
        Refused("odd", "free", "none", NEGATED),
        Refused("odd", "few", "n", DEMANDED),
    ]
    assert ("durable", expected) == (engine.matcher.name, list(engine.matcher.refused))
    assert ("native", ()) == (
        engine_of(*rules, matcher="native").matcher.name,
        engine_of(*rules, matcher="native").matcher.refused,
    )
    assert "rule `crossed` (odd): `b` is joined natively: no equality" in str(expected[0])
    found = posted(engine, [state("first"), state("second", host="b"), event("left", 1), event("right", 2)])
    assert {"crossed", "free", "few", "joined"} == {name for name, _ in found}
    assert asked.answers


def test_an_unknown_matcher() -> None:
    """The names there are, are named."""
    with pytest.raises(MatcherError, match="there is no matcher `rete`; there are `native` and `durable`"):
        Engine(program(pair()), matcher="rete")


@pytest.mark.parametrize(
    ("version", "cure"),
    [((3, 12), "pip install 'selfheal-rules\\[durable\\]'"), ((3, 13), "it runs on Python 3.12 and older")],
)
def test_without_durable_rules(monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], cure: str) -> None:
    """Where durable-rules is not there, the cure is named; on a Python it does not run on, that is."""
    monkeypatch.setitem(sys.modules, "durable_rules_engine", None)
    monkeypatch.setattr(durable, "PYTHON", version)
    with pytest.raises(MatcherError, match=cure):
        Engine(program(pair()), matcher="durable")


def _refuse(*_: object) -> None:
    raise OSError(303)


def _no_memory(*_: object) -> None:
    raise MemoryError


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ({"assert_event": lambda *_: (2, 0)}, "code 2 for an event"),
        ({"assert_event": _refuse, "error": OSError}, "303"),
        ({"assert_event": _no_memory}, "no memory left"),
        ({"retract_fact": lambda *_: (1, 0)}, "code 1 for what was to be removed"),
        ({"start_action_for_state": lambda *_: ("{}", '{"j0":{"s":{"id":5,"k":"x"}}}')}, "error code: 307"),
        (
            {
                "start_action_for_state": lambda *_: ("{}", '{"j0":{"s":{"id":5,"k":"x"}}}'),
                "complete_and_start_action": lambda *_: None,
            },
            "a match for what only stands",
        ),
    ],
)
def test_codes_are_faults(asked: Asked, monkeypatch: pytest.MonkeyPatch, faults: dict[str, Any], said: str) -> None:
    """Whatever durable-rules reports that it must not is an `EngineError`, never a decision."""
    calls = SimpleNamespace(**vars(durable._calls()))
    monkeypatch.setattr(durable, "_calls", lambda: calls)
    engine = engine_of(pair())
    posted(engine, [event("left")])
    with monkeypatch.context() as broken:
        for name, fault in faults.items():
            broken.setattr(calls, name, fault)
        with pytest.raises(EngineError, match=said):
            posted(engine, [event("right", host="other"), event("left", host="third"), event("right")])
    assert asked.lookups


def test_rules_that_do_not_work_are_found_before_they_are_used(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule set that does not make the match it must make is a fault at once, not a rule that never fires."""
    calls = SimpleNamespace(**{**vars(durable._calls()), "start_action_for_state": lambda *_: None})
    monkeypatch.setattr(durable, "_calls", lambda: calls)
    with pytest.raises(EngineError, match="no match where one was certain"):
        posted(engine_of(pair()), [event("left")])
    assert not asked.lookups


def test_a_match_that_is_not_there_is_no_match(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every match is verified on the rows themselves: reporting rows of another key fires nothing."""
    monkeypatch.setattr(KeySet, "find", lambda self, join, _: next(iter(_standing(self, join)), None))
    items = [event("left", host="a"), event("left", host="b"), event("right", host="c"), event("right", host="b")]
    assert [("r", "b")] == posted(engine_of(pair()), items)
    assert asked.answers


def _standing(place: KeySet, join: int) -> list[int]:
    return [standing for standing, own in place._join_of.items() if own == join]


def test_a_row_of_another_join_is_a_fault(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not stand in the join that was asked is no row of it, and no decision either."""
    monkeypatch.setattr(DurableMatcher, "partners", lambda *_: [99])
    with pytest.raises(EngineError, match="does not stand in the join"):
        posted(engine_of(pair()), [event("left"), event("right")])
    assert asked.lookups
