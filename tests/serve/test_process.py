"""The process itself: what it answered survives its end, other rules come in without it, and it ends cleanly."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import define, field

from selfheal_rules.journal.file import FileJournal
from tests.payloads import raw
from tests.serve.rig import ROOT

PATIENCE = 60.0
RULES = (
    (ROOT / "rulesets" / "compute-host-failure" / "rules.yaml")
    .read_text("utf-8")
    .replace("alone: {type: duration, default: 10m", "alone: {type: duration, default: 1s")
)
"""People are asked about a host as soon as one witness has called it down."""


@define
class Served:
    """A folder with a configuration, and the process that serves it."""

    folder: Path
    client: httpx.Client
    process: "subprocess.Popen[bytes]" = field(init=False)
    port: int = field(init=False, default=0)
    read: int = 0

    def __attrs_post_init__(self) -> None:
        """Write the files."""
        (self.folder / "rules.yaml").write_text(RULES, "utf-8")
        (self.folder / "tokens").write_text("prometheus 0123456789abcdef0123\n", "utf-8")
        (self.folder / "serve.yaml").write_text(CONFIG, "utf-8")

    def start(self) -> None:
        """Start the process, and wait until it listens."""
        command = [sys.executable, "-m", "selfheal_rules", "serve", str(self.folder / "serve.yaml"), "--log", "json"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stderr=log)
        self.port = self.logged("listening")["port"]
        self.logged("serving")

    def log(self) -> list[dict[str, Any]]:
        """Give what it has logged so far."""
        lines = (self.folder / "log").read_bytes().rpartition(b"\n")[0].splitlines()
        return [json.loads(line) for line in lines]

    def logged(self, event: str) -> dict[str, Any]:
        """Wait for an event of the log that was not waited for before."""
        found: list[tuple[int, dict[str, Any]]] = []

        def is_there() -> bool:
            assert self.process.poll() is None, self.log()
            found[:] = [(at, one) for at, one in enumerate(self.log(), 1) if at > self.read and one["event"] == event]
            return bool(found)

        _until(is_there)
        self.read = found[0][0]
        return found[0][1]

    def url(self, path: str) -> str:
        """Give the address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def post(self, body: Any) -> int:  # noqa: ANN401 - a JSON value
        """Post, and give the status; 0 where nothing answered."""
        headers = {"authorization": "Bearer 0123456789abcdef0123"}
        try:
            return self.client.post(self.url("/v1/events"), json=body, headers=headers).status_code
        except httpx.TransportError:
            return 0

    def recorded(self) -> Counter[str]:
        """Count the alarms in the journal, torn end and all, by somebody who knows its format only."""
        files = FileJournal(self.folder / "heal.jsonl").files()
        whole = b"".join(file.read_bytes() for file in files).rpartition(b"\n")[0]
        records = [json.loads(line) for line in whole.splitlines()]
        found = (one["data"] for one in records if one["type"] == "state" and one["data"]["kind"] == "alarm")
        return Counter(one["fields"]["alarm"] for one in found)

    def end(self, how: int = signal.SIGTERM) -> int:
        """End it by a signal, and give its exit code."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)


CONFIG = """
selfheal_serve: 1
rules: [rules.yaml]
journal: heal.jsonl
http: {listen: "127.0.0.1:0", tokens: tokens, rate: 100000}
sources: [{tail: alarms.jsonl}]
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Give a process that is ended whatever happens."""
    with httpx.Client(timeout=PATIENCE) as client:
        found = Served(tmp_path, client)
        try:
            yield found
        finally:
            process = getattr(found, "process", None)
            if process is not None:
                process.kill()
                process.wait()


def _alarms(first: int, count: int) -> list[dict[str, Any]]:
    payload = raw("alertmanager/webhook.firing.1")[0]
    alert = payload["alerts"][0]
    return [{**payload, "alerts": [{**alert, "fingerprint": f"{n:016x}"}]} for n in range(first, first + count)]


def _until(holds: Callable[[], bool]) -> None:
    """Wait for another process."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def _posted(served: Served, bodies: list[dict[str, Any]], kill_after: int = 0) -> list[int]:
    """Post captured payloads from eight threads at once; end the process in between where that is asked for."""
    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(served.post, body) for body in bodies]
        if kill_after:
            _until(lambda: sum(one.done() for one in answers) >= kill_after)
            os.kill(served.process.pid, signal.SIGKILL)
        return [one.result() for one in answers]


