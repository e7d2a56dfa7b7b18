"""Concluded events that nobody asks for are never made; whoever asks finds all as if they had been."""

from random import Random
from typing import Any

import pytest
from attrs import evolve

from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.compile.plan import Action, Conclusion
from selfheal_rules.engine import Engine
from selfheal_rules.events import State
from selfheal_rules.match.implied import Implied
from tests import compare
from tests.engines import Native, resolved
from tests.everyday import some
from tests.generate.cases import Case, case
from tests.generate.rules import HOSTS, Json, dump
from tests.generate.streams import START, Advance

CASES = 100
FOLDED = 30
"""In how many of them something must follow that was not made."""
SEVERAL = 15
"""In how many of them several events must follow at once, none of them made."""

UNLESS: Json = {"unless": [{"state": "node", "where": {"host": "$a.host"}}]}

CAUSES: tuple[Json, ...] = (
    {"as": "a", "event": "fail"},
    {"as": "a", "event": "fail", "where": {"level": {"at_least": "mid"}}, **UNLESS},
    {"sequence": [{"as": "a", "event": "fail"}, {"as": "b", "event": "beat"}], "same": ["host"], "within": "4s"},
    {"all": [{"as": "a", "event": "fail"}, {"as": "d", "state": "disk"}], "same": ["host"], "within": "3s"},
    {"all": [{"as": "a", "event": "beat"}, {"as": "d", "state": "disk"}], "within": "3s"},
    {"all": [{"as": "a", "event": "echo"}, {"as": "d", "state": "disk"}], "same": ["host"]},
    {"all": [{"as": "a", "event": "beat"}, {"as": "d", "state": "disk"}], "within": "3s", **UNLESS},
)  # fmt: skip
"""What the kinds in turn follow from: one match or several at once, that may or may not come again."""

NOTES = ("note ${a.host}", "disk full", "")

STANDING = tuple(State("disk", "inventory", START, {"name": f"e{n}", "host": HOSTS[n % 2]}) for n in range(5))

TAKERS: tuple[Json, ...] = (
    {"when": {"as": "e"}, "then": [{"do": "noop", "target": "$e.host"}]},
    {"when": {"as": "e"}, "then": [{"do": "fence", "target": "$e.note"}]},
    {
        "priority": 1,
        "when": {"as": "e"},
        "key": ["$e.note", "$e.host"],
        "then": [
            {"do": "notify", "target": "at-${e.host}", "with": {"text": "${e.host} ${e.note}", "n": "$e.n"}},
            {"do": "noop", "target": "$e.note", "after": []},
            {"do": "noop"},
        ],
    },
    {"when": {"as": "e"}, "key": ["$e.host"], "then": [{"do": "notify", "with": {"text": "of ${e.host}"}}]},
)  # fmt: skip
"""Rules that take every event of a kind."""


def chained(seed: int) -> Case:
    """Give the stream of a seed with rules of which some take all that others conclude."""
    found, random = case(seed), Random(seed)
    rules: list[Json] = []
    for kind in ("echo", "boom"):
        when: Json = random.choice((CAUSES[3:5] * 2 + CAUSES[:3]) if kind == "echo" else CAUSES[3:])
        joined = '"state": "disk"' in dump("", [{"id": "", "when": when}])
        said: Json = {"host": random.choice(("$a.host", "$d.host") if joined else ("$a.host",))}
        said |= {"note": "$d.name" if joined and random.random() < 0.8 else random.choice(NOTES)} | (
            {"n": 3} if random.random() < 0.5 else {}
        )
        rules.append({"id": f"so-{kind}", "when": when, "then": [{"conclude": kind, "with": said}]})
        for number, taker in enumerate(random.sample(TAKERS, random.choice((1, 1, 2)))):
            rules.append({**taker, "id": f"{kind}-{number}", "when": {**taker["when"], "event": kind}})
    return evolve(found, texts=(dump("generated", rules),), items=(*STANDING, *found.items))


def unfolded(program: Program) -> Program:
    """Give a program that makes every event it concludes."""
    rules = tuple(evolve(one, steps=tuple(map(_made, one.steps))) for one in program.plan.rules)
    return evolve(program, plan=evolve(program.plan, rules=rules))


def _made(step: Action | Conclusion) -> Action | Conclusion:
    return evolve(step, fold=None) if isinstance(step, Conclusion) else step


