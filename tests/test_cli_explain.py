"""`selfheal explain`: why a decision was made and why a rule did not fire, asked of a journal or of payloads."""

import os
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import selfheal_rules as sr
from selfheal_rules.healer import Healer
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.parse.policy import load_policy
from tests.calls import GOLDEN, ROOT, RULES, STREAM, Call, Called, caller, cloudevent
from tests.everyday import WHOLE
from tests.test_replay import SAMPLE, _sample

ASKED = ("--rule", "heal-dead-host", "--target", "compute1")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command from the root of the repository."""
    return caller(monkeypatch, capsys)


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the journal of the sample."""
    where = tmp_path_factory.mktemp("journal") / "heal.jsonl"
    healer = Healer(sr.Engine(SAMPLE), FileJournal(where))
    healer.take(_sample())
    healer.close()
    return where


def _golden(name: str, found: Called) -> None:
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(found.out, "utf-8")
    assert (0, golden.read_text("utf-8")) == (found.code, found.out)


def _changed(journal: Path, folder: Path) -> Path:
    """Write a journal that goes on under other rules."""
    (changed := folder / "heal.jsonl").write_bytes(journal.read_bytes())
    other = sr.compile_rules(sr.load_rules(RULES, values={"patience": "1m"}))
    Healer(sr.Engine(other), FileJournal(changed)).close()
    return changed


def _placeless(found: list[dict[str, Any]]) -> list[Any]:
    """Leave out where the rules stood: that a journal knows as it was then."""
    return [[{**line, "place": ""} for line in one["lines"]] for one in found]


def _first(call: Call) -> str:
    return str(call("run", RULES, "--input", STREAM, "--format", "json").objects[0]["id"])


def test_why_a_decision_was_made(call: Call) -> None:
    """The tree of causes is that of `run`, and each guard says its own; `UPDATE_GOLDEN=1` writes it anew."""
    _golden("explain-decision", call("explain", RULES, "--input", STREAM, "--decision", _first(call)[:8]))


def test_why_a_rule_did_not_fire(call: Call) -> None:
    """Down to the rule below, with what would have made it fire."""
    _golden("explain-rule", call("explain", RULES, "--input", STREAM, *ASKED))


@pytest.mark.whole
def test_a_journal_knows_its_rules(call: Call, journal: Path) -> None:
    """Nothing but the journal is needed; rules that are named are asked in place of those it was written under."""
    found = call("explain", "--journal", journal, *ASKED, "--format", "json").objects
    named = call("explain", RULES, "--journal", journal, *ASKED, "--format", "json").objects
    payloads = call("explain", RULES, "--input", STREAM, *ASKED, "--format", "json").objects
    assert _placeless(found) == _placeless(named) == _placeless(payloads)
    assert ("missing", "compute1") == (found[0]["failed"], found[0]["target"])


def test_a_journal_knows_its_policy(call: Call, tmp_path: Path) -> None:
    """What was said of a decision is said again, for the reason it had; a policy of Python's own has to be named."""
    where = tmp_path / "heal.jsonl"
    policy = load_policy("examples/policy.yaml")
    with closing(Healer(sr.Engine(SAMPLE, policy=policy), FileJournal(where))) as healer:
        decided = healer.take(_sample())
    asked = next(one for one in decided if one.action == "compute.fence")
    out = call("explain", "--journal", where, "--decision", asked.id).out
    assert "verdict  suppressed by withdrawn" in out
    assert "before   needs_approval by approval at 2026-11-22T16:10:01.890954Z" in out
    assert "guards   none was asked" in out
    unwritten = tmp_path / "unwritten.jsonl"
    with closing(Healer(sr.Engine(SAMPLE, policy=policy.protecting("h", "r")), FileJournal(unwritten))) as healer:
        healer.take(_sample())
    assert 3 == call("explain", "--journal", unwritten, "--decision", asked.id).code
    named = call("explain", "--journal", unwritten, "--decision", asked.id, "--policy", "examples/policy.yaml")
    assert (0, True) == (named.code, "suppressed by withdrawn" in named.out)