def test_what_was_answered_survives_a_kill_once(served: Served) -> None:
    """Killed amid many posts, started again, what had no answer sent again: each is in the journal just once."""
    served.start()
    bodies = _alarms(0, 120)
    first = _posted(served, bodies, kill_after=30)
    assert {0, 200} == {*first}
    names = [body["alerts"][0]["fingerprint"] for body in bodies]
    kept = served.recorded()
    assert [] == [name for name, status in zip(names, first, strict=True) if status == 200 and kept[name] != 1]
    served.process.wait()
    served.start()
    again = _posted(served, [body for body, status in zip(bodies, first, strict=True) if status != 200])
    assert {200} == {*again}
    assert 0 == served.end()
    assert dict.fromkeys(names, 1) == dict(served.recorded())


def test_sigterm_leaves_a_clean_journal(served: Served) -> None:
    """It answers what came, writes the engine down, lets the lease go, and exits 0; the next one applies nothing."""
    served.start()
    assert 200 == served.post(_alarms(0, 1)[0])
    assert 0 == served.end()
    *_, last = FileJournal(served.folder / "heal.jsonl").records()
    assert "snapshot" == last.type
    assert not FileJournal(served.folder / "heal.jsonl").is_held()
    assert ["stopping", "stopped"] == [one["event"] for one in served.log()][-2:]
    assert "0123456789abcdef" not in json.dumps(served.log())


def test_other_rules_come_in_and_bad_ones_do_not(served: Served) -> None:
    """SIGHUP with a mistake changes nothing and says why; a good one takes over, states and all, on record."""
    served.start()
    assert 200 == served.post(_alarms(0, 1)[0])
    (served.folder / "rules.yaml").write_text(RULES.replace("\n    when:", "\n    wenn:", 1), "utf-8")
    served.process.send_signal(signal.SIGHUP)
    why = served.logged("not reloaded")["why"]
    assert "`wenn`" in why
    assert 200 == served.post(_alarms(1, 1)[0])
    (served.folder / "rules.yaml").write_text(RULES.replace("default: 30s", "default: 31s", 1), "utf-8")
    served.process.send_signal(signal.SIGHUP)
    digest = served.logged("reloaded")["rules"]
    assert 200 == served.post(_alarms(2, 1)[0])
    metrics = served.client.get(served.url("/metrics")).text
    assert 'selfheal_reloads_total{result="refused"} 1.0' in metrics
    assert 'selfheal_reloads_total{result="done"} 1.0' in metrics
    assert 0 == served.end()
    records = list(FileJournal(served.folder / "heal.jsonl").records())
    (said,) = [one.data for one in records if one.type == "control"]
    assert ("rules", digest) == (said["act"], said["subject"])
    assert 3 == len(served.recorded())


def test_it_says_how_it_is(served: Served) -> None:
    """Alive, ready, and measured: inputs, verdicts with their guards, episodes, lag, queue and journal."""
    served.start()
    (served.folder / "alarms.jsonl").write_bytes(json.dumps(_alarms(5, 1)[0]).encode() + b"\n")
    _until(lambda: 1 == len(served.recorded()))
    assert "ok\n" == served.client.get(served.url("/healthz")).text
    assert {"ready": True, "why": ""} == served.client.get(served.url("/readyz")).json()
    assert 401 == served.client.post(served.url("/v1/events"), json={}).status_code
    _until(lambda: "selfheal_decisions_total{" in served.client.get(served.url("/metrics")).text)
    metrics = served.client.get(served.url("/metrics")).text
    for wanted in (
        'selfheal_inputs_total{form="state",kind="alarm"} 1.0',
        'guard="mode",rule="one-witness",ruleset="compute-host-failure",status="shadowed"',
        "selfheal_lag_seconds_count 2.0",
        "selfheal_queue_length 0.0",
        "selfheal_journal_seconds_count 1.0",
        'selfheal_http_answers_total{status="401"} 1.0',
    ):
        assert wanted in metrics, wanted
    assert 0 == served.end(signal.SIGINT)


def test_people_are_heard_while_it_serves(served: Served) -> None:
    """`selfheal kill` from another process is taken at the next turn."""
    served.start()
    assert 200 == served.post(_alarms(0, 1)[0])
    command = [sys.executable, "-m", "selfheal_rules", "kill", str(served.folder / "heal.jsonl"), "--why", "smoke"]
    subprocess.run([*command, "--who", "ann"], cwd=ROOT, check=True, capture_output=True)
    _until(lambda: b'"act":"kill"' in (served.folder / "heal.jsonl").read_bytes())
    assert 0 == served.end()


def test_a_journal_that_another_holds_is_refused(served: Served, tmp_path: Path) -> None:
    """The second process says who is there, and ends with 3; the first one goes on."""
    served.start()
    command = [sys.executable, "-m", "selfheal_rules", "serve", str(tmp_path / "serve.yaml")]
    second = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=PATIENCE)
    assert (3, True) == (second.returncode, b"another engine" in second.stderr or b"held" in second.stderr)
    assert 200 == served.post(_alarms(0, 1)[0])
    assert 0 == served.end()


