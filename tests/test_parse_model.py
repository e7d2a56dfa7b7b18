"""What a sound text becomes: the model is what was written, with the places it was written at."""

import pytest

from selfheal_rules.model import (
    Aggregate,
    Bound,
    Conclude,
    Count,
    Do,
    Formula,
    Group,
    Literal,
    Parameter,
    Pattern,
    Reference,
    Retry,
    Rule,
    RuleSet,
    Same,
    Template,
)
from selfheal_rules.model import Test as Leaf
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source
from selfheal_rules.values import FrozenMap
from selfheal_rules.vocabulary import SELF_KINDS
from tests.chunks import read_chunks

HEAD = "selfheal: 1\nruleset: example\nrules:\n"


def _ruleset(text: str) -> RuleSet:
    ruleset, report = parse_rules(Source("rules.yaml", text))
    assert "no findings" == report.render()
    assert ruleset is not None
    return ruleset


def _rule(text: str) -> Rule:
    return _ruleset(HEAD + text).rules[0]


def _pattern(text: str) -> Pattern:
    found = _rule("- {id: r, when: {all: [" + text + "]}, then: [{do: noop}]}\n").when.items[0]
    assert isinstance(found, Pattern)
    return found


def _do(text: str) -> Do:
    found = _rule("- {id: r, when: {event: x}, then: [" + text + "]}\n").then[0]
    assert isinstance(found, Do)
    return found


COMPLETE = next(chunk for chunk in read_chunks("parse") if chunk.name == "rules: everything a rule may say")


def test_leaves_take_their_operators() -> None:
    """A scalar is equality, a list is *in*, a mapping is a leaf for each operator; paths are split at dots."""
    pattern = _pattern("{state: s, where: {a.b: x, n: [1, $o.n], m: {at_least: 1, not: [2]}, e: {exists: false}}}")
    expected = (
        Leaf(("a", "b"), "is", Literal("x")),
        Leaf(("n",), "in", (Literal(1), Reference("o", ("n",)))),
        Leaf(("m",), "at_least", Literal(1)),
        Leaf(("m",), "not", (Literal(2),)),
        Leaf(("e",), "exists", Literal(value=False)),
    )
    assert expected == pattern.where


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("$a.f.g-h", Reference("a", ("f", "g-h"))),
        ("$params.x", Parameter("x")),
        ("$$x", Literal("$x")),
        ("$$a.f", Literal("$a.f")),
        ('"$${a.f}"', Literal("${a.f}")),
        ("a$b", Literal("a$b")),
        ("1", Literal(1)),
        ("1.0", Literal(1.0)),
        ('"1"', Literal("1")),
        ("true", Literal(value=True)),
        ("-0.0", Literal(0.0)),
        ("0o17", Literal(15)),
        ("0x1F", Literal(31)),
        ("2026-01-01", Literal("2026-01-01")),
    ],
)
def test_operands_mean_what_is_written(written: str, meant: object) -> None:
    """`$` begins a reference or a parameter, `$$` a text; numbers and truth values are those of YAML 1.2."""
    operand = _pattern(f"{{state: s, where: {{f: {written}}}}}").where[0].operand
    assert (meant, type(getattr(meant, "value", None))) == (operand, type(getattr(operand, "value", None)))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("$a.f", Reference("a", ("f",))),
        ("${a.f}", Template((Reference("a", ("f",)),))),
        ("on ${a.f}/${ params.p }!", Template(("on ", Reference("a", ("f",)), "/", Parameter("p"), "!"))),
        ("$${a.f} costs ${a.f}", Template(("${a.f} costs ", Reference("a", ("f",))))),
        ("$5 or so", None),
        ("5 $", Literal("5 $")),
    ],
)
def test_texts_of_steps_are_filled_in(written: str, meant: object) -> None:
    """`${…}` in the text of a step is filled in; a text that is one reference is that value."""
    text = HEAD + f'- {{id: r, when: {{event: x}}, then: [{{do: noop, with: {{text: "{written}"}}}}]}}\n'
    ruleset, _ = parse_rules(Source("rules.yaml", text))
    assert ruleset is not None
    found = [step.params["text"] for rule in ruleset.rules for step in rule.then if isinstance(step, Do)]
    assert ([] if meant is None else [meant]) == found


def test_lists_and_mappings_of_steps_are_values() -> None:
    """Lists and mappings under `with` are frozen literals."""
    step = _do("{do: x, with: {l: [a, {b: $$c}]}}")
    assert FrozenMap({"l": Literal(("a", FrozenMap({"b": "$c"})))}) == step.params


def test_one_pattern_is_wrapped() -> None:
    """A `when` of one pattern is an `all` of it, and takes what belongs around it; `for` stays with the pattern."""
    around = "for: 1s, within: 5m, same: [h], unless: [{state: y}]"
    expected = Group(
        "all",
        (Pattern("#1", "event", ("x",), held=Literal("1s")),),
        same=(Same(("h",)),),
        within=Literal("5m"),
        unless=(Pattern("#2", "state", ("y",)),),
    )
    assert expected == _rule(f"- {{id: r, when: {{event: x, {around}}}, then: [{{do: n}}]}}").when