@pytest.mark.whole
def test_a_journal_whose_rules_have_changed_is_not_told_without_a_word(
    call: Call, journal: Path, tmp_path: Path
) -> None:
    """Of a record under several programs it is said which is asked; rules that are named are what they are."""
    assert "" == call("explain", "--journal", journal, *ASKED).err
    changed = _changed(journal, tmp_path)
    last, first = (call("explain", "--journal", changed, *ASKED, *at) for at in ((), ("--at", "16:00:00")))
    assert ("2 of 2" in last.err, "1 of 2" in first.err) == (True, True)
    assert "" == call("explain", RULES, "--journal", changed, *ASKED).err


def test_a_decision_is_explained_under_the_rules_that_made_it(call: Call, journal: Path, tmp_path: Path) -> None:
    """Whatever rules came later, it reads as it did; under rules that did not make it that is said."""
    decision = "--decision", _first(call)
    before = call("explain", "--journal", journal, *decision)
    changed = _changed(journal, tmp_path)
    after = call("explain", "--journal", changed, *decision)
    assert (0, before.out) == (after.code, after.out)
    assert "1 of 2" in after.err
    (tmp_path / "rules.yaml").write_text((ROOT / RULES / "rules.yaml").read_text("utf-8") + "\n# the same\n", "utf-8")
    text = (tmp_path / "rules.yaml").read_text("utf-8").replace("default: 30s", "default: 1s", 1)
    (tmp_path / "rules.yaml").write_text(text, "utf-8")
    assert "these are not the rules that made" in call("explain", tmp_path, "--journal", changed, *decision).err


@pytest.mark.whole
def test_a_decision_that_rests_on_what_earlier_rules_remembered_is_told_as_it_was(call: Call, tmp_path: Path) -> None:
    """
    It is gone on from the snapshot the later rules began with, which has what the earlier ones remembered.

    Run over the record by themselves, with a policy named, they come to it at another time: that is not told for it.
    """
    where, items = tmp_path / "heal.jsonl", _sample()
    middle = next(n for n, one in enumerate(items) if isinstance(one, sr.Event) and one.kind == "host.lost") + 1
    patient = sr.compile_rules(sr.load_rules(RULES, values={"patience": "5m"}))
    with closing(Healer(sr.Engine(patient), FileJournal(where))) as healer:
        healer.take(items[:middle])
    with closing(Healer(sr.Engine(SAMPLE), FileJournal(where))) as healer:
        decided = healer.take(items[middle:])
    assert decided
    for one in decided:
        told = call("explain", "--journal", where, "--decision", one.id)
        assert (0, True) == (told.code, one.time.strftime("%H:%M:%S") in told.out)
        alone = call("explain", "--journal", where, "--decision", one.id, "--max-age", "11m")
        assert (one.time.strftime("%H:%M:%S") in alone.out) == (alone.code == 0)
        assert alone.code == 0 or "what earlier ones remembered" in alone.err