ACTING = """
selfheal: 1
ruleset: losses
vocabulary: [openstack]
rules:
  - id: told
    when: {as: lost, event: host.lost}
    then: [{do: notify, target: $lost.host}]
    guard: [{limit: 1, per: 10m}]
"""
LETTING = """
selfheal_policy: 1
policy: test
mode: enforce
autonomy: [{grade: auto}]
"""


def _lost(host: str) -> dict[str, Any]:
    time_of_day = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    head = {"specversion": "1.0", "type": "host.lost", "source": "test", "id": host, "time": time_of_day}
    return {**head, "data": {"host": host, "recoverable": True}}


@pytest.mark.parametrize(("executors", "status"), [("", "dry_run"), ("executors: {record: done.jsonl}", "done")])
def test_what_is_allowed_is_carried_out(served: Served, executors: str, status: str) -> None:
    """By whom the configuration names, and by nobody where it names none; guards and outcomes are counted."""
    (served.folder / "rules.yaml").write_text(ACTING, "utf-8")
    (served.folder / "policy.yaml").write_text(LETTING, "utf-8")
    (served.folder / "serve.yaml").write_text(f"{CONFIG}policy: policy.yaml\n{executors}\n", "utf-8")
    served.start()
    assert [200, 200] == [served.post(_lost("compute1")), served.post(_lost("compute2"))]
    assert 200 == served.post(_lost("compute3") | {"time": "2999-11-22T16:30:00Z"})
    wanted = f'selfheal_outcomes_total{{action="notify",status="{status}"}} 1.0'
    _until(lambda: wanted in served.client.get(served.url("/metrics")).text)
    metrics = served.client.get(served.url("/metrics")).text
    assert 'selfheal_decisions_total{guard="mode",rule="told",ruleset="losses",status="allowed"} 1.0' in metrics
    assert 'guard="limit",rule="told"' in metrics
    assert "selfheal_ahead_total 1.0" in metrics
    opened = 'selfheal_episodes_total{rule="told",ruleset="losses",state="opened"} 2.0'
    _until(lambda: opened in served.client.get(served.url("/metrics")).text)
    assert 0 == served.end()
    done = served.folder / "done.jsonl"
    lines = done.read_text("utf-8").splitlines() if done.exists() else []
    assert (["compute1"] if executors else []) == [json.loads(line)["target"] for line in lines]
    (acted,) = (one for one in served.log() if one["event"] == "carried out")
    assert ("notify", status, "detail") == (acted["action"], acted["status"], *({"detail"} & acted.keys()))
    (ahead,) = (one for one in served.log() if one["event"] == "ahead of time")
    assert ("host.lost", 1) == (ahead["kind"], ahead["items"])


def test_who_was_taken_over_from_ends_and_says_so(served: Served) -> None:
    """Once another has taken the journal by force nothing more is written or answered, and the exit code is 3."""
    served.start()
    assert 200 == served.post(_alarms(0, 1)[0])
    journal = FileJournal(served.folder / "heal.jsonl")
    journal.fence()
    assert 3 == served.process.wait(PATIENCE)
    assert 0 == served.post(_alarms(1, 1)[0])
    assert b"Traceback" not in (served.folder / "log").read_bytes()
    assert b"stale" in (served.folder / "log").read_bytes()
    journal.close()


def test_a_disk_that_is_full_is_told_as_that(served: Served) -> None:
    """And not as what follows from it: that the journal is then no more open for writing."""
    served.start()
    most = (served.folder / "heal.jsonl").stat().st_size + 100
    resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (most, most))
    assert 503 == served.post(_alarms(0, 1)[0])
    assert 3 == served.process.wait(PATIENCE)
    assert "cannot be written: file too large" in (served.folder / "log").read_text("utf-8")


@pytest.mark.parametrize("said", ["", "lease: {url: coordinator.url, name: site}\n"], ids=["the journal's", "tooz"])
def test_of_two_processes_one_acts_until_it_is_gone(served: Served, said: str) -> None:
    """The second ends with exit code 3 and says why; once the first was killed, it goes on where that one was."""
    served.folder.joinpath("coordinator.url").write_text(f"file://{served.folder}/locks\n", "utf-8")
    served.folder.joinpath("serve.yaml").write_text(CONFIG + said, "utf-8")
    served.start()
    assert 200 == served.post(_alarms(0, 1)[0])
    command = [sys.executable, "-m", "selfheal_rules", "serve", str(served.folder / "serve.yaml"), "--log", "json"]
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (3, True) == (second.returncode, "another engine holds" in second.stderr)
    assert 200 == served.post(_alarms(1, 1)[0])
    served.end(signal.SIGKILL)
    served.start()
    assert 200 == served.post(_alarms(1, 1)[0])
    assert {f"{number:016x}": 1 for number in range(2)} == served.recorded()
    assert 0 == served.end()
