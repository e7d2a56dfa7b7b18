"""
Notifications off the bus of a cloud, by oslo.messaging: none is acknowledged before the journal has it.

A listener has a pool of its own, so it gets a copy of each notification and takes none away from Ceilometer or whoever
else listens. Versioned and unversioned notifications come on topics of their own and are read alike. What cannot be
recorded goes back into the queue; what nobody could ever read does not, since it would come for ever.
"""

import logging
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import define, field, frozen
from oslo_config import cfg

from selfheal_rules.diagnostics import SelfHealError
from selfheal_rules.integrations.intake import Full, Intake
from selfheal_rules.integrations.webhook import Reader
from selfheal_rules.normalize import Problem, Reading
from selfheal_rules.normalize.reading import Item
from selfheal_rules.normalize.sources import Known
from selfheal_rules.normalize.stream import read_value
from selfheal_rules.serving import TOPICS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of eventlet, which oslo.service imports and nothing here uses
    import oslo_messaging as messaging

_BATCH, _GATHERED = 500, 0.1
_AGAIN = 0.1
_SKIPPED = ("Failed to process message ... skipping it.", 'Unknown priority "%s"')
"""What oslo.messaging says, to its log alone, where it takes a message off the queue and gives it to nobody."""
_log = logging.getLogger("selfheal_rules")
_drivers = (logging.getLogger("oslo_messaging"), logging.getLogger("oslo.messaging"))  # it goes by both


@frozen(eq=False)
class Notifications:
    """
    What a listener does with notifications: reads them, offers what they say, waits for the journal.

    oslo.messaging calls the method named like the priority, with all that came in a tenth of a second.
    """

    intake: Intake
    reader: Callable[[], Reader]
    ended: threading.Event
    problems: Counter[str] = field(factory=Counter)
    """How many notifications gave nothing, by why: malformed, unrecognised, ignored, unreadable."""

    def audit(self, messages: Sequence[Mapping[str, Any]]) -> str | None:
        """Take notifications of this priority."""
        return self._take(messages, "AUDIT")

    def debug(self, messages: Sequence[Mapping[str, Any]]) -> str | None:
        """Take notifications of this priority."""
        return self._take(messages, "DEBUG")

    def info(self, messages: Sequence[Mapping[str, Any]]) -> str | None:
        """Take notifications of this priority."""
        return self._take(messages, "INFO")

    def warn(self, messages: Sequence[Mapping[str, Any]]) -> str | None:
        """Take notifications of this priority."""
        return self._take(messages, "WARN")

    def error(self, messages: Sequence[Mapping[str, Any]]) -> str | None:
        """Take notifications of this priority."""
        return self._take(messages, "ERROR")

    def critical(self, messages: Sequence[Mapping[str, Any]]) -> str | None:
        """Take notifications of this priority."""
        return self._take(messages, "CRITICAL")

    def _take(self, messages: Sequence[Mapping[str, Any]], priority: str) -> str | None:
        """Give REQUEUE where the journal does not have them; any exception means the same to oslo.messaging."""
        reader = self.reader()
        known = Known(reader.clock(), reader.vocabulary, mappings=reader.mappings)
        items = [item for message in messages for item in self._items(_plain(message, priority), known)]
        while items and not self.ended.is_set():
            try:
                refused = self.intake.bring(items)
            except Full:
                self.ended.wait(_AGAIN)
            else:
                for item, error in refused:
                    self._note(Problem(1, "malformed", "", error.field), item.kind)
                return None
        return messaging.NotificationResult.REQUEUE if items else None

    def _items(self, payload: Mapping[str, Any], known: Known) -> list[Item]:
        found = list(read_value(payload, known))
        for one in found:
            if isinstance(one, Problem):
                self._note(one, payload["event_type"])
        return [one.item for one in found if isinstance(one, Reading)]

    def _note(self, problem: Problem, name: str) -> None:
        """Count what gave nothing; what is malformed is told without what stands there."""
        self.problems[problem.kind] += 1
        if problem.kind == "malformed":
            _log.warning("the notification %s is malformed (%s)", name, problem.field)


def _plain(message: Mapping[str, Any], priority: str) -> dict[str, Any]:
    """Put a notification together again, without the context of the request that was its cause."""
    told = {name: message[name] for name in ("publisher_id", "event_type", "payload")}
    return {**told, **message["metadata"], "priority": priority}


class NoBusError(SelfHealError, ValueError):
    """A URL names no bus."""


class _Skipped(logging.Handler):
    """Counts what oslo.messaging drops."""

    def __init__(self, problems: Counter[str]) -> None:
        super().__init__(logging.WARNING)
        self._problems = problems

    def emit(self, record: logging.LogRecord) -> None:
        """Count it, if the record says so."""
        if record.msg in _SKIPPED:
            self._problems["unreadable"] += 1


@define
class Listener:
    """
    A listener on a bus. `url` names it as `transport_url` does (`rabbit://user:password@host:5672/`).

    `pool` is the name all listeners of this site share: one of them gets each notification. Beside a pool the queue
    without one fills up where nobody reads it, so let something read it, or give it a policy that ends messages. Each
    service puts notifications in an exchange of its own (`nova`, `neutron`, …: its `control_exchange`).
    """

    url: str = field(repr=False)
    pool: str
    notifications: Notifications
    topics: Iterable[str] = TOPICS
    exchanges: Iterable[str] = ()
    _skipped: _Skipped = field(init=False, repr=False)
    _server: Any = field(default=None, init=False, repr=False)
    _transport: Any = field(default=None, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Count what is dropped with what cannot be read."""
        self._skipped = _Skipped(self.notifications.problems)

    def start(self) -> None:
        """
        Begin to listen, in threads of its own; a bus that goes away is waited for.

        Raises:
            NoBusError: where the URL is none.
        """
        self._transport = transport(self.url)
        for driver in _drivers:
            driver.addHandler(self._skipped)
        exchanges: list[str | None] = [*self.exchanges] or [None]
        targets = [messaging.Target(topic=topic, exchange=one) for topic in self.topics for one in exchanges]
        self._server = messaging.get_batch_notification_listener(
            self._transport, targets, [self.notifications], executor="threading", allow_requeue=True, pool=self.pool,
            batch_size=_BATCH, batch_timeout=_GATHERED,
        )  # fmt: skip
        self._server.start(override_pool_size=1)  # one after the other: in their order

    def stop(self) -> None:
        """Listen no more; what is not in the journal goes back into the queue."""
        self.notifications.ended.set()
        self._server.stop()
        self._server.wait()
        self._transport.cleanup()
        for driver in _drivers:
            driver.removeHandler(self._skipped)


def transport(url: str) -> Any:  # noqa: ANN401 - oslo.messaging has no types
    """
    Give the way to a bus; nothing connects yet.

    Raises:
        NoBusError: where the URL is none; it is not in the message.
    """
    conf = cfg.ConfigOpts()
    conf([], project="selfheal", default_config_files=[], default_config_dirs=[])
    try:
        found = messaging.get_notification_transport(conf, url=url)
    except (messaging.InvalidTransportURL, messaging.DriverLoadFailure):
        message = "the URL names no bus, such as `rabbit://user:password@host:5672/`"
        raise NoBusError(message) from None
    if "oslo_messaging_rabbit" in conf:  # as many as are read at once, or all that waits comes into memory
        conf.set_override("rabbit_qos_prefetch_count", 2 * _BATCH, "oslo_messaging_rabbit")
    return found
