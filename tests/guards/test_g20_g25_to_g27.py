"""G20, G25 to G27 and G29 by the journal and by what is shipped: each requirement by the test that proves it."""

import json
import logging
import re
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from selfheal_rules.cli import main
from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.decide import Control, Decision
from selfheal_rules.diagnostics import EventError, JournalError, RuleSetError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.execute import Executors, Recording
from selfheal_rules.healer import Healer
from selfheal_rules.journal import Record
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.journal.items import beginning, snapshot_of
from selfheal_rules.parse import parse_rules
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.source import Source
from tests.blobs import unpacked
from tests.guards.rig import DRAIN, FREE, LOST, VOCABULARY, Site, at, load, rule
from tests.guards.test_g01_to_g12 import ASKED

NOTIFIED = "[{do: notify, target: $e.host}]"
RULES = rule(LOST, DRAIN, "{limit: 1, per: 10m}") + rule("{as: e, event: beat}", NOTIFIED, name="beats")
ACTIONS = ("compute.disable_service", "notify")


def lost(second: float, host: str = "h1") -> Event:
    """Give the loss of a host."""
    return Event(f"e{second}{host}", "lost", "m", at(second), {"host": host})


def site(folder: Path, policy: str = FREE, name: str = "done.jsonl") -> Healer:
    """Give a healer whose executor writes into a file that all share."""
    engine = Engine(compile_rules(load(RULES)), policy=read_policy(Source("policy.yaml", policy)))
    executors = Executors([Recording(folder / name, ACTIONS, lambda: at(5))], clock=lambda: at(5))
    return Healer(engine, FileJournal(folder / "heal.jsonl"), executors)


# G20


def _taken_over(folder: Path) -> tuple[Healer, Decision]:
    """Give a healer that hangs on one decision while another takes over, and carries another out."""
    old = site(folder)
    executors, old.executors = old.executors, None
    (decision,) = old.take([lost(1)])
    old.executors = executors
    lease = FileJournal(folder / "heal.jsonl").lease()
    lease.acquire(by_force=True)
    lease.release()
    new = site(folder)
    new.take([Event("b", "beat", "m", at(2), {"host": "h2"})])
    new.close()
    return old, decision


def test_g20_a_stale_leader_is_refused_by_journal_and_lease(tmp_path: Path) -> None:
    """G20: it comes back, finds the lease lost, writes nothing and has nothing carried out."""
    old, _ = _taken_over(tmp_path)
    before = (tmp_path / "heal.jsonl").read_bytes(), (tmp_path / "done.jsonl").read_bytes()
    with pytest.raises(JournalError, match="is lost"):
        old.take([lost(3, "h3")])
    with pytest.raises(JournalError, match=r"token \d+ is stale: another engine took over under token \d+"):
        old.journal.append([beginning()])
    assert before == ((tmp_path / "heal.jsonl").read_bytes(), (tmp_path / "done.jsonl").read_bytes())


class Paused:
    """The fence of a healer that was stopped right behind its last look: it has seen nothing wrong."""

    def __init__(self, token: int) -> None:
        """Carry its token."""
        self.token = token

    def check(self) -> None:
        """Have looked before it was stopped."""


def test_g20_a_stale_leaders_decision_is_refused_by_the_adapter(tmp_path: Path) -> None:
    """G20: the token goes with each decision, so who was stopped between look and call is refused where it acts."""
    old, decision = _taken_over(tmp_path)
    lines = (tmp_path / "done.jsonl").read_text().splitlines()
    tokens = [json.loads(line)["token"] for line in lines]
    assert ([2 * [tokens[0]], True]) == [tokens, tokens[0] > old.journal.token]
    assert old.executors is not None
    old.executors.begin(decision, Paused(old.journal.token), again=False)
    (outcome,) = old.executors.outcomes()
    assert ("failed", False) == (outcome.status, outcome.retryable)
    assert f"token {old.journal.token} is stale: whoever has token {tokens[0]} was here since" == outcome.detail
    assert lines == (tmp_path / "done.jsonl").read_text().splitlines()


# G25


def _history(folder: Path) -> list[Record]:
    """Leave a journal of two site policies, a vote, verdicts of guards, and acts."""
    one = site(folder, ASKED)
    (asked,) = one.take([lost(1)])
    one.take([Control("approve", who, "she looked", at(2), asked.id) for who in ("ann", "bo")])
    one.take([Control("policy", "cy", "a calm night", at(3), FREE), lost(4, "h2"), lost(4, "h3")])
    one.close()
    return list(FileJournal(folder / "heal.jsonl").records())