def told(engine: Engine, case: Case) -> list[Any]:
    """Give all that an engine says over a case, with ids and reasons, and the episodes it shows at the end."""
    driver = Native(engine)
    found: list[Any] = []
    for item in case.items:
        given = resolved(item, driver.decisions)
        if given is not None:
            step = engine.advance(given.time) if isinstance(given, Advance) else engine.post(given)
            found.append((step.disposition, [one.to_json() for one in step]))
    return [*found, [one.to_json() for one in engine.episodes()]]


LIMITS: tuple[dict[str, Any], ...] = ({}, {"fan_out": 1, "remembered": 6})
BLOCKS = [range(first, first + 25) for first in range(0, CASES, 25)]


@pytest.mark.parametrize("block", some(BLOCKS, 4), ids=str)
def test_what_follows_is_what_the_reference_says(block: range) -> None:
    """Dispositions, decisions and states are those of the reference."""
    for seed in block:
        one = chained(seed)
        assert "" == compare.told(one, compare.loaded(one) or (), compare.first_difference), seed


@pytest.mark.parametrize("block", some(BLOCKS, 4), ids=str)
def test_nobody_sees_whether_an_event_was_made(block: range) -> None:
    """Ids, reasons, verdicts and episodes are the same, to the byte, as where every event is made."""
    for seed in block:
        one = chained(seed)
        program = compile_rules(*(compare.loaded(one) or ()))
        for limits in LIMITS:
            engines = [Engine(each, max_age=one.max_age, **limits) for each in (unfolded(program), program)]
            expected, actual = (told(engine, one) for engine in engines)
            assert expected == actual, f"seed {seed}\n{one!r}"


@pytest.mark.parametrize("seed", range(0, CASES, 25))
def test_a_snapshot_holds_what_was_not_made(seed: int) -> None:
    """Whatever input an engine is restored before, it goes on as if nothing had been."""
    one = chained(seed)
    assert "" == compare.told(one, compare.loaded(one) or (), compare.restoring_changes_nothing)


@pytest.mark.whole
def test_most_of_it_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cases above are about what they say: in most of them something follows that nobody makes."""
    implied: list[Implied] = []
    begin = Implied.__init__

    def noted(self: Implied, *args: Any) -> None:  # noqa: ANN401 - as they are
        begin(self, *args)
        implied.append(self)

    monkeypatch.setattr(Implied, "__init__", noted)
    folded = several = 0
    for seed in range(CASES):
        one, before = chained(seed), len(implied)
        told(Engine(compile_rules(*(compare.loaded(one) or ())), max_age=one.max_age), one)
        never = [len(each) for each in implied[before:] if each._made is None]
        folded += bool(never)
        several += max(never, default=0) > 1
    assert (folded >= FOLDED, several >= SEVERAL) == (True, True), (folded, several)


UNTOLD: tuple[Json, ...] = (
    {"when": {"as": "e", "event": "echo", "where": {"note": "fan"}}, "then": [{"do": "noop", "target": "$e.host"}]},
    {"when": {"as": "e", "event": "echo"}, "then": [{"do": "noop", "target": "$e.host", "with": {"at": "$e.time"}}]},
    {"when": {"as": "e", "event": "echo"}, "key": ["$e.host", "$e.n"], "then": [{"do": "noop", "target": "$e.host"}]},
    {"when": {"all": [{"as": "e", "event": "echo"}]}, "then": [{"do": "noop"}]},
    {"when": {"as": "e", "event": "echo", "count": {"at_least": 2, "within": "3s"}}, "then": [{"do": "noop"}]},
)
"""Rules that look at more than an event's fields, or at what it need not say."""


@pytest.mark.parametrize("taker", UNTOLD, ids=range(len(UNTOLD)))
def test_where_more_is_asked_the_event_is_made(taker: Json) -> None:
    """One rule that cannot be told what it asks is enough: the event is made for all that take it."""
    said = {"conclude": "echo", "with": {"host": "$a.host", "note": "fan", "n": 1}}
    cause = {"id": "so", "when": {"as": "a", "event": "fail"}, "then": [said]}
    plain = {**TAKERS[0], "id": "plain", "when": {"as": "e", "event": "echo"}}

    def folds(*takers: Json) -> list[bool]:
        rules = compare.loaded(evolve(case(0), texts=(dump("generated", [cause, *takers]),)))
        steps = (step for rule in compile_rules(*(rules or ())).plan.rules for step in rule.steps)
        return [step.fold is not None for step in steps if isinstance(step, Conclusion)]

    assert ([True], [False]) == (folds(plain), folds(plain, {"id": "more", **taker}))
