"""What an event does is the same whether it is written out whole or done part by part."""

from random import Random

import pytest
from attrs import evolve

from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event
from tests import compare
from tests.generate.cases import Case, case
from tests.generate.rules import Json, dump
from tests.generate.streams import moment
from tests.test_folds import LIMITS, told

CASES, PARTS, SEVERAL = 40, 2, 3
BLOCKS = [range(first, first + 20) for first in range(0, CASES, 20)]
PAIR: tuple[Json, Json] = ({"as": "a", "event": "fail"}, {"as": "b", "event": "beat"})
JOINED: Json = {"same": ["host"], "within": "20s"}
STEPS: tuple[Json, ...] = (
    {"then": [{"do": "noop", "target": "$b.host"}]},
    {"then": [{"do": "noop", "target": "$a.host"}, {"do": "fence", "after": []}]},
    {"key": ["$a.level"], "then": [{"do": "notify", "with": {"text": "${a.level} of ${b.host}"}}]},
)  # fmt: skip
ALL: Json = {"all": list(PAIR), **JOINED}
FENCE: list[Json] = [{"do": "fence", "target": "$b.host"}]
RULES: tuple[Json, ...] = (
    {"when": {"as": "b", "event": "beat"}, **STEPS[0]},
    {
        "when": {"as": "a", "event": "fail", "where": {"level": {"at_least": "mid"}}},
        "then": [{"do": "noop", "target": "$a.note"}, {"do": "notify", "with": {"text": "of ${a.host}"}, "after": []}],
    },
    *({"when": {word: list(PAIR), **JOINED}, **steps} for word in ("sequence", "all") for steps in STEPS),
)  # fmt: skip
"""Rules that close as they open, each alone in a program: of one event, or of several that wait for each other."""


def lone(seed: int) -> Case:
    """Give the stream of a seed with one of the rules."""
    return evolve(case(seed), texts=(dump("generated", [{"id": "one", **Random(seed).choice(RULES)}]),))


def unpaved(program: Program) -> Program:
    """Give a program in which every event goes from part to part."""
    parts = tuple(evolve(part, road=None) for part in program.plan.parts)
    return evolve(program, plan=evolve(program.plan, parts=parts))


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_road_leads_where_the_parts_do(block: range) -> None:
    """Dispositions, decisions, ids, reasons and episodes are alike, also where ids are more than may be known."""
    several = 0
    for seed in block:
        one = lone(seed)
        program = compile_rules(*(compare.loaded(one) or ()))
        assert any(part.road for part in program.plan.parts), seed
        for limits in LIMITS:
            plain, paved = (Engine(each, max_age=one.max_age, **limits) for each in (unpaved(program), program))
            expected, actual = (told(engine, one) for engine in (plain, paved))
            assert expected == actual, f"seed {seed}\n{one!r}"
        several += any(len(made["because"]) > PARTS for _, decided in actual[:-1] for made in decided)
    assert SEVERAL <= several, "too few decisions rest on several matches"


@pytest.mark.parametrize("seed", range(0, CASES, 20))
def test_whoever_is_restored_is_on_the_same_road(seed: int) -> None:
    """Whatever input an engine is restored before, it goes on as if nothing had been."""
    one = lone(seed)
    assert "" == compare.told(one, compare.loaded(one) or (), compare.restoring_changes_nothing)


UNPAVED: tuple[Json, ...] = (
    {"when": {"as": "b", "event": "beat", "count": {"at_least": 2, "within": "3s", "by": ["host"]}}, "then": FENCE},
    {"when": {**ALL, "unless": [{"state": "node", "where": {"host": "$b.host"}}]}, "then": FENCE},
    {"when": {"all": [*PAIR, {"as": "d", "state": "disk"}], **JOINED}, "then": FENCE},
    {"when": ALL, "then": [{"do": "fence", "target": "$b.host", "timeout": "3s"}]},
    {"when": ALL, "then": FENCE, "guard": [{"cooldown": "1m"}]},
)
"""Rules of which an event needs more: to be counted, to be judged, to meet a state, to be waited for, to be guarded."""


@pytest.mark.parametrize("rule", UNPAVED, ids=range(len(UNPAVED)))
def test_where_more_is_to_be_done_there_is_no_road(rule: Json) -> None:
    """An engine takes such events from part to part."""
    rules = compare.loaded(evolve(case(0), texts=(dump("generated", [{"id": "one", **rule}]),)))
    engine = Engine(compile_rules(*(rules or ())))
    assert {None} == {*engine._rounds.roads}


def test_words_of_a_text_are_no_words_of_the_code() -> None:
    """Whatever stands in a text of a rule set, somebody is told just that."""
    text = 'm rooms "waiting" stored\'s number, part expire index ${b.host}'
    rule = {
        "when": {"as": "b", "event": "beat"},
        "then": [{"do": "notify", "target": "$b.host", "with": {"text": text}}],
    }
    rules = compare.loaded(evolve(case(0), texts=(dump("generated", [{"id": "one", **rule}]),)))
    engine = Engine(compile_rules(*(rules or ())))
    (made,) = engine.post(Event("1", "beat", "m", moment(0), {"host": "a"}))
    assert text.replace("${b.host}", "a") == made.params["text"]