def test_patterns_without_a_name_are_numbered_through_the_rule() -> None:
    """`#1`, `#2` … run through the conditions, steps, guards and outcome of a rule, and begin anew in the next."""
    text = (
        "- id: a\n  when: {all: [{event: x}, {as: n, event: y}], unless: [{state: u}]}\n"
        "  then: [{do: d, confirm: {state: c, within: 5s}}]\n"
        "  guard: [{min_healthy: 50%, of: {state: h}}]\n"
        "  outcome: {healthy: {state: o}, within: 5m}\n"
        "- {id: b, when: {event: x}, then: [{do: d}]}\n"
    )
    first, second = _ruleset(HEAD + text).rules
    step = first.then[0]
    assert isinstance(step, Do)
    assert step.confirm is not None
    assert first.outcome is not None
    groups = (first.when.items, first.when.unless, step.confirm.condition.items, first.outcome.healthy.items)
    aliases = [item.alias for items in groups for item in items if isinstance(item, Pattern)]
    assert ["#1", "n", "#2", "#3", "#5"] == aliases
    assert "#4" == first.guard[0].settings["of"].alias
    assert Pattern("#1", "event", ("x",)) == second.when.items[0]


def test_the_deadline_of_a_confirmation_is_no_window() -> None:
    """`within` of `confirm` stands beside the condition, not in it."""
    confirm = _do("{do: d, confirm: {none: [{event: x}], within: 5m}}").confirm
    assert confirm is not None
    assert (Literal("5m"), None) == (confirm.within, confirm.condition.within)


def test_counts_and_aggregates() -> None:
    """Bounds, window, groups and measure are read as written."""
    count = _pattern("{event: x, count: {at_least: 3, less_than: $params.n, within: 5m, by: [a.b], distinct: c}}").count
    bounds = (Bound("at_least", Literal(3)), Bound("less_than", Parameter("n")))
    assert Count(bounds, Literal("5m"), (("a", "b"),), ("c",)) == count
    average = _pattern("{state: x, aggregate: {avg: a.b, more_than: 1.5, by: [h]}}").aggregate
    assert Aggregate("avg", ("a", "b"), (Bound("more_than", Literal(1.5)),), None, (("h",),)) == average
    share = _pattern("{state: x, aggregate: {percent_of: {up: false}, at_least: 50}}").aggregate
    assert share is not None
    assert (Leaf(("up",), "is", Literal(value=False)),) == share.of


def test_steps() -> None:
    """Order, retry and withdrawal are read as written; no `after` is something else than an empty one."""
    step = _do("{do: d, after: [], retry: {times: 2, backoff: 10s, cap: 5m}, timeout: 1m, id: s}")
    assert ((), "s", Literal("1m")) == (step.after, step.id, step.timeout)
    assert Retry(2, Literal("10s"), Literal("5m")) == step.retry
    assert _do("{do: d}").after is None
    rule = _rule("- {id: r, when: {event: x}, then: [{conclude: k, with: {h: $a.h}, cleared: true}]}")
    assert (Conclude("k", FrozenMap({"h": Reference("a", ("h",))}), cleared=True),) == rule.then


def test_every_part_knows_its_address() -> None:
    """Leaves, patterns and groups are found again by their address."""
    rule = _ruleset(COMPLETE.source.text).rules[0]
    patterns = [item for item in rule.when.items if isinstance(item, Pattern)]
    assert "rules[complete].when" == rule.when.address
    assert "rules[complete].when.all[0].where.labels.zone" == patterns[0].where[0].address
    assert "rules[complete].when.all[0].where.level.at_least" == patterns[0].where[2].address
    assert patterns[4].aggregate is not None
    first = patterns[4].aggregate.of[0]
    assert isinstance(first, Leaf)
    assert "rules[complete].when.all[4].aggregate.percent_of.status" == first.address
    formula = rule.when.items[6]
    assert isinstance(formula, Formula)
    assert "rules[complete].when.all[6]" == formula.address
    assert rule.outcome is not None
    assert "rules[complete].outcome.healthy.none[0]" == getattr(rule.outcome.healthy.items[0], "address", "")


def test_every_part_knows_its_place() -> None:
    """Spans cover just what was written: keys for leaves, values for operands."""
    source = Source("rules.yaml", HEAD + "- {id: r, when: {state: s, where: {host: 'a'}}, then: [{do: d}]}\n")
    ruleset, _ = parse_rules(source)
    assert ruleset is not None
    pattern = ruleset.rules[0].when.items[0]
    assert isinstance(pattern, Pattern)
    leaf = pattern.where[0]
    assert isinstance(leaf.operand, Literal)
    spans = [leaf.span, leaf.operand.span, pattern.span, ruleset.rules[0].span]
    written = [source.line(span.line)[span.column - 1 : span.end_column - 1] for span in spans]
    whole = source.line(4)
    assert ["host", "'a'", "{state: s, where: {host: 'a'}}", whole[2:]] == written


def test_two_spellings_are_one_rule_set() -> None:
    """Places stand outside equality."""
    flow = _ruleset(HEAD + "- {id: r, when: {event: x}, then: [{do: d}]}\n")
    block = _ruleset(HEAD + "- id: r\n  when:\n    event: 'x'\n  then:\n  - do: d\n")
    assert flow == block


def test_the_engines_own_kinds_are_always_there() -> None:
    """Every rule set can speak of decisions, outcomes and episodes."""
    ruleset = _ruleset(HEAD + "  []\n")
    assert SELF_KINDS.kinds == ruleset.vocabulary.kinds
    assert ["selfheal.decision", "selfheal.outcome", "selfheal.episode"] == list(SELF_KINDS.kinds)
    assert ("episode",) == SELF_KINDS.kinds["selfheal.episode"].key


def test_a_rule_with_a_finding_is_left_out() -> None:
    """What is sound is given all the same, so that it can be checked further."""
    bad = "- {id: bad, when: {event: off}, then: [{do: d}]}\n- {id: worse}\n"
    good = "- {id: good, when: {event: x}, then: [{do: d}]}\n"
    ruleset, report = parse_rules(Source("rules.yaml", HEAD + bad + good))
    assert ruleset is not None
    assert ["good"] == [rule.id for rule in ruleset.rules]
    assert ["SH010", "SH101", "SH101"] == [finding.code for finding in report.findings]