def test_g25_every_decision_can_be_traced(tmp_path: Path) -> None:
    """G25: to its rule and the very text of it, to the input it follows from, to the guard, and to who agreed."""
    records = _history(tmp_path)
    inputs = {one.inputs: one for one in records if one.type in {"event", "state", "control", "outcome", "time"}}
    decided = [one for one in records if one.type == "decision"]
    for one in decided:
        program = [other for other in records if other.type == "program" and other.number < one.number][-1].data
        (text,) = [other["text"] for other in program["rulesets"] if other["name"] == one.data["ruleset"]]
        found, _ = parse_rules(Source("r.yaml", text))
        assert found is not None
        assert (program["digest"], True) == (compile_rules(found).digest, f"id: {one.data['rule']}" in text)
        assert one.data["input"] in inputs
        assert all(one.data[name] for name in ("verdict", "guard", "reason", "because"))
    told = [(inputs[one.data["input"]].type, one.data["verdict"], one.data["guard"]) for one in decided]
    assert [("event", "needs_approval", "approval"), ("control", "allowed", "mode")] == told[:2]
    assert [("event", "held", "limit")] * 2 == told[2:]
    people = [(one.data["who"], one.data["why"], one.data["act"]) for one in records if one.type == "control"]
    assert [
        ("ann", "she looked", "approve"),
        ("bo", "she looked", "approve"),
        ("cy", "a calm night", "policy"),
    ] == people
    keys = [one.data["key"] for one in records if one.type == "intent"]
    assert [f"{decided[1].data['id']}/1"] == keys
    assert ["done"] == [one.data["status"] for one in records if one.type == "outcome"]


def test_g25_a_flipped_byte_is_found_at_its_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """G25: in whichever record, at whichever byte of its data: `verify` ends with 1 and names the line."""
    _history(tmp_path)
    path, draw = tmp_path / "heal.jsonl", Random(25)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        begin = line.index(b'"data":')
        place = draw.randrange(begin, len(line) - 1)
        flipped = line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :]
        path.write_bytes(b"".join([*lines[: number - 1], flipped, *lines[number:]]))
        assert 1 == main(["journal", "verify", str(path), "--format", "json"])
        broken = json.loads(capsys.readouterr().out)["broken"]
        assert (number, str(number)) == (broken["line"], broken["record"])
    for gone in range(1, len(lines) - 1):
        path.write_bytes(b"".join([*lines[:gone], *lines[gone + 1 :]]))
        assert 1 == main(["journal", "verify", str(path)])
    path.write_bytes(whole)
    assert 0 == main(["journal", "verify", str(path)])


def test_g25_what_was_written_stays_as_it_is(tmp_path: Path) -> None:
    """G25: a later healer only appends."""
    _history(tmp_path)
    before = (tmp_path / "heal.jsonl").read_bytes()
    again = site(tmp_path)
    again.take([lost(700, "h4")])
    again.close()
    assert (tmp_path / "heal.jsonl").read_bytes().startswith(before)


# G26

SECRETS = ("hunter2", "tr0ub4dor")
LOGIN = """\
selfheal: 1
ruleset: site
events:
  login: {fields: {host: {type: string, required: true}, password: {type: string, secret: true}}}
states:
  bmc: {key: [host], fields: {host: string, keys: {type: {map: string}, secret: true}}}
rules:
  - id: r
    when: {all: [{as: e, event: login}, {as: b, state: bmc, where: {host: $e.host}}]}
    then: [{do: compute.disable_service, target: $e.host, with: {reason: "somebody tries ${e.host}"}}]
"""


def _told(folder: Path) -> Healer:
    """Give a healer that was told secrets, and awaits approval for what followed."""
    engine = Engine(_compiled(LOGIN), policy=read_policy(Source("policy.yaml", ASKED)))
    executors = Executors([Recording(folder / "done.jsonl", ACTIONS, lambda: at(2))], clock=lambda: at(2))
    one = Healer(engine, FileJournal(folder / "heal.jsonl"), executors, every=1)
    one.take([State("bmc", "m", at(0), {"host": "h1", "keys": {"admin": SECRETS[1]}})])
    one.take([Event("1", "login", "m", at(1), {"host": "h1", "password": SECRETS[0]})])
    return one


def test_g26_a_secret_is_in_nothing_that_leaves(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """G26: not in journal, snapshots, log, counters, episodes, requests, states, or what an adapter is given."""
    with caplog.at_level(logging.DEBUG):
        one = _told(tmp_path)
        (request,) = one.course.engine.approval_requests()
        one.take([Control("approve", who, "looked", at(2), request.decision.id) for who in ("ann", "bo")])
    engine = one.course.engine
    said = json.dumps([request.to_json(), *(episode.to_json() for episode in engine.episodes())])
    said += caplog.text + repr(engine.counts()) + repr(engine.states())
    one.close()
    said += "".join(path.read_text() for path in tmp_path.iterdir())
    blobs = [snapshot_of(one) for one in FileJournal(tmp_path / "heal.jsonl").records() if one.type == "snapshot"]
    said += "".join(unpacked(blob).decode(errors="replace") for blob in blobs)
    assert ([], True) == ([secret for secret in SECRETS if secret in said], "somebody tries h1" in said)
    assert "done" in (tmp_path / "heal.jsonl").read_text()


@pytest.mark.parametrize("command", [["journal", "show"], ["pending"]])
@pytest.mark.parametrize("form", ["text", "json"])
def test_g26_no_command_prints_a_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str], form: str
) -> None:
    """G26: not what a journal holds, and not what is pending."""
    _told(tmp_path).close()
    assert 0 == main([*command, str(tmp_path / "heal.jsonl"), "--format", form])
    said = "".join(capsys.readouterr())
    assert ([], True) == ([secret for secret in SECRETS if secret in said], "h1" in said)


