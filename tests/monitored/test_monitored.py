"""
What a real monitoring says while something really fails on this machine, and what the rule sets that ship decide.

As `tests/cloud/test_streams.py` does of the cloud: with `SELFHEAL_RECORD=1` each stream is kept beside its rule set. It
takes root, and is skipped unless `SELFHEAL_MONITORED` asks for it.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cloud.hook import Hook
from tests.cloud.tape import Tape
from tests.monitored.shell import sh
from tests.monitored.site import Site, Target, free_port, watched

LASTS = 8
"""Seconds a failure goes on once it was told: longer than the rules wait in the tests that play the stream."""

# Disks: each node has a mount namespace of its own, in which a small ext4 is its /var/log, or its data


@pytest.fixture
def disk(site: Site) -> Iterator["Disks"]:
    """Give disks that are unmounted afterwards."""
    made = Disks(site.folder)
    yield made
    made.end()


class Disks:
    """Small file systems on loop devices."""

    def __init__(self, folder: Path) -> None:
        """Have none yet."""
        self.folder = folder
        self.mounted: list[Path] = []

    def made(self, name: str) -> Path:
        """Make one, and mount it."""
        image, place = self.folder / f"{name}.img", self.folder / name
        sh("truncate", "-s", "32M", image)
        sh("mkfs.ext4", "-q", image)
        place.mkdir()
        sh("mount", "-o", "loop", image, place)
        self.mounted.append(place)
        return place

    def end(self) -> None:
        """Unmount all."""
        for place in self.mounted:
            sh("umount", place)


def filled(disk: Path, percent: int) -> None:
    """Write logs until so much of a disk is used, as a service does that complains a thousand times a second."""
    room = os.statvfs(disk)
    with (disk / "noise.log").open("wb") as log:
        log.write(b"x" * (room.f_bavail * room.f_frsize * percent // 100))


def test_disk_full(site: Site, hook: Hook, disk: Disks) -> None:
    """Logs fill the disk of a node, and are cleaned away; then data fills that of another one."""
    places = {"control1": "/var/log", "control2": "/var/lib/mysql", "control3": "/var/log"}
    disks = {name: disk.made(name) for name in places}
    targets = []
    for name, place in places.items():
        own = f'mkdir -p {place} && mount --bind "{disks[name]}" {place} && umount {site.folder}/control? && exec "$@"'
        under = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", own, "sh"]
        targets.append(Target("node", site.node(name, under=under), {"host": name, "role": "control"}))
    tape = watched(site, "disk-full", targets, hook)
    filled(disks["control1"], 98)
    tape.posted("NodeFilesystemAlmostOutOfSpace")
    assert [("shadowed", "workflow.start", "control1")] == tape.decided("disk-full", timedelta(minutes=10))
    time.sleep(LASTS)
    (disks["control1"] / "noise.log").unlink()
    tape.posted('"resolved"')
    filled(disks["control2"], 98)
    tape.posted("/var/lib/mysql")
    tape.decides({("shadowed", "page", "control2")}, "disk-full", timedelta(minutes=10))
    tape.kept("disk-full")


# Network cards: one end of a pair of veth; whoever shuts the other end takes its carrier away


@pytest.fixture
def card() -> Iterator[str]:
    """Give the name of a card of this machine; its other end has an `x` more."""
    name = f"ens{os.getpid() % 100000}"
    sh("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}x")
    for end in (name, f"{name}x"):
        sh("ip", "link", "set", end, "up")
    yield name
    sh("ip", "link", "delete", name)


def test_nic_failure(site: Site, hook: Hook, card: str) -> None:
    """A card that is switched off is no alarm; one that loses its carrier is, and stays one if it is switched off."""
    tape = watched(site, "nic-failure", [Target("node", site.node("compute1"), {"host": "compute1"})], hook)
    site.wait(lambda: site.asked(f'node_network_carrier{{device="{card}"}} == 1'), "it carries")
    sh("ip", "link", "set", card, "down")
    site.wait(lambda: not site.asked(f'node_network_carrier{{device="{card}"}}'), "it is switched off")
    assert not site.asked('ALERTS{alertname="NicDown"}')
    sh("ip", "link", "set", card, "up")
    sh("ip", "link", "set", f"{card}x", "down")
    tape.posted('"firing"')
    sh("ip", "link", "set", card, "down")
    site.wait(lambda: not site.asked(f'node_network_carrier{{device="{card}"}}'), "it is switched off")
    assert site.asked('ALERTS{alertname="NicDown", alertstate="firing"}')
    assert [("shadowed", "compute.disable_service", "compute1")] == tape.decided("nic-failure", timedelta(minutes=10))
    time.sleep(LASTS)
    for end in (card, f"{card}x"):
        sh("ip", "link", "set", end, "up")
    tape.posted('"resolved"')
    tape.kept("nic-failure")


# Clocks: the node exporter has another one where it runs under an emulator, which asks the C library what time it is


def test_clock_skew(site: Site, hook: Hook) -> None:
    """Nothing sets the clock of this machine; one of another node is far off, and is set; a third is off by little."""
    bare = ("--collector.disable-defaults", "--collector.time")
    ports = {"compute1": site.node("compute1")}
    for name, wrong in {"control1": "-90s", "compute2": "+3s"}.items():
        ports[name] = site.node(name, *bare, under=["faketime", "-f", wrong, "qemu-x86_64"])
    tape = watched(site, "clock-skew", [Target("node", port, {"host": name}) for name, port in ports.items()], hook)
    tape.posted("ClockFarOff")
    tape.posted("NodeClockNotSynchronising")
    (far,) = site.asked("abs(node_time_seconds - timestamp(node_time_seconds)) > 10")
    assert "control1" == far["metric"]["host"]
    site.kill("control1")
    site.node("control1", *bare, port=ports["control1"])
    tape.posted('"resolved"')
    expected = {("shadowed", "page", "control1"), ("shadowed", "workflow.start", "compute1")}
    tape.decides(expected, "clock-skew", timedelta(minutes=12))
    assert expected == {*tape.kept("clock-skew").decided("clock-skew", timedelta(minutes=12))}


# Memory: a process of each host takes more and more


LEAK = """
import time
kept = []
for _ in range(1500):
    kept.append(bytes(range(256)) * 4096)
    time.sleep(0.005)
