"""Cinder: a volume's host is three names in one, amounts may be words, and a back end that dies says nothing."""

from typing import Any

import pytest

from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import State
from tests.payloads import changed, event, items, message, raw, read, state

VOLUME = "5f4b1c0e-0d4d-4a3e-9a52-2f4a51c7d7e1"


def test_a_host_is_split_into_its_parts() -> None:
    """`host1@lvm#pool`: the host, the back end with it, and the pool."""
    fields = state("volume", items("cinder/bus.volume.attach.end")).fields
    assert ("host1", "host1@lvm", "pool") == tuple(fields[name] for name in ("host", "backend", "pool"))


def test_a_back_end_is_an_alias_of_its_host() -> None:
    """With the pool and without it."""
    aliases = [item.fields for item in items("cinder/bus.volume.attach.end") if item.kind == "alias"]
    assert [{"scheme": "backend", "name": name, "host": "host1"} for name in ("host1@lvm#pool", "host1@lvm")] == aliases


def test_a_volume_names_the_servers_it_is_attached_to() -> None:
    """And nothing of how it is connected: that holds a password."""
    found = items("cinder/bus.volume.attach.end")
    fields = state("volume", found).fields
    assert ("error_attaching", ("c5e1f90d-7550-4c22-b8fa-07f7f6f5645a",)) == (fields["status"], fields["instances"])
    assert "secret" not in str(found)


def test_a_volume_that_is_placed_nowhere_has_an_empty_host() -> None:
    """A rule may join by it inside `none`."""
    fields = state("volume", items("cinder/bus.volume.retype")).fields
    assert ("", None, ()) == (fields["host"], fields.get("backend"), fields["instances"])


def test_what_is_sent_once_has_the_phase_once() -> None:
    """`volume.retype` has neither start nor end."""
    fields = event("storage.action", items("cinder/bus.volume.retype")).fields
    assert ("volume", "retype", "once") == tuple(fields[name] for name in ("resource_type", "action", "phase"))


def test_a_deleted_volume_is_cleared_after_the_event() -> None:
    """Its status still says that it is being deleted."""
    said, volume = items("cinder/bus.volume.delete.end")
    assert isinstance(volume, State)
    assert ("deleting", True, VOLUME) == (said.fields["status"], volume.cleared, volume.fields["volume"])


def test_an_audit_says_what_is_and_not_that_something_happened() -> None:
    """`volume.exists` is the audit's."""
    assert ["alias", "alias", "volume"] == [item.kind for item in items("cinder/bus.volume.exists")]


def test_a_backup_that_failed_says_why() -> None:
    """Its notification ends like any other."""
    fields = event("storage.action", items("cinder/bus.backup.create.end")).fields
    assert ("backup", "b-1", VOLUME, "end", "error", "no room", "host2") == tuple(
        fields[name] for name in ("resource_type", "resource", "volume", "phase", "status", "fault", "host")
    )


def test_a_snapshot_is_of_a_volume() -> None:
    """It has no host; the publisher's is not read for one."""
    fields = event("storage.action", items("cinder/bus.snapshot.create.start")).fields
    assert ("s-1", VOLUME, None) == (fields["resource"], fields["volume"], fields.get("host"))


def test_a_replication_is_an_action_on_its_volume() -> None:
    """Failing over is told by the driver, not that it became necessary."""
    fields = event("storage.action", items("cinder/bus.replication.failover")).fields
    assert ("volume", VOLUME, "replication.failover") == tuple(
        fields[name] for name in ("resource_type", "resource", "action")
    )


def test_an_amount_that_is_a_word_is_missing() -> None:
    """`infinite` and `unknown` cannot be compared with a number."""
    fields = state("storage.capacity", items("cinder/bus.capacity.pool")).fields
    assert ("host1@lvm#pool", "pool", "host1", 100, 80.5, None) == tuple(
        fields.get(name) for name in ("name", "of", "host", "total", "provisioned", "free")
    )


def test_a_type_of_cinder_from_another_publisher_is_not_cinders() -> None:
    """`snapshot.create.start` of somebody else keeps its payload."""
    inner = raw("cinder/bus.snapshot.create.start")[0] | {"publisher_id": "share.host1"}
    assert "openstack.notification" == event("openstack.notification", read(inner)).kind
    assert message("glance/unversioned.image.create")["publisher_id"] == "image.localhost"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"volume_id": None}, "`volume_id` is missing"),
        ({"size": "10"}, "`size` is '10', not an integer"),
        ({"volume_attachment": [5]}, "`volume_attachment` is 5, not a mapping"),
    ],
)
def test_a_malformed_volume_is_refused(fields: dict[str, Any], problem: str) -> None:
    """The field is named, and what stands in it."""
    with pytest.raises(EventError, match=f"^{problem}$"):
        changed("cinder/bus.volume.attach.end", **fields)
