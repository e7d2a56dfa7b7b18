"""A record from the command line: the inputs of a journal, or of a file of raw payloads, as they come."""

import argparse
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from typing import TypeAlias

from selfheal_rules.cli.arguments import add_mapping, add_max_age, add_policy, duration, instant
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.inputs import Lines
from selfheal_rules.cli.loading import load_journal, load_mappings
from selfheal_rules.cli.origins import Origins
from selfheal_rules.cli.problems import Problems
from selfheal_rules.cli.screen import Screen
from selfheal_rules.cli.words import number
from selfheal_rules.diagnostics import JournalError, RuleSetError, SnapshotError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.journal.items import Input, snapshot_of
from selfheal_rules.journal.journal import Journal
from selfheal_rules.journal.record import BrokenJournalError, Record
from selfheal_rules.normalize import Reading, read_items
from selfheal_rules.policy import Policy
from selfheal_rules.replay import Refusal, Replayed, inputs_of, program_of
from selfheal_rules.vocabulary import Vocabulary

Inputs: TypeAlias = Iterator[Input]


def add_record(parser: argparse.ArgumentParser) -> None:
    """Let a command take a record, and what engines over it are to be like."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--journal", metavar="JOURNAL", help="the file of a journal, or the URL of its database")
    which.add_argument("--input", metavar="FILE|-", help="payloads, one JSON value a line; - is standard input")
    add_mapping(parser)
    add_policy(parser, "the policy of the site; without one nothing is allowed")
    add_max_age(parser)


def add_end(parser: argparse.ArgumentParser) -> None:
    """Let a command say how far ahead an item may be, and how far time passes at the end."""
    about = "set aside what is further ahead of the stream than this, such as the word of a broken clock"
    parser.add_argument("--max-ahead", metavar="DURATION", type=duration, help=about)
    about = "at the end of the record let time pass up to this instant, such as 2026-11-22T16:30:00Z"
    parser.add_argument("--until", metavar="TIME", type=instant, help=about)


class Recorded:
    """
    A record that is read once, counted, with progress for who watches; `origins` knows where each item stands.

    Raises:
        Refused: where there is no such record, or it is broken.
    """

    def __init__(self, arguments: argparse.Namespace, vocabulary: Vocabulary | None, screen: Screen) -> None:
        """Open the record; a journal can be read without knowing the words in it."""
        self.count = 0
        self.problems = Problems(screen)
        self.rules: Record | None = None
        """The latest snapshot of a journal: it has the rules it was taken under."""
        self.programs = 0
        """How many programs a journal was written under, one after the other."""
        self.begun: Record | None = None
        """The snapshot before the first input of a journal: it has the policy that input was taken under."""
        self._screen = screen
        self._vocabulary = vocabulary or Vocabulary("")
        self._mappings = load_mappings(arguments.mapping)
        self._lines = None if arguments.input is None else Lines(arguments.input)
        self._journal = None if arguments.journal is None else load_journal(arguments.journal)
        self.origins = Origins(self._vocabulary, unit="line" if self._lines else "record")

    def __iter__(self) -> Inputs:
        """Give each input."""
        for place, given in self.placed():
            if isinstance(given, Event | State) and given.kind in self._vocabulary.kinds:
                self.origins.note(Reading(place, given))
            yield given

    def placed(self) -> Iterator[tuple[int, Input]]:
        """Give each input with its line or record."""
        if self._journal:
            yield from self._recorded(self._journal)
        elif self._lines:
            yield from self._read(self._lines)

    def _read(self, lines: Lines) -> Iterator[tuple[int, Input]]:
        with lines:
            for read in read_items(lines, vocabulary=self._vocabulary, mappings=self._mappings):
                if isinstance(read, Reading):
                    self._pass(lines.share)
                    yield read.line, read.item
                else:
                    self.problems.name(read)
        self.problems.advise(lines)

    def _recorded(self, journal: Journal) -> Iterator[tuple[int, Input]]:
        total = _total(journal) if self._screen.is_watched else 0
        try:
            with closing(journal):
                for place, given in inputs_of(self._noted(journal.records())):
                    self._pass(self.count / total if total else None)
                    yield place, given
        except BrokenJournalError as error:
            raise Refused(str(error), Code.FINDINGS) from None
        except JournalError as error:
            raise Refused(str(error)) from None

    def _noted(self, records: Iterator[Record]) -> Iterator[Record]:
        for record in records:
            self.programs += record.type == "program"
            if record.type == "snapshot":
                self.rules = record
                self.begun = self.begun if self.begun and self.count else record
            yield record

    def policy(self) -> Policy | None:
        """
        Give the policy a journal begins under; a later one is among its inputs.

        Raises:
            Refused: where the journal does not have its text.
        """
        if self.begun is None:
            return None
        try:
            blob = snapshot_of(self.begun)
            return Engine.restore(program_of(self.begun), blob).policy
        except (JournalError, RuleSetError, SnapshotError) as error:
            message = f"the policy the journal was written under cannot be used; name it by `--policy`: {error}"
            raise Refused(message) from None

    def _pass(self, share: float | None) -> None:
        self.count += 1
        self._screen.progress(self.count, share)

    def told(self, replayed: Replayed) -> bool:
        """Say on standard error what was left out; give whether any of it is a fault."""
        if replayed.unknown:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in replayed.unknown.items())
            self._screen.err(f"selfheal: the rules have no word for {kinds}")
        for one in replayed.refused:
            self._screen.err(_refusal(one))
        if replayed.refusals > len(replayed.refused):
            self._screen.err(f"selfheal: and {replayed.refusals - len(replayed.refused):,} inputs more do not fit")
        return bool(replayed.refusals or self.problems.malformed)

    def interrupted(self) -> None:
        """Say how far it came."""
        self._screen.err(f"selfheal: interrupted after {number(self.count, 'input')}; what was done so far is told")


def _refusal(refused: Refusal) -> str:
    return f"input {refused.number}: {refused.message}"


def _total(journal: Journal) -> int:
    """Give how many inputs a journal holds, from its end; 0 where it takes reading it all to know."""
    last = deque(journal.recent(), maxlen=1)
    return last[0].inputs if last else 0