time.sleep(600)
"""


def test_memory_leak(site: Site, hook: Hook) -> None:
    """A service of each host leaks, until it is restarted; Prometheus is asked, and its answer read by the mapping."""
    targets = []
    for host, process in {"compute1": "nova-api", "compute2": "heat-engine"}.items():
        port = free_port()
        names = {"process_names": [{"name": process, "cmdline": [f"leaks {process}"]}]}
        (site.folder / f"{host}.yaml").write_text(json.dumps(names), "utf-8")
        site.start(
            f"process-{host}",
            "prometheus-process-exporter",
            f"-config.path={site.folder / host}.yaml",
            f"-web.listen-address=127.0.0.1:{port}",
        )
        site.answers(port, f"process-{host}")
        healer = {"compute1": "central", "compute2": "local"}[host]
        targets += [
            Target("process", port, {"host": host}),
            Target("node", site.node(host), {"host": host, "healer": healer}),
        ]
    tape = watched(site, "memory-leak", targets, hook)
    site.wait(lambda: 2 == len(site.asked('selfheal:memory:percent{says="host.memory"}')), "both hosts are measured")
    before = round(max(used(site, tape).values()))
    for process in ("nova-api", "heat-engine"):
        site.start(f"leak-{process}", sys.executable, "-c", LEAK, f"leaks {process}")
    limits = {"limit": before + 5, "good": before + 2, "worth": 2, "patience": timedelta(seconds=5)}
    site.wait(lambda: min(used(site, tape).values()) > before + 10, "both have leaked")
    for _ in range(8):
        used(site, tape)
    said = tape.decided("memory-leak", timedelta(0), **limits)
    assert [("shadowed", "message.post", "compute2"), ("shadowed", "workflow.start", "compute1")] == sorted(said)
    for process in ("nova-api", "heat-engine"):
        site.kill(f"leak-{process}")
    site.wait(lambda: max(used(site, tape).values()) < before + 2, "both are well")
    tape.kept("memory-leak")
    assert said == tape.decided("memory-leak", timedelta(minutes=3), **limits)


def used(site: Site, tape: Tape) -> dict[str, float]:
    """Ask as the stack does, keep the answer, and give how much of each host is used, in percent; once a second."""
    time.sleep(1)
    answer = site.answered("selfheal:memory:percent")
    tape.lines.append({"received": datetime.now(UTC).isoformat(), "payload": answer})
    rows = [one for one in answer["data"]["result"] if one["metric"]["says"] == "host.memory"]
    return {one["metric"]["host"]: float(one["value"][1]) for one in rows}
