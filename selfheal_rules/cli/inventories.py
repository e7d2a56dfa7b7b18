"""Real data to hold rules against: files of payloads, and journals."""

import argparse
from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import chain
from operator import or_

from selfheal_rules.check.inventory import Inventory
from selfheal_rules.cli.ending import Refused
from selfheal_rules.cli.inputs import Lines
from selfheal_rules.cli.loading import load_mappings
from selfheal_rules.cli.problems import Problems
from selfheal_rules.cli.screen import Screen
from selfheal_rules.diagnostics import JournalError
from selfheal_rules.events import Event, State
from selfheal_rules.journal.items import input_of
from selfheal_rules.journal.opening import open_journal
from selfheal_rules.model import RuleSet
from selfheal_rules.normalize import Reading, read_items
from selfheal_rules.vocabulary import SELF_KINDS, Vocabulary


def add_inventory(parser: argparse.ArgumentParser, says: str) -> None:
    """Let a command take real data, of which it says something."""
    about = f"say {says} these payloads, one a line"
    parser.add_argument("--inventory", metavar="FILE|-", action="append", default=[], help=about)
    about = "the same of what a healer has recorded; a file, or the URL of a database"
    parser.add_argument("--journal", metavar="JOURNAL", action="append", default=[], help=about)


def look(arguments: argparse.Namespace, rulesets: tuple[RuleSet, ...], screen: Screen) -> Inventory:
    """
    Look at every item of the files and journals; lines that give none are named.

    Raises:
        Refused: where one of them cannot be read.
    """
    inventory = Inventory.of(*rulesets)
    known = reduce(or_, (one.vocabulary for one in rulesets), SELF_KINDS)
    for item in recorded_items(arguments, known, screen):
        inventory.note(item)
        screen.progress(inventory.looked_at)
    screen.done()
    return inventory


def recorded_items(
    arguments: argparse.Namespace, known: Vocabulary, screen: Screen, problems: Problems | None = None
) -> Iterator[Event | State]:
    """
    Give every item of the files and journals; lines that give none are named, and are gathered in `problems`.

    Raises:
        Refused: where one of them cannot be read.
    """
    return chain(_payloads(arguments, known, problems or Problems(screen)), _recorded(arguments.journal))


def _payloads(arguments: argparse.Namespace, known: Vocabulary, problems: Problems) -> Iterator[Event | State]:
    mappings = load_mappings(arguments.mapping)
    for name in arguments.inventory:
        with Lines(name) as lines:
            for read in read_items(lines, vocabulary=known, mappings=mappings):
                if isinstance(read, Reading):
                    yield read.item
                else:
                    problems.name(read)
        problems.advise(lines)


def _recorded(journals: Iterable[str]) -> Iterator[Event | State]:
    for where in journals:
        try:
            journal = open_journal(where)
            if not journal.exists():
                message = f"there is no journal `{where}`"
                raise Refused(message)
            for record in journal.records():
                if record.type in {"event", "state"}:
                    item = input_of(record)
                    if isinstance(item, Event | State):
                        yield item
        except JournalError as error:
            raise Refused(str(error)) from None
