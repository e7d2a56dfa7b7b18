"""Compute hosts die, and nobody lifts a hand: what a healer makes of it on a real cloud."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from selfheal_rules.integrations.pollers import ironic_nodes, masakari_hosts, nova_servers, nova_services
from tests.cloud.hook import Hook, alert
from tests.cloud.outage import away
from tests.cloud.rig import COMPUTES, Cloud
from tests.cloud.site import POLICY, Site, site, told

STORY = "dead-compute"
SWEEPS = (nova_services, ironic_nodes, nova_servers)
FIRST, OTHER, HOST = COMPUTES
DOWN = "NovaComputeDown"
STEPS = (
    "compute.fence",
    "compute.force_down",
    "compute.disable_service",
    "compute.evacuate_host",
    "compute.enable_service",
)
LAST = STEPS[-1]
KILLED = dict(zip(STEPS[:-1], ("intent", "outcome", "outcome", "intent"), strict=True))
"""When the healer is killed: as soon as it has begun a step, or once it knows how it ended."""

ONCE = dict.fromkeys(STEPS, 1)
CLOSED_FOR_WORK = """\
maintenance:
  - {name: works, targets: [compute3], days: [mon, tue, wed, thu, fri, sat, sun], from: "00:00", to: "23:59",
     zone: UTC, until: 2099-12-31, owner: operators, reason: new memory}
