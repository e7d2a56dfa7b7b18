"""What a page is given: all that was decided, said and concluded, and what it came to."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import selfheal_rules as sr
from selfheal_rules.decide import Control
from selfheal_rules.engine import Engine
from selfheal_rules.healer import Healer
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.parse import parse_rules
from selfheal_rules.report import History
from selfheal_rules.report.html import told
from selfheal_rules.report.rules import rule_rows
from selfheal_rules.report.summary import healing, summary
from selfheal_rules.source import Source
from selfheal_rules.values import microseconds
from tests.calls import RULES, STREAM, Call
from tests.report.rig import RULES as BUSY
from tests.report.rig import START, Cloud, engine, program, reported, run

# Everything is there


def test_a_night_has_all_there_is_to_show(night: History) -> None:
    """The rig leads to every verdict but a shadow, to every end, to outcomes and to what people said."""
    heads = summary(night)
    assert {"allowed", "held", "suppressed", "needs_approval", "rejected"} <= {*heads["verdicts"]}
    assert {"healed", "escalated", "closed"} <= {*heads["episodes"]}
    assert {"done", "failed"} == {o["status"] for row in night.decisions for o in row.get("outcomes", [])}
    assert {"approve", "pause"} == {row["act"] for row in night.controls}


def test_the_decisions_are_those_of_the_engine() -> None:
    """Each word the engine says is a row, in its order, with its verdict, its reason and its evidence."""
    running, history = engine(), History(lambda _: 7)
    history.follow(running)
    items = [
        sr.Event(f"e{n}", "server.error", "nova", START, {"host": "h", "server": "s", "note": "n"}) for n in (1, 2)
    ]
    made = [decision for item in items for decision in _taken(running, history, item)]
    assert [one.id for one in made] == [row["id"] for row in history.decisions]
    row, episode = history.decisions[0], history.episodes[made[0].episode]
    asked = {"step": "0", "action": "compute.start_server", "target": "s"}
    said = {"verdict": "allowed", "guard": "mode", "reason": made[0].verdict.reason, "because": [0]}
    names = {"number": 0, "id": made[0].id, "attempt": 1, "episode": 0, "rule": 2, "time": microseconds(START)}
    assert {**names, **asked, **said} == row
    item = {
        "alias": "e", "form": "event", "kind": "server.error", "source": "nova", "id": "e1",
        "time": microseconds(START), "fields": {"host": "h", "server": "s", "note": "n"}, "place": 7,
    }  # fmt: skip
    assert item == history.evidence.rows[0]
    assert ("start-server", ["s"], "closed") == (
        history.rules["busy-site", "start-server"]["rule"],
        episode["key"],
        episode["turns"][-1][0],
    )


def _taken(running: Engine, history: History, item: sr.Event) -> sr.Step:
    step = running.post(item)
    history.take(step, running.now)
    return step


def test_evidence_goes_down_to_what_was_posted(night: History) -> None:
    """What was concluded rests on items that were not; each is written once."""
    rows = night.evidence.rows
    dead = [row for row in rows if row["kind"] == "host.dead"]
    assert dead
    for row in dead:
        assert ("host-is-dead", ["alarm"]) == (row["rule"], [rows[number]["kind"] for number in row["because"]])
    assert len(rows) == len({json.dumps(row) for row in rows})


def test_a_journal_tells_the_same(night: History, journal: Path, call: Call, tmp_path: Path) -> None:
    """Applied again, its inputs give the page of the run itself; only where items were read is told besides."""
    found, expected = reported(call, tmp_path, "--journal", journal), told(night, "t", None, None)
    for item in found["evidence"]:
        item.pop("place", None)
    for name in ("rules", "decisions", "controls", "summary", "inputs", "first", "last"):
        assert json.loads(json.dumps(expected[name])) == found[name], name
    assert [{**row, "turns": [[*turn] for turn in row["turns"]]} for row in expected["episodes"]] == found["episodes"]


def test_a_journal_names_the_record_of_each_item(journal: Path, call: Call, tmp_path: Path) -> None:
    """`selfheal journal show --since N` leads to it."""
    found = reported(call, tmp_path, "--journal", journal)
    assert "record" == found["unit"]
    posted = [row for row in found["evidence"] if row["form"] == "event"]
    records = {record.number: record for record in FileJournal(journal).records()}
    assert posted
    assert [row["id"] for row in posted] == [records[row["place"]].data["id"] for row in posted]


def test_an_input_names_the_line_of_each_item(call: Call, tmp_path: Path) -> None:
    """As `run` does, for the sample stream."""
    found = reported(call, tmp_path, RULES, "--input", STREAM)
    assert ("line", 6, 4) == (found["unit"], len(found["decisions"]), len(found["episodes"]))
    places = {(row["kind"], row.get("place")) for row in found["evidence"]}
    assert {("alarm", 10), ("host.lost", 12), ("host.dead", None)} <= places


def test_rules_that_change_leave_their_pages(call: Call, tmp_path: Path) -> None:
    """A rule that decided and was taken away is still there, marked so, and the new ones decide after it."""
    path = tmp_path / "heal.jsonl"
    changed = BUSY.replace("id: start-server", "id: start-server-anew")
    for number, rules in enumerate((BUSY, changed)):
        healer = Healer(Engine(program(rules)), FileJournal(path))
        at = START + timedelta(hours=number)
        healer.take([sr.Event(f"e{number}", "server.error", "nova", at, {"host": "h", "server": f"s{number}"})])
        healer.close()
    found = reported(call, tmp_path, "--journal", path)
    assert ["start-server", "start-server-anew"] == [found["rules"][row["rule"]]["rule"] for row in found["decisions"]]
    assert ["start-server"] == [row["rule"] for row in found["rules"] if row.get("gone")]
    assert list(range(len(found["rules"]))) == [row["number"] for row in found["rules"]]


def test_a_journal_without_its_beginning_knows_what_was_open(call: Call, tmp_path: Path) -> None:
    """Files that were put away take with them what was over, not what goes on."""
    path = tmp_path / "heal.jsonl"
    running = engine()
    healer = Healer(running, FileJournal(path, rotate=1))
    fields = {"host": "h1", "az": "a", "name": "HostDown"}
    (made,) = healer.take([sr.State("alarm", "monitor", START, fields), START + timedelta(seconds=40)])
    healer.take([sr.Outcome(made.id, "done", START + timedelta(seconds=41))])
    healer.close()
    for old in FileJournal(path).files()[:-1]:
        old.unlink()
    found = reported(call, tmp_path, "--journal", path)
    assert [("compute.fence", "h1")] == [(row["action"], row["target"]) for row in found["decisions"]]
    assert [["open"]] == [[state for state, _ in row["turns"]] for row in found["episodes"]]


def test_an_episode_is_told_as_the_engine_has_it() -> None:
    """After each input its last turn is the state the engine gives; being followed changes no decision."""
    followed, alone, history = engine(), engine(), History(lambda _: None)
    history.follow(followed)

    def take(given: Any) -> sr.Step:  # noqa: ANN401 - any input
        made, same = (
            one.advance(given) if isinstance(given, datetime) else one.post(given) for one in (followed, alone)
        )
        history.told(given)
        history.take(made, followed.now)
        assert same == made
        views = {view.id: view.state for view in followed.episodes()}
        assert views == {name: row["turns"][-1][0] for name, row in history.episodes.items() if name in views}
        return made

    run(take, Cloud(20, 0.1), 900)
    assert {"healed", "escalated"} <= {row["turns"][-1][0] for row in history.episodes.values()}


LAST = """selfheal: 1
ruleset: last
events: {e: {fields: {}}}
rules:
  - id: first
    when: {all: [{as: e, event: e}]}
    then: [{do: noop}]
    doc: |
      Two lines
      of a text.
  - {id: second, when: {all: [{as: e, event: e}]}, then: [{do: noop}]}
