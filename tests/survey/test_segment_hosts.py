"""The sweep over Masakari's segments: which hosts are covered, and which of them it would refuse."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

pytest.importorskip("openstack", reason="the extra `openstack` is not installed")

from attrs import field, frozen

from selfheal_rules.events import checked
from selfheal_rules.execute.openstack.api import Api, Found
from selfheal_rules.integrations.pollers import Watch, masakari_hosts
from tests.payloads import VOCABULARY

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)

SEGMENT = {
    "uuid": "9e800031-6946-4b43-bf09-8b3d1cab792b",
    "name": "segment1",
    "enabled": True,
    "recovery_method": "auto",
    "service_type": "COMPUTE",
    "description": "",
    "id": 1,
}
HOST = {
    "uuid": "083a8474-22c0-407f-b89b-c569134c3bfd",
    "name": "openstack-VirtualBox",
    "reserved": False,
    "on_maintenance": False,
    "type": "COMPUTE",
    "control_attributes": "SSH",
    "failover_segment_id": SEGMENT["uuid"],
    "id": 1,
}
"""The keys of `api-ref/source/` of Masakari, segments and hosts, at version 1.2."""


@frozen
class Asked(Api):
    """Masakari's API with what it answers, path by path."""

    answers: Mapping[str, Any] = field(factory=dict)

    def get(self, service: str, path: str, version: str = "") -> Found:
        """Give what a path answers; there is one page of each list."""
        assert ("instance_ha", "1.2") == (service, version)
        plain, _, query = path.partition("?")
        found: Found = self.answers[plain]
        return dict.fromkeys(found, ()) if "marker=" in query else found


def _asked(**host: object) -> Asked:
    hosts = {"hosts": [HOST | host]}
    path = f"/segments/{SEGMENT['uuid']}/hosts"
    return Asked(None, {"/segments": {"segments": [SEGMENT]}, path: hosts})  # type: ignore[arg-type]  # no cloud is asked


def test_a_covered_host_is_told_of() -> None:
    """With its segment, whether that recovers anything, and whether Masakari would refuse the host."""
    (found,) = masakari_hosts(_asked(), NOW)
    assert "segment.host" == checked(found, VOCABULARY).kind
    assert {
        "host": "openstack-VirtualBox",
        "host_uuid": HOST["uuid"],
        "segment": "segment1",
        "enabled": True,
        "on_maintenance": False,
        "reserved": False,
        "recovery_method": "auto",
    } == dict(found.fields)


def test_a_host_on_maintenance_is_told_of_twice() -> None:
    """As one that is covered, and as one that is left alone; both end with the next sweep that has neither."""
    watch = Watch(masakari_hosts)
    found = watch.look(_asked(on_maintenance=True), NOW)
    assert ["segment.host", "host.maintenance"] == [one.kind for one in found]
    (changed, ended) = watch.look(_asked(), NOW)
    assert ("segment.host", False, False) == (changed.kind, changed.cleared, changed.fields["on_maintenance"])
    assert ("host.maintenance", True) == (ended.kind, ended.cleared)
    empty = Asked(None, {"/segments": {"segments": []}})  # type: ignore[arg-type]  # no cloud is asked
    (gone,) = watch.look(empty, NOW)
    assert ("segment.host", True, {"host": "openstack-VirtualBox"}) == (gone.kind, gone.cleared, dict(gone.fields))
