"""The sources a configuration names, each ready to be started and stopped."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from time import monotonic
from typing import Protocol

from attrs import define, field, frozen

from selfheal_rules.diagnostics import SelfHealError
from selfheal_rules.execute.executor import Clock
from selfheal_rules.integrations.intake import Intake
from selfheal_rules.integrations.senders import Rates
from selfheal_rules.integrations.steady import Steady
from selfheal_rules.integrations.tail import Tail
from selfheal_rules.integrations.webhook import Reader
from selfheal_rules.plugins import PluginError, plugin
from selfheal_rules.serving import BusSource, FedBy, PluginSource, PollSource, TailSource

BEGUN, ENDED = 2.5, 10.0
"""Seconds in which a source has begun, and in which it has ended; nobody waits for it longer."""
_log = logging.getLogger("selfheal_rules")


class Source(Protocol):
    """What brings items, in threads of its own."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End; what was not recorded comes again the next time."""


@frozen
class Setting:
    """What sources work with."""

    folder: Path
    intake: Intake
    reader: Callable[[], Reader]
    clock: Clock
    monotonic: Callable[[], float]


@define
class _Call:
    """A call of a source in a thread of its own: none may keep the rest from beginning, or from ending."""

    name: str
    what: Callable[[], None]
    fault: Exception | None = None
    is_late: bool = False
    _thread: threading.Thread = field(init=False)

    def begin(self) -> None:
        """Call it."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.what()
        except Exception as error:  # noqa: BLE001 - whatever somebody's source raises, it is told under its name
            self.fault = error
            if self.is_late:
                _log.warning("source %s broke off with %s", self.name, type(error).__name__)

    def wait(self, patience: float) -> bool:
        """Wait so many seconds at most, and say whether it has ended."""
        self._thread.join(patience)
        self.is_late = self._thread.is_alive()
        return not self.is_late


class UnstartableError(SelfHealError):
    """A source cannot be started; the message names it, and of a stranger's fault says no more than its kind."""


@define
class Sources:
    """All sources of a process but the webhook, by the name people know each by."""

    every: dict[str, Source] = field(factory=dict)
    problems: dict[str, Counter[str]] = field(factory=dict)
    """How much of each source gave nothing, by why."""
    failing: dict[str, Callable[[], int]] = field(factory=dict)
    """How many sweeps in a row each poller has failed."""
    rates: dict[str, Rates] = field(factory=dict)

    def add(self, said: FedBy, setting: Setting) -> None:
        """
        Make what a configuration says.

        Raises:
            PluginError: where a plug-in cannot be used.
            ImportError: where the extra `openstack` is missing.
            OSError: where the file with a bus's URL cannot be read.
        """
        for name, one in _MAKERS[type(said)](said, setting, self):
            self.every[name if name not in self.every else f"{name} ({len(self.every) + 1})"] = one

    def unread(self) -> Mapping[tuple[str, str], int]:
        """Count what gave no item, by source and why."""
        return {(name, why): count for name, found in self.problems.items() for why, count in dict(found).items()}

    def start(self, patience: float = BEGUN) -> None:
        """
        Begin all of them. Whichever has not begun in so many seconds goes on trying, and the rest does not wait for it.

        Raises:
            UnstartableError: where one says at once that it cannot.
        """
        for late in self._call("start", patience):
            _log.warning("source %s has not begun yet, and goes on trying; the others run", late)

    def stop(self, patience: float = ENDED) -> None:
        """End all of them; whichever has not ended in so many seconds is left to the end of the process."""
        for late in self._call("stop", patience):
            _log.warning("source %s does not end, and is left behind", late)

    def _call(self, what: str, patience: float) -> list[str]:
        """Call a method of each at once, and name those who have not come back."""
        calls = [_Call(name, getattr(one, what)) for name, one in self.every.items()]
        for one in calls:
            one.begin()
        ends = monotonic() + patience
        late = [one.name for one in calls if not one.wait(max(0.0, ends - monotonic()))]
        for one in calls:
            if one.fault is not None:
                _refused(one.name, what, one.fault)
        return late


def _refused(name: str, what: str, fault: Exception) -> None:
    """Say that a source failed, by the kind of its fault: the text may be anybody's, with anybody's password."""
    if what == "stop":
        _log.warning("source %s ended with %s", name, type(fault).__name__)
        return
    message = f"source {name} cannot be started: {fault if isinstance(fault, SelfHealError) else type(fault).__name__}"
    raise UnstartableError(message) from None


def _tail(said: TailSource, setting: Setting, sources: Sources) -> Iterator[tuple[str, Source]]:
    name = said.tail if said.tail == "-" else str(setting.folder / said.tail)
    position = None if said.tail == "-" else setting.folder / (said.position or f"{said.tail}.position")
    tail = Tail(name, setting.intake, setting.reader, position)
    sources.problems[f"tail {said.tail}"] = tail.problems
    yield f"tail {said.tail}", Steady(f"tail {said.tail}", tail.step)


def _bus(said: BusSource, setting: Setting, sources: Sources) -> Iterator[tuple[str, Source]]:
    from selfheal_rules.integrations.oslo_messaging import Listener, Notifications  # noqa: PLC0415 - an extra

    notifications = Notifications(setting.intake, setting.reader, threading.Event())
    sources.problems[f"bus {said.listen}"] = notifications.problems
    url = (setting.folder / said.listen).read_text("utf-8").strip()
    yield f"bus {said.listen}", Listener(url, said.pool, notifications, said.topics, said.exchanges)


def _poll(said: PollSource, setting: Setting, sources: Sources) -> Iterator[tuple[str, Source]]:
    from selfheal_rules.integrations.pollers import Watch  # noqa: PLC0415 - an extra
    from selfheal_rules.integrations.polling import SWEEPS, Poller  # noqa: PLC0415 - an extra
    from selfheal_rules.serve.cloud import api  # noqa: PLC0415 - an extra

    rates = sources.rates.setdefault(said.cloud, Rates(said.rate / 60, setting.monotonic))
    for name in said.poll:
        about = f"{name}@{said.cloud}"
        jitter = Random(about)  # noqa: S311 - when somebody asks is no secret
        poller = Poller(
            about, Watch(SWEEPS[name]), lambda: api(said.cloud), setting.intake, lambda: setting.reader().vocabulary,
            setting.clock, rates, jitter, said.every, said.jitter, said.stale,
        )  # fmt: skip
        sources.problems[f"poll {about}"] = poller.problems
        sources.failing[about] = lambda poller=poller: poller.failures  # type: ignore[misc]
        yield about, Steady(about, poller.step)


def _plugin(said: PluginSource, setting: Setting, sources: Sources) -> Iterator[tuple[str, Source]]:
    """Have a plug-in make its source; it is one in form only: what it promises, `conformance` tries."""
    found = plugin("sources", said.plugin)
    made: Source = found.made(said.given, setting)
    if not (callable(getattr(made, "start", None)) and callable(getattr(made, "stop", None))):
        raise PluginError(found.refused("what it makes has no `start` and `stop`"))
    problems = getattr(made, "problems", None)
    if isinstance(problems, Counter):
        sources.problems[f"plugin {said.plugin}"] = problems
    yield f"plugin {said.plugin}", made


_MAKERS: Mapping[type, Callable[..., Iterator[tuple[str, Source]]]] = {
    TailSource: _tail,
    BusSource: _bus,
    PollSource: _poll,
    PluginSource: _plugin,
}
