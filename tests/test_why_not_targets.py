"""Why not, for a target: what it says of the match, and what no target of a rule can be."""

import pytest

import selfheal_rules as sr
from selfheal_rules.explain.why_not import Input, why_not
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source
from tests.asked import ALONE, CRITICAL, HEAD, LATER, OFF, alarm, power, program, rule, second, state


def test_a_rule_of_other_targets_says_which() -> None:
    """Where a target cannot be traced back to one that was asked for, those it fired for are named."""
    answer = why_not(program(rule(ALONE, target='"${a.host}-${a.severity}"')), [alarm(0, **CRITICAL)], "x", "c2-info",
                     second(0))  # fmt: skip
    assert ("key", "the host of a had been c2 and the severity of a had been info") == (
        answer.failed, answer.counterfactual,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("target", "asked", "failed"),
    [
        ('"${a.host}-x"', "c1-x", ""), ('"${a.host}-x"', "c1", "key"), ('"${a.host}-x"', "c2-x", "key"),
        ('"${a.host}/${a.n}"', "c1/3", ""), ('"${a.host}/${a.n}"', "c1/4", "key"),
        ('"${a.host}/${a.n}"', "c1/four", "key"), ('"${a.host}/${a.n}"', "c1", "key"), ("all", "all", ""),
        ("all", "c1", "key"),
    ],
)  # fmt: skip
def test_a_target_that_is_a_text_is_taken_apart(target: str, asked: str, failed: str) -> None:
    """Each of its fields is what it has to have been; what the text can never become is nobody's, and said so."""
    answer = why_not(program(rule(ALONE, target=target)), [alarm(0, n=3)], "x", asked, second(0))
    assert failed == answer.failed
    if asked in {"c1", "c1/four"}:
        said = target.strip('"')
        assert f"no target of it can be {asked}: a target is " in answer.lines[0].text
        assert answer.lines[0].text.endswith(f"`{said}`" if "$" in said else said)


def test_a_target_with_a_text_around_it_is_traced_back() -> None:
    """What a field has become in a text says what the field was."""
    rules = program(rule(ALONE, target='"host ${a.host}!"'))
    answer = why_not(rules, [alarm(0, "c2")], "x", "host c1!", second(LATER))
    assert ("key", "the host of a had been c1") == (answer.failed, answer.counterfactual)
    assert "" == why_not(rules, [alarm(0)], "x", "host c1!", second(0)).failed


PAIRS = """\
  - id: y
    when: {event: power, as: p, count: {at_least: 2, within: 1m, by: [host, state]}}
    then: [{conclude: pair, with: {host: $p.host, state: $p.state}, ttl: 1m}]
"""


def test_what_is_concluded_of_one_is_not_said_of_another() -> None:
    """A key of two fields is asked as a tuple, or as the JSON of one, and is answered by what came of that key."""
    kind = "  pair: {key: [host, state], fields: {host: string, state: string}}\n"
    found, _ = parse_rules(Source("r.yaml", HEAD.replace("rules:\n", kind + "rules:\n") + PAIRS))
    assert found
    rules = sr.compile_rules(found)
    inputs: list[Input] = [power(0, **OFF), power(1, **OFF), power(2, "c2", **OFF)]
    for target, failed in ((("c1", "off"), ""), (("c2", "off"), "count"), ('["c2", "off"]', "count"), ("c2", "key")):
        assert failed == why_not(rules, inputs, "y", target, second(2)).failed, target
    (line,) = why_not(rules, inputs, "y", "c2", second(2)).lines
    assert "no target of it can be c2: a target is `$p.host` (string) and `$p.state` (string)" == line.text


def test_a_target_of_another_type_is_nobodys() -> None:
    """What no field can be is said; a text is read as the number it writes where only a number can be meant."""
    rules = rule("{state: up, as: a, where: {n: {at_least: 3}}}")
    inputs: list[Input] = [state("up", 0, n=2), state("up", 0, host="7", n=2)]
    assert "a target is `$a.host` (string)" in why_not(program(rules), inputs, "x", 7, second(0)).lines[0].text
    assert "where" == why_not(program(rules), inputs, "x", "7", second(0)).failed
    numbered = rule("{state: up, as: a, where: {az: z1}}", target="$a.n")
    for target, failed in ((2, "where"), ("2", "where"), ("two", "key"), ("true", "key")):
        assert failed == why_not(program(numbered), inputs, "x", target, second(0)).failed, target
