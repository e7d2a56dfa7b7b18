"""Rule sets that run in one program are held against each other."""

from datetime import UTC, datetime

import pytest

from selfheal_rules.check import check_rules, check_together
from selfheal_rules.compile import compile_rules
from selfheal_rules.diagnostics import RuleSetError
from selfheal_rules.engine import Engine
from selfheal_rules.events import State
from selfheal_rules.model import RuleSet
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source

_HEAD = """\
selfheal: 1
ruleset: {name}
states:
  s: {{key: [host], fields: {{host: string, {field}}}}}
  t: {{key: [host], fields: {{host: string}}}}
rules:
"""


def ruleset(name: str, *rules: str, field: str = "load: number") -> RuleSet:
    """Read a rule set that has no finding of its own."""
    text = _HEAD.format(name=name, field=field) + "".join(f"  - {{{rule}}}\n" for rule in rules)
    found, report = parse_rules(Source(f"{name}.yaml", text if rules else text.replace("rules:\n", "rules: []\n")))
    assert found is not None
    assert "no findings" == report.render()
    assert () == check_rules(found).errors
    return found


def concluding(read: str, concluded: str) -> str:
    """Write a rule that concludes one state from another."""
    return (
        f"id: from-{read}, when: {{as: x, state: {read}}}, then: [{{conclude: {concluded}, with: {{host: $x.host}}}}]"
    )


def answering(rule: str, asked: str) -> str:
    """Write a rule that acts on the decisions of another."""
    return f"id: {rule}, when: {{event: selfheal.decision, where: {{rule: {asked}}}}}, then: [{{do: noop}}]"


def codes(*rulesets: RuleSet) -> list[str]:
    """Give the codes of what is found among the rule sets."""
    return [finding.code for finding in check_together(*rulesets).findings]


def test_one_rule_set_is_in_nobodys_way() -> None:
    """A rule set alone, or none, has no finding."""
    assert [] == codes()
    assert [] == codes(ruleset("one", concluding("s", "t")))


def test_rule_sets_that_feed_each_other_one_way_may_run() -> None:
    """One rule set may conclude what another reads; kinds declared alike, or with other words about them, are one."""
    rulesets = ruleset("one", concluding("s", "t")), ruleset("two", "id: act, when: {state: t}, then: [{do: noop}]")
    assert [] == codes(*rulesets)
    assert ("one", "two") == tuple(one.name for one in compile_rules(*rulesets).rulesets)
    assert [] == codes(ruleset("one"), ruleset("two", field="load: {type: number, doc: Of a minute.}"))


@pytest.mark.parametrize("turn", [1, -1])
def test_a_kind_told_in_other_words_is_concluded_and_read_as_one(turn: int) -> None:
    """Whichever of the two rule sets comes first: what one concludes the other acts on."""
    words = {"field": "load: {type: number, doc: Of a minute., origin: uptime}"}
    concludes = ruleset("one", concluding("t", "s"))
    acts = ruleset("two", "id: act, when: {state: s}, then: [{do: noop}]", **words)
    engine = Engine(compile_rules(*(concludes, acts)[::turn]))
    said = engine.post(State("t", "test", datetime(2026, 1, 1, tzinfo=UTC), {"host": "a"}))
    assert ["noop"] == [decision.action for decision in said]


def test_circles_through_two_rule_sets_are_refused() -> None:
    """Rules of two rule sets that feed each other are an error, named by the way round."""
    rulesets = ruleset("one", concluding("s", "t")), ruleset("two", concluding("t", "s"))
    assert ["SH330"] == codes(*rulesets)
    with pytest.raises(RuleSetError, match="`from-s` → `from-t` → `from-s`"):
        compile_rules(*rulesets)


def test_loops_of_decisions_through_two_rule_sets_are_refused() -> None:
    """Rules of two rule sets that act on each other's decisions would never end."""
    rulesets = ruleset("one", answering("a", "b")), ruleset("two", answering("b", "a"))
    assert ["SH316"] == codes(*rulesets)
    with pytest.raises(RuleSetError, match="a decision leads to the next without end"):
        compile_rules(*rulesets)