"""


@pytest.fixture
def nodes(cloud: Cloud) -> Iterator[dict[str, str]]:
    """Enroll the nodes of two hosts, and switch them on; afterwards all hosts are as they were before."""
    made = {host: cloud.enroll(host) for host in (HOST, OTHER)}
    yield made
    for host, ident in made.items():
        alert(DOWN, host, over=True)
        cloud.connection.baremetal.delete_node(ident)
        settle(cloud, host)


def settle(cloud: Cloud, host: str) -> None:
    """Have a host as it was, also where a test broke off."""
    cloud.start(host)
    ident = cloud.service(host)["id"]
    put = cloud.connection.compute.put
    if cloud.service(host)["forced_down"]:
        path = f"/os-services/{ident}"
        cloud.wait(lambda: put(path, json={"forced_down": False}, microversion="2.53").ok, f"{host} is forced up")
    put(f"/os-services/{ident}", json={"status": "enabled"}, microversion="2.53")
    cloud.wait(lambda: cloud.service(host)["state"] == "up", f"{host} is up")


@pytest.fixture
def guests(cloud: Cloud) -> Iterator[list[str]]:
    """Boot two servers on the host."""
    made = [cloud.boot(f"guest-{number}", HOST).id for number in range(2)]
    yield made
    for one in made:
        cloud.delete(one)


def watched(cloud: Cloud, folder: Path, hook: Hook) -> Site:
    """Have a healer look after the hosts."""
    made = site(cloud, folder / "journal.jsonl", STORY, SWEEPS, hook=hook)
    made.look()
    return made


def _die(cloud: Cloud, *hosts: str) -> None:
    for host in hosts:
        cloud.kill(host)
        alert(DOWN, host)


def _return(cloud: Cloud, node: str) -> None:
    """Have the host come up again, as whoever repaired it does."""
    cloud.needed("baremetal").set_node_power_state(node, "power on", wait=True, timeout=60)
    cloud.start(HOST)
    alert(DOWN, HOST, over=True)


def _all_elsewhere(cloud: Cloud, guests: list[str]) -> bool:
    found = [cloud.server(one) for one in guests]
    return all(one["OS-EXT-SRV-ATTR:host"] != HOST and one["status"] == "ACTIVE" for one in found)


def is_back(cloud: Cloud, host: str = HOST) -> bool:
    """Whether a host takes servers again."""
    service = cloud.service(host)
    return not service["forced_down"] and service["status"] == "enabled" and service["state"] == "up"


def evacuations(cloud: Cloud, guests: list[str]) -> list[int]:
    """Count, for each server, how often Nova was asked to evacuate it."""
    actions = [cloud.raw("compute", f"/servers/{one}/os-instance-actions", "2.84")["instanceActions"] for one in guests]
    return [sum(one["action"] == "evacuate" for one in listed) for listed in actions]


def test_a_dead_host_is_fenced_emptied_and_taken_back(
    cloud: Cloud, nodes: dict[str, str], guests: list[str], hook: Hook, tmp_path: Path
) -> None:
    """
    Nova and the monitoring agree that it is dead; every server runs elsewhere, none twice; the host comes back.

    Every action was called once, but for the attempts at forcing the host up before nova-compute was started again.
    """
    healing = watched(cloud, tmp_path, hook)
    _die(cloud, HOST)
    healing.until(lambda: _all_elsewhere(cloud, guests), "its servers run elsewhere")
    assert cloud.service(HOST)["forced_down"]
    assert cloud.service(HOST)["disabled_reason"].endswith(": host failed")
    assert "power off" == cloud.raw("baremetal", f"/nodes/{nodes[HOST]}", "1.87")["power_state"]
    _return(cloud, nodes[HOST])
    healing.until(lambda: is_back(cloud), "it is taken back")
    healing.look()
    healing.healer.close()
    assert ONCE == {action: healing.done()[action] for action in STEPS}
    assert [1, 1] == evacuations(cloud, guests)


def test_whoever_kills_the_healer_after_each_step_changes_nothing(
    cloud: Cloud, nodes: dict[str, str], guests: list[str], tmp_path: Path
) -> None:
    """Whoever goes on from the journal of a killed process does nothing twice, and ends where one that lived does."""
    journal = tmp_path / "journal.jsonl"
    _die(cloud, HOST)
    for step, record in KILLED.items():
        _live_until(cloud, journal, partial(_is_written, journal, step, record), step)
    _live_until(cloud, journal, lambda: _all_elsewhere(cloud, guests), "its servers run elsewhere")
    _return(cloud, nodes[HOST])
    _live_until(cloud, journal, lambda: _is_written(journal, LAST, "intent"), LAST)
    rest = site(cloud, journal, STORY, SWEEPS)
    rest.until(lambda: is_back(cloud), "it is taken back")
    rest.healer.close()
    assert ONCE == {action: rest.done()[action] for action in STEPS}
    assert [1, 1] == evacuations(cloud, guests)
    assert _all_elsewhere(cloud, guests)
    assert [] == rest.paged


def _live_until(cloud: Cloud, journal: Path, shows: Callable[[], bool], what: str) -> None:
    """Give a healer a process of its own, and kill it once something shows."""
    child = subprocess.Popen([sys.executable, "-m", "tests.cloud.life", cloud.home, str(journal)])
    try:
        cloud.wait(lambda: child.poll() is not None or shows(), what)
        assert child.poll() is None, f"it ended by itself\n{told(journal)}"
    finally:
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
        child.wait()


def _is_written(journal: Path, step: str, record: str) -> bool:
    text = journal.read_text() if journal.exists() else ""
    lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    begun = [at for at, one in enumerate(lines) if one["type"] == "intent" and one["data"]["action"] == step]
    return bool(begun) and (record == "intent" or any(one["type"] == "outcome" for one in lines[begun[-1] :]))


@pytest.mark.usefixtures("nodes")
def test_nothing_is_done_to_a_host_on_maintenance(cloud: Cloud, guests: list[str], hook: Hook, tmp_path: Path) -> None:
    """Neither where Masakari says so, which the rule asks, nor where a calendar of the site does, which holds it."""
    proxy = cloud.needed("instance_ha")
    segment = proxy.create_segment(name=tmp_path.name, recovery_method="auto", service_type="COMPUTE")
    made = proxy.create_host(segment.uuid, name=HOST, type="COMPUTE", control_attributes="SSH", on_maintenance=True)
    try:
        asked = site(cloud, tmp_path / "asked.jsonl", STORY, (masakari_hosts, *SWEEPS), hook=hook)
        asked.look()
        _die(cloud, HOST)
        asked.until(lambda: cloud.service(HOST)["state"] == "down", "it is seen down")
        asked.go_on(3.0)
        assert ({}, []) == (asked.done(), asked.decided("allowed"))
        asked.healer.close()
    finally:
        proxy.delete_host(made.uuid, segment.uuid)
        proxy.delete_segment(segment.uuid)
    held = site(cloud, tmp_path / "held.jsonl", STORY, SWEEPS, hook=hook, policy=POLICY + CLOSED_FOR_WORK)
    alert(DOWN, HOST)
    held.until(lambda: held.decided("held"), "it is held")
    held.go_on(1.0)
    assert {} == held.done()
    assert {("compute.fence", "maintenance")} == {(one["action"], one["guard"]) for one in held.decided("held")}
    held.healer.close()
    assert not cloud.service(HOST)["forced_down"]
    assert [0, 0] == evacuations(cloud, guests)


def test_of_two_hosts_that_die_at_once_one_is_left_to_people(
    cloud: Cloud, nodes: dict[str, str], guests: list[str], hook: Hook, tmp_path: Path
) -> None:
    """The limit of the rule holds the second, and says so; when that one comes back, nothing was done to it."""
    servers = {HOST: guests, OTHER: [cloud.boot("other", OTHER).id]}
    healing = watched(cloud, tmp_path, hook)
    _die(cloud, OTHER, HOST)
    healing.until(lambda: healing.decided("held"), "the second is held")
    (held,) = healing.decided("held")
    left = held["target"]
    (healed,) = {HOST, OTHER} - {left}
    healing.until(lambda: [1] * len(servers[healed]) == evacuations(cloud, servers[healed]), "the first is emptied")
    assert ("compute.fence", "limit") == (held["action"], held["guard"])
    assert held["reason"] in _report(healing.journal)
    cloud.start(left)
    alert(DOWN, left, over=True)
    healing.until(lambda: healing.decided("suppressed"), "what was held is dropped")
    healing.healer.close()
    assert "power on" == cloud.raw("baremetal", f"/nodes/{nodes[left]}", "1.87")["power_state"]
    assert (False, "enabled") == (cloud.service(left)["forced_down"], cloud.service(left)["status"])
    assert [0] * len(servers[left]) == evacuations(cloud, servers[left])
    cloud.delete(*servers[OTHER])


def _report(journal: Path) -> str:
    """Give the page that people read."""
    page = journal.with_suffix(".html")
    command = [sys.executable, "-m", "selfheal_rules", "report", "--journal", str(journal), "--output", str(page)]
    subprocess.run(command, check=True)
    return page.read_text()


@pytest.mark.usefixtures("nodes")
def test_a_nova_that_is_away_is_waited_for(cloud: Cloud, guests: list[str], hook: Hook, tmp_path: Path) -> None:
    """Its API answers 503 from the fencing on, for half a minute: what it cannot be asked is done once it answers."""
    healing = watched(cloud, tmp_path, hook)
    _die(cloud, HOST)
    healing.until(lambda: healing.done()["compute.fence"], "it is fenced")
    with away(cloud, "nova-api", 17774):
        healing.go_on(20.0)  # and ten seconds more until it takes calls again
    healing.until(lambda: healing.done()["compute.evacuate_host"], "it is emptied")
    healing.until(lambda: _all_elsewhere(cloud, guests), "its servers run elsewhere")
    healing.healer.close()
    assert [1, 1] == evacuations(cloud, guests)
    assert [] == healing.paged
