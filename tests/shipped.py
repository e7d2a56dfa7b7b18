"""The rule sets that ship, read by whoever asks first: at import every worker would pay for them as it collects."""

from functools import cache
from pathlib import Path

from selfheal_rules import compile_rules, load_rules
from selfheal_rules.compile import Program
from selfheal_rules.model import RuleSet
from selfheal_rules.survey.shipped import faults
from selfheal_rules.vocabulary import Vocabulary

FOLDERS = tuple(path.parent for path in sorted((Path(__file__).parents[1] / "rulesets").glob("*/rules.yaml")))


@cache
def shipped() -> tuple[RuleSet, ...]:
    """Give all rule sets that ship, by name."""
    return tuple(map(load_rules, FOLDERS))


@cache
def program() -> Program:
    """Give all of them as one program."""
    return compile_rules(*shipped())


@cache
def known() -> Vocabulary:
    """Give their words, and those of the faults of a cloud."""
    return program().vocabulary | faults().vocabulary
