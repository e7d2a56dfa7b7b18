"""Groups that nothing fills and no match holds are let go of, and whoever asks finds them as they were."""

from collections.abc import Callable
from datetime import timedelta

import pytest

import selfheal_rules as sr
from selfheal_rules.compile.plan import Counted, Part, Plan
from selfheal_rules.match.memory import ROOM, Memory
from selfheal_rules.match.tallies import Tallies
from tests import compare
from tests.generate.cases import Case, case
from tests.generate.streams import moment
from tests.semantics.rig import beat, fail, load, node, rule

SEEDS = range(12)
MISSED = "{as: c, event: fail, where: {host: $p.host}, count: {at_most: 0, within: 3s}}"
FEW = "{as: c, state: disk, count: {less_than: 2, by: [host]}}"
RULES = [
    rule(f"{{all: [{{as: p, event: beat}}, {MISSED}]}}"),
    rule(f"{{all: [{{as: p, state: node}}, {MISSED}]}}"),
    rule(
        f"{{all: [{{as: p, event: beat}}, {{as: q, state: node}}, {MISSED}], same: [{{p.host: q.host}}], within: 9s}}"
    ),
    rule(f"{{all: [{{as: p, event: beat}}], unless: [{MISSED}]}}"),
    rule(f"{{all: [{{as: p, event: beat}}, {FEW}], same: [host]}}"),
    rule(f"{{all: [{{as: p, state: node}}, {FEW}], same: [host], for: 2s}}"),
    rule(
        "{all: [{as: p, event: beat}, {as: c, event: fail, count: {at_most: 1, within: 3s}}], same: [host]}",
        "[{conclude: trouble, with: {host: $p.host}, ttl: 3s}]",
    ),
]


@pytest.fixture
def dropped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let no part have room for a single group; give the groups that are let go of."""
    begin, drop = Memory.__init__, Tallies._drop
    found: list[str] = []

    def start(self: Memory, plan: Plan) -> None:
        begin(self, plan)
        self.rooms = [0] * len(plan.parts)

    def grant(self: Memory, part: int, held: int) -> None:
        self.rooms[part] = held * 0

    def note(self: Tallies, part: Part, counted: Counted, key: object, row: object) -> None:
        found.append(f"{part.number} {key}")
        drop(self, part, counted, key, row)

    monkeypatch.setattr(Memory, "__init__", start)
    monkeypatch.setattr(Memory, "grant", grant)
    monkeypatch.setattr(Tallies, "_drop", note)
    return found


@pytest.mark.parametrize("rules", RULES, ids=range(len(RULES)))
@pytest.mark.parametrize("holds", [compare.first_difference, compare.restoring_changes_nothing])
def test_letting_go_changes_nothing(
    dropped: list[str], rules: str, holds: Callable[[Case, compare.Rules], str]
) -> None:
    """Native without room agrees with the reference, which forgets nothing, in ids and reasons; so it does restored."""
    loaded, long = (load(rules),), timedelta(seconds=600)
    for seed in SEEDS if holds is compare.first_difference else SEEDS[:4]:
        one = Case((rules,), case(seed).items, long, None, {}, (), 0)
        assert "" == holds(one, loaded)
    assert dropped


@pytest.mark.usefixtures("dropped")
def test_two_outages_are_two_episodes() -> None:
    """A group that was filled in between stands since another instant, so that what fires of it has another id."""
    engine = sr.Engine(sr.compile_rules(load(RULES[1])))
    ids = []
    for item in (fail(0), node(5), node(6, gone=True), fail(20), node(30), node(31, gone=True), node(40)):
        ids += [decision.id for decision in engine.post(item)]
    assert 3 == len(set(ids))


def test_who_only_asks_leaves_nothing() -> None:
    """However many hosts are asked about, hardly more groups are held than a part has room for."""
    engine = sr.Engine(sr.compile_rules(load(RULES[0].replace("host", "note"))))
    engine.advance(moment(0))
    for number in range(20 * ROOM):
        engine.post(beat(5 + number, note=f"n{number}"))
    assert 2 * ROOM > max(len(groups) for groups in engine._memory.tallies)
    assert [] == [past for past in engine._memory.pasts if past]
