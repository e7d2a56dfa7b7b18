"""What is asked of Aodh, Zaqar and Watcher, as they are."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from selfheal_rules.execute.openstack import cloud_executors
from tests.cloud.rig import PACE, Cloud, decision

HOST = "compute2"


@pytest.fixture
def alarm(cloud: Cloud) -> Iterator[str]:
    """Make an alarm that nothing raises."""
    proxy = cloud.needed("alarm")
    body = {"name": f"a-{uuid4().hex[:8]}", "type": "event", "event_rule": {"event_type": "never"}}
    answer = proxy.post("/alarms", json=body)
    assert answer.ok, answer.text
    ident = answer.json()["alarm_id"]
    yield ident
    proxy.delete(f"/alarms/{ident}")


def test_an_alarm_is_put_into_a_state(cloud: Cloud, alarm: str) -> None:
    """Done again, it is found so; one that nobody has is refused."""
    assert ("done", "alarm") == _said(cloud.do("alarm.set_state", alarm, state="alarm"))
    assert "alarm" == cloud.raw("alarm", f"/alarms/{alarm}")["state"]
    assert "it was alarm before" == cloud.do("alarm.set_state", alarm, state="alarm").detail
    assert ("done", "ok") == _said(cloud.do("alarm.set_state", alarm, state="ok"))
    assert "refused" == cloud.do("alarm.set_state", str(uuid4()), state="ok").status


def _said(outcome: Any) -> tuple[str, str]:  # noqa: ANN401 - an `Outcome`
    return outcome.status, outcome.detail


def test_a_message_is_posted(cloud: Cloud) -> None:
    """It is in the queue, with what the step says and no more."""
    proxy, queue = cloud.needed("message"), f"q-{uuid4().hex[:8]}"
    proxy.put(f"/queues/{queue}", headers={"Client-ID": str(uuid4())})
    assert ("done", "posted") == _said(cloud.do("message.post", queue, ttl="2m", host="compute1", why="it is dead"))
    answer = proxy.get(f"/queues/{queue}/messages?echo=true", headers={"Client-ID": str(uuid4())})
    (message,) = answer.json()["messages"]
    assert ({"host": "compute1", "why": "it is dead"}, 120) == (message["body"], message["ttl"])
    proxy.delete(f"/queues/{queue}", headers={"Client-ID": str(uuid4())})


def test_an_audit_is_started_once(cloud: Cloud) -> None:
    """A second call of one decision finds the audit of the first; what it recommends can be carried out, once."""
    asked = decision("infra_optim.start_audit", "compute1", goal="dummy", strategy="dummy")
    (executor,) = [one for one in cloud_executors(cloud.connection, pace=PACE) if asked.action in one.actions]
    first, second = executor.execute(asked), executor.execute(asked)
    assert (first.status, first.detail) == (second.status, second.detail)
    ident = first.detail.split()[1]
    (plan,) = cloud.raw("infra_optim", f"/action_plans?audit_uuid={ident}", "1.4")["action_plans"]
    assert ("done", "SUCCEEDED") == _said(cloud.do("infra_optim.start_action_plan", plan["uuid"]))
    assert "it is SUCCEEDED, not RECOMMENDED" == cloud.do("infra_optim.start_action_plan", plan["uuid"]).detail


def test_an_action_is_carried_out_by_watcher(cloud: Cloud) -> None:
    """By the strategy that takes actions as they are; it is done when its plan is, and not when that is made."""
    ident = cloud.service(HOST)["id"]
    for state in ("disabled", "enabled"):
        action = {"action_type": "change_nova_service_state", "resource": ident, "resource_name": HOST, "state": state}
        outcome = cloud.do("infra_optim.run_actions", HOST, **action)
        assert "done" == outcome.status, outcome.detail
        assert state == cloud.service(HOST)["status"]


def test_an_audit_that_waits_for_an_event_is_triggered(cloud: Cloud) -> None:
    """Any other is refused."""
    proxy = cloud.needed("infra_optim")
    made = {}
    for kind in ("EVENT", "ONESHOT"):
        body = {"name": f"{kind}-{uuid4().hex[:8]}", "audit_type": kind, "goal": "dummy", "strategy": "dummy"}
        answer = proxy.post("/audits", json=body, microversion="1.4")
        assert answer.ok, answer.text
        made[kind] = answer.json()["uuid"]
    assert ("done", "triggered") == _said(cloud.do("infra_optim.trigger_audit", made["EVENT"]))
    assert "it is of the type ONESHOT, not EVENT" == cloud.do("infra_optim.trigger_audit", made["ONESHOT"]).detail
    cloud.wait(lambda: proxy.get(f"/action_plans?audit_uuid={made['EVENT']}").json()["action_plans"], "it has a plan")
