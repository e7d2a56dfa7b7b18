"""`selfheal replay` and `selfheal diff`: a record against one rule set, and against two."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import selfheal_rules as sr
from selfheal_rules.cli.inputs import Lines
from selfheal_rules.healer import Healer
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.parse.policy import load_policy
from tests.calls import GOLDEN, ROOT, RULES, STREAM, Call, Called, caller, cloudevent
from tests.test_cli_explain import journal
from tests.test_replay import SAMPLE, _sample

__all__ = ["journal"]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command from the root of the repository."""
    return caller(monkeypatch, capsys)


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """Write the sample's rules, more patient."""
    text = (ROOT / RULES / "rules.yaml").read_text("utf-8").replace("for: $params.patience", "for: 2m", 1)
    (tmp_path / "rules.yaml").write_text(text, "utf-8")
    return tmp_path


def _golden(name: str, found: Called, code: int) -> None:
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(found.out, "utf-8")
    assert (code, golden.read_text("utf-8")) == (found.code, found.out)


def test_a_replay_tells_what_a_run_does(call: Call, journal: Path) -> None:
    """The decisions are those of `run`, out of payloads and out of a journal."""
    ran = call("run", RULES, "--input", STREAM, "--format", "json").objects
    again = call("replay", RULES, "--input", STREAM, "--format", "json")
    recorded = call("replay", RULES, "--journal", journal, "--format", "json")
    assert ran == again.objects == recorded.objects
    assert "66 inputs: 1 blocked, 2 duplicate, 26 matched, 37 unmatched" in again.err


def test_a_journal_is_replayed_under_its_policy(call: Call, tmp_path: Path) -> None:
    """What was decided under a policy is not replayed without a word as if there had been none."""
    where = tmp_path / "heal.jsonl"
    policy = load_policy("examples/policy.yaml")
    with closing(Healer(sr.Engine(SAMPLE, policy=policy), FileJournal(where))) as healer:
        said = [(one.action, one.verdict.status) for one in healer.take(_sample())]
    found = call("replay", RULES, "--journal", where, "--format", "json")
    assert said == [(one["action"], one["verdict"]) for one in found.objects]
    assert "under policy `region-one`, as the journal" in found.err
    without = call("replay", RULES, "--journal", where, "--without-policy", "--format", "json")
    assert {"shadowed"} == {one["verdict"] for one in without.objects}
    assert "under policy" not in without.err
    assert 0 == call("diff", RULES, RULES, "--journal", where).code
    assert "under policy" in call("diff", RULES, RULES, "--journal", where).err
    both = call("replay", RULES, "--journal", where, "--without-policy", "--policy", "examples/policy.yaml")
    assert (2, True) == (both.code, "name one of them" in both.err)


def test_the_text_of_a_replay(call: Call) -> None:
    """It reads as it did; `UPDATE_GOLDEN=1` writes it anew."""
    _golden("replay", call("replay", RULES, "--input", STREAM), 0)


def test_what_the_rules_do_not_know_is_told(call: Call, tmp_path: Path) -> None:
    """A kind nobody declared is told apart from an item that does not fit, which is a fault of the record."""
    rules = "selfheal: 1\nruleset: o\nevents: {beat: {fields: {n: integer}}}\nrules:\n"
    rules += "  - {id: x, when: {event: beat, as: b}, then: [{do: notify}]}\n"
    (tmp_path / "rules.yaml").write_text(rules, "utf-8")
    beats = [cloudevent("beat", str(n), "2026-01-01T00:00:00Z", n=n) for n in (1, 2)]
    found = call("replay", tmp_path, "--input", "-", text=b"".join([*beats, b"{"]))
    assert (1, True) == (found.code, "2 inputs: 2 matched" in found.out)


def test_a_journal_of_other_kinds_is_replayed_as_far_as_it_goes(call: Call, journal: Path, tmp_path: Path) -> None:
    """What the rules have no word for is counted by kind."""
    rules = "selfheal: 1\nruleset: o\nevents: {beat: {fields: {n: integer}}}\nrules:\n"
    rules += "  - {id: x, when: {event: beat, as: b}, then: [{do: notify}]}\n"
    (tmp_path / "rules.yaml").write_text(rules, "utf-8")
    found = call("replay", tmp_path, "--journal", journal)
    assert (0, True) == (found.code, "the rules have no word for " in found.err)


