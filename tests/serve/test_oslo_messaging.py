"""The bus: a notification is acknowledged once the journal has it, and comes again where it has not."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from kombu.connection import Connection
from oslo_config import cfg

from selfheal_rules.integrations.oslo_messaging import Listener, Notifications
from selfheal_rules.integrations.webhook import Reader
from selfheal_rules.serve.sources import Setting, Sources
from selfheal_rules.serving import TOPICS, BusSource
from tests.payloads import record
from tests.serve.rig import NOW, Site, program
from tests.servers.rabbitmq import broker, is_there, rabbitmq

messaging = import_module("oslo_messaging")  # once the listener has, without the warnings of what nobody uses
pytestmark = [
    pytest.mark.skipif(not is_there(), reason="RabbitMQ is not installed (Debian's rabbitmq-server)"),
    pytest.mark.filterwarnings("default"),  # those of the bus's client are none of ours
    pytest.mark.xdist_group("rabbitmq"),
]
PATIENCE = 30.0


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a RabbitMQ."""
    with rabbitmq(tmp_path_factory.mktemp("bus") / "rabbit") as found:
        yield found


def _until(holds: Callable[[], bool]) -> None:
    """Wait for another process."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def _send(url: str, topic: str, *messages: dict[str, Any]) -> None:
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[], default_config_dirs=[])
    transport = messaging.get_notification_transport(conf, url=url)
    notifier = messaging.Notifier(transport, "compute.host1", driver="messagingv2", topics=[topic])
    for one in messages:
        send = getattr(notifier.prepare(publisher_id=one["publisher_id"]), one["priority"].lower())
        send({"_auth_token": "s3cret"}, one["event_type"], one["payload"])
    transport.cleanup()


@contextmanager
def _listening(url: str, pool: str, site: Site) -> Iterator[Listener]:
    reader = Reader(program().vocabulary, lambda: NOW)
    notifications = Notifications(site.intake, lambda: reader, threading.Event())
    listener = Listener(url, pool, notifications)
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()


def _publish(url: str, queue: str, *bodies: str) -> None:
    """Put texts into a queue, as somebody without oslo.messaging would."""
    with Connection(url.replace("rabbit://", "amqp://")) as connection:  # type: ignore[no-untyped-call]
        for body in bodies:
            connection.Producer().publish(
                body, routing_key=queue, content_type="application/json", content_encoding="utf-8"
            )


def _inner(name: str) -> dict[str, Any]:
    """Give a captured notification as its service handed it to oslo.messaging."""
    found: dict[str, Any] = record(name)["envelope"]["oslo.message"]
    return found


def _waiting(url: str, queue: str) -> int:
    with Connection(url.replace("rabbit://", "amqp://")) as connection:  # type: ignore[no-untyped-call]
        found: int = connection.default_channel.queue_declare(queue, passive=True).message_count
    return found


UNVERSIONED = "nova/unversioned.compute.instance.create.end"


def test_versioned_and_unversioned_are_taken(url: str, tmp_path: Path) -> None:
    """Real notifications of both forms come from their topics into the journal, without the token of their context."""
    site = Site(tmp_path)
    versioned = _inner(VERSIONED)
    with site.turning(), _listening(url, "both", site):
        _send(url, TOPICS[0], _inner(UNVERSIONED))
        _send(url, TOPICS[1], versioned)
        _until(lambda: site.recorded().total() >= 2)
    assert b"s3cret" not in (tmp_path / "heal.jsonl").read_bytes()


VERSIONED = "nova/versioned.instance.power_off.end"


def test_what_is_not_in_the_journal_comes_again(url: str, tmp_path: Path) -> None:
    """A listener whose healer takes nothing gives everything back as it ends, and the next one has it all."""
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    deaf, site = Site(tmp_path / "first", most=1), Site(tmp_path / "second")
    deaf.intake.offer([])  # the line is full, and nobody turns
    with _listening(url, "again", deaf):
        _send(url, TOPICS[0], *[_changed(n) for n in range(5)])
        _until(lambda: _waiting(url, "again") == 0)  # it holds them all, unacknowledged
    assert 0 == deaf.recorded().total()
    with site.turning(), _listening(url, "again", site):
        _until(lambda: site.recorded().total() >= 5)
    assert 0 == _waiting(url, "again")


def _changed(number: int) -> dict[str, Any]:
    found = _inner(UNVERSIONED)
    return {**found, "payload": {**found["payload"], "instance_id": f"00000000-0000-0000-0000-{number:012}"}}


def test_an_exception_puts_it_back(url: str, tmp_path: Path) -> None:
    """Where the healer fails, the notification waits in its queue for the next healer."""
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    broken, site = Site(tmp_path / "first"), Site(tmp_path / "second")
    with _listening(url, "broken", broken):
        _send(url, TOPICS[0], _inner(UNVERSIONED))
        _until(lambda: len(broken.intake) > 0)
        broken.intake.abandon()
    with site.turning(), _listening(url, "broken", site):
        _until(lambda: site.recorded().total() >= 1)


def test_what_nobody_can_read_does_not_come_for_ever(url: str, tmp_path: Path) -> None:
    """What is malformed, or no message at all, is counted and acknowledged, and what comes after it is taken."""
    site = Site(tmp_path)
    bad = {**_inner(UNVERSIONED), "payload": {"instance_id": 7}}
    unknown = {**_inner(UNVERSIONED), "event_type": "unheard.of"}
    with site.turning(), _listening(url, "bad", site) as listener:
        _publish(url, "bad", "{nonsense", '{"oslo.version": "2.0", "oslo.message": "{}"}')
        _send(url, TOPICS[0], bad, unknown, _inner(UNVERSIONED))
        _until(lambda: site.recorded().total() >= 1)
        problems = listener.notifications.problems
    assert (1, 2) == (problems["malformed"], problems["unreadable"])
    assert 0 == _waiting(url, "bad")


def test_every_priority_is_heard(tmp_path: Path) -> None:
    """A method for each priority of oslo.messaging takes what comes under it."""
    site = Site(tmp_path)
    reader = Reader(program().vocabulary, lambda: NOW)
    notifications = Notifications(site.intake, lambda: reader, threading.Event())
    names = ("audit", "debug", "info", "warn", "error", "critical")
    with site.turning():
        for number, name in enumerate(names):
            message = {**_changed(number), "metadata": {"message_id": f"m{number}", "timestamp": str(NOW)[:19]}}
            assert getattr(notifications, name)([message]) is None
    assert Counter() < site.recorded()


def test_what_the_engine_refuses_is_not_asked_for_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is counted, named without what it says, and the notifications around it are taken."""
    site = Site(tmp_path)
    whole = Reader(program().vocabulary, lambda: NOW)
    notifications = Notifications(site.intake, lambda: whole, threading.Event())
    entries = site.healer.course.engine._entries
    kept = entries.pop("instance.action")  # as where other rules came while it waited
    head = {"metadata": {"message_id": "m1", "timestamp": str(NOW)[:19]}}
    with site.turning():
        assert notifications.info([_inner(VERSIONED) | head]) is None
    entries["instance.action"] = kept
    assert {"malformed": 1} == notifications.problems
    assert 1 == site.recorded()["instance"]
    assert ["the notification instance.action is malformed (kind)"] == caplog.messages


