"""What executors do to names of a real Designate, which a real BIND serves (`extras.sh designate`)."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.cloud.rig import Cloud


@pytest.fixture(scope="module")
def zone(cloud: Cloud) -> Iterator[Any]:
    """Make a zone, and wait until its name server has it."""
    proxy = cloud.needed("dns")
    made = proxy.create_zone(name=f"z{uuid4().hex[:8]}.test.", email="a@b.test")
    cloud.wait(lambda: cloud.raw("dns", f"/zones/{made.id}")["status"] == "ACTIVE", "the zone is served")
    yield made
    proxy.delete_zone(made.id)


@pytest.fixture
def records(cloud: Cloud, zone: Any) -> str:  # noqa: ANN401 - a resource of openstacksdk
    """Make a name, and wait until it is served."""
    body = {"name": f"www-{uuid4().hex[:8]}.{zone.name}", "type": "A", "records": ["192.0.2.1"], "ttl": 60}
    ident = str(cloud.connection.dns.post(f"/zones/{zone.id}/recordsets", json=body).json()["id"])
    cloud.wait(lambda: _found(cloud, zone, ident)["status"] == "ACTIVE", "the name is served")
    return ident


def _found(cloud: Cloud, zone: Any, ident: str) -> Any:  # noqa: ANN401 - JSON
    return cloud.raw("dns", f"/zones/{zone.id}/recordsets/{ident}")


def _served(cloud: Cloud, name: str) -> str:
    """Ask the name server itself."""
    ask = f"dns.query.udp(dns.message.make_query('{name}', 'A'), '127.0.0.1', port=$DNS, timeout=5).answer"
    return cloud.told(f'$B/python -c "import dns.message, dns.query; print({ask})"')


def test_a_name_stands_for_another_address(cloud: Cloud, zone: Any, records: str) -> None:  # noqa: ANN401 - a resource
    """It is done when the name server answers so; what it stood for is told; done again, it is found so."""
    name = _found(cloud, zone, records)["name"]
    assert "192.0.2.1" in _served(cloud, name)
    shown = cloud.do("dns.switch_records", records, dry=True, zone=zone.id, records=["192.0.2.7"])
    assert f'dns PUT /zones/{zone.id}/recordsets/{records} {{"records": ["192.0.2.7"], "ttl": 60}}' == shown.detail
    done = cloud.do("dns.switch_records", records, zone=zone.id, records=["192.0.2.7", "192.0.2.8"], ttl=30)
    assert ("done", "it stood for 192.0.2.1") == (done.status, done.detail)
    served = _served(cloud, name)
    assert [True, True, False] == [one in served for one in ("192.0.2.7", "192.0.2.8", "192.0.2.1>")]
    again = cloud.do("dns.switch_records", records, zone=zone.id, records=["192.0.2.8", "192.0.2.7"], ttl=30)
    assert "it stood for them before" == again.detail


def test_a_name_that_nobody_has_is_refused(cloud: Cloud, zone: Any) -> None:  # noqa: ANN401 - a resource
    """Nothing is made of it."""
    lost = cloud.do("dns.switch_records", str(uuid4()), zone=zone.id, records=["192.0.2.7"])
    assert "refused" == lost.status
