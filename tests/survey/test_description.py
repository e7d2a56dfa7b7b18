"""A running cloud is described by what its APIs tell, through openstacksdk, and nothing in it is changed."""

from pathlib import Path

import pytest

from selfheal_rules.check.cloud import check_cloud
from selfheal_rules.parse import load_vocabulary
from selfheal_rules.parse.cloud import parse_cloud
from selfheal_rules.source import Source
from selfheal_rules.survey.shipped import healers
from tests.calls import RULES, Call, caller
from tests.survey import keystone

pytest.importorskip("openstack", reason="the extra `openstack` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::openstack.warnings._RemovedInSDKWarning")  # its own


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


def _configured(folder: Path, name: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have openstacksdk find a cloud at an address."""
    domains = "user_domain_id: default, project_domain_id: default"
    auth = f"{{auth_url: '{address}', username: a, password: b, project_name: admin, {domains}}}"
    (folder / "clouds.yaml").write_text(f"clouds: {{{name}: {{auth: {auth}, region_name: R}}}}\n", "utf-8")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(folder / "clouds.yaml"))


def test_a_cloud_is_described(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Services with their versions, roles, and who else heals; alarms of Aodh's are named, and not said to be all."""
    with keystone.cloud() as (address, asked):
        _configured(tmp_path, "small-one", address, monkeypatch)
        found = call("gaps", "--probe", "small-one")
    assert (0, "") == (found.code, found.err)
    cloud, report = parse_cloud(Source("cloud.yaml", found.out))
    assert cloud is not None
    assert [] == list((report + check_cloud(cloud, load_vocabulary("openstack"), healers())).findings)
    versions = {"alarm": "2.0", "compute": "2.96", "identity": "3.14", "instance-ha": "1.3", "network": "2.0"}
    assert versions == {name: version for name, version in (cloud.services or {}).items() if version}
    assert "baremetal" in (cloud.services or {})
    assert (None, ("admin", "reader")) == (cloud.alerts, cloud.roles)
    assert '# alerts: ["HostDown", "member down"]  # Aodh\'s; those of a monitoring' in found.out
    assert ("aodh", "ironic", "masakari", "neutron", "nova") == cloud.healers
    assert (None, None, None) == (cloud.notifications, cloud.webhooks, cloud.pollers)
    assert {"GET", "POST"} >= {method for method, _ in asked}
    assert {"/identity/v3/auth/tokens"} == {path for method, path in asked if method == "POST"}


@pytest.mark.parametrize(
    ("roles", "lists", "why"),
    [
        (["reader"], {}, "they are shown to administrators alone"),
        (["admin"], {"/network/v2.0/agents": None}, "network did not answer"),
    ],
)
def test_healers_that_may_be_there_unseen_are_left_for_a_person(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, roles: list[str], lists: dict[str, None], why: str
) -> None:
    """Who is no administrator is shown what is theirs, without an error; a service that is away tells nothing."""
    name = f"asked-by-{'-'.join(roles)}"  # a process connects to a cloud of a name once
    with keystone.cloud(roles, lists) as (address, _):
        _configured(tmp_path, name, address, monkeypatch)
        out = call("gaps", "--probe", name).out
    cloud, _ = parse_cloud(Source("cloud.yaml", out))
    assert cloud is not None
    assert None is cloud.healers
    (line,) = [line for line in out.splitlines() if line.startswith("# healers: ")]
    assert line.endswith(f"  # there may be others: {why}")
    assert '"masakari"' in line


def test_a_cloud_that_does_not_answer_is_not_described(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one that no configuration names; the reason is told."""
    _configured(tmp_path, "silent-one", "http://127.0.0.1:9/v3", monkeypatch)
    found = call("gaps", "--probe", "silent-one")
    assert (3, "") == (found.code, found.out)
    assert "cannot be described" in found.err
    assert "cannot be described" in call("gaps", "--probe", "none-such").err


def test_rules_or_a_cloud_are_named(call: Call) -> None:
    """One of the two, and not both."""
    assert 2 == call("gaps").code
    assert 2 == call("gaps", RULES, "--probe", "small-one").code
