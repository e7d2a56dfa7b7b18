"""`selfheal gaps --probe` of a real cloud, and what rules are told to lack in it."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import openstack
import pytest
from attrs import frozen

from selfheal_rules.cloud import Cloud as Described
from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.openstack.api import Api, Refused
from selfheal_rules.integrations.polling import SWEEPS
from selfheal_rules.parse.cloud import parse_cloud
from selfheal_rules.source import Source
from tests.calls import Call, caller
from tests.cloud.rig import Cloud
from tests.cloud.test_served import CLOUDS
from tests.payloads import VOCABULARY

RULES = "rulesets/compute-host-failure"
MEMBER = """\
  member:
    auth: {auth_url: "http://127.0.0.1:17500/v3", username: NAME, password: cloudpw, project_name: NAME,
           user_domain_id: default, project_domain_id: default}
    region_name: RegionOne
"""


@frozen
class Asking:
    """Who asks about the cloud: `here` is its administrator, `member` is none."""

    call: Call
    folder: Path

    def probe(self, name: str) -> str:
        """Describe the cloud as a user sees it."""
        found = self.call("gaps", "--probe", name)
        assert (0, "") == (found.code, found.err)
        return found.out

    def described(self, name: str) -> Described:
        """Describe it, and read that as `gaps` does."""
        cloud, report = parse_cloud(Source("cloud.yaml", self.probe(name)))
        assert cloud is not None, report.render()
        return cloud

    def lacking(self, described: str, rules: str = RULES) -> dict[str, list[str]]:
        """Hold rules against a description; gives the reasons by the sort of gap."""
        file = self.folder / "cloud.yaml"
        file.write_text(described, "utf-8")
        found: dict[str, list[str]] = {}
        for one in self.call("gaps", rules, "--cloud", file, "--format", "json").objects:
            found.setdefault(one.get("gap", ""), []).append(one.get("reason", ""))
        return found


@pytest.fixture
def asking(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Asking]:
    """Make a project, and a user in it who is no administrator."""
    identity, name = cloud.needed("identity"), f"p-{uuid4().hex[:8]}"
    made = identity.create_project(name=name, domain_id="default")
    user = identity.create_user(name=name, password="cloudpw", domain_id="default")  # noqa: S106 - of this cloud alone
    for role in ("member", "reader"):
        identity.assign_project_role_to_user(made, user, identity.find_role(role))
    (tmp_path / "clouds.yaml").write_text(CLOUDS + MEMBER.replace("NAME", name), "utf-8")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    yield Asking(caller(monkeypatch, capsys), tmp_path)
    identity.delete_user(user)
    identity.delete_project(made)


@pytest.fixture
def alarm(cloud: Cloud) -> Iterator[str]:
    """Make an alarm of another project than the administrator's."""
    identity, name = cloud.needed("identity"), f"a-{uuid4().hex[:8]}"
    project = identity.create_project(name=name, domain_id="default")
    body = {"name": name, "type": "event", "event_rule": {"event_type": "never"}, "project_id": project.id}
    answer = cloud.needed("alarm").post("/alarms", json=body)
    assert answer.ok, answer.text
    yield name
    cloud.connection.alarm.delete(f"/alarms/{answer.json()['alarm_id']}")
    identity.delete_project(project)


def test_what_is_in_the_catalogue_suffices_for_every_action(asking: Asking) -> None:
    """Services go by the names actions have for them, and none is too old for what was tried with it."""
    found = asking.lacking(asking.probe("here"), "rulesets")
    assert {"no_service", "old_api", "no_role"}.isdisjoint(found)
    kept = "\n".join(line for line in asking.probe("here").splitlines() if not line.startswith("services:"))
    without = asking.lacking(f'{kept}\nservices: {{compute: "2.52"}}\n')
    assert ["`compute.fence` needs the service `baremetal`"] == without["no_service"]
    assert "`compute.force_down` needs compute 2.53, and the cloud has 2.52" in without["old_api"]


