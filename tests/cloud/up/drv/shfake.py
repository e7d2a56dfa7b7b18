"""
A compute driver for tests: Nova's own fake one, and three things a real hypervisor has.

A host's identity outlives its process (`compute_id` in its state path), so that nova-compute can be killed and started
again. Guests outlive it as well (`domains.json`), and a test may edit them from outside: a guest crashes by an edit,
and a small poller tells Nova, as libvirt would. And calls fail where `faults.json` says so: `{"reboot": "text"}`.
"""

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nova.conf
import nova.virt.node
from nova import exception
from nova.compute import power_state
from nova.virt import event as lifecycle
from nova.virt import fake

CONF = nova.conf.CONF
FAULTY = frozenset({
    "spawn", "reboot", "power_on", "power_off", "destroy", "live_migration", "pre_live_migration", "pause", "rescue",
    "snapshot", "migrate_disk_and_power_off", "finish_migration", "attach_volume",
})  # fmt: skip
KEPT = FAULTY | {
    "unpause", "suspend", "resume", "unrescue", "post_live_migration_at_destination", "finish_revert_migration",
    "cleanup",
}  # fmt: skip
"""After these the guests are written down again."""

_TOLD = {
    power_state.SHUTDOWN: lifecycle.EVENT_LIFECYCLE_STOPPED,
    power_state.CRASHED: lifecycle.EVENT_LIFECYCLE_STOPPED,
    power_state.PAUSED: lifecycle.EVENT_LIFECYCLE_PAUSED,
    power_state.RUNNING: lifecycle.EVENT_LIFECYCLE_STARTED,
}


def _path(name: str) -> Path:
    return Path(CONF.state_path, name)


def _read(name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(_path(name).read_text())
    except (OSError, ValueError):
        return {}
    return found


class ShDriver(fake.FakeLiveMigrateDriver):
    """The driver `compute_driver` names."""

    def init_host(self, host: str) -> None:
        """Take up the guests again, and watch them."""
        super().init_host(host)
        self._seen: dict[str, int] = {}
        self._load()
        threading.Thread(target=self._watch, daemon=True).start()

    def _load(self) -> dict[str, Any]:
        found = _read("domains.json")
        if found:
            guests = found.items()
            self.instances = {uuid: fake.FakeInstance(one["name"], one["state"], uuid) for uuid, one in guests}
        return found

    def keep(self) -> None:
        """Write the guests down, all or nothing."""
        told = {uuid: {"name": one.name, "state": one.state} for uuid, one in self.instances.items()}
        written = _path("domains.json.tmp")
        written.write_text(json.dumps(told))
        os.replace(written, _path("domains.json"))  # noqa: PTH105 - one call, which is what makes it atomic
        self._seen = {uuid: one.state for uuid, one in self.instances.items()}

    def _watch(self) -> None:
        while True:
            time.sleep(0.5)
            found = self._load()
            for uuid, one in found.items():
                told = _TOLD.get(one["state"])
                if self._seen.get(uuid, one["state"]) != one["state"] and told is not None:
                    self.emit_event(lifecycle.LifecycleEvent(uuid, told))
            self._seen = {uuid: one["state"] for uuid, one in found.items()}

    def get_available_resource(self, nodename: str) -> dict[str, Any]:
        """Give the host's resources under the identity that outlives the process."""
        return {**super().get_available_resource(nodename), "uuid": nova.virt.node.get_local_node_uuid()}

    def get_nodenames_by_uuid(self, refresh: bool = False) -> dict[str, str]:  # noqa: ARG002, FBT001, FBT002 - Nova's own
        """Give the one node under that identity."""
        return {nova.virt.node.get_local_node_uuid(): self.get_available_nodes()[0]}


def _kept(name: str) -> Callable[..., Any]:
    inner = getattr(fake.FakeLiveMigrateDriver, name)

    def call(self: ShDriver, *given: object, **named: object) -> object:
        fault = _read("faults.json").get(name) if name in FAULTY else None
        if fault:
            raise exception.NovaException(fault)
        try:
            return inner(self, *given, **named)
        finally:
            self.keep()

    call.__name__ = name
    return call


for _name in sorted(KEPT):
    if hasattr(fake.FakeLiveMigrateDriver, _name):
        setattr(ShDriver, _name, _kept(_name))