"""


def test_a_rule_stands_there_as_it_is_written() -> None:
    """All of its lines and none of another's, however it ends."""
    read, report = parse_rules(Source("last.yaml", LAST))
    assert read, report.render()
    first, second = rule_rows([read]).values()
    assert ("last.yaml", 5, LAST.splitlines()[4:10]) == (first["file"], first["line"], first["text"])
    assert (11, LAST.splitlines()[10:]) == (second["line"], second["text"])


# What it came to


def _decided(*words: tuple[str, str]) -> History:
    """Give a history in which one thing waits, and what was said of it."""
    running, history = engine(), History(lambda _: None)
    history.follow(running)
    fields = {"host": "h1", "az": "a", "name": "HostDown"}
    for item in (sr.State("alarm", "monitor", START, fields), START + timedelta(seconds=31)):
        step = running.advance(item) if isinstance(item, datetime) else running.post(item)
        history.take(step, running.now)
    for act, status in words:
        decision = history.decisions[-1]
        at = START + timedelta(seconds=40 + len(history.decisions))
        given: Any = sr.Outcome(decision["id"], status, at) if act == "outcome" else Control(act, "ann", status, at)  # type: ignore[arg-type]
        history.told(given)
        history.take(running.post(given), running.now)
    history.stopped = running.halted
    return history


