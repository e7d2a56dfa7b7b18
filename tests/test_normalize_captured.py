"""Every payload: it is recognised, what it gives fits the vocabulary, and nothing secret comes through."""

import json

import pytest

from selfheal_rules.events import checked
from selfheal_rules.normalize import RECOGNISERS, Problem, read_items, to_cloudevent
from tests.payloads import (
    IGNORED,
    NAMES,
    VOCABULARY,
    WRITTEN,
    event,
    items,
    message,
    only,
    raw,
    read,
    record,
    sealed,
)

SAID = [*NAMES, *(name for name in WRITTEN if not name.endswith(IGNORED))]
SECRETS = (
    "adminPass", "admin_pass", "auth_password", "auth_token", "X-Auth-Token", "token", "secret", "credentials",
    "driver_info", "user_data", "api_key", "apikey", "Api-Key", "access_key", "private_key", "Authorization", "cookie",
    "Set-Cookie", "connection_info", "connection", "URL-Signature", "service_catalog", "_context_auth_token",
)  # fmt: skip
ON_THE_BUS = [name for name in NAMES if isinstance(record(name), dict) and "envelope" in record(name)]


@pytest.mark.parametrize("name", SAID)
def test_what_a_payload_gives_fits_the_vocabulary(name: str) -> None:
    """No payload is lost, and the engine would take all that it gives."""
    found = items(name)
    assert found
    assert list(found) == [checked(item, VOCABULARY) for item in found]


@pytest.mark.parametrize("name", ON_THE_BUS)
def test_the_bare_message_of_the_older_driver_says_the_same(name: str) -> None:
    """`messaging` and `messagingv2` differ in the envelope alone."""
    assert items(name) == read(message(name))


@pytest.mark.parametrize("name", ON_THE_BUS)
def test_no_context_reaches_an_item(name: str) -> None:
    """Tokens, catalogs and ids of requests in the envelope stay in it."""
    inner = message(name)
    inner["_context_auth_token"] = "gAAAA-live-token"  # noqa: S105 - a stand-in
    inner["_context_service_catalog"] = [{"endpoints": ["http://keystone/private"]}]
    inner["_context_user_name"] = "the-operator-name"
    written = json.dumps([to_cloudevent(item) for item in read(sealed(inner))])
    told = ("_context_", "gAAAA-live-token", "keystone/private", "the-operator-name")
    assert [] == [secret for secret in told if secret in written]


def test_secrets_in_a_payload_are_left_out() -> None:
    """A notification without a kind keeps its payload but for what may be a secret, at any depth."""
    inner = message("neutron/unversioned.port.update.end")
    inner["event_type"] = "meter.changed"
    inner["payload"] = {"meter": [{"id": "p1", "key_name": "mine"} | {name: {"ipmi": "c"} for name in SECRETS}]}
    payload = event("openstack.notification", read(inner)).fields["payload"]
    assert {"meter": ({"id": "p1", "key_name": "mine"},)} == payload


def test_the_generic_source_is_asked_last() -> None:
    """It would take the notifications of all the others."""
    names = [source.name for source in RECOGNISERS]
    assert "oslo" == names[-1]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", [*NAMES, *WRITTEN])
def test_a_payload_is_of_one_source(name: str) -> None:
    """Beside the generic one, no two sources claim one payload."""
    payload, _ = raw(name)
    bodies = payload if isinstance(payload, list) else [payload]
    opened = [json.loads(body["oslo.message"]) if "oslo.message" in body else body for body in bodies]
    claims = [[source.name for source in RECOGNISERS[:-1] if source.recognise(body)] for body in opened]
    assert [] == [names for names in claims if len(names) > 1]


@pytest.mark.parametrize("name", [name for name in WRITTEN if name.endswith(IGNORED)])
def test_what_says_nothing_to_rules_is_ignored_with_a_reason(name: str) -> None:
    """It gives no item, and a stream says why."""
    payload, _ = raw(name)
    assert () == items(name)
    (problem,) = read_items([json.dumps(payload)], vocabulary=VOCABULARY)
    assert isinstance(problem, Problem)
    assert ("ignored", True) == (problem.kind, bool(problem.message))


@pytest.mark.parametrize("name", WRITTEN)
def test_what_was_composed_names_its_origin(name: str) -> None:
    """Nobody has to guess where a format is from."""
    assert record(name)["origin"]


def test_a_time_without_a_zone_is_utc() -> None:
    """Oslo writes naive UTC with a space before the time."""
    assert "2026-11-22T16:36:20.230218+00:00" == items("keystone/unversioned.identity.user.deleted")[0].time.isoformat()


def test_a_time_may_have_no_microseconds() -> None:
    """Oslo leaves them out where they are zero."""
    inner = message("keystone/unversioned.identity.user.deleted")
    inner["timestamp"] = "2026-11-22 16:36:20"
    assert "2026-11-22T16:36:20+00:00" == read(inner)[0].time.isoformat()


def test_a_publisher_may_be_null() -> None:
    """Octavia names none; the event is then of the service its type begins with."""
    inner = message("octavia/unversioned.octavia.loadbalancer.create.end") | {"event_type": "octavia.amphora.update"}
    said = event("openstack.notification", read(inner))
    assert ("octavia", None, None) == (said.source, said.fields.get("publisher"), said.fields.get("host"))


@pytest.mark.parametrize(
    ("publisher", "host"),
    [
        ("compute.stack01.example.org", "stack01.example.org"),
        ("volume.host1@lvm#pool", "host1@lvm#pool"),
        ("nova-compute:compute1", "compute1"),
        ("infra-optim:node0", "node0"),
        ("ironic-conductor.hostname01", "hostname01"),
        ("aggregate.1", None),
        ("aodh.evaluator", None),
        ("nobody", None),
    ],
)
def test_a_publisher_is_split_at_its_first_sign(publisher: str, host: str | None) -> None:
    """The host follows the first dot or colon, and may itself hold dots and `@`."""
    inner = message("glance/unversioned.image.create")
    inner["publisher_id"] = publisher
    assert host == event("openstack.notification", read(inner)).fields.get("host")


def test_versioned_objects_are_unwrapped_at_every_depth() -> None:
    """Objects nest; rules see plain maps."""
    inner = message("watcher/versioned.audit.update") | {"event_type": "scope.update"}
    payload = event("openstack.notification", read(inner)).fields["payload"]
    assert "_object." not in str(payload)
    assert ("ONGOING", "dummy") == (payload["state"], payload["goal"]["name"])


def test_one_type_of_two_services_is_not_mixed_up() -> None:
    """Watcher and Nova both have a `service.update`: the namespace of the object tells them apart."""
    assert ["watcher.service"] == [item.kind for item in items("watcher/bus.service.update")]
    assert "compute.service" == only("compute.service", items("nova/versioned.service.update")).kind