def test_a_url_that_names_no_bus_is_refused(tmp_path: Path) -> None:
    """The error does not show the URL: a password is in it."""
    site = Site(tmp_path)
    reader = Reader(program().vocabulary, lambda: NOW)
    listener = Listener("nonsense", "x", Notifications(site.intake, lambda: reader, threading.Event()))
    with pytest.raises(ValueError, match="names no bus"):
        listener.start()
    assert "nonsense" not in repr(listener)


def test_a_configuration_that_names_a_bus_is_served(url: str, tmp_path: Path) -> None:
    """Its URL comes from a file, and what the bus brings goes into the journal."""
    site, sources = Site(tmp_path), Sources()
    (tmp_path / "bus.url").write_text(f"{url}\n", "utf-8")
    reader = Reader(program().vocabulary, lambda: NOW)
    setting = Setting(tmp_path, site.intake, lambda: reader, lambda: NOW, site.clock)
    sources.add(BusSource("bus.url", "configured"), setting)
    with site.turning():
        sources.start()
        _send(url, TOPICS[0], {**_inner(UNVERSIONED), "payload": {"instance_id": 7}}, _inner(UNVERSIONED))
        _until(lambda: site.recorded().total() >= 1)
        sources.stop()
    assert {("bus bus.url", "malformed"): 1} == sources.unread()


SEEN_AGAIN = 16
"""
What was taken, and could not be acknowledged because the bus had gone, comes again; of as many oslo.messaging knows
that it has seen them, and leaves them with the bus until it connects anew.
"""


def test_a_bus_that_is_restarted_loses_nothing(tmp_path: Path) -> None:
    """It goes away in the middle, with what it has on its disk; the listener comes back by itself, and has all."""
    site = Site(tmp_path)
    with site.turning(), broker(tmp_path / "rabbit") as bus:
        url = f"{bus.url}?amqp_durable_queues=true"
        with _listening(url, "restarted", site):
            _send(url, TOPICS[0], *[_changed(number) for number in range(20)])
            _until(lambda: site.recorded().total() >= 20)
            _send(url, TOPICS[0], *[_changed(number) for number in range(20, 40)])
            bus.restart()
            _send(url, TOPICS[0], *[_changed(number) for number in range(40, 60)])
            _until(lambda: len(_servers(tmp_path)) == 60)
        assert _waiting(bus.url, "restarted") <= SEEN_AGAIN
    assert {1} == {*_servers(tmp_path).values()}


def _servers(folder: Path) -> Counter[str]:
    """Count what the journal has of each server."""
    records = [json.loads(line) for line in (folder / "heal.jsonl").read_bytes().rpartition(b"\n")[0].splitlines()]
    return Counter(one["data"]["fields"]["instance"] for one in records if one["type"] == "event")
