"""What executors do to one server of a real Nova, and what they leave alone."""

import pytest

from selfheal_rules.diagnostics import ExecutorError
from tests.cloud.rig import Cloud, Server


def test_a_server_is_stopped_and_started_once(cloud: Cloud, server: Server) -> None:
    """Each is done when Nova says so; done again, it is found so."""
    assert "done" == cloud.do("compute.stop_server", server.id).status
    assert "SHUTOFF" == cloud.server(server.id)["status"]
    assert "it was stopped before" == cloud.do("compute.stop_server", server.id).detail
    assert "done" == cloud.do("compute.start_server", server.id).status
    assert "ACTIVE" == cloud.server(server.id)["status"]
    assert "it was active before" == cloud.do("compute.start_server", server.id).detail


def test_a_reboot_is_done_when_its_request_has_ended(cloud: Cloud, server: Server) -> None:
    """A server is active before a reboot too; the record of the request says when it is over."""
    outcome = cloud.do("compute.reboot_server", server.id, type="hard")
    assert "done" == outcome.status
    actions = cloud.raw("compute", f"/servers/{server.id}/os-instance-actions", "2.84")["instanceActions"]
    assert ["create", "reboot"] == sorted(one["action"] for one in actions)


def test_a_dry_run_says_which_calls_it_would_send(cloud: Cloud, server: Server) -> None:
    """The calls are written out, and nothing is done."""
    outcome = cloud.do("compute.stop_server", server.id, dry=True)
    assert "dry_run" == outcome.status
    assert f'compute (2.1) POST /servers/{server.id}/action {{"os-stop": null}}' == outcome.detail
    assert "ACTIVE" == cloud.server(server.id)["status"]


def test_a_server_that_is_not_there_is_refused(cloud: Cloud) -> None:
    """Nothing is sent for a target that nobody has, nor for a name."""
    assert "refused" == cloud.do("compute.stop_server", "00000000-0000-0000-0000-000000000000").status


def test_the_lock_of_somebody_else_stays(cloud: Cloud, server: Server) -> None:
    """A server is unlocked if its lock bears our mark, or where the step forces it."""
    cloud.connection.compute.lock_server(server.id, locked_reason="under investigation")
    assert "refused" == cloud.do("compute.unlock_server", server.id).status
    assert cloud.server(server.id)["locked"]
    assert "done" == cloud.do("compute.unlock_server", server.id, force=True).status
    assert "done" == cloud.do("compute.lock_server", server.id, reason="it crashes").status
    assert cloud.server(server.id)["locked_reason"].startswith("selfheal ")
    assert "done" == cloud.do("compute.unlock_server", server.id).status
    assert not cloud.server(server.id)["locked"]


def test_a_running_server_is_moved(cloud: Cloud, server: Server) -> None:
    """A live migration is done when the server rests on another host."""
    outcome = cloud.do("compute.live_migrate_server", server.id)
    assert "done" == outcome.status, outcome.detail
    assert server.host != cloud.server(server.id)["OS-EXT-SRV-ATTR:host"]


def test_a_cold_migration_waits_to_be_confirmed_or_reverted(cloud: Cloud, server: Server) -> None:
    """It is moved, and taken back; moved again, and kept."""
    assert "done" == cloud.do("compute.migrate_server", server.id).status
    assert "VERIFY_RESIZE" == cloud.server(server.id)["status"]
    assert "done" == cloud.do("compute.revert_migration", server.id).status
    assert server.host == cloud.server(server.id)["OS-EXT-SRV-ATTR:host"]
    assert "done" == cloud.do("compute.migrate_server", server.id).status
    assert "done" == cloud.do("compute.confirm_migration", server.id).status
    assert server.host != cloud.server(server.id)["OS-EXT-SRV-ATTR:host"]


def test_a_server_is_shelved_until_its_host_is_free(cloud: Cloud, server: Server) -> None:
    """The status says SHELVED too early; so unshelving is never refused for what is still going on."""
    assert "done" == cloud.do("compute.shelve_server", server.id).status
    assert "SHELVED_OFFLOADED" == cloud.server(server.id)["status"]
    assert "done" == cloud.do("compute.unshelve_server", server.id).status
    assert "ACTIVE" == cloud.server(server.id)["status"]


def test_a_server_is_rebuilt_and_its_state_reset(cloud: Cloud, server: Server) -> None:
    """Both are seen in what Nova says afterwards."""
    assert "done" == cloud.do("compute.rebuild_server", server.id).status
    assert "done" == cloud.do("compute.reset_server_state", server.id, state="error").status
    assert "ERROR" == cloud.server(server.id)["status"]
    assert "done" == cloud.do("compute.reset_server_state", server.id, state="active").status


def test_a_server_whose_host_lives_is_not_evacuated(cloud: Cloud, server: Server) -> None:
    """It would run twice, and write twice to one disk."""
    outcome = cloud.do("compute.evacuate_server", server.id)
    assert "refused" == outcome.status
    assert f"the service of {server.host} is up: force it down, once it is fenced" == outcome.detail


def test_a_failed_call_says_whether_a_retry_can_help(cloud: Cloud, server: Server) -> None:
    """A host that is not there is Nova's to refuse, and stays so."""
    with pytest.raises(ExecutorError) as told:
        cloud.do("compute.live_migrate_server", server.id, host="nowhere")
    assert not told.value.retryable
