"""
The judgement of what may be divided is sound whatever is proposed to it.

The search proposes natural ways only; here it proposes any. And each question the judgement asks is needed: without it
a stream decides otherwise divided than whole, and the property that compares the two sees it.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from attrs import evolve, field, frozen

from selfheal_rules.compile import Program, compile_rules, keying
from selfheal_rules.compile.routes import Route
from selfheal_rules.compile.scenes import Scene
from selfheal_rules.compile.units import Cast, Unit
from selfheal_rules.events import Event, State
from selfheal_rules.model import RuleSet
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source
from tests.divided import FIXED, broken, decides_as_one
from tests.everyday import some
from tests.generate.joined import joined_case
from tests.generate.streams import Advance, Input, moment

PROPOSED = 24
"""How many ways are proposed for each unit."""


def _any_ways(cast: Cast, unit: Unit) -> Iterator[dict[str, Route]]:
    """Propose that the items of each kind go by any field, more often by one usual one, or everywhere."""
    random = Random(repr(sorted(unit.names)))
    kinds = sorted({kind for one in unit.facts for kind in (*one.reads, *(step.kind for step in one.conclusions))})
    for _ in range(PROPOSED):
        usual = random.choice(("host", "host", "n", "name"))
        yield {kind: _any_route(cast, kind, usual, random) for kind in kinds}


def _any_route(cast: Cast, kind: str, usual: str, random: Random) -> Route:
    if kind.startswith("selfheal."):
        return Route(kind, ("target",))
    fields = cast.kinds[kind].fields
    choices = [(usual,)] * 12 * (usual in fields) + [(name,) for name in fields] + [("source",), (), (), (), ()]
    path = random.choice(choices)
    return cast.route(kind, path) or Route(kind, path) if path else Route(kind)


@pytest.mark.parametrize("block", some(range(4), 4))
def test_only_what_is_sound_is_allowed(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of any ways proposed, those that are allowed change no decision."""
    monkeypatch.setattr(Cast, "proposals", _any_ways)
    for seed in range(block * 15, block * 15 + 15):
        found = broken(joined_case(seed), decides_as_one(FIXED))
        assert not found, found


VOCABULARY = """\
selfheal: 1
ruleset: asked
events:
  lost: {fields: {host: {type: string, required: true}, zone: {type: string, required: true}, peer: string}}
  found: {fields: {host: {type: string, required: true}, zone: {type: string, required: true}}}
states:
  alarm: {key: [alarm], fields: {alarm: string, host: {type: string, required: true}}}
  zone: {key: [zone], fields: {zone: string}}
  calm: {key: [zone], fields: {zone: string}}
  spare: {key: [host], fields: {host: string, free: integer}}
  rack: {key: [host], fields: {host: string, load: integer}}
  dead: {key: [host], fields: {host: string}}
rules:
"""
CONFIRM = "confirm: {state: calm, where: {zone: $e.zone}, within: 1h}"


@frozen
class Question:
    """A question, what it is made to answer, rules it refuses to divide, ways to divide them, and a stream."""

    where: object
    name: str
    answer: Any
    rules: str
    ways: Mapping[str, str]
    stream: tuple[Input, ...] = field(repr=False)


def _nothing(*_: object, **__: object) -> Iterator[Any]:
    return iter(())


def _always(*_: object, **__: object) -> bool:
    return True


def _all_equal(scene: Scene, _: object) -> Any:  # noqa: ANN401 - what the method gives
    return scene.equal


def _event(at: int, kind: str, **fields: Any) -> Event:  # noqa: ANN401 - values of any type
    return Event(f"{kind}{at}", kind, "m", moment(at), fields)


def _state(at: int, kind: str, **fields: Any) -> State:  # noqa: ANN401 - values of any type
    return State(kind, "m", moment(at), fields)


