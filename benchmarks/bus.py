"""
Measure the listener: `python -m benchmarks.bus [--quick] [--messages N] [--json FILE]`.

A RabbitMQ of its own (Debian's `rabbitmq-server`) has notifications put into it in bulk, as fast as it takes them: real
ones of Nova's, each about a server of its own. A `selfheal serve` listens with a pool, is killed with SIGKILL when a
third has come, and another goes on. The answer is checked: each notification is in the journal, and none twice but for
those that were under way when the first process was killed. What waits, waits in the bus: memory does not follow it.
"""

import argparse
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import frozen
from kombu.connection import Connection

from benchmarks.serve import ROOT, Server, serving
from benchmarks.targets import Figure, told
from selfheal_rules.journal.file import FileJournal
from tests.servers.rabbitmq import is_there, rabbitmq

CAPTURED = ROOT / "tests" / "data" / "captured" / "nova" / "unversioned.compute.instance.create.end.json"
MESSAGES, QUICK, POOL, KEY = 60_000, 600, "selfheal", "notifications.info"
PATIENCE = 240.0
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

    def _connected(self) -> Any:  # noqa: ANN401 - a client without types
        return Connection(self.url.replace("rabbit://", "amqp://"))  # type: ignore[no-untyped-call]

    def waiting(self) -> int:
        """Count what waits in the queue of the pool."""
        with self._connected() as connection:
            found: int = connection.default_channel.queue_declare(POOL, passive=True).message_count
        return found

    def send(self, count: int) -> float:
        """Have the broker take so many notifications; gives how many seconds that took."""
        envelope = json.loads(CAPTURED.read_text("utf-8"))["envelope"]["oslo.message"]
        begun = time.perf_counter()
        with self._connected() as connection:
            channel = connection.default_channel
            for number in range(count):
                message = channel.prepare_message(
                    body(envelope, number).encode(), content_type="application/json", content_encoding="utf-8"
                )
                channel.basic_publish(message, exchange="nova", routing_key=KEY)
            channel.queue_declare(POOL, passive=True)  # answered behind all that was sent
        return time.perf_counter() - begun


def named(number: int) -> str:
    """Give the server a notification is about."""
    return f"00000000-0000-4000-8000-{number:012}"


def body(envelope: dict[str, Any], number: int) -> str:
    """Give a notification as it is on the wire."""
    told = {**envelope, "message_id": f"10000000-0000-4000-8000-{number:012}", "_unique_id": f"{number:032x}"}
    told["payload"] = {**envelope["payload"], "instance_id": named(number)}
    return json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(told)})


def recorded(folder: Path) -> Counter[str]:
    """Count what the journal has of each server, torn end and all, by somebody who knows its format only."""
    found: Counter[str] = Counter()
    for file in FileJournal(folder / "heal.jsonl").files():
        for line in file.read_bytes().rpartition(b"\n")[0].splitlines():
            one = json.loads(line)
            if one["type"] == "event":
                found[str(one["data"]["fields"].get("instance"))] += 1
    return found


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in FileJournal(folder / "heal.jsonl").files())


def _until_empty(bus: Bus, server: Server, folder: Path) -> None:
    """Wait until nothing is in the bus, and nothing more comes into the journal."""
    end, last = time.monotonic() + PATIENCE, -1
    while bus.waiting() or last != _size(folder):
        assert server.process.poll() is None, (folder / "log").read_text("utf-8")[-2_000:]
        assert time.monotonic() < end, "it is not taken"
        last = _size(folder)
        time.sleep(1.0)


def _until(bus: Bus, left: int) -> None:
    end = time.monotonic() + PATIENCE
    while bus.waiting() > left:
        assert time.monotonic() < end, "it is not taken"
        time.sleep(0.05)


def figures(count: int, folder: Path) -> Iterator[Figure]:
    """Measure."""
    with rabbitmq(folder / "rabbit") as url:
        bus = Bus(url)
        (folder / "bus.url").write_text(url, "utf-8")
        with serving(folder, CONFIG % POOL):
            pass  # it has made the queue of its pool, and ended
        offered = bus.send(count)
        with serving(folder, CONFIG % POOL, ends=False) as server:
            _until(bus, count * 2 // 3)
            os.kill(server.process.pid, signal.SIGKILL)
            server.process.wait()
        left, kept = bus.waiting(), len(recorded(folder))
        with serving(folder, CONFIG % POOL) as server:
            begun, before = time.perf_counter(), server.processor()
            _until_empty(bus, server, folder)
            took, used, peak = time.perf_counter() - begun, server.processor() - before, server.memory("VmHWM")
    found = recorded(folder)
    lost = [number for number in range(count) if named(number) not in found]
    twice = sum(times - 1 for times in found.values())
    assert not lost, f"{len(lost)} were lost, such as {lost[0]}"
    assert twice <= 400, f"{twice} were written twice: more than were under way"
    note = f"{kept} of {count} were in the journal at the kill, {left} in the bus; none lost, {twice} came twice"
    yield Figure("listener, offered", count / offered, "a second", note="by one sender, as fast as the bus takes them")
    yield Figure("listener, taken", left / took, "a second", note=note)
    yield Figure("listener, cost of a notification", used / left * 1e6, "us", note="of a processor")
    yield Figure("listener, memory", peak, "MiB", 500)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether every target is reached."""
    parser = argparse.ArgumentParser(description="measure the listener")
    parser.add_argument("--quick", action="store_true", help="few notifications: are the answers right?")
    parser.add_argument("--messages", type=int, default=MESSAGES, help="how many notifications")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    chosen = parser.parse_args(arguments)
    if not is_there():
        print("RabbitMQ is not installed (Debian's rabbitmq-server): the listener is not measured")
        return 0
    with TemporaryDirectory() as folder:
        return told(
            figures(QUICK if chosen.quick else chosen.messages, Path(folder)), quick=chosen.quick, written=chosen.json
        )


if __name__ == "__main__":
    sys.exit(main())