def test_a_name_is_that_of_one_rule_set() -> None:
    """The same rule set given twice, and two of one name, are an error each time the name comes again."""
    one = ruleset("one")
    assert ["SH331"] == codes(one, one)
    assert ["SH331"] == codes(one, ruleset("one", concluding("s", "t")))
    with pytest.raises(RuleSetError, match="two rule sets are named `one`"):
        compile_rules(one, one)


@pytest.mark.parametrize("field", ["load: string", "load: {type: number, required: true}", "size: number"])
def test_a_kind_is_declared_in_one_way(field: str) -> None:
    """A field of another type, another name or that is not always there makes another kind."""
    assert ["SH332"] == codes(ruleset("one"), ruleset("two", field=field))


def locking(action: str, param: str = "90") -> str:
    """Write a rule that locks or unlocks what is loaded so much."""
    when = f"{{as: x, state: s, where: {{load: {{at_least: {param}}}}}}}"
    return f"id: {action}, when: {when}, then: [{{do: compute.{action}_server, target: $x.host}}]"


def test_opposite_steps_of_two_rule_sets_are_found() -> None:
    """With a witness; what one file says of itself is not said again, what does the same may be there to be tried."""
    one, two = ruleset("one", locking("lock")), ruleset("two", locking("unlock", "95"))
    [finding] = check_together(one, two).findings
    assert ("SH362", "two.yaml", "one.yaml") == (finding.code, finding.span.source.name, finding.related[0].source.name)
    assert '"load": 95' in finding.witness[0]
    assert [] == codes(one, ruleset("two", locking("lock")))
    assert [] == codes(
        ruleset("one", locking("lock"), locking("unlock")),
        ruleset("two", "id: a, when: {state: t}, then: [{do: noop}]"),
    )
    assert () == check_together(one, two, lint=False).findings


def test_nothing_is_said_where_one_name_is_two_parameters() -> None:
    """What a rule means would not be known any more."""
    declared = "params: {{p: {{type: number, default: {least}}}}}\nstates:"
    head = _HEAD.replace("states:", declared)
    texts = (
        head.format(name=name, field="load: number", least=least) + f"  - {{{locking(action, '$params.p')}}}\n"
        for name, action, least in (("one", "lock", 1), ("two", "unlock", 2))
    )
    one, two = (parse_rules(Source("rules.yaml", text))[0] for text in texts)
    assert one is not None
    assert two is not None
    assert [] == codes(one, two)


def doing(rule: str, kind: str = "s") -> str:
    """Write a rule that tells people of a state."""
    return f"id: {rule}, when: {{as: x, state: {kind}}}, then: [{{do: notify, target: $x.host}}]"


def asking(whose: str, form: str = "event: selfheal.decision") -> str:
    """Write a rule that asks what a rule of some rule set has done."""
    return f"id: ask, when: {{as: d, {form}, where: {{{whose}rule: [act, other]}}}}, then: [{{do: noop}}]"


@pytest.mark.parametrize("form", ["event: selfheal.decision", "state: selfheal.episode"])
def test_who_asks_for_a_rule_by_an_id_of_several_says_whose(form: str) -> None:
    """Two rules of one id, each in its own set, are told apart only by `ruleset`; what only concludes, acts not."""
    two = ruleset("two", doing("act", "t"))
    assert ["SH428"] == codes(ruleset("one", doing("act"), asking("", form)), two)
    assert [] == codes(ruleset("one", doing("act"), asking("ruleset: one, ", form)), two)
    assert [] == codes(ruleset("one", doing("act"), asking("", form)), ruleset("two", doing("acts", "t")))
    concluded = "id: act, when: {as: x, state: s}, then: [{conclude: t, with: {host: $x.host}}]"
    assert [] == codes(ruleset("one", doing("act"), asking("", form)), ruleset("two", concluded))
