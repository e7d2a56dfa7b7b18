"""A fence never yields, and what two do to one target for items of their own is told as such."""

import pytest

from selfheal_rules.survey.overlaps import find_overlaps
from selfheal_rules.survey.sections import NOT_ALL
from selfheal_rules.survey.text import overlaps_text
from tests.survey.written import GUARDED, cloud, rules

ALONE = cloud("healers: []")


@pytest.mark.parametrize("held", ["", ", for: 2m"])
def test_a_fence_never_yields(held: str) -> None:
    """Neither to what does less harm, nor to what decides before it; the policy names it the winner."""
    text = FENCING.replace("HELD", held) + GUARDED
    (found,) = find_overlaps([rules(text)], ALONE).overlaps
    assert ("small / two", "a fence never yields") == (found.yields, found.why)
    assert "name the winner in the policy: `conflicts: [[compute.fence, compute.disable_service]]`" == found.cure


FENCING = """\
rules:
  - id: two
    when: {as: b, state: service.liveness, where: {alive: false}}
    then: [{do: compute.disable_service, target: $b.host}]
  - id: one
    when: {all: [{as: a, state: service.liveness, where: {alive: false} HELD}]}
    then:
      - do: compute.fence
        target: $a.host
        confirm: {state: node.power, where: {host: $a.host, power: "off"}, within: 2m}
"""


APART = """\
rules:
  - id: told
    when: {as: a, state: alarm, where: {name: HostDown, status: problem, host: {exists: true}}}
    then: [{do: compute.disable_service, target: $a.host}]
  - id: dead
    when: {as: b, state: service.liveness, where: {binary: nova-compute, alive: false}}
    then: [{do: compute.disable_service, target: $b.host}]
  - id: back
    when: {as: c, event: host.lost, where: {host: {exists: true}}}
    then: [{do: compute.enable_service, target: $c.host}]
"""


def test_the_same_or_the_opposite_for_two_items_is_told() -> None:
    """As what may befall one target; it is no finding, and the kinds of both items are named."""
    found = find_overlaps([rules(APART)], ALONE)
    assert [
        ("twice", "small / told", "small / dead", "alarm, service.liveness"),
        ("against", "small / told", "small / back", "alarm, host.lost"),
        ("against", "small / dead", "small / back", "service.liveness, host.lost"),
    ] == [(one.how, one.first.name, one.second.name, one.kind) for one in found.overlaps]
    assert () == found.findings
    assert "the same or the opposite to one target, for different items" in overlaps_text(found)
    assert NOT_ALL in overlaps_text(found)


def test_how_far_it_is_can_be_told() -> None:
    """Of how many pairs of rules that act, how many were looked at."""
    said: list[tuple[int, int]] = []
    find_overlaps([rules(APART)], ALONE, lambda number, of: said.append((number, of)))
    assert [(0, 3), (1, 3), (2, 3)] == said


def test_what_asks_for_more_goes_first() -> None:
    """Of two that can do as much harm."""
    text = """\
rules:
  - id: one
    when: {as: a, state: service.liveness, where: {alive: false}}
    then: [{do: compute.enable_service, target: $a.host}]
  - id: two
    when: {all: [{as: a, state: service.liveness, where: {alive: false}}, {as: b, event: host.lost}], same: [host]}
    then: [{do: compute.disable_service, target: $a.host}]
"""
    (found,) = find_overlaps([rules(text)], ALONE).overlaps
    assert ("small / one", "`small / two` asks for more before it acts") == (found.yields, found.why)
