"""
The flow of the SIG, end to end: an event, Aodh's alarm over it, a decision, a workflow of Mistral's under its key.

`selfheal serve` hears Aodh at its own door, and nothing stands between the two.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cloud.hook import PORT
from tests.cloud.rig import Cloud
from tests.cloud.site import STORIES
from tests.cloud.test_recovery import executions
from tests.cloud.test_served import Served
from tests.cloud.test_services import workflows

__all__ = ["workflows"]

CONFIG = f"""\
selfheal_serve: 1
rules: [{STORIES}/services.yaml]
policy: policy.yaml
journal: heal.jsonl
http: {{listen: "127.0.0.1:{PORT}"}}
executors: {{cloud: here, tell: {{notify: told.url, page: told.url}}, workers: 4}}
"""


@pytest.fixture
def alarm(cloud: Cloud) -> Iterator[str]:
    """Have Aodh watch for an event; what it does then is to call the site."""
    proxy, name = cloud.needed("alarm"), f"selfheal-{uuid4().hex[:8]}"
    rule = {"event_type": "compute.instance.update", "query": [_query("state", "error"), _query("host", name)]}
    address = [f"http://127.0.0.1:{PORT}/v1/events"]
    body = {"name": name, "type": "event", "event_rule": rule, "alarm_actions": address, "severity": "critical"}
    answer = proxy.post("/alarms", json=body)
    assert answer.ok, answer.text
    yield name
    proxy.delete(f"/alarms/{answer.json()['alarm_id']}")


def _query(trait: str, value: str) -> dict[str, str]:
    return {"field": f"traits.{trait}", "op": "eq", "value": value, "type": "string"}


@pytest.fixture
def served(cloud: Cloud, tmp_path: Path) -> Iterator[Served]:
    """Run a process; it is ended whatever happens."""
    found = Served(cloud, tmp_path, CONFIG)
    yield found
    found.process.kill()
    found.process.wait()


def test_an_alarm_of_aodh_leads_to_a_workflow_of_mistral(
    cloud: Cloud, alarm: str, workflows: str, served: Served
) -> None:
    """One event, one alarm, one decision, one execution; its outcome is written down once Mistral says so."""
    command = [f"{cloud.home}/all/bin/python", str(Path(__file__).parent / "up" / "publish.py"), alarm]
    subprocess.run([*command, str(cloud.connection.current_project_id)], check=True)
    cloud.wait(lambda: served.records("outcome"), "the workflow is done")
    assert 0 == served.end()
    (execution,) = executions(cloud, alarm)
    assert (workflows, "SUCCESS") == (execution["workflow_name"], execution["state"])
    assert {"workflow.start": 1} == served.done()
    (outcome,) = served.records("outcome")
    assert ("done", f"execution {execution['id']}") == (outcome["status"], outcome["detail"])
    assert {("alarm.event", "aodh")} == {(one["kind"], one["source"]) for one in served.records("event")}
