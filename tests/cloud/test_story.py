"""A compute host dies, and nobody lifts a hand: what a healer makes of it on a real cloud."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import define

import selfheal_rules as sr
from selfheal_rules.execute import Executors
from selfheal_rules.execute.openstack import cloud_executors
from selfheal_rules.execute.openstack.api import Api
from selfheal_rules.healer import Healer
from selfheal_rules.integrations.pollers import Watch, ironic_nodes, nova_servers, nova_services
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.parse.policy import load_policy
from tests.cloud.rig import PACE, Cloud

HOST = "compute3"
RULES = Path(__file__).parent / "story.yaml"
POLICY = """\
selfheal_policy: 1
policy: test
rulesets: [{ruleset: dead-compute, mode: enforce}]
autonomy: [{action: "*", grade: auto}]
"""


@define
class Site:
    """A healer over a journal, that asks a cloud again and again."""

    cloud: Cloud
    healer: Healer
    watches: tuple[Watch, ...]
    waiting: list[Any]

    def look(self) -> None:
        """Take what the cloud says now, and what was told meanwhile."""
        now = datetime.now(UTC)
        told, self.waiting = self.waiting, []
        states = [state for watch in self.watches for state in watch.look(Api(self.cloud.connection), now)]
        self.healer.take([*told, *states, now])

    def until(self, shows: Callable[[], bool], what: str, patience: float = 150.0) -> None:
        """Go on until something shows."""
        end = time.monotonic() + patience
        while not shows():
            assert time.monotonic() < end, f"{what}: not within {patience} s"
            self.look()
            time.sleep(PACE)


def alert(host: str, status: str) -> tuple[Any, ...]:
    """Give what Alertmanager says of a compute service that is down, or is no longer."""
    begun = "2026-01-01T00:00:00Z"
    ended = datetime.now(UTC).isoformat() if status == "resolved" else "0001-01-01T00:00:00Z"
    told = {
        "status": status,
        "labels": {"alertname": "NovaComputeDown", "severity": "critical", "host": host},
        "annotations": {},
        "startsAt": begun,
        "endsAt": ended,
        "fingerprint": f"down-{host}",
    }
    return sr.normalize_payload(
        {"version": "4", "receiver": "hook", "groupKey": "x", "status": status, "alerts": [told]}
    )


def site(cloud: Cloud, journal: Path, policy: Path) -> Site:
    """Make a healer on a cloud, or take up the journal of one that ended."""
    program = sr.compile_rules(sr.load_rules(RULES))
    engine = sr.Engine(program, policy=load_policy(policy))
    executors = Executors(cloud_executors(cloud.connection, pace=PACE))
    watches = tuple(Watch(sweep) for sweep in (nova_services, ironic_nodes, nova_servers))
    return Site(cloud, Healer(engine, FileJournal(journal), executors), watches, [])


@pytest.fixture
def node(cloud: Cloud) -> Iterator[str]:
    """Enroll the node of the host, and switch it on."""
    proxy = cloud.needed("baremetal")
    made = proxy.create_node(name=HOST, driver="fake-hardware", resource_class="baremetal")
    proxy.set_node_provision_state(made, "manage", wait=True, timeout=60)
    proxy.set_node_power_state(made, "power on", wait=True, timeout=60)
    yield made.id
    proxy.delete_node(made)


def test_a_dead_host_is_fenced_emptied_and_taken_back(cloud: Cloud, node: str, tmp_path: Path) -> None:
    """
    Nova and the monitoring agree that it is dead; every server runs elsewhere, none twice; the host comes back.

    Every action was called once, but for the attempts at forcing the host up before nova-compute was started again.
    """
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    guests = [cloud.boot(f"guest-{number}", HOST) for number in range(2)]
    watched = site(cloud, tmp_path / "journal.jsonl", policy)
    watched.look()
    cloud.kill(HOST)
    watched.waiting.extend(alert(HOST, "firing"))
    watched.until(lambda: _all_elsewhere(cloud, [one.id for one in guests]), "its servers run elsewhere")
    assert cloud.service(HOST)["forced_down"]
    assert cloud.service(HOST)["disabled_reason"].endswith(": host failed")
    assert "power off" == cloud.raw("baremetal", f"/nodes/{node}", "1.87")["power_state"]
    cloud.needed("baremetal").set_node_power_state(node, "power on", wait=True, timeout=60)
    cloud.start(HOST)
    watched.waiting.extend(alert(HOST, "resolved"))
    watched.until(lambda: _is_back(cloud), "it is taken back")
    watched.look()
    watched.healer.close()
    done = _done(tmp_path / "journal.jsonl")
    wanted = (
        "compute.fence",
        "compute.force_down",
        "compute.disable_service",
        "compute.evacuate_host",
        "compute.enable_service",
    )
    assert dict.fromkeys(wanted, 1) == {action: done[action] for action in wanted}
    for one in guests:
        cloud.delete(one.id)


def _all_elsewhere(cloud: Cloud, guests: list[str]) -> bool:
    found = [cloud.server(one) for one in guests]
    return all(one["OS-EXT-SRV-ATTR:host"] != HOST and one["status"] == "ACTIVE" for one in found)


def _is_back(cloud: Cloud) -> bool:
    service = cloud.service(HOST)
    return not service["forced_down"] and service["status"] == "enabled" and service["state"] == "up"


def _done(journal: Path) -> Counter[str]:
    """Count how often each action was about to be carried out."""
    records = [one for one in FileJournal(journal).records() if one.type == "intent"]
    return Counter(str(one.said("action")) for one in records)