def test_what_is_unconfirmed_needs_a_look() -> None:
    """Nobody knows whether it was done, until its confirmation comes or does not."""
    assert {"unconfirmed": 1} == summary(_decided(("outcome", "unconfirmed")))["needs"]
    assert {} == summary(_decided())["needs"]


def test_what_failed_in_the_end_needs_a_look_once() -> None:
    """An episode that was escalated counts once, at its last decision."""
    history = _decided(("outcome", "failed"))
    assert {"escalated": 1} == summary(history)["needs"]
    assert ["", "escalated"] == [row.get("needs", "") for row in history.decisions]
    assert "notify" == history.decisions[-1]["action"]


def test_what_failed_after_its_episode_closed_needs_a_look() -> None:
    """A step without `confirm` closes its episode as it is issued: what comes back of it later has nobody who waits."""
    running, history = engine(), History(lambda _: None)
    history.follow(running)
    (made,) = _taken(running, history, sr.Event("e1", "server.error", "nova", START, {"host": "h", "server": "s"}))
    answer = sr.Outcome(made.id, "failed", START + timedelta(seconds=5))
    history.told(answer)
    history.take(running.post(answer), running.now)
    assert ("closed", {"failed": 1}) == (history.state_of(history.decisions[0]), summary(history)["needs"])


def test_what_waits_for_people_needs_a_look(night: History) -> None:
    """Only while it waits: what was approved, or came to its end, no longer does."""
    summary(night)
    for row in night.decisions:
        if row.get("needs") in {"approval", "held"}:
            assert night.is_latest(row)
            assert night.state_of(row) in {"open", "verifying"}
    waiting = [row for row in night.decisions if row["verdict"] == "needs_approval"]
    assert len(waiting) > len([row for row in waiting if row.get("needs") == "approval"])


def test_what_is_stopped_stands_at_the_head() -> None:
    """Who, why, since when; and no more once it goes on."""
    kill = {"act": "kill", "who": "ann", "why": "a fire", "time": microseconds(START + timedelta(seconds=41))}
    assert [kill] == summary(_decided(("kill", "a fire")))["stopped"]
    assert [] == summary(_decided(("kill", "a fire"), ("resume", "it is out")))["stopped"]


def test_the_switch_of_the_policy_stands_at_the_head() -> None:
    """Where nobody said it but the policy."""
    history = History(lambda _: None, stopped="the site's policy has the kill switch on")
    assert [("kill", "policy")] == [(one["act"], one["who"]) for one in summary(history)["stopped"]]


def test_healing_counts_what_had_to_be_healed() -> None:
    """Of what is over; what closed without having to be healed, and what is open, is not asked about."""
    rows = [
        {"opened": 0, "turns": [["open", 0], [state, took]]}
        for state, took in (
            ("healed", 10),
            ("healed", 31),
            ("escalated", 5),
            ("closed", 1),
            ("verifying", 2),
            ("quarantined", 2),
        )
    ]
    assert {"over": 4, "healed": 2, "mean": 20, "longest": 31} == healing(rows)
    assert {"over": 0, "healed": 0} == healing([])


def test_what_held_is_counted_by_guard(night: History) -> None:
    """Most first, each with how many targets it was about and what it said last."""
    stops = summary(night)["stops"]
    assert sum(one["count"] for one in stops) == sum(
        row["verdict"] not in {"allowed", "shadowed"} for row in night.decisions
    )
    assert sorted((one["count"] for one in stops), reverse=True) == [one["count"] for one in stops]
    for one in stops:
        rows = [row for row in night.decisions if (row["guard"], row["verdict"]) == (one["guard"], one["verdict"])]
        assert (rows[-1]["reason"], len({row["target"] for row in rows})) == (one["reason"], one["targets"])
