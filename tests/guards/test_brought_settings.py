"""How guards of other packages are written: their settings are held to their types, as those of ours are."""

import re
from typing import Any

import pytest
from attrs import evolve

from selfheal_rules.actions import Param
from selfheal_rules.check import check_rules
from selfheal_rules.check.policy import check_policy
from selfheal_rules.guards import GUARDS, GuardType
from selfheal_rules.parse import parse_rules
from selfheal_rules.parse.policy import parse_policy
from selfheal_rules.source import Source
from selfheal_rules.values import FrozenMap
from selfheal_rules.vocabulary import DURATION, INTEGER, STRING, FieldType
from tests.guards.rig import DRAIN, FREE, LOST, VOCABULARY, load, rule

PAUSE = GuardType("acme.pause", "It waits.", DURATION, unless="it waited", judge=lambda *_: None)
SAYS = GuardType("acme.says", "It says so.", INTEGER, unless="it said so", judge=lambda *_: None)


WRONG = {
    "{acme.pause: 5}": "SH021",
    "{acme.pause: $e.host}": "SH021",
    "{acme.pause: 10s, wait: 3s}": "SH151",
    "{acme.says: x}": "SH220",
    "{acme.says: $e.host}": "SH369",
    "{acme.says: [1]}": "SH020",
    "{acme.says: 1, way: sideways}": "SH220",
    "{acme.says: 1, names: [1]}": "SH220",
    "{acme.says: 1, names: [$e.host]}": "SH369",
    "{acme.says: 1, fails: maybe}": "SH152",
    "{acme.needs: 1}": "SH153",
    "{limit: $e.host, per: 10m}": "SH369",
    "{nobody.knows: 1}": "SH150",
}


@pytest.mark.parametrize("written", WRONG)
def test_settings_are_held_to_their_types(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At their place, in a rule and in a policy; a name nobody brings is no guard, and what to install is said."""
    words = FrozenMap(
        way=_param(FieldType("enum", ("up", "down"))), names=_param(FieldType("list", element=STRING)),
    )  # fmt: skip
    needs = evolve(SAYS, name="acme.needs", words=FrozenMap(much=_param(INTEGER, required=True)))
    guards = (PAUSE, evolve(SAYS, words=words), needs)
    monkeypatch.setitem(GUARDS.__dict__, "_brought", ({one.name: one for one in guards}, ()))
    ruleset, report = parse_rules(
        Source("r.yaml", f"selfheal: 1\nruleset: s\n{VOCABULARY}rules:\n{rule(LOST, DRAIN, written)}")
    )
    assert ruleset is not None
    found = [one for one in (report + check_rules(ruleset)).errors if one.code == WRONG[written]]
    assert WRONG[written] in [one.code for one in found]
    if "$e" in written:
        return
    policy, said = parse_policy(Source("p.yaml", f"{FREE}guards: [{written}]\n"))
    assert policy is not None
    checked = said + check_policy(policy, load(rule(LOST, DRAIN)).vocabulary)
    assert WRONG[written] in [one.code for one in checked.errors]


def _param(kind: FieldType, *, required: bool = False) -> Param:
    return Param(kind, "One.", required)


@pytest.mark.parametrize(
    ("changed", "why_not"),
    [
        ({"words": FrozenMap(by=_param(STRING))}, "`by` of guard `acme.says` is a word of every guard"),
        ({"own": FieldType("map", element=STRING)}, "of type map of string, and no setting is"),
        ({"unless": ""}, "needs `doc`, and `unless`"),
    ],
)
def test_what_could_not_be_written_is_no_guard(changed: dict[str, Any], why_not: str) -> None:
    """Its package cannot make it, and is told."""
    with pytest.raises(ValueError, match=re.escape(why_not)):
        evolve(SAYS, **changed)
