"""The sources a configuration names, each ready to be started and stopped."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Protocol

from attrs import define, field, frozen

from selfheal_rules.execute.executor import Clock
from selfheal_rules.integrations.intake import Intake
from selfheal_rules.integrations.senders import Rates
from selfheal_rules.integrations.steady import Steady
from selfheal_rules.integrations.tail import Tail
from selfheal_rules.integrations.webhook import Reader
from selfheal_rules.plugins import PluginError, plugin
from selfheal_rules.serving import BusSource, FedBy, PluginSource, PollSource, TailSource


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
class Sources:
    """All sources of a process but the webhook."""

    every: list[Source] = field(factory=list)
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
        self.every += _MAKERS[type(said)](said, setting, self)

    def unread(self) -> Mapping[tuple[str, str], int]:
        """Count what gave no item, by source and why."""
        return {(name, why): count for name, found in self.problems.items() for why, count in dict(found).items()}

    def stop(self) -> None:
        """End all of them."""
        for one in self.every:
            one.stop()


def _tail(said: TailSource, setting: Setting, sources: Sources) -> Iterator[Source]:
    name = said.tail if said.tail == "-" else str(setting.folder / said.tail)
    position = None if said.tail == "-" else setting.folder / (said.position or f"{said.tail}.position")
    tail = Tail(name, setting.intake, setting.reader, position)
    sources.problems[f"tail {said.tail}"] = tail.problems
    yield Steady(f"tail {said.tail}", tail.step)


def _bus(said: BusSource, setting: Setting, sources: Sources) -> Iterator[Source]:
    from selfheal_rules.integrations.oslo_messaging import Listener, Notifications  # noqa: PLC0415 - an extra

    notifications = Notifications(setting.intake, setting.reader, threading.Event())
    sources.problems[f"bus {said.listen}"] = notifications.problems
    url = (setting.folder / said.listen).read_text("utf-8").strip()
    yield Listener(url, said.pool, notifications, said.topics, said.exchanges)


def _poll(said: PollSource, setting: Setting, sources: Sources) -> Iterator[Source]:
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
        sources.failing[about] = lambda poller=poller: poller.failures  # type: ignore[misc]
        yield Steady(about, poller.step)


def _plugin(said: PluginSource, setting: Setting, sources: Sources) -> Iterator[Source]:
    """Have a plug-in make its source; it is one in form only: what it promises, `conformance` tries."""
    found = plugin("sources", said.plugin)
    made: Source = found.made(said.given, setting)
    if not (callable(getattr(made, "start", None)) and callable(getattr(made, "stop", None))):
        raise PluginError(found.refused("what it makes has no `start` and `stop`"))
    problems = getattr(made, "problems", None)
    if isinstance(problems, Counter):
        sources.problems[f"plugin {said.plugin}"] = problems
    yield made


_MAKERS: Mapping[type, Callable[..., Iterator[Source]]] = {
    TailSource: _tail,
    BusSource: _bus,
    PollSource: _poll,
    PluginSource: _plugin,
}
