"""The timeline: how evidence of every form reads."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from selfheal_rules.cli.origins import Origins
from selfheal_rules.cli.words import number, shown, stamp
from selfheal_rules.decide import Evidence
from selfheal_rules.events import Event, State
from selfheal_rules.normalize import Reading
from selfheal_rules.values import FrozenMap
from tests.calls import Call, caller, cloudevent
from tests.payloads import VOCABULARY

TIME = datetime(2026, 1, 1, 12, tzinfo=UTC)
RULES = """\
selfheal: 1
ruleset: forms
events:
  beat: {fields: {host: {type: string, required: true}, n: integer, at: time, took: duration, tags: {list: string}}}
  storm: {fields: {host: {type: string, required: true}}}
rules:
  - id: counted
    when: {all: [{as: b, event: beat, count: {at_least: 12, within: 1h, by: [host]}}]}
    then: [{conclude: storm, with: {host: $b.host}}]
  - id: told
    when: {all: [{as: s, event: storm}]}
    then: [{do: noop, id: first, target: $s.host}]
  - id: tried
    when: {all: [{as: b, event: beat, where: {n: 99}}]}
    then:
      - do: restart
        target: $b.at
        with: {took: $b.took, tags: $b.tags}
        timeout: 1m
        confirm: {event: storm}
        retry: {times: 1, backoff: 1m}
"""


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Call:
    """Run the rules of this page over lines."""
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    command = caller(monkeypatch, capsys)
    return lambda *options, text: command("run", tmp_path, "--input", "-", *options, text=text)


def _beat(second: int, **fields: object) -> bytes:
    return cloudevent("beat", str(second), f"2026-01-01T12:00:{second:02}Z", host="a", **fields)


def test_a_count_lists_what_it_counted_but_not_for_pages(call: Call) -> None:
    """Ten events stand below it with their lines, and how many more there are; the conclusion stands above."""
    found = call(text=b"".join(_beat(second, n=second) for second in range(12)))
    told = found.out.split("    because\n")[1].split("\n\n")[0].splitlines()
    assert "      s: storm, 12:00:11, concluded by counted" == told[0]
    assert "          b: count a, 12:00:11" == told[2]
    assert "              beat 0, 12:00:00, from test, line 1" == told[4]
    assert "              and 2 more" == told[-1]


def test_values_of_every_type_read_as_an_author_writes_them(call: Call) -> None:
    """Times, durations and lists are no Python; a second attempt says that it is one."""
    line = _beat(0, n=99, at="2026-01-01T00:00:00Z", took="1h30m", tags=["x", "y"])
    found = call("--until", "2026-01-01T12:10:00Z", text=line)
    assert "2026-01-01T12:00:00Z  restart 2026-01-01T00:00:00Z\n" in found.out
    assert "    with     took: 1h30m\n" in found.out
    assert '    with     tags: ["x","y"]\n' in found.out
    assert "    rule     tried (forms), step 0, attempt 2\n" in found.out
    (first, _) = call("--until", "2026-01-01T12:10:00Z", "--format", "json", text=line).objects
    assert ("2026-01-01T00:00:00+00:00", {"took": "1h30m", "tags": ["x", "y"]}) == (first["target"], first["params"])


def test_words_for_people() -> None:
    """Instants end with `Z`, counts have their noun and thousands, durations their units."""
    assert ("2026-01-01T12:00:00Z", "1 line", "1,000 lines") == (stamp(TIME), number(1, "line"), number(1000, "line"))
    assert ["true", "1.5", "1h30m", "text"] == [shown(value) for value in (True, 1.5, timedelta(minutes=90), "text")]


def _evidence(form: str, **more: object) -> Evidence:
    known = {"alias": "a", "kind": "alarm", "source": "s", "id": "", "key": ("s", "1"), "time": TIME}
    return Evidence(form=form, **(known | more))  # type: ignore[arg-type]


def test_lines_are_known_of_the_latest_items_alone() -> None:
    """What is long ago has no line, what was concluded never had one, and a repetition keeps the first."""
    origins = Origins(VOCABULARY, remembered=2)
    alarm = State("alarm", "s", TIME, FrozenMap({"alarm": "1", "status": "ok"}))
    for line, ident in ((1, "x"), (2, "y"), (3, "y")):
        origins.note(Reading(line, Event(ident, "host.lost", "s", TIME)))
    origins.note(Reading(4, alarm))
    origins.note(Reading(5, alarm))
    events = [_evidence("event", kind="host.lost", id=ident, key=()) for ident in ("x", "y")]
    assert [None, 2] == [origins.line(one) for one in events]
    assert [5, None, None] == [
        origins.line(one) for one in (_evidence("state"), _evidence("state", rule="r"), _evidence("count"))
    ]
