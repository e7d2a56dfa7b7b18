"""
`selfheal serve` from a file, with the rule set that ships, on a real cloud: a host dies, and nobody lifts a hand.

Its exporter dies with it, so that Prometheus calls it down and the Alertmanager tells; and Nova hears no more of it,
which the poller sees. That Nova's word counts is the site's own rule (`stories/nova-witness.yaml`), beside those that
ship.
"""

import json
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import amqp
import pytest
import requests
from attrs import define, field

from tests.cloud.hook import PORT
from tests.cloud.outage import restarted
from tests.cloud.rig import COMPUTES, Cloud, lacking
from tests.cloud.site import POLICY, STORIES, told
from tests.cloud.test_story import evacuations, is_back, settle

ROOT = Path(__file__).parents[2]
HOST = COMPUTES[2]
NOBODY = "http://127.0.0.1:9/"
"""Who is told: nobody is there, and that keeps nothing else from being done."""
PROMETHEUS = "http://127.0.0.1:17090"
BUS = "rabbit://guest:guest@127.0.0.1:17672/?amqp_durable_queues=true"
CONFIG = f"""\
selfheal_serve: 1
rules: [{ROOT}/rulesets/compute-host-failure, {STORIES}/nova-witness.yaml]
params: {{steady: 1m}}
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
SECRETS = {"bus.url": BUS, "told.url": NOBODY}
KEPT_OFF = ("compute.fence", "compute.force_down", "compute.evacuate_host", "compute.disable_service")
TAKEN_BACK = "compute.enable_service"
ENDED = {"heal-dead-host", "keep-off", "force-host-up", "enable-host"}


@define
class Served:
    """The process, and the folder it works in."""

    cloud: Cloud
    folder: Path
    config: str = CONFIG
    process: "subprocess.Popen[bytes]" = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Write its files, and start it."""
        files = {"serve.yaml": self.config, "policy.yaml": POLICY, "clouds.yaml": CLOUDS} | SECRETS
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
    if not _is_heard():
        lacking("no Prometheus (extras.sh prometheus alertmanager)")
    made = cloud.enroll(HOST)
    yield made
    cloud.script(f"exporter {HOST}")
    cloud.connection.baremetal.delete_node(made)
    settle(cloud, HOST)


def _is_heard() -> bool:
    """Whether Prometheus hears of the host."""
    try:
        answer = requests.get(f"{PROMETHEUS}/api/v1/query", {"query": f'up{{job="node", host="{HOST}"}}'}, timeout=10)
    except requests.ConnectionError:
        return False
    return [["1"]] == [one["value"][1:] for one in answer.json()["data"]["result"]]


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
    _forget()
    found = Served(cloud, tmp_path)
    yield found
    found.process.kill()
    found.process.wait()
    _forget()


def _forget() -> None:
    """Have RabbitMQ keep nothing of what came while no process of this pool was there."""
    with amqp.Connection("127.0.0.1:17672", userid="guest", password="guest") as connection:  # noqa: S106 - of this cloud
        connection.channel().queue_delete("served")


def _dies(cloud: Cloud) -> None:
    """Have the host die: all that speaks from it ends at once."""
    cloud.kill(HOST)
    cloud.stop(f"exporter-{HOST}")


@pytest.mark.parametrize("outage", ["", "rabbit"], ids=["calm", "rabbitmq restarts"])
def test_a_host_dies_and_comes_back(cloud: Cloud, node: str, guests: list[str], served: Served, outage: str) -> None:
    """
    The poller and the Alertmanager agree; it is fenced, seen off, emptied and kept out of use; it returns.

    Each is done once, but for attempts at forcing the host up before Nova takes it back, and each server was evacuated
    once, also where the bus all of Nova talks over, and the process listens to, goes away as soon as it is fenced.
    """
    cloud.wait(lambda: any(one["kind"] == "compute.service" for one in served.records("state")), "it has looked")
    _dies(cloud)
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
    cloud.script(f"exporter {HOST}")
    _shows(served, lambda: is_back(cloud, HOST), "it is taken back")
    _shows(served, lambda: ENDED <= _ended(), "every episode has ended well")
    assert 0 == served.end()
    done = served.done()
    once = (*KEPT_OFF, TAKEN_BACK)
    assert dict.fromkeys(once, 1) == {action: done[action] for action in once}
    assert done["compute.force_up"]
    assert [1, 1] == evacuations(cloud, guests)
    assert {"alertmanager", "poller"} == {one["source"] for one in served.records("state") if _is_witness(one)}


def _is_witness(state: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether a state says that the host is dead."""
    fields = state["fields"]
    named = ("alarm", "HostDown") == (state["kind"], fields.get("name"))
    silent = ("service.liveness", False) == (state["kind"], fields.get("alive"))
    return HOST == fields.get("host") and (named or silent)


def _ended() -> set[str]:
    """Give the rules whose episodes have ended as they should, by what the process says of itself."""
    text = requests.get(f"http://127.0.0.1:{PORT}/metrics", timeout=10).text
    found = re.findall(r'^selfheal_episodes_total{rule="([^"]+)",ruleset="[^"]+",state="([^"]+)"}', text, re.MULTILINE)
    return {rule for rule, state in found if state in {"healed", "closed"}}


def _all_elsewhere(cloud: Cloud, guests: list[str]) -> bool:
    found = [cloud.server(one) for one in guests]
    return all(one["OS-EXT-SRV-ATTR:host"] != HOST and one["status"] == "ACTIVE" for one in found)


def _shows(served: Served, shows: Any, what: str) -> None:  # noqa: ANN401 - whatever is true
    """Wait, and say what the process did where it does not come."""
    try:
        served.cloud.wait(shows, what)
    except AssertionError as error:
        message = f"{error}\n{told(served.journal)}\n{(served.folder / 'log').read_text('utf-8')[-4_000:]}"
        raise AssertionError(message) from None