# Two rule sets


def test_the_same_rules_do_not_differ(call: Call) -> None:
    """The code is that of a gate that lets pass."""
    found = call("diff", RULES, RULES, "--input", STREAM)
    assert (0, "0 differences\n") == (found.code, found.out)


def test_a_difference_has_its_evidence(call: Call, changed: Path) -> None:
    """It reads as it did, and the code says that somebody has to look."""
    _golden("diff", call("diff", RULES, changed, "--input", STREAM), 1)


def test_differences_as_json(call: Call, changed: Path, journal: Path) -> None:
    """One object a line, each with both decisions whole; the same out of a journal."""
    found = call("diff", RULES, changed, "--input", STREAM, "--format", "json").objects
    assert found == call("diff", RULES, changed, "--journal", journal, "--format", "json").objects
    changes = "removed fence, removed force_down, removed evacuate_host, removed disable_service, removed notify"
    assert [*changes.split(", ")] == [f"{one['change']} {one['action'].removeprefix('compute.')}" for one in found]
    assert not any(one["accepted"] for one in found)
    assert {None} == {one["new"] for one in found}


@pytest.mark.whole
def test_a_difference_has_its_reason_where_it_is_asked_for(call: Call, changed: Path) -> None:
    """`--why` asks the side that does not decide, at the instant the other does."""
    found = call("diff", RULES, changed, "--input", STREAM, "--why")
    assert "FAIL  for          all of it held 8m30s of 10m, 1m30s too short" in found.out
    told = call("diff", RULES, changed, "--input", STREAM, "--why", "--format", "json").objects
    misses = [("missing", 90.0), ("missing", 88.140658), ("missing", 86.76492), ("missing", None), ("for", 90.0)]
    assert misses == [(one["why"]["failed"], one["why"]["miss"]) for one in told]


def test_what_is_meant_is_accepted(call: Call, changed: Path, tmp_path: Path) -> None:
    """What was written lets the same differences pass, and says which of it no longer occurs."""
    file = tmp_path / "accepted.jsonl"
    assert 1 == call("diff", RULES, changed, "--input", STREAM, "--write-accepted", file).code
    found = call("diff", RULES, changed, "--input", STREAM, "--accept", file)
    assert (0, "0 differences; 5 differences accepted\n") == (found.code, found.out)
    idle = call("diff", RULES, RULES, "--input", STREAM, "--accept", file)
    assert (0, True) == (idle.code, "line 2 accepts what no longer differs" in idle.err)


@pytest.mark.parametrize(
    ("text", "said"), [("{\n[]\n", "line 2: not an object"), (None, "cannot be read: no such file or directory")]
)
def test_acceptances_that_cannot_be_read_are_refused(call: Call, tmp_path: Path, text: str | None, said: str) -> None:
    """All that is wrong is told, before anything runs."""
    file = tmp_path / "accepted.jsonl"
    if text is not None:
        file.write_text(text, "utf-8")
    found = call("diff", RULES, RULES, "--input", STREAM, "--accept", file)
    assert (3, "", True) == (found.code, found.out, said in found.err)


def test_an_unwritable_file_is_told(call: Call, changed: Path, tmp_path: Path) -> None:
    """The differences are told all the same."""
    found = call("diff", RULES, changed, "--input", STREAM, "--write-accepted", tmp_path / "no" / "file")
    assert (3, True, True) == (found.code, "5 differences" in found.out, "cannot be written" in found.err)


BEATS = """\
selfheal: 1
ruleset: o
events: {{beat: {{fields: {{h: {{type: string, required: true}}, n: integer}}}}}}
rules:
  - id: x
    when: {{event: beat, as: b, where: {{h: [a, b]}}}}
    then: [{{do: notify, target: $b.h}}]
    guard: [{{limit: {limit}, per: 10m}}]
  - id: y
    when: {{event: beat, as: b, where: {{h: {hosts}}}}}
    then: [{{do: notify, target: $b.h, with: {{n: {value}}}}}]
"""


