"""What pollers say of a real cloud, held against what it is: agents, routers, back ends of Cinder's, amphorae."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from attrs import define, field

from selfheal_rules.events import State, checked
from selfheal_rules.execute.openstack.api import Api
from selfheal_rules.integrations.pollers import (
    Sweep,
    Watch,
    cinder_backends,
    heat_resources,
    neutron_agents,
    neutron_routers,
    octavia_amphorae,
)
from tests.cloud.rig import Cloud
from tests.cloud.test_agents import L3, agents, dies, id_of, router
from tests.cloud.test_services import balancer
from tests.cloud.test_volumes import BACKEND, backend
from tests.payloads import VOCABULARY

__all__ = ["agents", "backend", "balancer", "router"]


@define
class Looking:
    """One sweep over the cloud, again and again, as a healer does it; each state is held against its kind."""

    cloud: Cloud
    sweep: Sweep
    told: list[State] = field(factory=list)
    watch: Watch = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Look for the first time."""
        self.watch = Watch(self.sweep)
        self.look()

    def look(self) -> list[State]:
        """Give what is new."""
        found = self.watch.look(Api(self.cloud.connection), datetime.now(UTC))
        new = [one if one.cleared else checked(one, VOCABULARY) for one in found]
        self.told += new
        return new

    def until(self, **fields: object) -> dict[str, Any]:
        """Look until something with such fields is told or was; gives the rest of what was said of it last."""
        return self.cloud.wait(lambda: (self.look(), self._last(fields))[1], f"it is told {fields}")

    def _last(self, wanted: dict[str, object]) -> dict[str, Any] | None:
        for one in reversed(self.told):
            if not one.cleared and {key: one.fields.get(key) for key in wanted} == wanted:
                return {key: value for key, value in one.fields.items() if key not in wanted}
        return None

    def gone(self, **fields: object) -> bool:
        """Whether something was told to be gone."""
        return any(one.cleared and {key: one.fields.get(key) for key in fields} == fields for one in self.told)


@pytest.mark.usefixtures("agents")
def test_a_router_is_told_by_the_agent_it_is_on_and_moves_with_it(cloud: Cloud, router: str) -> None:
    """Its agent is told dead; moved to another, it is told there, and gone where it was."""
    living, routed = Looking(cloud, neutron_agents), Looking(cloud, neutron_routers)
    first, second = id_of(cloud, L3, "net1"), id_of(cloud, L3, "net2")
    told = routed.until(router=router, agent=first)
    project = cloud.connection.current_project_id
    assert {"ha": False, "distributed": False, "host": "net1", "status": "ACTIVE", "project": project} == {
        key: value for key, value in told.items() if key != "name"
    }
    assert "net1" == living.until(agent=first, alive=True, mode="legacy", admin_up=True)["host"]
    dies(cloud, "net1")
    assert "net1" == living.until(agent=first, alive=False)["host"]
    assert "done" == cloud.do("network.reschedule_routers", first).status
    assert "net2" == routed.until(router=router, agent=second)["host"]
    assert routed.gone(router=router, agent=first)


@pytest.mark.usefixtures("agents")
def test_a_router_that_is_highly_available_is_told_for_each_of_its_agents(cloud: Cloud) -> None:
    """Neutron says so of it, and has it on both."""
    proxy = cloud.needed("network")
    made = proxy.create_router(name="ha", is_ha=True)
    try:
        routed = Looking(cloud, neutron_routers)
        for host in ("net1", "net2"):
            assert routed.until(router=made.id, agent=id_of(cloud, L3, host))["ha"]
    finally:
        proxy.delete_router(made.id)
    cloud.wait(lambda: (routed.look(), routed.gone(router=made.id))[1], "it is told gone")


@pytest.fixture
def array(cloud: Cloud) -> Iterator[Path]:
    """Give the file that has the array behind the back end not answer; it is not there before and after."""
    there = Path(cloud.home, "run/cinder/unreachable")
    there.unlink(missing_ok=True)
    yield there
    there.unlink(missing_ok=True)


