"""Two rules that may overlap, and of which no stream shows it, are told with the reason and with what to look at."""

from pathlib import Path

import pytest

from selfheal_rules.survey.overlaps import find_overlaps
from selfheal_rules.survey.text import overlaps_text
from tests.survey.written import cloud, rules

ALONE = cloud("healers: []")
PAGE = Path(__file__).parents[2] / "docs" / "overlap-analysis.md"


def test_what_ships_is_shown_or_told() -> None:
    """Each pair of the rule sets that ship of which nothing is shown rests on what the engine does itself."""
    rows = [line for line in _section("## Not solved").splitlines() if line.startswith("| `")]
    felled = "`compute-host-failure / keep-off`", "`compute-host-failure / force-host-up`"
    own = {*felled, "`memory-leak / restart-centrally`"}
    assert own == {row.removeprefix("| ").split(" | ")[0] for row in rows}
    assert all("rests on what the engine does itself" in row for row in rows)


def _section(title: str) -> str:
    return PAGE.read_text("utf-8").partition(title)[2].partition("\n## ")[0]


COUNTED = """\
states:
  storm: {key: [binary], fields: {binary: string}}
rules:
  - id: count
    when: {as: a, state: service.liveness, where: {binary: x, alive: ALIVE}, count: {at_least: 3}}
    then: [{conclude: storm, with: {binary: x}}]
  - id: act
    when:
      all:
        - {as: s, state: storm}
        - {as: b, state: service.liveness, where: {alive: ALIVE}}
      same: [binary]
    then: [{do: compute.disable_service, target: $b.host}]
"""
SINGLE = """\
rules:
  - id: restart
    when: {as: a, state: service.liveness, where: {alive: false}}
    then: [{do: compute.enable_service, target: $a.host}]
"""


def test_what_is_not_solved_is_told() -> None:
    """Both rules are named, the item that may make both act, why no stream shows it, and what to look at."""
    found = find_overlaps([rules(COUNTED.replace("ALIVE", "false"), "many"), rules(SINGLE, "one")], ALONE)
    assert () == found.overlaps
    (open_one,) = found.unsolved
    assert ("many / act", "one / restart", "service.liveness") == (
        open_one.first.name, open_one.second.name, open_one.kind
    )  # fmt: skip
    assert ("`many / count` counts states (`service.liveness`)",) == open_one.why
    assert "`rulesets: [many, one]`" in open_one.look
    assert "not shown, as `many / count` counts states" in overlaps_text(found)
    assert "unsolved" == open_one.to_json()["how"]


def test_what_cannot_be_is_not_unsolved() -> None:
    """Where no item is both what one and what the other asks for, there is nothing to look at."""
    found = find_overlaps([rules(COUNTED.replace("ALIVE", "true"), "many"), rules(SINGLE, "one")], ALONE)
    assert ((), ()) == (found.overlaps, found.unsolved)


RECKONED = """\
states:
  load: {key: [host], fields: {host: string, used: {type: number, required: true}}}
rules:
  - id: reckon
    when: WHEN
    then: [{do: compute.disable_service, target: $a.host}]
  - id: plain
    when: {as: b, state: load}
    then: [{do: compute.enable_service, target: $b.host}]
"""


@pytest.mark.parametrize(
    ("when", "why"),
    [
        (
            "{as: a, state: load, aggregate: {max: used, at_least: 90, by: [host]}}",
            "`small / reckon` reckons over several items (`load`)",
        ),
        (
            '{all: [{as: a, state: load}, {test: "a.used > 90"}]}',
            "`small / reckon` compares by an expression (`test`)",
        ),
    ],
)
def test_what_is_reckoned_is_not_solved(when: str, why: str) -> None:
    """An aggregate may need several items, and an expression a value that is not looked for."""
    found = find_overlaps([rules(RECKONED.replace("WHEN", when))], ALONE)
    assert [((why,), "load")] == [(one.why, one.kind) for one in found.unsolved]
