"""
One process, from top to bottom.

    webhook, bus, tails, pollers → intake → turns: healer → executors

The main thread turns, and executors work beside it. SIGTERM ends it once all that was taken is recorded and answered
and what was begun has ended; SIGHUP brings other rules, or says why it does not. Whatever else ends it, the journal has
what was answered.
"""

import gc
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import structlog
from attrs import define, field, frozen

from selfheal_rules.compile import Program
from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Decision
from selfheal_rules.diagnostics import JournalError, SelfHealError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State, checked
from selfheal_rules.execute import Executors
from selfheal_rules.execute.executor import Clock, time_of_day
from selfheal_rules.healer import Healer
from selfheal_rules.integrations.intake import Intake, Repetitions
from selfheal_rules.integrations.senders import Rates, Senders, load_senders
from selfheal_rules.integrations.webhook import Reader, Webhook
from selfheal_rules.journal.items import Input, input_of
from selfheal_rules.journal.journal import Journal, Lease
from selfheal_rules.mapping import PayloadMapping
from selfheal_rules.policy import Policy
from selfheal_rules.serve.acting import acting
from selfheal_rules.serve.metrics import Metrics, Watched
from selfheal_rules.serve.sources import Setting, Sources
from selfheal_rules.serve.turns import Turns
from selfheal_rules.serve.web import Web, confirming, routes
from selfheal_rules.serving import Acting, Serving

if TYPE_CHECKING:
    from selfheal_rules.serve.tracing import Traces

PACE = 0.25
"""Seconds a turn waits for something to take; people are heard, and timers settle, as often."""


class UnloadableError(SelfHealError):
    """Rules, policy or mappings cannot be used; the message says why."""


@frozen
class Loaded:
    """What a configuration's files give."""

    program: Program
    policy: Policy | None
    mappings: tuple[PayloadMapping, ...]