@pytest.mark.whole
def test_what_a_snapshot_leads_to_is_what_the_whole_record_does(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of a journal with many snapshots each decision is explained, to the letter, as by running all of it again."""
    where = tmp_path / "heal.jsonl"
    with closing(Healer(sr.Engine(SAMPLE), FileJournal(where), every=2)) as healer:
        decided = [one for item in _sample() for one in healer.take([item])]
    asked = [("--decision", one.id, "--format", "json") for one in decided]
    expected = [call("explain", RULES, "--journal", where, *one).objects for one in asked]
    monkeypatch.setattr("selfheal_rules.cli.explain.why", None)  # which runs all of it
    found = [call("explain", "--journal", where, *one).objects for one in asked]
    assert len(found) > 5
    for one, other in zip(expected, found, strict=True):
        assert [_unplaced(told) for told in one] == [_unplaced(told) for told in other]


def _unplaced(told: dict[str, Any]) -> dict[str, Any]:
    """Leave out where guards are written: a journal knows the text of its rules, and not the file they are in now."""
    return {**told, "guards": [{**one, "place": ""} for one in told["guards"]]}


def test_evidence_out_of_a_journal_names_its_records(call: Call, journal: Path) -> None:
    """Where payloads have lines, a journal has records."""
    out = call("explain", "--journal", journal, "--decision", _first(call)).out
    assert re.search(r"lost: host.lost \w+, 16:09:50, from masakari, record \d+", out)
    (told,) = call("explain", "--journal", journal, "--decision", _first(call), "--format", "json").objects
    assert {"ok"} == {one["mark"] for one in told["guards"]}


@pytest.mark.parametrize(
    ("at", "failed"),
    [
        (None, "again"),
        *(pytest.param(at, "for", marks=WHOLE) for at in ("2026-11-22T16:15:00Z", "16:15", "18:15+02:00")),
    ],
)
def test_the_question_has_a_time(call: Call, at: str | None, failed: str) -> None:
    """An instant, a time of day on the last day of the record, or the end of it."""
    more = () if at is None else ("--at", at)
    asked = ("--rule", "one-witness", "--target", "compute1", "--format", "json")
    found = call("explain", RULES, "--input", STREAM, *asked, *more).objects
    assert failed == found[0]["failed"]


@pytest.mark.parametrize("at", ["9:04", "09:04", "9:04:00", "11:04+02:00"])
def test_a_time_of_day_may_have_one_digit(call: Call, tmp_path: Path, at: str) -> None:
    """It is on the last day of the record, and in UTC unless it says otherwise."""
    (tmp_path / "rules.yaml").write_text(
        "selfheal: 1\nruleset: own\nevents: {beat: {fields: {port: {type: integer, required: true}}}}\nrules:\n"
        "  - {id: x, when: {event: beat, as: b}, then: [{do: notify, target: $b.port}]}\n", "utf-8",
    )  # fmt: skip
    beats = b"\n".join(cloudevent("beat", str(n), f"2026-01-02T09:0{n}:00Z", port=n) for n in (3, 4, 5))
    asked = ("--rule", "x", "--target", "5", "--format", "json", "--at", at)
    found = call("explain", tmp_path, "--input", "-", *asked, text=beats).objects
    assert ("2026-01-02T09:04:00+00:00", "key") == (found[0]["at"], found[0]["failed"])


def test_a_target_may_be_a_number(call: Call, tmp_path: Path) -> None:
    """What a text cannot be is tried as JSON."""
    rules = (
        "selfheal: 1\nruleset: own\nevents: {beat: {fields: {port: {type: integer, required: true}}}}\nrules:\n"
        "  - {id: x, when: {event: beat, as: b}, then: [{do: notify, target: $b.port}]}\n"
    )
    (tmp_path / "rules.yaml").write_text(rules, "utf-8")
    beat = cloudevent("beat", "1", "2026-01-01T00:00:00Z", port=7)
    asked = ("--rule", "x", "--target", "7", "--format", "json")
    found = call("explain", tmp_path, "--input", "-", *asked, text=beat).objects
    assert ("", 1) == (found[0]["failed"], len(found[0]["decisions"]))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((RULES, "--input", STREAM), "ask for a decision by `--decision`, or why not by `--rule` and `--target`"),
        (
            (RULES, "--input", STREAM, "--rule", "heal-dead-hos"),
            "no rule is called `heal-dead-hos`; did you mean `heal-dead-host`?",
        ),
        ((RULES, "--input", STREAM, "--decision", "zz"), "no decision has an id that begins with `zz`; there are `"),
        (("--input", STREAM, *ASKED), "a file of payloads has no rules in it; name those that are to be asked"),
        ((RULES, "--input", "-", *ASKED), "the record is empty, so it has no end; say when by `--at`"),
        ((RULES, "--input", STREAM, *ASKED, "--at", "noon"), "`noon` is not a time with its zone"),
    ],
)
def test_wrong_questions_are_refused(call: Call, arguments: tuple[str, ...], said: str) -> None:
    """Each with what would have done, and the code for usage."""
    found = call("explain", *arguments)
    assert (2, "") == (found.code, found.out)
    assert said in found.err


def test_a_journal_that_is_not_there_is_refused(call: Call, tmp_path: Path) -> None:
    """Nobody who misspells a name is shown an empty one."""
    found = call("explain", "--journal", tmp_path / "no.jsonl", *ASKED)
    assert (3, True) == (found.code, "there is no journal" in found.err)


def test_a_journal_whose_rules_are_broken_says_so(call: Call, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cure is to name the rules."""
    said = "of another version"

    def broken(_: object) -> sr.Program:
        raise sr.SnapshotError(said)

    monkeypatch.setattr("selfheal_rules.cli.explain.program_of", broken)
    found = call("explain", "--journal", journal, *ASKED)
    assert (3, True) == (found.code, "cannot be used any more; name those to be asked" in found.err)
