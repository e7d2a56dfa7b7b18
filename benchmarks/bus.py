"""
Measure the listener: `python -m benchmarks.bus [--quick] [--rate N] [--seconds N] [--json FILE]`.

A RabbitMQ of its own (Debian's `rabbitmq-server`) is offered 10,000 notifications a second for a minute by a process of
its own that speaks AMQP and no more: real ones of Nova's, each of its own id, about 20,000 servers. A `selfheal serve`
listens with a pool, is killed with SIGKILL when a third of the time is over, and another goes on at once; what it does
not take waits in the bus, and is taken later. The answer is checked: each notification is in the journal, and none
twice but for those that were under way when the first process was killed. While it falls behind, memory does not follow
what waits, and `/metrics` says how old the items are that come.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from amqp.exceptions import NotFound
from attrs import frozen
from kombu.connection import Connection

from benchmarks.serve import ROOT, Server, serving
from benchmarks.targets import Figure, told
from selfheal_rules.journal.file import FileJournal
from tests.servers.rabbitmq import is_there, rabbitmq

CAPTURED = ROOT / "tests" / "data" / "captured" / "nova" / "unversioned.compute.instance.create.end.json"
RATE, SECONDS, POOL, KEY = 10_000, 60, "selfheal", "notifications.info"
SERVERS = 20_000
MEMORY = 300
"""MiB that the process may have at most, however much waits in the bus."""
UNDER_WAY = 1_500
"""So many may come twice: what one process had read, and not yet acknowledged, when it was killed."""
PATIENCE = 3_000.0
CONFIG = """
selfheal_serve: 1
rules: [{root}/rulesets/compute-host-failure]
journal: heal.jsonl
queue: 50
http: {{listen: "127.0.0.1:0"}}
sources: [{{listen: bus.url, pool: %s, exchanges: [nova]}}]
"""


@frozen
class Bus:
    """A broker, by its URL."""

    url: str

    def connected(self) -> Any:  # noqa: ANN401 - a client without types
        """Give a connection."""
        return Connection(self.url.replace("rabbit://", "amqp://"))  # type: ignore[no-untyped-call]

    def waiting(self) -> int:
        """Count what waits in the queue of the pool, beside what a listener holds."""
        with self.connected() as connection:
            found: int = connection.default_channel.queue_declare(POOL, passive=True).message_count
        return found


@frozen
class Notifications:
    """Notifications as they are on the wire, made from one that was captured."""

    before: str
    between: tuple[str, ...]

    @classmethod
    def captured(cls) -> "Notifications":
        """Leave places for what each has of its own: when, which, and about which server."""
        envelope = json.loads(CAPTURED.read_text("utf-8"))["envelope"]["oslo.message"]
        told = {**envelope, "message_id": "\0id", "_unique_id": "\0id", "timestamp": "\0time"}
        told["payload"] = {**envelope["payload"], "instance_id": "\0server"}
        written = json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(told).replace("\\u0000", "\0")})
        before, *between = written.replace("\\u0000", "\0").split("\0")
        return cls(before, tuple(between))

    def body(self, number: int) -> bytes:
        """Give one."""
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"
        own = {"id": named(number), "time": now, "server": f"00000000-0000-4000-8000-{number % SERVERS:012}"}
        parts = [self.before]
        for part in self.between:
            name = next(one for one in own if part.startswith(one))
            parts += (own[name], part[len(name) :])
        return "".join(parts).encode()


def named(number: int) -> str:
    """Give the id of a notification."""
    return f"10000000-0000-4000-8000-{number:012}"


def send(url: str, rate: int, count: int) -> None:
    """Publish so many a second, as the clock says, and print how many seconds it took until the broker had all."""
    notifications = Notifications.captured()
    with Bus(url).connected() as connection:
        channel = connection.default_channel
        begun = time.perf_counter()
        for number in range(count):
            if number % 100 == 0:
                time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            message = channel.prepare_message(
                notifications.body(number), content_type="application/json", content_encoding="utf-8"
            )
            channel.basic_publish(message, exchange="nova", routing_key=KEY)
        channel.queue_declare(POOL, passive=True)  # answered behind all that was sent
        print(time.perf_counter() - begun)


def _sending(bus: Bus, rate: int, seconds: int) -> "subprocess.Popen[str]":
    """Begin to send, once there is a queue: what comes before it goes nowhere."""
    end = time.monotonic() + PATIENCE
    while True:
        assert time.monotonic() < end, "nobody listens"
        with suppress(NotFound):
            bus.waiting()
            break
        time.sleep(0.1)
    command = [
        sys.executable,
        "-m",
        "benchmarks.bus",
        "--send",
        bus.url,
        "--rate",
        str(rate),
        "--seconds",
        str(seconds),
    ]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def recorded(folder: Path) -> Counter[str]:
    """Count what the journal has of each notification, torn end and all, by somebody who knows its format only."""
    found: Counter[str] = Counter()
    for file in FileJournal(folder / "heal.jsonl").files():
        with file.open("rb") as lines:
            for line in lines:
                if b'"type":"state"' in line and b'"kind":"instance"' in line and line.endswith(b"\n"):
                    found[json.loads(line)["data"]["id"]] += 1
    return found


@frozen
class Watch:
    """What was seen of a process while it listened."""

    peak: float
    most: int
    late: float
    cost: float
    """Microseconds of a processor each notification took."""
    rate: float


def watched(bus: Bus, server: Server, folder: Path, sender: "subprocess.Popen[str]") -> Watch:
    """Look on until all is sent, nothing waits in the bus, and nothing more comes into the journal."""
    end, last, most, late = time.monotonic() + PATIENCE, -1, 0, 0.0
    begun, before, already = time.perf_counter(), server.processor(), _inputs(server)
    while sender.poll() is None or (waiting := bus.waiting()) or last != _size(folder):
        assert server.process.poll() is None, (folder / "log").read_text("utf-8")[-2_000:]
        assert time.monotonic() < end, "it is not taken"
        last, waiting, late = _size(folder), bus.waiting(), max(late, _late(server))
        most = max(most, waiting)
        time.sleep(1.0)
    took, taken = time.perf_counter() - begun, _inputs(server) - already
    return Watch(server.memory("VmHWM"), most, late, (server.processor() - before) / taken * 1e6, taken / took)


def _scraped(server: Server) -> list[tuple[str, float]]:
    with urlopen(f"http://127.0.0.1:{server.port}/metrics") as found:
        lines = found.read().decode().splitlines()
    return [(name, float(value)) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")]


def _inputs(server: Server) -> int:
    """Count notifications by what the process says of itself: each tells the state of an instance."""
    return int(sum(value for name, value in _scraped(server) if "inputs_total" in name and 'kind="instance"' in name))


def _late(server: Server) -> float:
    """Give how old, in seconds, the oldest items were that came: the greatest bucket with something in it."""
    buckets = [(name, value) for name, value in _scraped(server) if name.startswith("selfheal_lag_seconds_bucket")]
    below = [
        float(name.split('"')[1])
        for (name, value), (_, before) in zip(buckets[1:], buckets, strict=False)
        if value > before
    ]
    return max(below, default=0.0)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in FileJournal(folder / "heal.jsonl").files())


def figures(rate: int, seconds: int, folder: Path) -> Iterator[Figure]:
    """Measure."""
    count = rate * seconds
    with rabbitmq(folder / "rabbit") as url:
        bus = Bus(url)
        (folder / "bus.url").write_text(url, "utf-8")
        with serving(folder, CONFIG % POOL, ends=False) as server:
            sender = _sending(bus, rate, seconds)
            time.sleep(seconds / 3)
            os.kill(server.process.pid, signal.SIGKILL)
            server.process.wait()
        with serving(folder, CONFIG % POOL) as server:
            seen = watched(bus, server, folder, sender)
        offered = float(sender.communicate()[0])
    found = recorded(folder)
    lost = [number for number in range(count) if named(number) not in found]
    twice = sum(times - 1 for times in found.values())
    assert not lost, f"{len(lost)} were lost, such as {lost[0]}"
    assert twice <= UNDER_WAY, f"{twice} were written twice: more than were under way"
    yield Figure("listener, offered", count / offered, "a second", note=f"{rate} asked for, for {seconds} s")
    note = f"killed once meanwhile; {count} of {count} in the journal, {twice} twice"
    yield Figure("listener, taken", seen.rate, "a second", note=note)
    yield Figure("listener, cost of a notification", seen.cost, "us", note="of a processor")
    note = f"{seen.most} waited in the bus; the metrics say that what came was up to {seen.late:g} s old"
    yield Figure("listener, memory", seen.peak, "MiB", MEMORY, note=note)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether every target is reached."""
    parser = argparse.ArgumentParser(description="measure the listener")
    parser.add_argument("--quick", action="store_true", help="few notifications: are the answers right?")
    parser.add_argument("--rate", type=int, default=RATE, help="notifications a second that are offered")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="for how long")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--send", metavar="URL", help="offer them to a bus, and nothing else")
    chosen = parser.parse_args(arguments)
    if chosen.send:
        send(chosen.send, chosen.rate, chosen.rate * chosen.seconds)
        return 0
    if not is_there():
        print("RabbitMQ is not installed (Debian's rabbitmq-server): the listener is not measured")
        return 0
    rate, seconds = (300, 3) if chosen.quick else (chosen.rate, chosen.seconds)
    with TemporaryDirectory() as folder:
        return told(figures(rate, seconds, Path(folder)), quick=chosen.quick, written=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
