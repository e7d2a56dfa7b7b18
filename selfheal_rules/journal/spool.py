"""The inbox of the file journal: a folder beside it, a file a note."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from selfheal_rules.diagnostics import JournalError
from selfheal_rules.journal.folder import sync_folder, write_all
from selfheal_rules.journal.inbox import LARGEST, MOST, Note

ASIDE = ".refused"
_FRESH = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC


class Spool:
    """
    A folder of notes, made when the first is put there; whoever may write in it may speak.

    A note is written under a name that begins with a dot, synced, and renamed: so none is ever read half. One that is
    put aside is called `NAME.refused`, and says why.
    """

    def __init__(self, path: Path) -> None:
        """Touch nothing yet."""
        self.path = path

    def put(self, name: str, text: str) -> None:
        """Have a note on disk before returning."""
        with self._failing("written"):
            if not self.path.exists():
                self.path.mkdir(mode=0o770, exist_ok=True)
                sync_folder(self.path.parent)
            self._write(name, text)

    def _write(self, name: str, text: str) -> None:
        hidden = self.path / f".{name}"
        file = os.open(hidden, _FRESH, 0o640)
        try:
            write_all(file, text.encode())
            os.fsync(file)
        except OSError:
            with suppress(OSError):
                hidden.unlink()
            raise
        finally:
            os.close(file)
        hidden.rename(self.path / name)
        sync_folder(self.path)

    def notes(self) -> list[Note]:
        """Give the notes that wait, in the order of their names; of very many the first `MOST`."""
        return [self._note(name) for name in [name for name in self._names() if not name.endswith(ASIDE)][:MOST]]

    def _names(self) -> list[str]:
        with self._failing("read"):
            try:
                return sorted(file.name for file in self.path.iterdir() if not file.name.startswith("."))
            except FileNotFoundError:
                return []

    def _note(self, name: str) -> Note:
        if not (self.path / name).is_file():  # who opens a pipe waits for a writer
            return Note(name, "", "it is no file")
        try:
            with (self.path / name).open("rb") as file:
                found = file.read(LARGEST + 1)
        except OSError as error:
            return Note(name, "", f"it cannot be read: {(error.strerror or str(error)).lower()}")
        flaw = f"it has more than {LARGEST:,} bytes" if len(found) > LARGEST else ""
        try:
            return Note(name, "" if flaw else found.decode(), flaw)
        except UnicodeDecodeError:
            return Note(name, found.decode(errors="backslashreplace"), "it is not UTF-8")

    def remove(self, name: str) -> None:
        """Take a note away, for good before returning; harmless where it is gone."""
        with self._failing("written"):
            (self.path / name).unlink(missing_ok=True)
            sync_folder(self.path)

    def put_aside(self, note: Note) -> None:
        """Keep a note with its flaw, where no healer takes it up again; what is no file is only renamed."""
        with self._failing("written"):
            there = self.path / note.name
            if os.path.lexists(there) and not there.is_file():
                there.rename(self.path / f"{note.name}{ASIDE}")
                return
            self._write(f"{note.name}{ASIDE}", json.dumps({"flaw": note.flaw, "text": note.text}) + "\n")
        self.remove(note.name)

    def aside(self) -> list[Note]:
        """Give the notes that were put aside."""
        return [self._aside(name) for name in self._names() if name.endswith(ASIDE)]

    def _aside(self, name: str) -> Note:
        note = self._note(name)
        with suppress(ValueError, KeyError, TypeError):
            kept = json.loads(note.text)
            return Note(name.removesuffix(ASIDE), kept["text"], kept["flaw"])
        return Note(name.removesuffix(ASIDE), note.text, note.flaw or "it is no note")

    @contextmanager
    def _failing(self, how: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"inbox `{self.path}` cannot be {how}: {(error.strerror or str(error)).lower()}"
            raise JournalError(message) from error
