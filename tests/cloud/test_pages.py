"""Lists of a real cloud that come in pages are read to their end, however small a page is."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from selfheal_rules.execute.openstack.api import Api
from tests.cloud.rig import Cloud

LISTS = (
    ("compute", "/servers/detail?all_tenants=1", "servers", "2.93", "id"),
    ("compute", "/os-migrations?migration_type=evacuation", "migrations", "2.59", "uuid"),
    ("network", "/routers?fields=id", "routers", "", "id"),
    ("network", "/agents?binary=", "agents", "", "id"),
    ("instance_ha", "/segments?sort_dir=asc", "segments", "1.2", "id"),
    ("load_balancer", "/lbaas/loadbalancers?project_id=", "loadbalancers", "", "id"),
    ("infra_optim", "/audits?sort_key=id", "audits", "1.4", "uuid"),
    ("baremetal", "/nodes?fields=uuid", "nodes", "1.87", "uuid"),
    ("orchestration", "/stacks?sort_keys=name", "stacks", "", "id"),
)


@pytest.fixture(autouse=True, scope="module")
def several(cloud: Cloud) -> Iterator[None]:
    """Have more than one of what can be made at once."""
    servers = [cloud.boot(f"selfheal-{uuid4().hex[:8]}").id for _ in range(2)]
    network, segments = cloud.connection.network, []
    routers = [network.create_router(name=f"r-{uuid4().hex[:8]}").id for _ in range(3)]
    if _runs(cloud, "instance_ha"):
        proxy = cloud.connection.instance_ha
        kind = {"recovery_method": "auto", "service_type": "COMPUTE"}
        segments = [proxy.create_segment(name=f"s-{uuid4().hex[:8]}", **kind) for _ in range(3)]
    yield
    for made in routers:
        network.delete_router(made)
    for segment in segments:
        cloud.connection.instance_ha.delete_segment(segment.uuid)
    for made in servers:
        cloud.delete(made)


def _runs(cloud: Cloud, service: str) -> bool:
    try:
        return bool(getattr(cloud.connection, service).get("/segments").ok)
    except Exception:  # noqa: BLE001 - openstacksdk says in several ways that nobody is there
        return False


@pytest.mark.parametrize(("service", "path", "name", "version", "by"), LISTS, ids=str)
def test_a_list_of_small_pages_is_the_whole_list(
    cloud: Cloud, service: str, path: str, name: str, version: str, by: str
) -> None:
    """One entry at a time gives the same, each once; one that knows no pages comes whole, and ends."""
    if service not in {"compute", "network"}:
        cloud.needed(service)
    api = Api(cloud.connection)
    whole = [one[by] for one in api.pages(service, path, name, version, by=by)]
    single = [one[by] for one in api.pages(service, f"{path}&limit=1", name, version, by=by)]
    assert sorted(whole) == sorted(single)
    assert len(whole) == len(set(whole))
    if name in {"servers", "routers", "segments"}:
        assert len(whole) > 1
