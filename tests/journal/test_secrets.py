"""What the vocabulary calls secret is in nothing that is written: the bytes are searched for it."""

import json
import logging
from pathlib import Path

import pytest

from selfheal_rules.check import load_rules
from selfheal_rules.cli import main
from selfheal_rules.compile import compile_rules
from selfheal_rules.decide.evidence import plain
from selfheal_rules.events import Event, State
from selfheal_rules.execute import Executors, Recording
from selfheal_rules.healer import Healer
from selfheal_rules.journal.items import snapshot_of
from tests.blobs import unpacked
from tests.generate.streams import moment
from tests.journal.rig import enforcing, file_journal

RULES = """\
selfheal: 1
ruleset: logins
events:
  login.failed:
    fields:
      host: {type: string, required: true}
      user: string
      password: {type: string, secret: true}
      session: {type: {map: string}, secret: true}
states:
  bmc:
    key: [host]
    fields: {host: string, power: string, credentials: {type: any, secret: true}}
rules:
  - id: guessing
    when:
      all:
        - {as: p, event: login.failed, count: {at_least: 2, within: 5m, by: [host]}}
        - {as: b, state: bmc, where: {host: $p.host}}
    then:
      - do: compute.lock_server
        target: $p.host
        with: {reason: "${p.host} is being guessed at, its power is ${b.power}"}
  - id: each
    when: {as: p, event: login.failed}
    then: [{do: notify, target: $p.host, with: {user: $p.user}}]
"""
SECRETS = ("hunter2", "tr0ub4dor", "c0rrecth0rse")


def _items() -> list[Event | State]:
    session = {"token": SECRETS[1]}
    return [
        State("bmc", "m", moment(0), {"host": "a", "power": "on", "credentials": {"admin": SECRETS[2]}}),
        Event(
            "1", "login.failed", "m", moment(1), {"host": "a", "user": "u", "password": SECRETS[0], "session": session}
        ),
        Event("2", "login.failed", "m", moment(2), {"host": "a", "user": "u", "password": SECRETS[0]}),
    ]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Give the file of the rules."""
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


def _found(folder: Path) -> list[tuple[str, str]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(path.name, secret) for path in files for secret in SECRETS if secret.encode() in path.read_bytes()]


def test_no_file_of_a_healer_holds_a_secret(rules: Path, caplog: pytest.LogCaptureFixture) -> None:
    """[G26] Not the journal with its snapshots, not what executors were given, not the log."""
    folder = rules.parent
    with caplog.at_level(logging.DEBUG):
        executors = Executors(
            [Recording(folder / "done.jsonl", ["compute.lock_server", "notify"])], clock=lambda: moment(2)
        )
        one = Healer(enforcing(compile_rules(load_rules(rules))), file_journal(folder), executors, every=1)
        decisions = one.take(_items())
        one.close()
    assert ["compute.lock_server", "notify", "notify"] == sorted(decision.action for decision in decisions)
    assert [] == _found(folder)
    assert [] == [secret for secret in SECRETS if secret in caplog.text]
    snapshots = [snapshot_of(record) for record in file_journal(folder).records() if record.type == "snapshot"]
    assert b"login.failed" in unpacked(snapshots[-1])
    assert [] == [secret for blob in snapshots for secret in SECRETS if secret.encode() in unpacked(blob)]


def test_an_engine_holds_no_secret(rules: Path) -> None:
    """Whoever posts to an engine without a healer sees none in its states, decisions and snapshots either."""
    engine = enforcing(compile_rules(load_rules(rules)))
    decisions = [decision for item in _items() for decision in engine.post(item)]
    said = json.dumps([decision.to_json() for decision in decisions])
    said += json.dumps([plain(state.fields) for state in engine.states()])
    assert [] == [secret for secret in SECRETS if secret in said]
    assert "being guessed at" in said


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_report_holds_a_secret(rules: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    """Neither the timeline nor the lines of `selfheal run` do."""
    payload = {"specversion": "1.0", "type": "login.failed", "source": "m", "time": "2026-01-01T00:00:00Z"}
    data = {"host": "a", "user": "u", "password": SECRETS[0], "session": {"token": SECRETS[1]}}
    lines = "".join(json.dumps({**payload, "id": str(n), "data": data}) + "\n" for n in range(3))
    stream = rules.parent / "stream.jsonl"
    stream.write_text(lines)
    assert 0 == main(["run", str(rules), "--input", str(stream), "--format", form])
    printed = "".join(capsys.readouterr())
    assert [] == [secret for secret in SECRETS if secret in printed]
    assert "notify" in printed


def test_a_secret_is_checked_before_it_is_taken_out(rules: Path) -> None:
    """A value of another type is refused as in any field, and its text is not in the message."""
    engine = enforcing(compile_rules(load_rules(rules)))
    item = Event("1", "login.failed", "m", moment(1), {"host": "a", "password": 12345678})
    with pytest.raises(Exception, match=r"field `password` of `login.failed`") as raised:
        engine.post(item)
    assert "12345678" not in str(raised.value)
