"""`selfheal approve` and its like, and `selfheal pending`: people speak to a healer, and are told what it knows."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from selfheal_rules.compile import compile_rules
from selfheal_rules.decide import Decision
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event
from selfheal_rules.journal.opening import open_journal
from selfheal_rules.match.rows import fingerprint
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.source import Source
from tests.calls import Call, caller
from tests.generate.streams import moment
from tests.guards.rig import LOST, load, rule
from tests.journal.rig import FREE, PROGRAM, Hands, healer
from tests.journal.test_inbox import ASKED, controls
from tests.semantics.rig import fail

NOON = ("--why", "she looked", "--who", "ann", "--time", "2026-01-01T00:01:00Z")
RUNS = "in the inbox: the healer that runs takes it at its next turn"
WAITS = "in the inbox: no healer holds the lease of the journal, and the next one takes it first of all"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command from the root of the repository."""
    return caller(monkeypatch, capsys)


@pytest.fixture(params=["file", "sqlite"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the name of a journal that is not there yet."""
    return str(tmp_path / "heal.jsonl") if request.param == "file" else f"sqlite:///{tmp_path / 'heal.db'}"


def asked(where: str) -> list[Decision]:
    """Leave a journal in which two decisions await approval."""
    one = healer(open_journal(where), engine=Engine(PROGRAM, policy=ASKED))
    decisions = one.take([fail(1, id="e1"), fail(2, id="e2", host="b")])
    one.close()
    return decisions


def test_a_decision_is_approved(call: Call, where: str) -> None:
    """By the beginning of its id, of a healer that does not run; the next one carries it out."""
    first, _ = asked(where)
    found = call("approve", where, first.id[:5], *NOON)
    said = f"approve {first.id} (compute.disable_service a) by ann: she looked"
    assert (0, [said, WAITS], "") == (found.code, found.out.splitlines(), found.err)
    one = healer(open_journal(where), hands := Hands(), engine=Engine(PROGRAM, policy=ASKED))
    one.take()
    of = fingerprint(first.action, first.target, first.params)
    assert (["disable_service a#1"], [f"approve {first.id} {of}"]) == (hands.calls, controls(open_journal(where)))


def test_a_decision_is_refused(call: Call, where: str) -> None:
    """The other one is; a healer that runs hears of it at its next turn."""
    _, second = asked(where)
    one = healer(open_journal(where), Hands(), engine=Engine(PROGRAM, policy=ASKED))
    found = call("refuse", where, second.id, *NOON)
    assert (0, RUNS) == (found.code, found.out.splitlines()[1])
    assert [("suppressed", "ann refused it: she looked")] == [(d.verdict.status, d.verdict.reason) for d in one.take()]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("approve", "zzz"), "no decision that awaits approval begins with `zzz`:\n  {first}\n  {second}"),
        (("approve", ""), "`approve` says what it is about"),
        (("pause", "rule:tests/eac"), "no rule of the journal's rules is `tests/eac`; did you mean `tests/each`?"),
        (("pause", "ruleset:test"), "no ruleset of the journal's rules is `test`; did you mean `tests`?"),
        (("pause", "action:compute.fence"), "no action of the journal's rules is `compute.fence`; "),
        (("pause", "each"), "`each` is none of `ruleset:…`, `rule:…`, `action:…`, `target:…`"),
        (("resume",), "the kill switch is not on\n"),
        (("resume", "target:a"), "`target:a` is not paused\n"),
        (("stand-down", "a", "--until", "2025-01-01T00:00:00Z"), "2025-01-01T00:00:00Z is over: it is 2026-01-01"),
        (("release", "a"), "`a` is neither stood down nor in quarantine"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused(call: Call, where: str, words: tuple[str, ...], why: str) -> None:
    """Before it is written, with what may have been meant; the inbox stays as it was."""
    first, second = (f"{one.id} (compute.disable_service {one.target})" for one in asked(where))
    act, *subject = words
    found = call(act, where, *subject, *NOON)
    assert (2, "") == (found.code, found.out)
    assert found.err.startswith(f"selfheal: {why.format(first=first, second=second)}"), found.err
    assert [] == open_journal(where).inbox().notes()


def test_what_waits_in_the_inbox_counts_as_said(call: Call, where: str) -> None:
    """Nobody approves twice, and what was just paused can be lifted before any healer has heard of it."""
    first, _ = asked(where)
    call("approve", where, first.id, *NOON)
    again = call("approve", where, first.id, *NOON)
    assert f"{first.id} (compute.disable_service a) awaits no approval: it is allowed by mode" in again.err
    assert 0 == call("pause", where, "action:compute.*", *NOON).code
    assert "the kill switch is not on:\n  paused: action:compute.*" in call("resume", where, *NOON).err
    assert 0 == call("resume", where, "action:compute.*", *NOON[:-1], "2026-01-01T00:02:00Z").code
    assert 0 == call("kill", where, *NOON[:-1], "2026-01-01T00:03:00Z").code
    found = call("resume", where, "target:a", *NOON[:-1], "2026-01-01T00:04:00Z")
    assert "`target:a` is not paused:\n  the kill switch is on: say `resume` alone" in found.err
    assert (
        0 == call("stand-down", where, "a", "--until", "2026-01-02T00:00:00Z", *NOON[:-1], "2026-01-01T00:04:00Z").code
    )
    assert 0 == call("release", where, "a", *NOON[:-1], "2026-01-01T00:05:00Z").code


def test_what_has_expired_is_not_approved(call: Call, where: str) -> None:
    """At the end of its time, by the clock of whoever approves."""
    first, _ = asked(where)
    late = call("approve", where, first.id, *NOON[:-1], "2026-01-01T00:30:01Z")
    assert (2, f"selfheal: decision {first.id} expired at 2026-01-01T00:30:01Z\n") == (late.code, late.err)
    assert 0 == call("approve", where, first.id, *NOON[:-1], "2026-01-01T00:30:00Z").code


def test_several_that_begin_alike_are_named(call: Call, tmp_path: Path) -> None:
    """As many decisions as it takes for two ids with one first digit."""
    where = str(tmp_path / "heal.jsonl")
    one = healer(open_journal(where), engine=Engine(compile_rules(load(rule(LOST))), policy=ASKED))
    decisions = one.take([Event(f"e{n}", "lost", "m", moment(n), {"host": f"h{n}"}) for n in range(1, 18)])
    one.close()
    digits = [decision.id[0] for decision in decisions]
    digit = next(digit for digit in digits if digits.count(digit) > 1)
    found = call("approve", where, digit, *NOON)
    assert (2, digits.count(digit) + 1) == (found.code, len(found.err.splitlines()))
    assert f"selfheal: several decisions that await approval begin with `{digit}`:\n" in found.err


def test_who_and_when_go_without_saying(call: Call, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The login user says it, now; `--why` does not."""
    asked(where)
    monkeypatch.setattr("selfheal_rules.cli.control.time_of_day", lambda: datetime(2026, 1, 1, 0, 5, tzinfo=UTC))
    monkeypatch.setattr("getpass.getuser", lambda: "bo")
    (said,) = call("kill", where, "--why", "smoke", "--format", "json").objects
    assert {"act": "kill", "who": "bo", "why": "smoke", "time": "2026-01-01T00:05:00+00:00", "healer": False} == said
    assert 2 == call("kill", where).code
    assert 2 == call("kill", where, "--why", " ").code
    assert 2 == call("kill", where, "--why", "smoke", "--who", "").code

    def nobody() -> str:
        raise OSError

    monkeypatch.setattr("getpass.getuser", nobody)
    assert (2, True) == ((found := call("kill", where, "--why", "smoke")).code, "`--who`" in found.err)


def test_what_is_stopped_stays_possible(call: Call, tmp_path: Path) -> None:
    """Where a journal cannot be told from outside it can be stopped; an id has to be whole, and is taken as it is."""
    where = str(tmp_path / "heal.jsonl")
    unwritten = ASKED.protecting("ctl", "the engine runs here")
    one = healer(open_journal(where), engine=Engine(PROGRAM, policy=unwritten))
    (decision,) = one.take([fail(1)])
    found = call("pause", where, "rule:tests/nonsense", *NOON)
    assert (0, True) == (found.code, "it cannot be held against the journal: " in found.err)
    assert (2, True) == ((found := call("approve", where, "3f", *NOON)).code, "`3f` is no whole id" in found.err)
    assert 0 == call("approve", where, decision.id, *NOON).code
    assert (0, "") == ((found := call("kill", where, *NOON)).code, found.err)
    assert (3, True) == ((found := call("pending", where)).code, "which has no text" in found.err)


def test_a_time_that_nobody_has_reached_is_refused(call: Call, where: str) -> None:
    """A year that is mistyped would make all that comes after it too old, for good."""
    asked(where)
    found = call("pause", where, "target:a", *NOON[:-1], "9026-01-01T00:01:00Z")
    assert (2, True) == (found.code, "`--time` is ahead of the clock here, and of the journal" in found.err)
    assert [] == open_journal(where).inbox().notes()


def test_who_stops_what_is_no_journal_is_told(call: Call, tmp_path: Path) -> None:
    """It is put down all the same: the journal may only be broken, and nothing keeps people from it."""
    (file := tmp_path / "heal.yaml").write_text("selfheal: 1\n")
    found = call("kill", str(file), *NOON)
    assert (0, WAITS) == (found.code, found.out.splitlines()[1])
    assert "`kill` is put down, but no healer may ever take it: the journal is broken at" in found.err


@pytest.mark.parametrize("command", ["pending", "kill"])
def test_a_journal_that_is_not_there_is_not_made(call: Call, tmp_path: Path, command: str) -> None:
    """A misspelt name stops nothing, and says so."""
    more = () if command == "pending" else NOON
    found = call(command, tmp_path / "heel.jsonl", *more)
    assert (3, f"selfheal: there is no journal `{tmp_path / 'heel.jsonl'}`\n") == (found.code, found.err)
    assert [] == list(tmp_path.iterdir())


def test_an_inbox_that_cannot_be_written_is_said(call: Call, tmp_path: Path) -> None:
    """Who wants to stop everything learns that it was not heard."""
    where = str(tmp_path / "heal.jsonl")
    asked(where)
    (tmp_path / "heal.jsonl.inbox").write_text("")
    found = call("kill", where, *NOON)
    assert (3, True) == (found.code, "cannot be written: not a directory" in found.err)


PENDING = """\
2026-01-01T00:00:01Z  compute.disable_service a
    id       {first}
    agreed   1 of 2; ann: she looked
    asked    2026-01-01T00:00:01Z, expires 2026-01-01T00:30:01Z
    rule     each (tests), step 0
    verdict  needs_approval by approval: 2 have to agree; expires at 2026-01-01T00:30:01Z
    because
      p: fail e1, 00:00:01, from m
        host a

stopped: kill by ann at 2026-01-01T00:00:03Z: she looked
paused: pause target:c by ann at 2026-01-01T00:00:03Z: she looked
in the inbox: nonsense, to be put aside: it is not JSON: Expecting value: line 1 column 1 (char 0)
put aside: 2000: it is not a JSON object
1 decision awaiting approval
"""


def test_what_is_pending_is_listed(call: Call, where: str) -> None:
    """Each decision with its id, who agreed, until when and why it was made; what is stopped; what nobody took."""
    two = read_policy(
        Source("p.yaml", FREE.replace("grade: auto", "grade: approve, for: 30m, quorum: 2, action: compute.*"))
    )
    one = healer(open_journal(where), engine=Engine(PROGRAM, policy=two))
    (first,) = one.take([fail(1, id="e1")])
    open_journal(where).inbox().put("2000", "[]")
    for words in (("approve", first.id), ("kill",), ("pause", "target:c")):
        assert 0 == call(words[0], where, *words[1:], *NOON[:-1], "2026-01-01T00:00:03Z").code
    one.take()
    open_journal(where).inbox().put("nonsense", "?")
    found = call("pending", where)
    told = PENDING.format(first=f"{first.id} {fingerprint(first.action, first.target, first.params)}")
    held = "held by kill_switch: ann stopped everything: she looked"
    told = told.replace("needs_approval by approval: 2 have to agree; expires at 2026-01-01T00:30:01Z", held)
    told = told.replace("2026-01-01T00:00:01Z  compute", "2026-01-01T00:00:03Z  compute")
    assert (0, told.splitlines(), "") == (found.code, found.out.splitlines(), found.err)
    objects = call("pending", where, "--format", "json").objects
    assert ["approval", "stop", "stop", "note", "aside"] == [one["pending"] for one in objects]
    assert (2, {"ann": "she looked"}, first.id) == tuple(objects[0][name] for name in ("quorum", "agreed", "id"))
    assert "0 decisions awaiting approval\n" == call("pending", _empty(where)).out


def _empty(where: str) -> str:
    other = where.replace("heal.", "other.")
    healer(open_journal(other)).close()
    return other


def test_what_was_said_by_hand_is_taken(tmp_path: Path) -> None:
    """A file that somebody writes with an editor is a note like any other."""
    one = healer(open_journal(str(tmp_path / "heal.jsonl")))
    (tmp_path / "heal.jsonl.inbox").mkdir()
    words = {"act": "kill", "who": "ann", "why": "smoke", "time": "2026-01-01T00:05:00Z"}
    (tmp_path / "heal.jsonl.inbox" / "stop.json").write_text(json.dumps(words))
    one.take()
    assert ([("kill", "ann")], moment(300)) == (
        [(c.act, c.who) for c in one.course.engine.stops()],
        one.course.engine.now,
    )