def test_a_back_end_whose_storage_does_not_answer_is_told_out_of_reach(cloud: Cloud, backend: str, array: Path) -> None:
    """Its process lives. While it is disabled nobody knows of its storage, as the scheduler forgets it."""
    seen = Looking(cloud, cinder_backends)
    told = seen.until(backend=backend, alive=True, reachable=True, disabled=False)
    assert ("ctl", False, "enabled") == (told["host"], told["frozen"], told["replication_status"])
    assert timedelta(minutes=1) > datetime.now(UTC) - told["last_seen"]
    array.touch()
    seen.until(backend=backend, alive=True, reachable=False)
    assert "done" == cloud.do("block_storage.disable_service", backend, reason="disks fail").status
    told = seen.until(backend=backend, disabled=True)
    assert "reachable" not in told
    assert told["disabled_reason"].startswith("selfheal ")


def test_a_back_end_that_failed_over_uses_its_copy_until_it_is_back(cloud: Cloud, backend: str) -> None:
    """Cinder writes an empty text for the copy of one that came back: it uses none."""
    seen = Looking(cloud, cinder_backends)
    assert "done" == cloud.do("block_storage.failover_host", backend).status
    assert "copy" == seen.until(backend=backend, replication_status="failed-over")["active_backend"]
    assert "done" == cloud.do("block_storage.failover_host", backend, backend_id="default").status
    assert "active_backend" not in seen.until(backend=backend, replication_status="enabled")


def test_a_cinder_volume_that_died_is_told_dead(cloud: Cloud, backend: str) -> None:
    """Nothing is said of its storage then."""
    seen = Looking(cloud, cinder_backends)
    cloud.stop("cinder-volume")
    try:
        assert "reachable" not in seen.until(backend=backend, alive=False)
    finally:
        cloud.script("start cinder-volume cinder-volume --config-file $HOME/.cinder/cinder.conf")
    seen.until(backend=BACKEND, alive=True, reachable=True)


def test_amphorae_are_told_as_octavia_has_them(cloud: Cloud, balancer: str) -> None:
    """One that is in ERROR is told so; the one that takes its place as well, and the first is gone."""
    seen = Looking(cloud, octavia_amphorae)
    told = seen.until(loadbalancer=balancer, status="ALLOCATED")
    first = told["amphora"]
    assert "STANDALONE" == told["role"]
    assert told["instance"]
    assert timedelta(days=1) < told["certificate_until"] - datetime.now(UTC)
    cloud.change("octavia", "amphora", first, "id", "status = 'ERROR'")
    seen.until(amphora=first, status="ERROR")
    assert "done" == cloud.do("load_balancer.failover", balancer).status
    assert first != seen.until(loadbalancer=balancer, status="ALLOCATED")["amphora"]
    cloud.wait(lambda: (seen.look(), seen.gone(amphora=first))[1], "the first is told gone")


UNIT = """\
heat_template_version: 2018-08-31
resources:
  guest: {type: "OS::Nova::Server", properties: {image: fake, flavor: m1.tiny, networks: [{allocate_network: none}]}}
"""
GROUP = {"type": "OS::Heat::ResourceGroup", "properties": {"count": 1, "resource_def": {"type": "unit.yaml"}}}


@pytest.fixture
def group(cloud: Cloud) -> Iterator[str]:
    """Make a stack with a group in it, whose member is a stack with a server in it."""
    proxy, name = cloud.needed("orchestration"), f"selfheal-{uuid4().hex[:8]}"
    template = {"heat_template_version": "2018-08-31", "resources": {"group": GROUP}}
    made = proxy.post("/stacks", json={"stack_name": name, "template": template, "files": {"unit.yaml": UNIT}})
    assert made.ok, made.text
    ident = str(made.json()["stack"]["id"])
    cloud.wait(lambda: _stack_status(cloud, ident) == "CREATE_COMPLETE", "it is made")
    yield ident
    proxy.delete(f"/stacks/{name}/{ident}")


def _stack_status(cloud: Cloud, ident: str) -> str:
    return str(cloud.raw("orchestration", f"/stacks/{ident}")["stack"]["stack_status"])


def test_what_stands_in_a_stack_of_a_stack_is_told(cloud: Cloud, group: str) -> None:
    """From the server at the bottom up to the stack at the top each is a resource of the next."""
    seen = Looking(cloud, heat_resources)
    members = seen.until(stack=group, resource="group")["physical"]
    unit = seen.until(stack=members, resource="0", resource_type="unit.yaml")["physical"]
    server = seen.until(stack=unit, resource="guest", status="COMPLETE")
    assert server["instance"] == server["physical"] == cloud.server(server["instance"])["id"]