# G27

ENTRY = "{{ruleset: {}, mode: enforce, revision: '{}'}}"


def test_g27_a_bundle_of_which_a_part_is_not_vouched_for_is_refused() -> None:
    """G27: strip the revision of one of two rule sets, or all of it but the other's, and nothing is loaded."""
    program = compile_rules(load(rule(LOST)))
    one = ENTRY.format("site", program.revisions["site"])
    whole = f"{FREE}rulesets: [{one}]\n"
    assert ["disable_service h1 allowed@0"] == Site(rule(LOST), whole).event("lost", 0)
    stripped = whole.replace(f", revision: '{program.revisions['site']}'", "")
    other = "rulesets: [{ruleset: other, mode: enforce, revision: abc}, "
    for text in (
        stripped.replace("rulesets: [", other),
        FREE + "rulesets: [{ruleset: other, mode: shadow, revision: abc}]\n",
    ):
        with pytest.raises(RuleSetError, match="SH356"):
            Engine(program, policy=read_policy(Source("p.yaml", text)))
        running = Engine(program, policy=read_policy(Source("p.yaml", whole)))
        with pytest.raises(EventError, match="SH356"):
            running.post(Control("policy", "mallory", "quicker", at(0), text))
        assert ["allowed"] == [one.verdict.status for one in running.post(lost(1))]


PINNED = f"selfheal: 1\nruleset: site\n{VOCABULARY}rules:\n{rule(LOST, DRAIN, '{limit: 1, per: 10m}')}"
CHANGES = {
    "a guard": ("limit: 1,", "limit: 9,"),
    "a condition": ("event: lost}", "event: lost, where: {host: h1}}"),
    "an action": ("compute.disable_service", "compute.enable_service"),
    "a kind": ("lost: {fields: {host: {type: string,", "lost: {fields: {host: {type: any,"),
    "one more rule": ("rules:\n", f"rules:\n{rule(LOST, NOTIFIED, name='more')}"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_g27_whatever_is_changed_in_a_rule_set_it_acts_no_more(change: tuple[str, str]) -> None:
    """G27: a single word of what the policy vouches for, and it decides in shadow, over a restart too."""
    assert change[0] in PINNED
    before, after = (_compiled(text) for text in (PINNED, PINNED.replace(*change)))
    policy = read_policy(Source("p.yaml", f"{FREE}rulesets: [{ENTRY.format('site', before.revisions['site'])}]\n"))
    statuses = []
    for program in (before, after):
        engine = Engine.restore(program, Engine(program, policy=policy).snapshot())
        statuses.append({decision.verdict.status for decision in engine.post(lost(1))})
    assert [{"allowed"}, {"shadowed"}] == statuses


def _compiled(text: str) -> Program:
    found, report = parse_rules(Source("r.yaml", text))
    assert found is not None, report.render()
    return compile_rules(found)


def test_g27_what_was_running_is_not_exchanged_behind_the_policy(tmp_path: Path) -> None:
    """G27: a healer begun anew with other rules under the policy that vouches for the old acts no more."""
    program = compile_rules(load(RULES))
    pinned = f"{FREE}rulesets: [{ENTRY.format('site', program.revisions['site'])}]\n"
    one = site(tmp_path, pinned)
    assert ["allowed"] == [decision.verdict.status for decision in one.take([lost(1)])]
    one.close()
    other = compile_rules(load(RULES.replace("limit: 1", "limit: 9")))
    two = Healer(Engine(other), FileJournal(tmp_path / "heal.jsonl"))
    assert ["shadowed"] == [decision.verdict.status for decision in two.take([lost(2, "h2")])]
    two.close()


# G29


def test_g29_the_counters_are_what_the_journal_adds_up_to(tmp_path: Path) -> None:
    """G29: verdicts by rule, status and guard, over approvals, another policy, a restart and what was held."""
    _history(tmp_path)
    again = site(tmp_path)
    again.take([lost(700, "h4"), at(2_000)])
    told = [one.data for one in FileJournal(tmp_path / "heal.jsonl").records() if one.type == "decision"]
    added = Counter(("decision", one["ruleset"], one["rule"], one["verdict"], one["guard"]) for one in told)
    counts = again.course.engine.counts()
    assert {place: number for place, number in counts.items() if place[0] == "decision"} == dict(sorted(added.items()))
    assert len(added) > 3
    again.close()


def test_each_of_the_thirty_has_a_test_of_its_name() -> None:
    """G1 to G30: the specification is whole, and each requirement is proved by at least one named test."""
    texts = [path.read_text("utf-8") for path in sorted(Path(__file__).parent.glob("test_g*.py"))]
    named = {int(found) for text in texts for found in re.findall(r"^def test_g(\d+)_", text, re.MULTILINE)}
    assert list(range(1, 31)) == sorted(named)
