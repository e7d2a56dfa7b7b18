"""What people read of a failure stays readable, however much went wrong."""

from datetime import UTC, datetime
from pathlib import Path

from selfheal_rules.testing.report import LONGEST, REASONS, SHOWN, lines, summary, text
from selfheal_rules.testing.results import Result
from selfheal_rules.testing.writing import value_text
from tests.suites import result_of

MANY = "{repeat: {every: 1s, times: 60, as: n}, post: [{event: lost, with: {host: 'c${n}'}}], expect: []}"


def test_much_is_cut(tmp_path: Path) -> None:
    """Of many decisions the first are shown, of many moments the last, of reasons a few; and how many more."""
    found = text(result_of(tmp_path, MANY))
    assert LONGEST == found.count("\n    + {do: notify")
    assert f"    and {60 - LONGEST} more lines" in found
    assert f"    ... {60 - SHOWN} moments before" in found
    assert SHOWN == found.count("  {event: lost, with: {host: c")
    assert f"    and {60 - REASONS} more decisions" in found
    assert REASONS == found.count("by mode: every guard")


def test_long_lines_are_cut(tmp_path: Path) -> None:
    """A decision with a long text is written as far as a reader goes along."""
    step = "{t: 0s, event: lost, with: {host: " + "c" * 500 + "}, expect: []}"
    assert max(map(len, text(result_of(tmp_path, step)).splitlines())) < 600


def test_what_holds_reads_as_nothing(tmp_path: Path) -> None:
    """Of a case that passed there is nothing to say; runs of cases are counted."""
    result = result_of(tmp_path, "{t: 0s, expect: []}")
    assert [] == [*lines(result)]
    assert ("1 passed", "no case") == (summary([result]), summary([]))


def _marked(result: Result) -> list[str]:
    return [line.text.strip() for line in lines(result) if "<--" in line.text]


def test_the_miss_is_marked_in_the_timeline(tmp_path: Path) -> None:
    """What nearly made a rule fire is marked: an event or a state not as it should be, an instant that was too late."""
    beats = (
        "{t: 0s, state: alarm, with: {host: c1}}\n{t: 10s, event: beat, with: {host: c1}}\n"
        "{t: 80s, event: beat, with: {host: c1}, expect: [{do: noop, target: c1}, {target: c1, rule: drain}]}"
    )
    assert ["1m20s  <-- 1 of at least 2 in 1m", ">      1m20s  <-- here"] == _marked(result_of(tmp_path, beats))
    state = (
        "{t: 0s, state: alarm, with: {host: c1}}\n{t: 5s, state: power, with: {host: c1, power: 'on'},"
        " why_not: {rule: conclude, target: c1, failed: within}}"
    )
    item = '>         5s  {state: power, with: {host: c1, power: "on"}}  unmatched  <-- power is on, not off'
    assert [item, ">         5s  <-- here"] == _marked(result_of(tmp_path, state))
    event = "{t: 0s, event: lost, with: {host: c2}, expect: [{target: c2}, {do: notify, target: c1}]}"
    item = ">         0s  {event: lost, with: {host: c2}}  matched  <-- lost: host is c2, not c1"
    assert [item, ">         0s  <-- here"] == _marked(result_of(tmp_path, event))


def test_a_case_that_ends_early_says_where(tmp_path: Path) -> None:
    """Where a case cannot go on, its line is told, and what was before; of what held before the start, the line."""
    steps = "{t: 0s, event: beat, with: {host: c1}}\n{t: 1s, result: done, do: notify}"
    found = text(result_of(tmp_path, steps))
    assert "  step 2 at 1s (line 6): the case cannot go on: nothing of the kind was decided before" in found
    assert "              0s  {event: beat, with: {host: c1}}  matched" in found
    given = "    given: [{result: done, do: notify}]\n"
    assert "  line 4: the case cannot go on" in text(result_of(tmp_path, steps, more=given))


def test_each_line_says_what_it_is(tmp_path: Path) -> None:
    """Whoever prints a report can tell what was expected from what came."""
    result = result_of(tmp_path, "{t: 0s, event: lost, with: {host: c1}, expect: [{do: noop}]}")
    kinds = {line.is_: line.text.strip()[:1] for line in lines(result) if line.is_}
    assert {"head": "s", "missing": "-", "extra": "+", "miss": ">"} == kinds


def test_times_are_written_as_yaml_has_them() -> None:
    """An instant is written with its zone."""
    assert "2026-01-01T00:00:00Z" == value_text(datetime(2026, 1, 1, tzinfo=UTC))
