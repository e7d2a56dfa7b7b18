"""A record from the command line: the inputs of a journal, or of a file of raw payloads, as they come."""

import argparse
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import TypeAlias

from attrs import define

from selfheal_rules.cli.arguments import add_mapping, add_max_age, add_policy, duration, instant
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.inputs import Lines
from selfheal_rules.cli.loading import load_journal, load_mappings, load_site
from selfheal_rules.cli.origins import Origins
from selfheal_rules.cli.problems import Problems
from selfheal_rules.cli.screen import Screen
from selfheal_rules.cli.words import number
from selfheal_rules.compile import Program
from selfheal_rules.diagnostics import JournalError, RuleSetError, SnapshotError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.guard.binding import refuse_policy
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
    add_policy(parser, "the policy of the site (default: the one a journal was written under; an input has none)")
    about = "as if the site had no policy, whatever a journal was written under: nothing is allowed then"
    parser.add_argument("--without-policy", action="store_true", help=about)
    add_max_age(parser)


def add_end(parser: argparse.ArgumentParser) -> None:
    """Let a command say how far ahead an item may be, and how far time passes at the end."""
    about = "set aside what is further ahead of the stream than this, such as the word of a broken clock"
    parser.add_argument("--max-ahead", metavar="DURATION", type=duration, help=about)
    about = "at the end of the record let time pass up to this instant, such as 2026-11-22T16:30:00Z"
    parser.add_argument("--until", metavar="TIME", type=instant, help=about)


@define
class Era:
    """What a journal holds under one program: the snapshot it begins with, and the inputs before and at its end."""

    begins: Record
    first: int
    last: int


class Recorded:
    """
    A record that is read once, counted, with progress for who watches; `origins` knows where each item stands.

    Of a journal an item is an instant, and not decoded, where `kinds` are given and it is of none of them.

    Raises:
        Refused: where there is no such record, or it is broken.
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        vocabulary: Vocabulary | None,
        screen: Screen,
        kinds: Collection[str] | None = None,
    ) -> None:
        """Open the record; a journal can be read without knowing the words in it."""
        self.count = 0
        self.problems = Problems(screen)
        self.eras: list[Era] = []
        """The programs a journal was written under, one after the other."""
        self.sought: str | None = getattr(arguments, "decision", None)
        self.made: dict[str, tuple[Era, Record]] = {}
        """What a journal holds of the decisions that are sought, by their id: the latest word, and who said it."""
        self.heads: dict[str, tuple[Record, Record]] = {}
        """The first word on each of them, behind the latest snapshot before it."""
        self._newest: Record | None = None
        self.begun: Record | None = None
        """The snapshot before the first input of a journal: it has the policy that input was taken under."""
        self._screen, self._kinds = screen, kinds
        self._vocabulary = vocabulary or Vocabulary("")
        self._mappings = load_mappings(arguments.mapping)
        self._lines = None if arguments.input is None else Lines(arguments.input)
        self._journal = None if arguments.journal is None else load_journal(arguments.journal)
        self.origins = Origins(self._vocabulary, unit="line" if self._lines else "record")
        self._named, self._without = arguments.policy, arguments.without_policy
        if self._named is not None and self._without:
            message = "`--policy` and `--without-policy` go with one another in no way: name one of them"
            raise Refused(message, Code.USAGE)
        self._all = self._every()
        self._ahead: list[tuple[int, Input]] = []

    def __iter__(self) -> Inputs:
        """Give each input."""
        for place, given in self.placed():
            if isinstance(given, Event | State) and given.kind in self._vocabulary.kinds:
                self.origins.note(Reading(place, given))
            yield given

    def placed(self) -> Iterator[tuple[int, Input]]:
        """Give each input with its line or record."""
        ahead, self._ahead = self._ahead, []
        yield from ahead
        yield from self._all

    def _every(self) -> Iterator[tuple[int, Input]]:
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
                for place, given in inputs_of(self._noted(journal.records()), self._kinds):
                    self._pass(self.count / total if total else None)
                    yield place, given
        except BrokenJournalError as error:
            raise Refused(str(error), Code.FINDINGS) from None
        except JournalError as error:
            raise Refused(str(error)) from None

    def _noted(self, records: Iterator[Record]) -> Iterator[Record]:
        for record in records:
            if record.type == "snapshot":
                if not self.eras or self.eras[-1].begins.said("program") != record.said("program"):
                    self.eras.append(Era(record, self.count, self.count))
                self.begun = self.begun if self.begun and self.count else record
                self._newest = record
            elif self._newest and self._is_sought(record):
                self.made[record.said("id")] = (self.eras[-1], record)
                self.heads.setdefault(record.said("id"), (self._newest, record))
            yield record
            if self.eras:
                self.eras[-1].last = self.count

    def _is_sought(self, record: Record) -> bool:
        if record.type != "decision" or not self.sought or self.sought.encode() not in record.text:
            return False
        return str(record.said("id")).startswith(self.sought)

    def site(self, *programs: Program) -> Policy | None:
        """
        Give the policy that is named, else the one a journal was written under: another would tell another story.

        Raises:
            Refused: where there is none of that name, it does not fit these programs, or the journal lacks its text.
        """
        if self._named is not None:
            found = [load_site(program, self._named) for program in programs]
            return found[0]
        policy = None if self._without else self._begun_under(programs)
        try:
            for program in programs:
                refuse_policy(program, policy)
        except RuleSetError as error:
            message = "the policy the journal was written under does not fit these rules; name one by `--policy`, "
            message += f"or leave it out by `--without-policy`\n\n{error}"
            raise Refused(message) from None
        self.tell(policy)
        return policy

    def tell(self, policy: Policy | None) -> None:
        """Say which policy of the journal's own holds."""
        if policy is not None:
            self._screen.err(
                f"selfheal: under policy `{policy.name}`, as the journal; `--without-policy` leaves it out"
            )

    def _begun_under(self, programs: Sequence[Program]) -> Policy | None:
        """Give the policy a journal begins under; a later one is among its inputs."""
        if self._journal and not self.count:
            self._ahead = list(islice(self._all, 1))
        if self.begun is None:
            return None
        try:
            blob, digest = snapshot_of(self.begun), self.begun.said("program")
            program = next((one for one in programs if one.digest == digest), None) or program_of(self.begun)
            return Engine.restore(program, blob).policy
        except (JournalError, RuleSetError, SnapshotError) as error:
            message = (
                "the policy the journal was written under cannot be used; name it by `--policy`, or leave it out by "
                f"`--without-policy`: {error}"
            )
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
