"""`selfheal serve` from a file, with the rule set that ships, on a real cloud: a host dies, and nobody lifts a hand."""

import json
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from attrs import define, field

from tests.cloud.hook import PORT, alert
from tests.cloud.outage import restarted
from tests.cloud.rig import COMPUTES, Cloud
from tests.cloud.site import POLICY, told
from tests.cloud.test_story import DOWN, _evacuations, _is_back, _settle

ROOT = Path(__file__).parents[2]
HOST = COMPUTES[2]
NOBODY = "http://127.0.0.1:9/"
"""Who is told: nobody is there, and that keeps nothing else from being done."""
BUS = "rabbit://guest:guest@127.0.0.1:17672/"
# `patience` is shorter than it takes Nova to call a silent service down (15 s here): it has to be forced down.
CONFIG = f"""\
selfheal_serve: 1
rules: [{ROOT}/rulesets/compute-host-failure]
params: {{patience: 5s, steady: 1m}}
policy: policy.yaml
journal: heal.jsonl
http: {{listen: "127.0.0.1:{PORT}"}}
sources:
  - {{listen: bus.url, pool: served, exchanges: [nova]}}
  - {{poll: [nova_services, nova_servers, ironic_nodes], cloud: here, every: 2s, jitter: 500ms, stale: 30s, rate: 600}}
executors: {{cloud: here, tell: {{notify: told.url, page: told.url}}, workers: 4}}
"""
CLOUDS = """\
clouds:
  here:
    auth: {auth_url: "http://127.0.0.1:17500/v3", username: admin, password: cloudpw, project_name: admin,
           user_domain_id: default, project_domain_id: default}
    region_name: RegionOne
"""
KEPT_OFF = ("compute.fence", "compute.force_down", "compute.evacuate_host", "compute.disable_service")
TAKEN_BACK = ("compute.force_up", "compute.enable_service")
ENDED = {("heal-dead-host", "healed"), ("keep-off", "closed"), ("force-host-up", "closed"), ("enable-host", "closed")}


@define
class Served:
    """The process, and the folder it works in."""

    cloud: Cloud
    folder: Path
    process: "subprocess.Popen[bytes]" = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Write its files, and start it."""
        files = {"serve.yaml": CONFIG, "policy.yaml": POLICY, "bus.url": BUS, "clouds.yaml": CLOUDS, "told.url": NOBODY}
        for name, text in files.items():
            (self.folder / name).write_text(text, "utf-8")
        command = [sys.executable, "-m", "selfheal_rules", "serve", "serve.yaml", "--log", "json"]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stderr=log)
        self.cloud.wait(self.is_ready, "it serves")

    def is_ready(self) -> bool:
        """Whether it takes what is sent."""
        assert self.process.poll() is None, (self.folder / "log").read_text("utf-8")[-3_000:]
        try:
            return requests.get(f"http://127.0.0.1:{PORT}/readyz", timeout=5).ok
        except requests.ConnectionError:
            return False

    @property
    def journal(self) -> Path:
        """Its journal."""
        return self.folder / "heal.jsonl"

    def records(self, kind: str) -> list[Any]:
        """Give the data of the records of a type, a torn end aside."""
        lines = self.journal.read_bytes().rpartition(b"\n")[0].splitlines()
        return [one["data"] for one in map(json.loads, lines) if one["type"] == kind]

    def done(self) -> Counter[str]:
        """Count how often each action was begun."""
        return Counter(one["action"] for one in self.records("intent"))

    def has(self, kind: str) -> bool:
        """Whether an event of a kind is in the journal."""
        return any(one["kind"] == kind for one in self.records("event"))

    def end(self) -> int:
        """End it, and give its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)


@pytest.fixture
def node(cloud: Cloud) -> Iterator[str]:
    """Enroll the node of the host, and switch it on; afterwards the host is as it was before."""
    made = cloud.enroll(HOST)
    yield made
    alert(DOWN, HOST, over=True)
    cloud.connection.baremetal.delete_node(made)
    _settle(cloud, HOST)


