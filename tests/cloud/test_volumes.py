"""What executors do to volumes and back ends of a real Cinder, whose driver has no disks (`up/drv/volumes.py`)."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from selfheal_rules.diagnostics import ExecutorError
from tests.cloud.rig import Cloud, Server

BACKEND = "ctl@fake"


@pytest.fixture
def volume(cloud: Cloud, backend: str) -> Iterator[str]:
    """Make a volume on the back end, and wait until it is there."""
    assert backend
    proxy = cloud.needed("block_storage")
    made = proxy.create_volume(size=1, name=f"v-{uuid4().hex[:8]}")
    cloud.wait(lambda: _volume(cloud, made.id)["status"] == "available", "the volume is there")
    yield str(made.id)
    proxy.post(f"/volumes/{made.id}/action", json={"os-force_delete": {}})


@pytest.fixture
def backend(cloud: Cloud) -> Iterator[str]:
    """Give the back end as it was in the beginning, also where a test before broke off; leave it so."""
    cloud.needed("block_storage")
    _settle(cloud)
    yield BACKEND
    _settle(cloud)


def _settle(cloud: Cloud) -> None:
    """Have it use its own storage, and be enabled: Cinder 28.0 enables it alone by thawing what is frozen."""
    if _backend(cloud)["replication_status"] == "failed-over":
        cloud.do("block_storage.failover_host", BACKEND, backend_id="default")
    for call in ("freeze", "thaw"):
        cloud.connection.block_storage.put(f"/os-services/{call}", json={"host": BACKEND})
    cloud.wait(lambda: _backend(cloud)["status"] == "enabled", "the back end is enabled")


def _volume(cloud: Cloud, ident: str) -> Any:  # noqa: ANN401 - JSON
    return cloud.raw("block_storage", f"/volumes/{ident}")["volume"]


def _backend(cloud: Cloud) -> Any:  # noqa: ANN401 - JSON
    (found,) = cloud.raw("block_storage", f"/os-services?host={BACKEND}")["services"]
    return found


def _attach(cloud: Cloud, volume: str, server: str) -> None:
    """Attach a volume as Nova does; the driver of the computes has no connector, so Cinder's half is all there is."""
    proxy = cloud.connection.block_storage
    asked = {"instance_uuid": server, "volume_uuid": volume, "connector": {"host": "h", "initiator": "i"}}
    made = proxy.post("/attachments", json={"attachment": asked}, microversion="3.44")
    assert made.ok, made.text
    ident = made.json()["attachment"]["id"]
    done = proxy.post(f"/attachments/{ident}/action", json={"os-complete": {}}, microversion="3.44")
    assert done.ok, done.text
    cloud.wait(lambda: _volume(cloud, volume)["status"] == "in-use", "it is attached")


def test_the_status_of_a_volume_is_reset(cloud: Cloud, volume: str) -> None:
    """Done again, it is found so; a volume that nobody has is refused."""
    assert "counts as error" == cloud.do("block_storage.reset_volume_status", volume, status="error").detail
    assert "error" == _volume(cloud, volume)["status"]
    assert "it was error before" == cloud.do("block_storage.reset_volume_status", volume, status="error").detail
    lost = cloud.do("block_storage.reset_volume_status", str(uuid4()), status="error")
    assert "refused" == lost.status


def test_a_volume_stays_on_a_server_that_runs(cloud: Cloud, volume: str, server: Server) -> None:
    """Two that write to one disk spoil it; once the server is stopped, the volume is taken off."""
    assert "refused" == cloud.do("block_storage.force_detach_volume", volume).status
    _attach(cloud, volume, server.id)
    refused = cloud.do("block_storage.force_detach_volume", volume)
    assert "refused" == refused.status
    assert f"server {server.id} may still run: stop it, or fence its host and force it down" == refused.detail
    assert "done" == cloud.do("compute.stop_server", server.id).status
    shown = cloud.do("block_storage.force_detach_volume", volume, dry=True).detail
    assert shown.startswith(f"block_storage POST /volumes/{volume}/action")
    assert "in-use" == _volume(cloud, volume)["status"]
    assert f"taken off {server.id}" == cloud.do("block_storage.force_detach_volume", volume).detail
    assert ("available", []) == (_volume(cloud, volume)["status"], _volume(cloud, volume)["attachments"])