LOST = tuple(_event(at, "lost", host=f"h{at}", zone="z", peer="p") for at in range(5))
END = Advance(moment(60))
AGE = timedelta(minutes=10)
QUESTIONS = {
    "are patterns joined": Question(
        keying,
        "strays",
        _nothing,
        "- {id: pair, when: {all: [{as: e, event: lost}, {as: f, event: found}], within: 1m}, key: [$e.host],\n"
        "   then: [{do: fence, target: $e.host}]}",
        {"lost": "host", "found": "host"},
        (*LOST, _event(6, "found", host="h9", zone="z")),
    ),
    "are the rows of a count told apart": Question(
        keying,
        "_is_home",
        _always,
        "- {id: many, when: {all: [{as: f, event: found},\n"
        "   {as: n, event: lost, count: {at_least: 5, within: 1m, by: [zone]}}]},\n"
        "   then: [{do: fence, target: $f.host}]}",
        {"lost": "host", "found": "host"},
        (*LOST, _event(6, "found", host="h9", zone="z")),
    ),
    "is a firing about one partition": Question(
        keying,
        "_unkeyed",
        _nothing,
        f"- {{id: once, when: {{as: e, event: lost}}, then: [{{do: fence, target: $e.zone, {CONFIRM}}}]}}",
        {"lost": "host", "calm": ""},
        LOST,
    ),
    "does a conclusion stay at home": Question(
        keying,
        "_astray",
        _nothing,
        "- {id: blame, when: {as: e, event: lost, where: {peer: {exists: true}}},\n"
        "   then: [{conclude: dead, with: {host: $e.peer}, ttl: 1h}]}\n"
        "- {id: heal, when: {as: d, state: dead}, then: [{do: fence, target: $d.host}]}",
        {"lost": "host", "dead": "host"},
        LOST,
    ),
    "does what others hear of stay at home": Question(
        keying,
        "_untold",
        _nothing,
        "- {id: act, when: {as: e, event: lost}, key: [$e.host, $e.zone],\n"
        f"   then: [{{do: fence, target: $e.zone, {CONFIRM}}}]}}\n"
        "- {id: tell, when: {as: d, state: selfheal.episode, where: {rule: act}},\n"
        "   then: [{do: notify, target: $d.target}]}",
        {"lost": "host", "calm": "", "selfheal.episode": "target"},
        LOST,
    ),
    "is a row found in one partition only": Question(
        keying,
        "may_anchor",
        _always,
        "- {id: quiet, when: {all: [{as: z, state: zone}, {as: n, event: lost, where: {zone: $z.zone},\n"
        "   count: {at_most: 0, within: 10s}}]}, then: [{do: fence, target: $n.zone}]}",
        {"lost": "zone", "zone": ""},
        (_state(0, "zone", zone="z"), END),
    ),
    "may a state move": Question(
        Cast,
        "is_sound",
        _always,
        "- {id: long, when: {as: a, state: alarm, for: 10s}, then: [{do: fence, target: $a.host}]}",
        {"alarm": "host"},
        (*(_state(at, "alarm", alarm="a", host=f"h{at}") for at in range(5)), END),
    ),
    "are candidates picked in one partition": Question(
        Scene,
        "equal_for",
        _all_equal,
        "- {id: best, when: {all: [{as: e, event: lost}, {as: a, state: spare, pick: {max: a.free}},\n"
        "   {as: b, state: rack, pick: {max: b.load}}], same: [{a.host: b.host}, {b.host: e.host}]},\n"
        "   then: [{do: fence, target: $e.host}]}",
        {"lost": "host", "spare": "host", "rack": "host"},
        (
            *(_state(0, "spare", host=f"h{at}", free=at) for at in range(5)),
            *(_state(0, "rack", host=f"h{at}", load=at) for at in range(5)),
            *LOST,
        ),
    ),
    "who concludes what is read": Question(
        Cast,
        "_nearest",
        _nothing,
        "- {id: blame, when: {as: e, event: lost}, then: [{conclude: dead, with: {host: $e.host}, ttl: 1h}]}\n"
        "- {id: heal, when: {as: d, state: dead}, then: [{do: fence, target: $d.host}]}",
        {"dead": "host", "lost": "zone"},
        LOST,
    ),
}


def _ruleset(rules: str) -> RuleSet:
    found, report = parse_rules(Source("rules.yaml", VOCABULARY + rules + "\n"))
    assert found is not None, report
    return found


def _of(unit: Unit, ways: Mapping[str, Route]) -> dict[str, Route]:
    """Give the ways of the kinds of a unit."""
    kinds = {kind for one in unit.facts for kind in (*one.reads, *(step.kind for step in one.conclusions))}
    return {kind: route for kind, route in ways.items() if kind in kinds}


def _whole(program: Program) -> bool:
    """Whether some rule is not divided."""
    return any(one.because for one in program.split().rules)


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_is_needed(question: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the question refuses is not divided; unasked, some number of partitions decides otherwise."""
    asked = QUESTIONS[question]
    rules = (_ruleset(asked.rules),)
    ways = {kind: Route(kind, (name,) if name else ()) for kind, name in asked.ways.items()}
    monkeypatch.setattr(Cast, "proposals", lambda _, unit: iter([_of(unit, ways)]))
    case = evolve(joined_case(0), items=asked.stream, max_age=AGE, max_ahead=None)
    assert "" == decides_as_one({})(case, rules)
    assert _whole(compile_rules(*rules))
    monkeypatch.setattr(asked.where, asked.name, asked.answer)
    assert "" != decides_as_one({})(case, rules)