@pytest.fixture
def guests(cloud: Cloud) -> Iterator[list[str]]:
    """Boot two servers on the host."""
    made = [cloud.boot(f"served-{number}", HOST).id for number in range(2)]
    yield made
    for one in made:
        cloud.delete(one)


@pytest.fixture
def served(cloud: Cloud, tmp_path: Path) -> Iterator[Served]:
    """Run a process; it is ended whatever happens."""
    found = Served(cloud, tmp_path)
    yield found
    found.process.kill()
    found.process.wait()


def _reported() -> None:
    """Send what Masakari's host monitor posts to its API about a host that left the cluster, as it posts it."""
    time = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    payload = {"event": "STOPPED", "host_status": "NORMAL", "cluster_status": "OFFLINE"}
    body: Any = {"notification": {"type": "COMPUTE_HOST", "hostname": HOST, "generated_time": time, "payload": payload}}
    requests.post(f"http://127.0.0.1:{PORT}/v1/events", json=body, timeout=10).raise_for_status()


@pytest.mark.parametrize("outage", ["", "rabbit"], ids=["calm", "rabbitmq restarts"])
def test_a_host_dies_and_comes_back(cloud: Cloud, node: str, guests: list[str], served: Served, outage: str) -> None:
    """
    Alertmanager and Masakari's monitor agree; it is fenced, seen off, emptied and kept out of use; it returns.

    Each is done once, and each server was evacuated once, also where the bus all of Nova talks over, and the process
    listens to, goes away as soon as the host is fenced.
    """
    cloud.wait(lambda: any(one["kind"] == "compute.service" for one in served.records("state")), "it has looked")
    cloud.kill(HOST)
    alert(DOWN, HOST)
    _reported()
    _shows(served, lambda: served.done()["compute.fence"], "it is fenced")
    if outage:
        restarted(cloud, outage)
    _shows(served, lambda: _all_elsewhere(cloud, guests), "its servers run elsewhere")
    assert "power off" == cloud.raw("baremetal", f"/nodes/{node}", "1.87")["power_state"]
    _shows(served, lambda: cloud.service(HOST)["status"] == "disabled", "it is kept out of use")
    service = cloud.service(HOST)
    assert (True, True) == (service["forced_down"], service["disabled_reason"].endswith(": host failed"))
    cloud.needed("baremetal").set_node_power_state(node, "power on", wait=True, timeout=60)
    cloud.start(HOST)
    alert(DOWN, HOST, over=True)
    _shows(served, lambda: _is_back(cloud, HOST), "it is taken back")
    _shows(served, lambda: _ended() >= ENDED, "every episode has ended")
    assert 0 == served.end()
    done = served.done()
    assert dict.fromkeys(KEPT_OFF + TAKEN_BACK, 1) == {action: done[action] for action in KEPT_OFF + TAKEN_BACK}
    assert [1, 1] == _evacuations(cloud, guests)


def _ended() -> set[tuple[str, str]]:
    """Give the rules that have had episodes, with what became of them, by what the process says of itself."""
    text = requests.get(f"http://127.0.0.1:{PORT}/metrics", timeout=10).text
    return {*re.findall(r'^selfheal_episodes_total{rule="([^"]+)",state="([^"]+)"}', text, re.MULTILINE)}


def _all_elsewhere(cloud: Cloud, guests: list[str]) -> bool:
    found = [cloud.server(one) for one in guests]
    return all(one["OS-EXT-SRV-ATTR:host"] != HOST and one["status"] == "ACTIVE" for one in found)


def _shows(served: Served, shows: Any, what: str) -> None:  # noqa: ANN401 - whatever is true
    """Wait, and say what the process did where it does not come; an evacuation is watched for a minute after it."""
    for attempt in range(2):
        try:
            served.cloud.wait(shows, what)
        except AssertionError as error:
            if attempt == 1:
                message = f"{error}\n{told(served.journal)}\n{(served.folder / 'log').read_text('utf-8')[-4_000:]}"
                raise AssertionError(message) from None
        else:
            return