def test_what_a_member_may_not_do_is_told(asking: Asking) -> None:
    """It has no role for it, and Nova says the same; what it is not shown is not said to be missing."""
    seen = asking.described("member")
    assert (("member", "reader"), None, None) == (seen.roles, seen.healers, seen.alerts)
    (reason,) = {one for one in asking.lacking(asking.probe("member"))["no_role"] if "`compute.force_down`" in one}
    assert "`compute.force_down` needs the role `admin`, and the user has `member`, `reader`" == reason
    answer = openstack.connect(cloud="member").compute.get("/os-services")
    forbidden = 403
    assert forbidden == answer.status_code


def test_a_poller_without_its_role_sees_nothing_of_others(asking: Asking) -> None:
    """Services refuse a member what the vocabulary says is for other roles, or tell it what is its own: none here."""
    roles = {feed.name: feed.roles for feed in VOCABULARY.sources.values() if feed.roles}
    api, seen = Api(openstack.connect(cloud="member")), dict[str, list[object]]()
    for name in roles:
        with suppress(Refused, ExecutorError):
            seen[name] = list(SWEEPS[name](api, datetime.now(UTC)))
    assert [] == [told for told in seen.values() if told]
    kept = asking.probe("member") + f"pollers: [{', '.join(roles)}]\n"
    reasons = asking.lacking(kept)["no_role"]
    assert len(roles) == len([one for one in reasons if one.startswith("the poller needs ")])


def test_rules_whose_sources_are_off_are_blind(asking: Asking) -> None:
    """
    No notification, no poller, no webhook: a person says so, as no API does; what is left out is not judged.

    What the rule sets clock-skew and bare-metal-power-failure conclude, which are not asked about here, nothing
    gives in any case.
    """
    described = asking.probe("here")
    beside = asking.lacking(described)["blind_rule"]
    assert ["clock.off", "host.rising"] == [one.partition("no source gives `")[2].partition("`")[0] for one in beside]
    off = described + "notifications: []\npollers: []\nwebhooks: [alertmanager]\n"
    assert any("(its notifications are off)" in one for one in asking.lacking(off)["blind_rule"])
    posted = "webhooks: [alertmanager, masakari.monitors]\n"
    on = f"notifications: [nova, ironic, masakari]\npollers: [nova_services, masakari_hosts]\n{posted}"
    assert beside == asking.lacking(described + on)["blind_rule"]


def test_alarms_of_aodh_are_named_and_not_said_to_be_all(asking: Asking, alarm: str) -> None:
    """Whichever project has them; `HostDown` is one of a monitoring's, whose alarms no service knows."""
    described = asking.probe("here")
    (named,) = [line for line in described.splitlines() if line.startswith("# alerts: ")]
    assert f'"{alarm}"' in named
    assert asking.described("here").alerts is None


def test_an_audit_that_was_cancelled_heals_no_more(cloud: Cloud, asking: Asking) -> None:
    """Watcher lists it still; one that runs on and carries out what it finds is a healer."""
    proxy = cloud.needed("infra_optim")
    body = {"name": f"c-{uuid4().hex[:8]}", "audit_type": "CONTINUOUS", "goal": "dummy", "strategy": "dummy"}
    before = set(asking.described("here").healers or ())
    made = proxy.post("/audits", json={**body, "interval": "3600", "auto_trigger": True}, microversion="1.4").json()
    path = f"/audits/{made['uuid']}"
    try:
        cloud.wait(lambda: proxy.get(path).json()["state"] == "ONGOING", "the audit runs")
        assert before | {"watcher"} == set(asking.described("here").healers or ())
    finally:
        proxy.patch(path, json=[{"op": "replace", "path": "/state", "value": "CANCELLED"}])
    cloud.wait(lambda: proxy.get(path).json()["state"] == "CANCELLED", "it is cancelled")
    assert before == set(asking.described("here").healers or ())