def test_a_volume_is_taken_off_a_server_that_is_gone(cloud: Cloud, volume: str) -> None:
    """Cinder may know of an attachment to a server that Nova knows no more."""
    _attach(cloud, volume, str(uuid4()))
    assert "done" == cloud.do("block_storage.force_detach_volume", volume).status
    assert "available" == _volume(cloud, volume)["status"]


def test_a_back_end_fails_over_and_comes_back(cloud: Cloud, backend: str, volume: str) -> None:
    """The call is `failover_host`, with its version; volumes go along; done again, it is found so."""
    done = cloud.do("block_storage.failover_host", backend)
    assert ("done", "failed-over; it uses copy") == (done.status, done.detail)
    assert "failed-over" == _volume(cloud, volume)["replication_status"]
    assert "it was failed-over before" == cloud.do("block_storage.failover_host", backend).detail
    assert "refused" == cloud.do("block_storage.failover_host", backend, backend_id="third").status
    assert "done" == cloud.do("block_storage.failover_host", backend, backend_id="default").status
    assert ("enabled", "enabled") == (
        _backend(cloud)["replication_status"],
        _volume(cloud, volume)["replication_status"],
    )


def test_a_copy_that_is_not_there_is_no_failover(cloud: Cloud, backend: str) -> None:
    """Cinder takes the call, and goes back to what was."""
    with pytest.raises(ExecutorError, match="it did not fail over") as raised:
        cloud.do("block_storage.failover_host", backend, backend_id="third")
    assert not raised.value.retryable


def test_a_back_end_is_frozen_and_thawed(cloud: Cloud, backend: str) -> None:
    """Done again, each is found so; a back end that nobody has is refused."""
    assert "frozen is true" == cloud.do("block_storage.freeze_host", backend).detail
    assert "it was so before: frozen is true" == cloud.do("block_storage.freeze_host", backend).detail
    assert "frozen is false" == cloud.do("block_storage.thaw_host", backend).detail
    assert "refused" == cloud.do("block_storage.freeze_host", "ctl@other").status


def test_a_back_end_that_others_disabled_is_left(cloud: Cloud, backend: str) -> None:
    """Our mark is the reason; that of an operator is neither written over nor enabled."""
    proxy = cloud.connection.block_storage
    assert "done" == cloud.do("block_storage.disable_service", backend, reason="disks fail").status
    assert _backend(cloud)["disabled_reason"].startswith("selfheal ")
    assert cloud.do("block_storage.disable_service", backend).detail.startswith("it was disabled before: selfheal ")
    told = {"host": backend, "binary": "cinder-volume", "disabled_reason": "mine"}
    proxy.put("/os-services/disable-log-reason", json=told)
    assert "somebody else has disabled it: mine" == cloud.do("block_storage.enable_service", backend).detail
    assert "refused" == cloud.do("block_storage.disable_service", backend).status
    assert "mine" == _backend(cloud)["disabled_reason"]


def test_what_cinder_only_says_is_not_done(cloud: Cloud, backend: str) -> None:
    """Cinder 28.0 answers `enabled` and leaves a back end disabled; looked at, it is no success."""
    assert "it was enabled before" == cloud.do("block_storage.enable_service", backend).detail
    assert "done" == cloud.do("block_storage.disable_service", backend).status
    with pytest.raises(ExecutorError, match="thaw the back end") as raised:
        cloud.do("block_storage.enable_service", backend)
    assert raised.value.retryable
    assert "disabled" == _backend(cloud)["status"]
