"""What executors do to compute hosts of a real Nova: the road of a host that died, and back."""

from datetime import timedelta
from itertools import count

import pytest

from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.openstack.evacuation import ARRIVED, Exodus
from selfheal_rules.execute.openstack.work import Work
from tests.cloud.rig import COMPUTES, Cloud, decision, login

HOST, OTHER, THIRD = COMPUTES


def test_a_host_is_kept_off_the_scheduler_and_let_in_again(cloud: Cloud) -> None:
    """The reason bears our mark; what somebody else has disabled is neither written over nor enabled."""
    assert "done" == cloud.do("compute.disable_service", HOST, reason="it is slow").status
    assert cloud.service(HOST)["disabled_reason"].endswith(": it is slow")
    assert cloud.do("compute.disable_service", HOST).detail.startswith("it was disabled before: selfheal ")
    assert "done" == cloud.do("compute.enable_service", HOST).status
    ident = cloud.service(HOST)["id"]
    try:
        _put(cloud, ident, status="disabled", disabled_reason="disk swap")
        assert "somebody else has disabled it: disk swap" == cloud.do("compute.disable_service", HOST).detail
        assert "refused" == cloud.do("compute.enable_service", HOST).status
    finally:
        _put(cloud, ident, status="enabled")


def _put(cloud: Cloud, ident: str, **changes: object) -> None:
    answer = cloud.connection.compute.put(f"/os-services/{ident}", json=changes, microversion="2.53")
    assert answer.ok, answer.text


def test_a_host_nobody_knows_is_refused(cloud: Cloud) -> None:
    """A filter that finds nothing is no host."""
    assert "0 compute services are called 'compute9'" == cloud.do("compute.disable_service", "compute9").detail


def test_a_host_that_reports_is_not_forced_down(cloud: Cloud) -> None:
    """Its servers run: they would run twice."""
    assert "refused" == cloud.do("compute.force_down", OTHER).status
    assert not cloud.service(OTHER)["forced_down"]


def test_a_host_without_servers_is_not_evacuated(cloud: Cloud) -> None:
    """An empty set of targets is a mistake somewhere, and never a success."""
    outcome = cloud.do("compute.evacuate_host", OTHER)
    assert "refused" == outcome.status


def test_a_host_joins_an_aggregate_and_leaves_it(cloud: Cloud) -> None:
    """Done again, it is found so."""
    aggregate = cloud.connection.compute.create_aggregate(name="suspects")
    try:
        assert "done" == cloud.do("compute.add_host_to_aggregate", HOST, aggregate="suspects").status
        again = cloud.do("compute.add_host_to_aggregate", HOST, aggregate="suspects")
        assert "it was so before: suspects" == again.detail
        assert "done" == cloud.do("compute.remove_host_from_aggregate", HOST, aggregate="suspects").status
    finally:
        cloud.connection.compute.delete_aggregate(aggregate)


def test_a_dead_host_is_emptied_and_comes_back(cloud: Cloud) -> None:
    """
    Killed, seen down, forced down, evacuated: the servers run elsewhere, but for the one whose owner opted out.

    Until nova-compute has been started again, Nova does not let the host be forced up, and the executor says that
    another attempt can help.
    """
    moved = [cloud.boot(f"guest-{number}", THIRD) for number in range(2)]
    kept = cloud.boot("opted-out", THIRD, HA_Enabled="False")
    cloud.kill(THIRD)
    try:
        cloud.wait(lambda: cloud.service(THIRD)["state"] == "down", "it is seen down")
        assert "done" == cloud.do("compute.force_down", THIRD).status
        assert "done" == cloud.do("compute.disable_service", THIRD, reason="host failed").status
        outcome = cloud.do("compute.evacuate_host", THIRD, only="not_opted_out", at_once=2)
        assert ("done", f"2 servers left {THIRD}") == (outcome.status, outcome.detail)
        for one in moved:
            now = cloud.server(one.id)
            assert ("ACTIVE", True) == (now["status"], now["OS-EXT-SRV-ATTR:host"] in {HOST, OTHER})
        assert THIRD == cloud.server(kept.id)["OS-EXT-SRV-ATTR:host"]
        again = cloud.do("compute.evacuate_host", THIRD, only="not_opted_out")
        assert "none of its 1 servers is to be evacuated: see `HA_Enabled` in their metadata" == again.detail
        with pytest.raises(ExecutorError, match="nova-compute has to be started again first") as told:
            cloud.do("compute.force_up", THIRD)
        assert told.value.retryable
    finally:
        cloud.start(THIRD)
    cloud.wait(lambda: _is_forced_up(cloud), "it is forced up")
    assert "done" == cloud.do("compute.enable_service", THIRD).status
    cloud.wait(lambda: cloud.service(THIRD)["state"] == "up", "it is up")
    for one in (*moved, kept):
        cloud.delete(one.id)


def _is_forced_up(cloud: Cloud) -> bool:
    try:
        return cloud.do("compute.force_up", THIRD).status == "done"
    except ExecutorError:
        return False


def test_a_server_that_does_not_arrive_is_left_to_the_next_attempt() -> None:
    """An order that Nova lost is waited for no longer than it may take; the answer says who is still there."""
    minutes = count()
    asked = decision("compute.evacuate_host", HOST)
    work = Work(login(), asked, lambda: asked.time + timedelta(minutes=next(minutes)), pace=0.0)
    begin, ended = (lambda *_: "request"), (lambda _, ident, *__: ident == "there")
    leaving = Exodus(work, HOST, begin, ended, ARRIVED, [{"id": "lost"}, {"id": "there"}])
    leaving.run(2, timedelta())
    with pytest.raises(ExecutorError, match="1 of 2 servers are still there: lost: not within 0:04:00") as told:
        leaving.told()
    assert told.value.retryable


def test_a_host_that_is_switched_on_is_not_evacuated(cloud: Cloud) -> None:
    """Nova calls it down, and its node has power: whoever switched it on may have started its servers with it."""
    node, guest = cloud.enroll(THIRD), cloud.boot("guest", THIRD)
    cloud.kill(THIRD)
    try:
        cloud.wait(lambda: cloud.service(THIRD)["state"] == "down", "it is seen down")
        said = f"the node of {THIRD} is switched on, and may run its servers: fence it first"
        for action, target in (("compute.evacuate_host", THIRD), ("compute.evacuate_server", guest.id)):
            outcome = cloud.do(action, target)
            assert ("refused", said) == (outcome.status, outcome.detail)
        assert THIRD == cloud.server(guest.id)["OS-EXT-SRV-ATTR:host"]
    finally:
        cloud.connection.baremetal.delete_node(node)
        cloud.start(THIRD)
        cloud.delete(guest.id)


def test_a_host_is_emptied_for_its_maintenance(cloud: Cloud) -> None:
    """Its servers run on, elsewhere, and nothing new comes to it until it is taken back."""
    guest = cloud.boot("guest", OTHER)
    try:
        outcome = cloud.do("compute.start_host_maintenance", OTHER, reason="new firmware")
        assert ("done", f"disabled; 1 servers left {OTHER}") == (outcome.status, outcome.detail)
        assert "ACTIVE" == cloud.server(guest.id)["status"]
        assert "disabled" == cloud.service(OTHER)["status"]
    finally:
        cloud.do("compute.end_host_maintenance", OTHER)
        cloud.delete(guest.id)
    assert "enabled" == cloud.service(OTHER)["status"]
