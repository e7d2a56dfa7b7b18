"""The graph of rules within one instant: edges, levels and circles."""

import json
import pickle
from datetime import UTC, datetime

import pytest

from selfheal_rules.check.graph import feeds, levels
from selfheal_rules.check.loops import LONGEST
from selfheal_rules.compile import compile_rules
from selfheal_rules.diagnostics import RuleSetError
from selfheal_rules.engine import Engine
from selfheal_rules.events import State
from selfheal_rules.model import Conclude, Do, Group, Literal, Pattern, Rule, RuleSet, Step
from selfheal_rules.model import Test as Leaf
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source
from selfheal_rules.values import FrozenMap
from selfheal_rules.vocabulary import DURATION, STRING, Field, Kind, Vocabulary

FIELDS = FrozenMap({"host": Field("host", STRING), "status": Field("status", STRING), "age": Field("age", DURATION)})
STATES = {name: Kind(name, "state", FIELDS, ("host",)) for name in "abcd"}
KINDS = FrozenMap({**STATES, "happened": Kind("happened", "event", FIELDS)})


def rule(name: str, kind: str, *steps: Step, **leaves: str) -> Rule:
    """Build a rule with one pattern over `kind`."""
    where = tuple(Leaf((path,), "is", Literal(value)) for path, value in leaves.items())
    return Rule(name, Group("all", (Pattern("#1", "state", (kind,), where),)), steps)


def concluding(kind: str, **fields: str) -> Conclude:
    """Build a step that concludes `kind`."""
    return Conclude(kind, FrozenMap({name: Literal(value) for name, value in fields.items()}))


def ruleset(*rules: Rule) -> RuleSet:
    """Build a rule set named `set`."""
    return RuleSet("set", rules, Vocabulary("test", KINDS))


def named_levels(*rules: Rule) -> dict[str, int]:
    """Give the levels of the rules by id."""
    return {name: level for (_, name), level in levels([ruleset(*rules)]).items()}


def test_levels_are_the_longest_paths() -> None:
    """A rule stands one above the highest that feeds it, whatever the order in the file."""
    rules = (
        rule("third", "c", concluding("d")),
        rule("short", "a", concluding("c")),
        rule("first", "a", concluding("b")),
        rule("second", "b", concluding("c")),
    )
    assert {"third": 2, "short": 0, "first": 0, "second": 1} == named_levels(*rules)


def test_contradicting_literals_make_no_edge() -> None:
    """A pattern that asks for another literal key is not fed, and one that asks for the same is."""
    giver = rule("giver", "a", concluding("b", host="x"))
    silent, fed = rule("silent", "b", concluding("c"), host="y"), rule("fed", "b", concluding("d"), host="x")
    assert {"giver": 0, "silent": 0, "fed": 1} == named_levels(giver, silent, fed)


def test_of_a_state_the_key_alone_tells_apart() -> None:
    """A conclusion with another status takes the place of the one a pattern asks for: it feeds the pattern."""
    giver = rule("giver", "a", concluding("b", status="up"))
    assert {"giver": 0, "fed": 1} == named_levels(giver, rule("fed", "b", concluding("c"), status="down"))


def test_of_an_event_every_field_tells_apart() -> None:
    """An event is not taken by a pattern that asks for another literal in any field."""
    giver = rule("giver", "a", concluding("happened", status="up"))
    assert {"giver": 0, "silent": 0} == named_levels(giver, rule("silent", "happened", concluding("c"), status="down"))


def test_literals_are_compared_as_the_type_reads_them() -> None:
    """`60s` and `1m` are one duration."""
    giver = rule("giver", "a", concluding("happened", age="60s"))
    assert {"giver": 0, "fed": 1} == named_levels(giver, rule("fed", "happened", concluding("c"), age="1m"))


def test_rules_that_do_have_no_level_and_feed_none() -> None:
    """What a rule with a `do` concludes re-enters in the next round."""
    acting = rule("acting", "b", Do("noop"), concluding("a"))
    rules = (acting, rule("giver", "a", concluding("b")))
    assert {"giver": 0} == named_levels(*rules)
    assert [("giver", "acting")] == [(edge.giver[1], edge.taker[1]) for edge in feeds(ruleset(*rules))]


def test_levels_span_rule_sets() -> None:
    """A rule of one rule set is fed by a rule of another."""
    first, second = ruleset(rule("one", "a", concluding("b"))), ruleset(rule("two", "b", concluding("c")))
    assert {("set", "two"): 1, ("set", "one"): 0} == levels([second, first])


def test_a_circle_is_refused_with_its_path() -> None:
    """Rules of two rule sets that feed each other have no levels; the error names the way round."""
    first, second = ruleset(rule("one", "a", concluding("b"))), ruleset(rule("two", "b", concluding("a")))
    with pytest.raises(RuleSetError) as raised:
        levels([first, second])
    messages = [finding.message for finding in raised.value.report.findings]
    assert ["rules feed each other in one instant: `one` → `two` → `one`"] == messages


def test_the_reason_of_the_longest_chain_goes_everywhere() -> None:
    """What the checks let through can be explained, drawn, written as JSON and copied."""
    kinds = "".join(f"  k{n}: {{key: [host], fields: {{host: string}}}}\n" for n in range(LONGEST + 1))
    chain = "".join(
        f"  - {{id: r{n}, when: {{as: x, state: k{n}}}, then: [{{conclude: k{n + 1}, with: {{host: $x.host}}}}]}}\n"
        for n in range(LONGEST)
    )
    last = f"  - {{id: end, when: {{as: x, state: k{LONGEST}}}, then: [{{do: noop, target: $x.host}}]}}\n"
    text = f"selfheal: 1\nruleset: chain\nstates:\n{kinds}rules:\n{chain}{last}"
    found, _ = parse_rules(Source("chain.yaml", text))
    assert found is not None
    (decision,) = Engine(compile_rules(found)).post(
        State("k0", "test", datetime(2026, 1, 1, tzinfo=UTC), {"host": "a"})
    )
    assert decision == pickle.loads(pickle.dumps(decision))  # noqa: S301 - its own
    depth, reason = 0, decision.because
    while reason:
        depth, reason = depth + 1, reason[0].because
    assert LONGEST + 1 == depth
    assert "k0" in json.dumps(decision.to_json())


def test_a_long_chain_is_levelled() -> None:
    """A chain of 3,000 rules needs no recursion."""
    kinds = FrozenMap({f"k{n}": Kind(f"k{n}", "state") for n in range(3001)})
    rules = tuple(rule(f"r{n}", f"k{n}", concluding(f"k{n + 1}")) for n in range(3000))
    assert 2999 == levels([RuleSet("set", rules, Vocabulary("test", kinds))])["set", "r2999"]
