"""The checks give findings, never an exception, whatever the reading stage lets through."""

import random
import re

import pytest

from selfheal_rules.check import CHECKS, check_rules
from selfheal_rules.diagnostics import Report
from selfheal_rules.model import Conclude, Do, Group, Rule, RuleSet
from selfheal_rules.model import Pattern as Witness
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source
from selfheal_rules.vocabulary import SELF_KINDS, Vocabulary
from tests.chunks import read_chunks
from tests.everyday import some

TEXTS = [chunk.source.text for folder in ("check", "parse") for chunk in read_chunks(folder)]
_WORDS = re.compile(r"[\w.$]+|[{}\[\],:]")


def _mutated(text: str, chance: random.Random) -> str:
    """Replace some words of a text by others of it, so that much of it can still be read."""
    beginning, _, rules = text.partition("rules:\n")
    words = _WORDS.findall(rules) or ["x"]

    def other(found: re.Match[str]) -> str:
        keep = chance.random() < 0.93 or found[0] in "{}[],:"
        return found[0] if keep else chance.choice([word for word in words if word not in "{}[],:"] or ["x"])

    return f"{beginning}rules:\n{_WORDS.sub(other, rules)}"


@pytest.mark.parametrize("text", some(TEXTS, 8))
def test_whatever_was_read_can_be_checked(text: str) -> None:
    """A rule set with words exchanged at random is checked to the end."""
    chance = random.Random(text)
    for _ in range(15):
        ruleset, _ = parse_rules(Source("mutated.yaml", _mutated(text, chance)))
        if ruleset is not None:
            assert isinstance(check_rules(ruleset), Report)


def test_mutations_are_read_often_enough() -> None:
    """The property above is about something: many a mutated text still gives rules."""
    chance = random.Random(5)
    read = [parse_rules(Source("mutated.yaml", _mutated(text, chance)))[0] for text in TEXTS]
    assert sum(ruleset is not None and bool(ruleset.rules) for ruleset in read) > len(TEXTS) // 3


@pytest.mark.parametrize(
    "rule",
    [
        Rule("a", Group("all", ()), ()),
        Rule("a", Group("any", ()), (Do("noop"),)),
        Rule("a", Group("sequence", ()), (Conclude("x"),)),
        Rule("a", Group("none", ()), (Do("noop"), Conclude("selfheal.episode"))),
        Rule("a", Group("all", (Witness("a", "event", ()),)), (Do("noop"),)),
    ],
    ids=lambda rule: rule.when.logic,
)
def test_odd_rules_built_in_python_are_findings(rule: Rule) -> None:
    """What no YAML text can say is refused like anything else."""
    assert check_rules(RuleSet("odd", (rule,), SELF_KINDS)).errors


def test_nothing_is_nothing_wrong() -> None:
    """A rule set without rules has no findings."""
    assert "no findings" == check_rules(RuleSet("empty", (), Vocabulary("none"))).render()


def test_checks_have_names_of_their_own() -> None:
    """Each check is known by a name, and all of them run."""
    assert len(CHECKS) == len({check.name for check in CHECKS})
