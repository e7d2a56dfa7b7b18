"""The table of other healers is sound, and ships as a policy."""

from pathlib import Path

import pytest

from selfheal_rules import load_rules
from selfheal_rules.actions import CATALOGUE
from selfheal_rules.check import check_rules
from selfheal_rules.check.policy import check_policy
from selfheal_rules.guard.binding import refuse_policy
from selfheal_rules.parse.policy import load_policy
from selfheal_rules.survey.overlaps import find_overlaps
from selfheal_rules.survey.shipped import given as told_by
from selfheal_rules.survey.shipped import healers
from tests import healers_page
from tests.shipped import known, program
from tests.survey.written import cloud

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", healers())
def test_each_healer_is_a_sound_rule_set(name: str) -> None:
    """It says all that is told of it, each action is of the catalogue, and each of its facts has a source."""
    found = healers()[name]
    assert [] == list(check_rules(found).findings)
    told = {"project", "switch", "recognised", "yielding", "yields", "sources"}
    assert told == set(found.metadata) - {"markers"}
    assert found.metadata["yielding"] in {"rules", "healer"}
    assert found.metadata["sources"]
    assert all(told_by(rule, "action") for rule in found.rules)
    assert [] == [action for rule in found.rules for action in told_by(rule, "action") if action not in CATALOGUE]


def test_the_marks_of_healers_ship_as_a_policy() -> None:
    """The example is written from the table, any program takes it; each mark has to be there, and names its owner."""
    path = ROOT / "examples" / "other-healers.yaml"
    assert healers_page.text() == path.read_text("utf-8")
    policy = load_policy(path)
    refuse_policy(program(), policy)
    assert [] == list(check_policy(policy, known()).findings)
    assert all(one.owner for one in policy.stand_down)


def test_healers_that_are_not_there_are_left_out() -> None:
    """A cloud names those it has; with them both are known to be there, and without a cloud none is."""
    some = [load_rules(ROOT / "rulesets" / name) for name in ("compute-host-failure", "cinder-backend", "l3-agent")]
    found = find_overlaps(some, cloud("healers: [masakari]"))
    assert ["masakari"] == [one.name for one in found.healers]
    assert {"", "Masakari"} == {one.second.healer for one in found.overlaps}
    assert {True} == {one.is_finding for one in found.overlaps if one.second.healer and not one.is_apart}
    assert not any(one.is_finding for one in find_overlaps(some).overlaps if one.second.healer)
