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
    plan = program.plan
    parts = tuple(evolve(part, road=None) for part in plan.parts)
    entries = {kind: evolve(entry, way=None) for kind, entry in plan.entries.items()}
    return evolve(program, plan=evolve(plan, parts=parts, entries=entries))


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


FAILS: tuple[Json, ...] = tuple(
    {
        "id": level,
        "when": {"as": "a", "event": "fail", "where": {"level": level}},
        "then": [{"do": "noop", "target": "$a.host"}],
    }
    for level in ("low", "mid", "high")
)
TOGETHER: tuple[tuple[Json, ...], ...] = (
    *(({"id": "one", **rule},) for rule in RULES),
    FAILS,
    (FAILS[-1], {"id": "one", **RULES[1]}),
)
"""Rules of which each event may concern one, several or none."""


def scattered(seed: int) -> list[Event]:
    """Draw events some of which come late, again, at once, or when all that came before is long forgotten."""
    chance, now, events = Random(seed), 0.0, []
    for _ in range(60):
        now += chance.choice((0, 0, 1, 2, 40, 700))
        late = now - chance.choice((0, 0, 0, 1, 30, 650))
        fields = {"host": chance.choice("ab"), "level": chance.choice(("low", "mid", "high"))}
        kind = chance.choice(("beat", "fail", "boom"))
        given = fields if kind != "boom" else {"host": "a"}
        events.append(Event(f"e{chance.randrange(50)}", kind, chance.choice("mn"), moment(max(late, 0)), given))
    return events


@pytest.mark.parametrize("place", range(len(TOGETHER)))
def test_one_by_one_and_all_at_once_lead_to_the_same(place: int) -> None:
    """Whichever way events take, and whether they were held against their kinds before, they do the same."""
    rules = compare.loaded(evolve(case(0), texts=(dump("generated", list(TOGETHER[place])),)))
    program = compile_rules(*(rules or ()))
    for seed in range(6):
        expected, *others = (Engine(each) for each in (unpaved(program), program, program))
        single = [expected.post(event) for event in scattered(seed)]
        events = scattered(seed)
        known = [others[0].post(event) for event in events]
        batched = [step for at in range(0, len(events), 9) for step in others[1].post_all(events[at : at + 9])]
        for actual in (known, batched):
            assert [(step.disposition, *step) for step in single] == [(step.disposition, *step) for step in actual]
        assert [*expected.episodes()] == [*others[0].episodes()] == [*others[1].episodes()]


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
    assert {None} == {*engine._arrivals.roads}


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
