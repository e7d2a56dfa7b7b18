"""The tables that ship, each a rule set: what counts as a failure, and how other healers answer to what."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from selfheal_rules.check import load_rules
from selfheal_rules.model import Do, Literal, Rule, RuleSet
from selfheal_rules.values import FrozenMap

_HERE = Path(__file__).parent


@cache
def faults() -> RuleSet:
    """Give the failures the shipped vocabulary can tell, one a rule; the class of each stands with its step."""
    return load_rules(_HERE / "faults.yaml")


@cache
def healers() -> Mapping[str, RuleSet]:
    """
    Give the other healers by name, each with what it does to what because of what.

    A step is a `noop`, since it is not this engine that acts; `action` beside it says what is done. `metadata` tells
    the project, its switch, by what it is recognised, who is `yielding` (`rules` or the `healer`) and why, and the
    sources of all that; `markers` are entries of a policy's `stand_down`; without `owner`, it is the project.
    """
    return FrozenMap({path.stem: load_rules(path) for path in sorted((_HERE / "healers").glob("*.yaml"))})


def given(rule: Rule, name: str) -> tuple[str, ...]:
    """Give what a rule of these tables says under a name beside its steps, once for each step that says it."""
    values = (step.params.get(name) for step in rule.then if isinstance(step, Do))
    return tuple(str(value.value) for value in values if isinstance(value, Literal))
