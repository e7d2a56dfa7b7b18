"""
What the site Acme adds: an action, a guard, who carries the action out, a source, and a lease.

Acme has a board, a folder all of its machines see: a file called like a rack asks its people to drain it. They work in
shifts, and can drain so many racks in one. Its alarms come as files in another folder, one payload each.
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from uuid import uuid4

from attrs import define, field, frozen

from selfheal_rules.actions.entry import ActionType, number, params, text
from selfheal_rules.decide.decision import Outcome, OutcomeStatus
from selfheal_rules.diagnostics import EventError, ExecutorError, JournalError
from selfheal_rules.events import Event
from selfheal_rules.execute.order import Order
from selfheal_rules.guards import Answer, Candidate, GuardType, Hold
from selfheal_rules.integrations.intake import Full
from selfheal_rules.serve.sources import Setting
from selfheal_rules.values import FrozenMap, Value
from selfheal_rules.vocabulary import INTEGER

ACTIONS = (
    ActionType(
        "acme.drain_rack", "high", "Have people take the load off a rack.",
        target="the name of a rack",
        params=params(ticket=text("Under which ticket.", required=True)),
        again="key",
        needs="The rack is on the board.",
        confirm="{state: acme.rack, where: {rack: {target}, status: drained}, within: 1h}",
        api="Acme's board 1",
    ),
)  # fmt: skip


DAWN = datetime(2026, 1, 1, 6, tzinfo=UTC)
"""When a shift began; every other begins as many hours later."""


def _shift(given: FrozenMap, now: datetime) -> datetime:
    """Give when the shift began that works now."""
    length = timedelta(hours=int(str(given.get("hours", 8))))
    return DAWN + (now - DAWN) // length * length


def _done(given: FrozenMap, remembered: Value, now: datetime) -> int:
    """Give how many this shift has been asked for: what is remembered is the shift, and its number."""
    return remembered[1] if isinstance(remembered, tuple) and remembered[0] == _shift(given, now) else 0


def judge(step: Candidate, remembered: Value, now: datetime) -> Answer:
    """Leave to the next shift what would be more than this one can do."""
    most, done = int(str(step.given["acme.shift"])), _done(step.given, remembered, now)
    if done < most:
        return None
    ends = _shift(step.given, now) + timedelta(hours=int(str(step.given.get("hours", 8))))
    return Hold(f"this shift has {done} racks to drain, and can do {most}", ends)


def begun(step: Candidate, remembered: Value, now: datetime) -> Value:
    """Count what the shift is asked for."""
    return _shift(step.given, now), _done(step.given, remembered, now) + 1


def ended(given: FrozenMap, remembered: Value, worked: bool, now: datetime) -> Value:  # noqa: FBT001 - as it is called
    """Count what failed no more: nobody had anything to do."""
    done = _done(given, remembered, now)
    return remembered if worked or not done else (_shift(given, now), done - 1)


SHIFT = GuardType(
    "acme.shift",
    "At most so many racks are drained in one shift of Acme's people.",
    INTEGER,
    params(hours=number("How long a shift is, in hours; 8 where it is not said.")),
    unless="the people of this shift had as much to do as they can",
    by_target=False,
    judge=judge,
    begun=begun,
    ended=ended,
)


@frozen
class Board:
    """Asks people to drain a rack, by a line on its page of the board."""

    folder: Path
    dry: bool = False
    actions: tuple[str, ...] = ("acme.drain_rack",)
    idempotent: bool = True

    def execute(self, decision: Order) -> Outcome:
        """Write the line, unless one with the key of the decision is there."""
        page = self.folder / Path(str(decision.target)).name
        status: OutcomeStatus = "done"
        line = f"{decision.idempotency_key} {decision.params.get('ticket')}\n"
        detail = f"append to {page}: {line.strip()}"
        try:
            written = page.read_text("utf-8") if page.exists() else None
            if written is None and self.folder.exists():
                status, detail = "refused", f"no rack is called `{page.name}`"
            elif self.dry:
                status = "dry_run"
            elif decision.idempotency_key not in (written or ""):
                with page.open("r+", encoding="utf-8") as file:
                    file.seek(0, os.SEEK_END)
                    file.write(line)
        except OSError as error:
            message = f"the board cannot be reached: {(error.strerror or '').lower()}"
            raise ExecutorError(message, retryable=True) from None
        return Outcome(decision.id, status, datetime.now(UTC), detail, attempt=decision.attempt)


def executors(*, dry: bool) -> tuple[Board, ...]:
    """Give those who carry out Acme's actions; the board is where `ACME_BOARD` says."""
    return (Board(Path(os.environ["ACME_BOARD"]), dry),)


@define
class Spool:
    """Reads payloads from files, and removes each once the journal has what it says."""

    folder: Path
    setting: Setting
    pace: float = 0.1
    _ended: Signal = field(factory=Signal)
    _thread: Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = Thread(target=self._run, name="acme", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; a file that was not recorded is read again by the next process."""
        self._ended.set()
        if self._thread:
            self._thread.join(5)

    def _run(self) -> None:
        while not self._ended.wait(self.pace):
            for file in sorted(self.folder.glob("*.json")):
                if self._ended.is_set() or not self._take(file):
                    break

    def _take(self, file: Path) -> bool:
        """Offer what a file says, and wait for the journal; whether to go on with the next file."""
        try:
            told = json.loads(file.read_bytes())
            at = datetime.fromisoformat(told["at"])
            answer = self.setting.intake.offer([Event(file.stem, "acme.hot", "acme", at, {"rack": told["rack"]})])
            while not self._ended.is_set():
                try:
                    answer.result(self.pace)
                except TimeoutError:
                    continue
                file.unlink()
                return True
        except Full:
            return False
        except (EventError, ValueError, KeyError):
            file.rename(file.with_suffix(".refused"))
        return not self._ended.is_set()


def source(given: Mapping[str, object], setting: Setting) -> Spool:
    """Make the source; `folder` says where the files are."""
    return Spool(setting.folder / str(given["folder"]), setting)


@define
class Claim:
    """A file that says who holds the lease: only one can make it."""

    file: Path
    holder: str = field(factory=lambda: uuid4().hex)

    def acquire(self, *, by_force: bool = False) -> None:
        """Make the file, or write another's name over."""
        if by_force:
            written = self.file.with_suffix(f".{self.holder}")
            written.write_text(self.holder, "utf-8")
            written.replace(self.file)
            return
        try:
            with self.file.open("x", encoding="utf-8") as file:
                file.write(self.holder)
        except FileExistsError:
            self._refuse("another holds it")

    def check(self) -> None:
        """Look whose name is in the file."""
        if not self._is_held():
            self._refuse("it is lost")

    def release(self) -> None:
        """Take the file away, if it is ours."""
        if self._is_held():
            self.file.unlink()

    def _is_held(self) -> bool:
        return self.file.exists() and self.file.read_text("utf-8") == self.holder

    def _refuse(self, why: str) -> None:
        message = f"lease {self.file}: {why}"
        raise JournalError(message)


def lease(url: str, name: str) -> Claim:
    """Give the lease of a URL `acme:FOLDER`."""
    return Claim(Path(url.partition(":")[2], f"{name}.lease"))