def test_each_way_of_differing_has_its_words(call: Call, tmp_path: Path) -> None:
    """Another verdict, other parameters, and what is there only once."""
    (tmp_path / "old.yaml").write_text(BEATS.format(limit=2, hosts="[c, d]", value=1), "utf-8")
    (tmp_path / "new.yaml").write_text(BEATS.format(limit=1, hosts="[c, e]", value=2), "utf-8")
    beats = (cloudevent("beat", host, f"2026-01-01T00:00:0{n}Z", h=host) for n, host in enumerate("abcde"))
    found = call("diff", tmp_path / "old.yaml", tmp_path / "new.yaml", "--input", "-", text=b"".join(beats))
    heads = [line for line in found.out.splitlines() if line and line[0].isalpha()]
    assert ["verdict: shadowed by mode is held by limit", "params: n 1 is 2", "removed", "added"] == heads
    assert found.out.endswith("4 differences: 1 verdict, 1 params, 1 removed, 1 added\n")


# What takes long


@pytest.mark.parametrize("command", [("replay", RULES), ("diff", RULES, RULES)])
def test_an_interrupt_leaves_what_was_done(
    call: Call, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """Ctrl-C in the middle of the record ends with 130, behind a report of everything before it."""
    whole = Lines.__iter__

    def interrupted(lines: Lines) -> Iterator[bytes]:
        for number, line in enumerate(whole(lines)):
            if number == 20:
                raise KeyboardInterrupt
            yield line

    monkeypatch.setattr(Lines, "__iter__", interrupted)
    found = call(*command, "--input", STREAM)
    assert 130 == found.code
    assert "selfheal: interrupted after " in found.err
    assert ("inputs: " in found.out) or ("0 differences" in found.out)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_long_work_shows_a_bar_with_a_rate(
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """On a terminal, where the end is known: a bar, the count and the rate; taken away at the end."""
    lines = [cloudevent("host.lost", str(n), "2026-01-01T00:00:00Z", host="a", recoverable=True) for n in range(200)]
    (tmp_path / "stream.jsonl").write_bytes(b"".join(lines))
    ticks = iter(range(0, 100_000, 3))
    monkeypatch.setattr("selfheal_rules.cli.screen.time.monotonic", lambda: float(next(ticks)))
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    call("replay", RULES, "--input", tmp_path / "stream.jsonl", "--format", "json")
    shown = terminal.getvalue()
    assert "[##########....................]  32%  64 items, " in shown
    assert " a second" in shown


def test_a_journal_has_its_bar_too(call: Call, monkeypatch: pytest.MonkeyPatch, journal: Path) -> None:
    """Its end tells how many inputs there are."""
    ticks = iter(range(0, 100_000, 3))
    monkeypatch.setattr("selfheal_rules.cli.screen.time.monotonic", lambda: float(next(ticks)))
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    call("replay", RULES, "--journal", journal)
    assert "[#############################.]  95%  64 items, " in terminal.getvalue()


def test_a_broken_journal_is_told(call: Call, journal: Path, tmp_path: Path) -> None:
    """A record that is not what was written ends the command as `journal verify` would."""
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[9] = (
        lines[9].replace(b"critical", b"cleared!") if b"critical" in lines[9] else lines[9].replace(b"2026", b"2027")
    )
    (tmp_path / "broken.jsonl").write_bytes(b"".join(lines))
    found = call("replay", RULES, "--journal", tmp_path / "broken.jsonl")
    assert (1, True) == (found.code, "record 10" in found.err)


def test_inputs_that_do_not_fit_are_named_and_counted(
    call: Call,
    journal: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A journal of kinds that were declared otherwise: the first hundred are named, all are counted."""
    rules = (
        "selfheal: 1\nruleset: o\nevents: {instance.action: {fields: {instance: integer}}}\nrules:\n"
        "  - {id: x, when: {event: instance.action, as: b}, then: [{do: notify}]}\n"
    )
    (tmp_path / "rules.yaml").write_text(rules, "utf-8")
    monkeypatch.setattr("selfheal_rules.replay.replayed.KEPT", 2)
    found = call("replay", tmp_path, "--journal", journal)
    assert 1 == found.code
    assert 2 == found.err.count("\ninput ") + found.err.startswith("input ")
    assert " inputs more do not fit" in found.err
