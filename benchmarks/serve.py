"""
Measure the webhook: `python -m benchmarks.serve [--quick] [--rate N] [--seconds N] [--json FILE]`.

A real `selfheal serve` is offered 2,000 requests a second for a minute over connections that are kept, each a captured
payload of Alertmanager that says something new of one of 5,000 alarms. What is offered is what the clock says, not what
the process takes. Then comes a flood, as fast as four times as many connections bring it: more than may wait.
What is answered 503 is sent again after `Retry-After`, and `/metrics` is read all the while. The answer is checked: at
the end each request is in the journal once, and none is missing; the flood was told 503, and the metrics say how often.

Beside it, in the same run, stands the least there can be: the same server, and an application that reads JSON and
answers. The processor time of the two a request is a ratio that a busy machine does not change much.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import define, field, frozen

from benchmarks.targets import Figure, told
from selfheal_rules.journal.file import FileJournal
from tests.servers.process import free_port

ROOT = Path(__file__).parents[1]
CAPTURED = ROOT / "tests" / "data" / "captured" / "alertmanager" / "webhook.firing.1.json"
RATE, SECONDS, CONNECTIONS, ALARMS = 2_000, 60, 64, 5_000
FLOOD, FLOODING = 20_000, 256
"""So many requests come at once in the end, over so many connections."""
MEMORY = 250
"""MiB that the process may have at most: its queue is bounded, and so is what it remembers."""
BEGUN = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
BARE = 2_000
"""So many requests tell what the least costs."""
RATIO = 8.0
CONFIG = """
selfheal_serve: 1
rules: [{root}/rulesets/compute-host-failure]
journal: heal.jsonl
queue: 100
http: {{listen: "127.0.0.1:0", rate: 1000000}}
"""


def named(number: int) -> tuple[str, str]:
    """Give the alarm a request is about, and since when it is what the request says."""
    return f"{number % ALARMS:016x}", (BEGUN + timedelta(seconds=number // ALARMS)).isoformat()


def body(number: int) -> bytes:
    """Give a payload as it was on the wire, about something new of an alarm on one of a thousand hosts."""
    payload = json.loads(CAPTURED.read_text("utf-8"))["body"]
    alert = payload["alerts"][0]
    alarm, begun = named(number)
    alert |= {"fingerprint": alarm, "startsAt": begun}
    alert["labels"] = {**alert["labels"], "host": f"compute{number % 1000}"}
    return json.dumps(payload).encode()


async def bare(_: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as ASGI has them
    """Read JSON and answer: the least an application of a webhook does."""
    found, more = b"", True
    while more:
        part = await receive()
        found, more = found + part.get("body", b""), part.get("more_body", False)
    told = json.dumps({"taken": len(json.loads(found)["alerts"])}).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(told)).encode())]}
    )
    await send({"type": "http.response.body", "body": told})


@frozen
class Server:
    """A process that serves, and where."""

    process: "subprocess.Popen[bytes]"
    port: int
    folder: Path

    def memory(self, name: str = "VmRSS") -> float:
        """Give the memory it has, or the most it has had (`VmHWM`), in MiB."""
        said = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return int(next(line.split()[1] for line in said.splitlines() if line.startswith(name))) / 1024

    def processor(self) -> float:
        """Give how many seconds of a processor it has used."""
        told = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(folder: Path, config: str = CONFIG, *, ends: bool = True) -> Iterator[Server]:
    """Run a process over a folder; it ends by SIGTERM, and cleanly, unless the caller ends it."""
    (folder / "serve.yaml").write_text(config.format(root=ROOT), "utf-8")
    command = [sys.executable, "-m", "selfheal_rules", "serve", str(folder / "serve.yaml"), "--log", "json"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stderr=log)
    try:
        yield Server(process, _port(process, folder / "log"), folder)
        if ends:
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0, "it did not end cleanly"
    finally:
        process.kill()
        process.wait()


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    while process.poll() is None:
        for line in log.read_bytes().rpartition(b"\n")[0].splitlines():
            told = json.loads(line)
            if told["event"] == "listening":
                port: int = told["port"]
                return port
        time.sleep(0.05)
    raise RuntimeError(log.read_text("utf-8"))


@define
class Load:
    """What is offered, and how it was answered."""

    port: int
    rate: float
    bodies: Sequence[bytes]
    connections: int = CONNECTIONS
    watched: bool = True
    queued: list[float] = field(factory=list)
    """What `/metrics` said of the queue, twice a second."""
    refused: float = 0.0
    """What it said at the end of requests that were answered 503."""
    statuses: Counter[int] = field(factory=Counter)
    waits: list[float] = field(factory=list)
    last: float = 0.0
    _ended: bool = False
    _next: int = 0
    _again: "deque[tuple[float, int]]" = field(factory=deque)

    async def offer(self) -> float:
        """Offer everything, and give how many seconds it took until all was taken."""
        begun = time.perf_counter()
        watching = asyncio.ensure_future(self._watch())
        await asyncio.gather(*(self._connection(begun) for _ in range(self.connections)))
        self._ended = True
        await watching
        return self.last - begun

    async def _watch(self) -> None:
        while self.watched and not self._ended:
            await asyncio.sleep(0.5)
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            lines = [line.split(" ") for line in (await reader.read()).decode().splitlines() if line[:9] == "selfheal_"]
            told = {line[0]: float(line[1]) for line in lines}
            self.queued.append(told.get("selfheal_queue_length", 0.0))
            self.refused = told.get('selfheal_http_answers_total{status="503"}', 0.0)
            writer.close()

    def _due(self, begun: float) -> tuple[float, int] | None:
        """Give the next request and when it is due: what has to be sent again goes before what is new."""
        now = time.perf_counter()
        if self._again and (self._again[0][0] <= now or self._next == len(self.bodies)):
            return self._again.popleft()
        if self._next == len(self.bodies):
            return None
        self._next += 1
        return begun + (self._next - 1) / self.rate, self._next - 1

    async def _connection(self, begun: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while (found := self._due(begun)) is not None:
            due, number = found
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            status, retry = await self._sent(reader, writer, self.bodies[number])
            self.statuses[status] += 1
            if status == 200:
                self.last = time.perf_counter()
                self.waits.append(self.last - due)
            else:
                self._again.append((time.perf_counter() + retry, number))
        writer.close()

    async def _sent(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> tuple[int, float]:
        head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: {len(sent)}\r\n\r\n"
        writer.write(head.encode() + sent)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        lines = dict(line.split(": ", 1) for line in answer.splitlines()[1:] if ": " in line)
        await reader.readexactly(int(lines["content-length"]))
        return int(answer.split(" ", 2)[1]), float(lines.get("retry-after", 0))


def checked(folder: Path, count: int) -> int:
    """Hold the journal against what was sent: each alarm once; gives how many records there are."""
    found: Counter[str] = Counter()
    records = 0
    for record in FileJournal(folder / "heal.jsonl").records():
        records += 1
        if record.type == "state" and record.data["kind"] == "alarm":
            found[record.data["id"]] += 1
    expected = Counter("/".join(named(number)) for number in range(count))
    assert expected == found, "the journal has not just what was sent"
    return records


@contextmanager
def least() -> Iterator[Server]:
    """Run the least there can be."""
    port = free_port()
    options = ["--port", str(port), "--no-access-log", "--no-proxy-headers", "--log-level", "warning"]
    process = subprocess.Popen([sys.executable, "-m", "uvicorn", "benchmarks.serve:bare", *options], cwd=ROOT)
    try:
        while not _answers(port):
            assert process.poll() is None, "it did not begin"
            time.sleep(0.05)
        yield Server(process, port, ROOT)
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def cost(server: Server, load: Load) -> tuple[float, float]:
    """Offer a load, and give how many seconds it took, and how many microseconds of a processor each request."""
    before = server.processor()
    took = asyncio.run(load.offer())
    return took, (server.processor() - before) / len(load.bodies) * 1e6


def figures(rate: int, seconds: int, flood: int) -> Iterator[Figure]:
    """Measure."""
    bodies = [body(number) for number in range(rate * seconds + flood)]
    with least() as server:
        _, floor = cost(server, Load(server.port, rate, bodies[:BARE], watched=False))
    with TemporaryDirectory() as folder:
        with serving(Path(folder)) as server:
            steady = Load(server.port, rate, bodies[: rate * seconds])
            flooding = Load(server.port, 1e9, bodies[rate * seconds :], FLOODING)
            begun = server.memory()
            took, used = cost(server, steady)
            middle = server.memory()
            flooded, _ = cost(server, flooding)
            ended, peak = server.memory(), server.memory("VmHWM")
        records = checked(Path(folder), len(bodies))
    yield from _steady(steady, took, rate)
    yield Figure(
        "webhook, cost of a request", used, "us", note=f"of a processor; the least there can be is {floor:.0f}"
    )
    yield Figure("webhook, cost to the least", used / floor, "times", RATIO)
    yield from _flood(flooding, flooded)
    note = (
        f"{begun:.0f} before, {middle:.0f} after the minute, {ended:.0f} after the flood; {records} records, none lost"
    )
    yield Figure("webhook, memory", peak, "MiB", MEMORY, note=note)


def _answers_of(load: Load) -> str:
    return ", ".join(f"{count} answered {status}" for status, count in sorted(load.statuses.items()))


def _steady(load: Load, took: float, rate: int) -> Iterator[Figure]:
    waits, count = sorted(load.waits), len(load.bodies)
    note = f"{rate} offered for {count / rate:.0f} s; {_answers_of(load)}"
    yield Figure("webhook, taken", count / took, "requests/s", rate * 0.95, at_least=True, note=note)
    yield Figure("webhook, median wait", waits[count // 2] * 1e3, "ms")
    yield Figure("webhook, 99 of 100 wait less", waits[count * 99 // 100] * 1e3, "ms")


def _flood(load: Load, took: float) -> Iterator[Figure]:
    """Give what a flood came to, once it is seen to have been held back, and to have been told of."""
    told = load.statuses[503]
    assert told > 0, "nothing held the flood back"
    assert load.refused > 0, "the metrics do not show it"
    note = (
        f"{_answers_of(load)}, {load.refused:.0f} of them in the metrics; at most {max(load.queued):.0f} seen to wait"
    )
    yield Figure("webhook, taken of a flood", len(load.bodies) / took, "requests/s", note=note)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether every target is reached."""
    parser = argparse.ArgumentParser(description="measure the webhook")
    parser.add_argument("--quick", action="store_true", help="few requests: are the answers right?")
    parser.add_argument("--rate", type=int, default=RATE, help="requests a second that are offered")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="for how long")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    chosen = parser.parse_args(arguments)
    return told(
        figures(*((200, 1, 300) if chosen.quick else (chosen.rate, chosen.seconds, FLOOD))),
        quick=chosen.quick,
        written=chosen.json,
    )


if __name__ == "__main__":
    sys.exit(main())
