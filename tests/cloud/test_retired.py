"""What executors ask of services whose projects have ended, where their last release still runs (`extras.sh`)."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.cloud.rig import Cloud

STACK = {
    "type": "os.heat.stack",
    "version": "1.0",
    "properties": {
        "template": {
            "heat_template_version": "2015-10-15",
            "resources": {"word": {"type": "OS::Heat::RandomString"}},
        }
    },
}


@pytest.fixture
def cluster(cloud: Cloud) -> Iterator[Any]:
    """Make a cluster of one stack with Senlin."""
    cloud.needed("orchestration")
    proxy = cloud.needed("clustering")
    name = f"c-{uuid4().hex[:8]}"
    profile = proxy.post("/profiles", json={"profile": {"name": name, "spec": STACK}}).json()["profile"]["id"]
    asked = {"name": name, "profile_id": profile, "desired_capacity": 1, "min_size": 0, "max_size": 1}
    made = proxy.post("/clusters", json={"cluster": asked}).json()["cluster"]["id"]
    cloud.wait(lambda: _cluster(cloud, made)["status"] == "ACTIVE", "the cluster is there")
    yield _cluster(cloud, made)
    proxy.delete(f"/clusters/{made}")


def _cluster(cloud: Cloud, ident: str) -> Any:  # noqa: ANN401 - JSON
    return cloud.raw("clustering", f"/clusters/{ident}")["cluster"]


def test_senlin_recovers_a_node_and_a_cluster(cloud: Cloud, cluster: Any) -> None:  # noqa: ANN401 - JSON
    """A node is made anew; a name is no UUID, and a node that nobody has is refused."""
    (node,) = cluster["nodes"]
    before = cloud.raw("clustering", f"/nodes/{node}")["node"]["physical_id"]
    done = cloud.do("clustering.recover_node", node, operation="RECREATE")
    assert "done" == done.status, done.detail
    assert before != cloud.raw("clustering", f"/nodes/{node}")["node"]["physical_id"]
    assert "done" == cloud.do("clustering.recover_cluster", cluster["id"]).status
    assert "refused" == cloud.do("clustering.recover_cluster", cluster["name"]).status
    assert "refused" == cloud.do("clustering.recover_node", str(uuid4())).status


def test_vitrage_takes_an_event_in_the_form_of_doctor(cloud: Cloud) -> None:
    """Its log says what it was told; what it makes of that needs files that its last release does not ship."""
    cloud.needed("rca")
    cause = f"c-{uuid4().hex[:8]}"
    done = cloud.do(
        "root_cause.post_event", "compute1",
        type="compute.host.down", status="down", severity="critical", cause=cause, monitor_id="m",
    )  # fmt: skip
    assert ("done", "told") == (done.status, done.detail)
    (taken,) = [one for one in cloud.told("cat $LOG/vitrage-api.log").splitlines() if cause in one]
    assert "'type': 'compute.host.down'" in taken
    assert "'hostname': 'compute1'" in taken
