"""
What people say while a healer runs: notes beside the journal, which whoever holds its lease takes.

A note is the JSON text of a `Control`, put in the inbox by anybody who may write there. It lies until it is in the
journal, so it waits for the next healer where none runs. The hash of its text is the id of the control, by which an
engine knows what it has taken: a note that is still there after a crash is not taken twice.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Protocol

from attrs import evolve, frozen

from selfheal_rules.decide.control import Control
from selfheal_rules.diagnostics import EventError
from selfheal_rules.engine import Engine

MOST = 500
"""So many notes are taken at a time: fewer than the controls whose ids an engine keeps."""
LARGEST = 1 << 20
"""More bytes than a note has: the text of a policy is the longest there is."""
_FLAW = 1_000
"""So many signs of a flaw are kept, those at its two ends: what it quotes may be of any length."""


@frozen
class Note:
    """A note as it lies in the inbox; `flaw` says what keeps it from being read, or why it was put aside."""

    name: str
    text: str
    flaw: str = ""

    def control(self) -> Control:
        """
        Give what it says.

        Raises:
            EventError: where it is no control.
        """
        if self.flaw:
            raise EventError(self.flaw)
        try:
            said = json.loads(self.text)
        except (ValueError, RecursionError) as error:
            message = f"it is not JSON: {error}"
            raise EventError(message) from None
        if not isinstance(said, dict):
            message = "it is not a JSON object"
            raise EventError(message)
        return Control.from_json({**said, "id": sha256(self.text.encode()).hexdigest()[:32]})


class Inbox(Protocol):
    """Where notes lie. Every call raises `JournalError` where it cannot be done: who cannot be reached must not act."""

    def put(self, name: str, text: str) -> None:
        """Have a note on disk before returning; names tell the order in which notes are taken."""

    def notes(self) -> list[Note]:
        """Give the notes that wait, in the order of their names; of very many the first `MOST`."""

    def remove(self, name: str) -> None:
        """Take a note away, for good before returning; harmless where it is gone."""

    def put_aside(self, note: Note) -> None:
        """Keep a note with its flaw, where no healer takes it up again."""

    def aside(self) -> list[Note]:
        """Give the notes that were put aside."""


def put(inbox: Inbox, control: Control, mark: str) -> None:
    """Put a control in an inbox; `mark` tells those of one instant apart."""
    name = f"{control.time:%Y%m%dT%H%M%S.%fZ}-{mark}"
    inbox.put(name, json.dumps(control.to_json(), indent=1) + "\n")


@contextmanager
def said(inbox: Inbox, engine: Engine) -> Iterator[list[Control]]:
    """
    Give what an inbox holds that an engine has not taken, and take the notes away once it has: when the block ends.

    What cannot be taken is put aside, with the reason. A control of a time that the engine does not believe yet
    (`max_ahead`) stays, unless it is one that can only have less done.
    """
    controls: list[Control] = []
    names = []
    for note in inbox.notes():
        try:
            control = note.control()
            engine.admit([*controls, control])
        except EventError as error:
            inbox.put_aside(evolve(note, flaw=_written(str(error))))
            continue
        if control.is_strict or not _is_ahead(control, engine):
            names.append(note.name)
            controls += [] if engine.has_heard(control) or control in controls else [control]
    yield controls
    for name in names:
        inbox.remove(name)


def _written(flaw: str) -> str:
    """Give a flaw as every inbox can keep it: it quotes what somebody wrote, however long, and with whatever signs."""
    told = flaw if len(flaw) <= _FLAW else f"{flaw[: _FLAW // 2]} … {flaw[-_FLAW // 2 :]}"
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in told)


def _is_ahead(control: Control, engine: Engine) -> bool:
    now, ahead = engine.now, engine.max_ahead
    return now is not None and ahead is not None and control.time - now > ahead