@define
class Process:
    """
    A configuration, and what it becomes. `load` reads its files, at the start and at each SIGHUP; `host` is this one.

    Raises, from `run`:
        UnloadableError: where the files cannot be used at the start.
        JournalError: where the journal cannot be read or written, or another has taken over.
        OSError: where an address or a file cannot be had.
    """

    serving: Serving
    folder: Path
    journal: Journal
    load: Callable[[], Loaded]
    lease: Lease | None = None
    """Who says which process may act; the journal's own lease, where nothing is said."""
    host: str = ""
    clock: Clock = time_of_day
    log: structlog.stdlib.BoundLogger = field(factory=lambda: structlog.get_logger("selfheal"))
    metrics: Metrics = field(factory=Metrics)
    traces: "Traces | None" = field(factory=lambda: _traces())  # noqa: PLW0108 - it stands below
    ended: threading.Event = field(factory=threading.Event)
    _reload: threading.Event = field(factory=threading.Event)
    _loaded: Loaded = field(init=False)
    _turns: Turns = field(init=False)
    _intake: Intake = field(init=False)
    _sources: Sources = field(init=False, factory=Sources)
    _web: Web | None = field(init=False, default=None)
    _is_ready: bool = field(init=False, default=False)
    _is_late: bool = field(init=False, default=False)
    _has_healer: bool = field(init=False, default=True)
    _executors: Executors = field(init=False)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT. A SIGHUP waits until all is there: by itself it would end the process."""
        with _signals({signal.SIGHUP: self._again}):
            self._run()

    def _run(self) -> None:
        self._loaded = self.load()
        self._intake = Intake(self.serving.queue)
        said = self.serving.executors or Acting()
        self._executors = Watched(
            acting(self.serving.executors, self.folder), self.metrics, self.traces,
            clock=self.clock, workers=said.workers, ended=self._intake.wake,
        )  # fmt: skip
        repetitions = Repetitions(time.monotonic)
        repetitions.fresh(recorded(self.journal, self._loaded.program))
        healer = self._healer(self._loaded)
        try:
            self._turns = Turns(healer, self._intake, repetitions, self.clock, self._told, self._brought, self._ahead)
            if self.traces:
                self._turns.recording, self._intake.offered = self.traces.recording, self.traces.offered
            self._serve()
        except BaseException:
            with suppress(JournalError):  # what ended it is told, and not what follows from that
                self._let_go()
            raise
        self._let_go()
        self.log.info("stopped", records=self._turns.healer.journal.inputs)

    def _let_go(self) -> None:
        """
        Let go of everything, however it ended.

        Who waits is told, and the server has ended before the interpreter does: what its loop stands on would otherwise
        be taken away under its thread, and the process die of a signal instead of saying why it ends.
        """
        self._intake.abandon()
        try:
            if self._has_healer:
                self._turns.healer.close()
        finally:
            if self._web and self._web.is_alive():
                self._web.stop()

    def _healer(self, loaded: Loaded) -> Healer:
        engine = Engine(
            loaded.program,
            max_age=self.serving.max_age,
            max_ahead=self.serving.max_ahead,
            policy=loaded.policy,
        )
        return Healer(engine, self.journal, self._executors, lease=self.lease, host=self.host)

    def _serve(self) -> None:
        with _signals({signal.SIGTERM: self._end, signal.SIGINT: self._end}):
            self._turn(0.0)  # what an earlier process left, before anything new
            self._listen()
            _settled()
            self._is_ready = True
            self.log.info("serving", rules=self._loaded.program.digest, journal=self.serving.journal)
            while not self.ended.is_set():
                self._turn(PACE)
                if self._reload.is_set() and self._is_free():
                    self._reload.clear()
                    self._take_over()
            self._stop()

    def _listen(self) -> None:
        setting = Setting(self.folder, self._intake, self.reader, self.clock, time.monotonic)
        for said in self.serving.sources:
            self._sources.add(said, setting)
        if self.serving.http:
            http = self.serving.http
            senders = load_senders(self.folder / http.tokens) if http.tokens else Senders()
            webhook = Webhook(
                self._intake, self.reader, Rates(http.rate, time.monotonic), senders, http.max_body,
                confirm=confirming(http),
            )  # fmt: skip
            self.metrics.answered = lambda: dict(webhook.answered)
            self._web = Web(http, self.folder, webhook, routes(self.metrics, self.against))
            self.log.info("listening", port=self._web.start())
        self.metrics.problems = self._sources.unread
        self.metrics.queue.set_function(lambda: len(self._intake))
        self.metrics.refused = lambda: self._intake.refused
        for about, failing in self._sources.failing.items():
            self.metrics.stale.labels(about).set_function(failing)
        self._sources.start()

    def reader(self) -> Reader:
        """Give how payloads are read by the rules that run."""
        return Reader(self._loaded.program.vocabulary, self.clock, self._loaded.mappings)

    def against(self) -> str:
        """Say why nothing should be sent here, or nothing where it may."""
        if self.ended.is_set():
            return "stopping"
        return "" if self._is_ready else "starting"

    # Turning

    def _turn(self, wait: float) -> None:
        self._turns.turn(wait)
        self.metrics.counts = self._turns.healer.course.engine.counts()

    def _told(self, decisions: Sequence[Decision]) -> None:
        for one in decisions:
            told = {"action": one.action, "target": str(one.target), "rule": one.rule, "id": one.id}
            verdict = {"status": one.verdict.status, "guard": one.verdict.guard, "reason": one.verdict.reason}
            self.log.info("decided", **told, **verdict)
            self.metrics.decided(one)
            if self.traces:
                self.traces.decided(one)

    def _brought(self, batch: Sequence[Input], seconds: float) -> None:
        if batch:
            self.metrics.journal.observe(seconds)
            self.metrics.brought(batch, self.clock())

    def _ahead(self, items: Sequence[Input]) -> None:
        """Say what no rule sees, since whoever dated it has a clock that is ahead of ours, or ours is behind."""
        self.metrics.ahead.inc(len(items))
        first = next(one for one in items if isinstance(one, Event | State))
        about = {"kind": first.kind, "source": first.source, "time": first.time.isoformat()}
        self.log.warning("ahead of time", items=len(items), **about)

    # Ending, and other rules

    def _end(self) -> None:
        self.ended.set()

    def _again(self) -> None:
        self._reload.set()

    def _stop(self) -> None:
        """Have sources end while turns go on: each waits for the journal with what it has begun."""
        self.log.info("stopping", waiting=len(self._intake))
        ending = threading.Thread(target=self._silence, name="ending", daemon=True)
        ending.start()
        while ending.is_alive():
            self._turn(0.05)
        self._executors.close()
        self._turns.drain()
        while self._executors.running:
            self._turn(PACE)

    def _silence(self) -> None:
        self._sources.stop()
        if self._web:
            self._web.stop()

    def _is_free(self) -> bool:
        """Whether nothing is being carried out that was decided by the rules that run; else say once that they stay."""
        waiting = self._turns.healer.course.waiting
        if waiting and not self._is_late:
            self.log.info("reload waits", decisions=len(waiting))
        self._is_late = bool(waiting)
        return not waiting

    def _take_over(self) -> None:
        """
        Go on under the rules that are in the files now; where anything is wrong with them nothing changes.

        While they were loaded time has passed: what has become due is dealt with first, by the rules that made it so.
        """
        try:
            loaded = self.load()
            self._turn(0.0)
            if not self._is_free():
                self._reload.set()
                return
            self._tried(loaded)
        except JournalError:
            raise
        except SelfHealError as error:
            self.metrics.reloads.labels("refused").inc()
            self.log.warning("not reloaded", why=str(error))
            return
        self._has_healer = False  # where another takes the lease in between, there is nothing left to close
        self._turns.healer.close()
        self._turns.hand_over(self._healer(loaded))
        self._has_healer = True
        self._loaded = loaded
        self.metrics.reloads.labels("done").inc()
        self.log.info("reloaded", rules=loaded.program.digest)

    def _tried(self, loaded: Loaded) -> None:
        """
        Restore the engine under other rules, beside the one that runs, and record that they come.

        No time passes with the record, and nobody is heard: what was allowed then would wait for rules that are gone.

        Raises:
            SelfHealError: where they cannot take over.
        """
        healer = self._turns.healer
        engine = healer.course.engine
        Engine.restore(loaded.program, engine.snapshot(), policy=loaded.policy)
        if loaded.program.digest != self._loaded.program.digest:
            at = engine.now or self.clock()
            healer.record([Control("rules", "selfheal serve", "SIGHUP", at, loaded.program.digest)])


def _traces() -> "Traces | None":
    """Give what makes spans, where OpenTelemetry is installed and somebody has set up what hears of them."""
    try:
        from selfheal_rules.serve.tracing import Traces, is_heard  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    return Traces() if is_heard() else None


def recorded(journal: Journal, program: Program) -> list[Input]:
    """Give the items a journal has since its last snapshot, held against their kinds, so that none is taken twice."""
    kept = [input_of(record) for record in journal.recent() if record.type in {"event", "state"}]
    known = program.vocabulary
    return [checked(one, known) for one in kept if isinstance(one, Event | State) and one.kind in known.kinds]


def _settled() -> None:
    """Have the collector leave alone what is there for good, and look less often: it took a sixth of each request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


class _signals:  # noqa: N801 - used as a block is
    """Has signals call functions inside a block, and gives them back after it."""

    def __init__(self, calls: dict[int, Callable[[], None]]) -> None:
        self._calls = calls
        self._before: dict[int, object] = {}

    def __enter__(self) -> None:
        for number, call in self._calls.items():
            self._before[number] = signal.signal(number, self._calling(call))

    @staticmethod
    def _calling(call: Callable[[], None]) -> Callable[[int, FrameType | None], None]:
        return lambda _number, _frame: call()

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]
