"""What a thing is in is what a walk up the states says, and who is acted on is counted out; each against a recount."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from selfheal_rules.compile.plan import Census
from selfheal_rules.guard.naming import Names
from selfheal_rules.guard.topology import Topology
from selfheal_rules.match.populations import Population, scope_of
from selfheal_rules.match.rows import Record
from selfheal_rules.spelling import identity
from selfheal_rules.values import FrozenMap

THINGS = ("h1", "H1.example.org", "h2", "az1", "ctl-1", 1, True)
LEVELS = (("up", "beside"), ("up",))
SHIELD = Names(("ctl-*",))


def record(kind: str, key: tuple[Any, ...], fields: dict[str, Any]) -> Record:
    """Give a state as the engine holds it."""
    found = Record(kind, tuple(map(repr, key)), key)
    found.fields, found.at = FrozenMap({name: one for name, one in fields.items() if one is not None}), 0
    return found


def walked(known: list[dict[str, Record]], thing: Any) -> tuple[dict[str, Any], list[Any]]:  # noqa: ANN401 - any value
    """Go up all states that hold, step by step."""
    found: dict[str, Any] = {}
    above: list[Any] = []

    def climb(one: Any) -> None:  # noqa: ANN401 - the same
        for names, records in zip(LEVELS, known, strict=True):
            said = [each.fields for each in records.values() if identity(each.values[0]) == identity(one)]
            for name, value in [(name, fields[name]) for fields in said for name in names if name in fields]:
                found.setdefault(name, value)
                above.extend(() if value in above else (value,))

    climb(thing)
    for one in above:  # it grows as it is gone through
        climb(one)
    return found, above


SAYING = st.tuples(
    st.sampled_from((0, 1)), st.sampled_from(THINGS), *[st.sampled_from((None, *THINGS))] * 2, st.booleans()
)


@given(st.lists(SAYING, max_size=8))
@example([(0, "h1", 1, None, False), (0, "h1", True, None, False)])
@example([(0, "h1", 1, None, False), (0, "h2", True, None, False)])
@settings(max_examples=60, deadline=None)
def test_what_a_thing_is_in_is_what_the_states_say_now(sayings: list[tuple[int, Any, Any, Any, bool]]) -> None:
    """Under any name, in circles as well, whatever was said before; and so is whether any of that is protected."""
    topology = Topology(LEVELS, SHIELD)
    known: list[dict[str, Record]] = [{}, {}]
    for level, thing, up, beside, gone in sayings:
        said = record("thing", (thing,), {"up": up, "beside": beside})
        before = known[level].get(repr(thing))
        if gone:
            topology.levels[level].remove(known[level].pop(repr(thing))) if before else None
        else:
            known[level][repr(thing)] = said
            topology.levels[level].update(said, 0)
        for one in THINGS:
            way, (found, above) = topology.way(one), walked(known, one)
            assert repr((found, tuple(above))) == repr((way.found, way.above))
            assert any(SHIELD.cover(str(name)) for name in above) == way.shielded
            for names in (("up",), ("beside", "up")):
                assert scope_of(tuple(found.get(name) for name in names)) == way.keys[names]


ACTS = st.tuples(
    st.sampled_from(("host", "service")), st.sampled_from("ab"), st.sampled_from("xy"),
    st.sampled_from(("up", "down", "gone", "begun", "over")), st.sampled_from("12"),
)  # fmt: skip


@given(st.lists(ACTS, max_size=20))
@settings(max_examples=60, deadline=None)
def test_what_is_acted_on_is_counted_out_where_it_is_and_as_it_is(acts: list[tuple[str, str, str, str, str]]) -> None:
    """Each healthy state once, of whatever thing it is that is acted on, however often, and wherever it moves."""
    fits = {kind: lambda one, _: (0,) if one.fields["status"] == "up" else None for kind in ("host", "service")}
    population = Population(Census(fits, ("az",)))
    known: dict[tuple[str, tuple[str, ...]], Record] = {}
    busy: list[str] = []
    for kind, name, part, act, az in acts:
        key = (name,) if kind == "host" else (name, part)
        if act in {"up", "down"}:
            known[kind, key] = Record(kind, key, key)
            known[kind, key].fields, known[kind, key].at = FrozenMap({"az": az, "status": act}), 0
            population.update(known[kind, key], 0)
        elif act == "gone" and (kind, key) in known:
            population.remove(known.pop((kind, key)))
        elif act == "begun":
            busy.append(name)
            population.occupy(name)
        elif act == "over" and name in busy:
            busy.remove(name)
            population.occupy(name, -1)
        for zone in "12":
            healthy = [one for one in known.values() if one.fields["az"] == zone and one.fields["status"] == "up"]
            count = population.counts.get((zone,))
            spent = [one for one in healthy if {*busy} & {*one.key}]
            assert (len(healthy), len(spent)) == ((count.healthy, count.spent) if count else (0, 0))
            for target in "abxy":
                also = [one for one in healthy if {*busy, target} & {*one.key}]
                assert len(also) == population.spent_with(target, (zone,))
