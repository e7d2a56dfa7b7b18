"""`selfheal journal`: whether the record of a healer is whole, what it says, and what it leads to."""

import argparse
import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import Any

from selfheal_rules.cli.arguments import (
    Command,
    Commands,
    add_format,
    add_journal,
    add_paths,
    parameter,
    subcommand,
)
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.loading import load_journal, load_program
from selfheal_rules.cli.records import line_of
from selfheal_rules.cli.screen import Screen
from selfheal_rules.cli.words import number
from selfheal_rules.diagnostics import JournalError, SnapshotError
from selfheal_rules.engine import Engine
from selfheal_rules.healer import Healer
from selfheal_rules.journal import Journal, Record
from selfheal_rules.journal.record import TYPES, BrokenJournalError
from selfheal_rules.journal.text import write


def register(commands: Commands) -> None:
    """Add the command and its three."""
    about = "verify, show or recover the record of a healer"
    parser = commands.add_parser("journal", help=about, description=about.capitalize() + ".", allow_abbrev=False)
    inner = parser.add_subparsers(metavar="COMMAND", required=True)
    verifying = _command(inner, "verify", "hold every record against the one before it", verify)
    add_format(verifying)
    showing = _command(inner, "show", "print records", show)
    about = "only records of this type; may be given more than once"
    showing.add_argument("--type", choices=TYPES, action="append", default=[], metavar="TYPE", help=about)
    showing.add_argument("--since", type=int, default=1, metavar="N", help="from this record on (default: 1)")
    showing.add_argument("--last", type=int, metavar="N", help="only so many, the latest")
    add_format(showing)
    about = "cut off a torn end, apply what was recorded since the last snapshot, and record what is missing"
    recovering = _command(inner, "recover", about, recover)
    add_paths(recovering)
    about = "set a parameter of the rule sets, as the healer did; may be given more than once"
    recovering.add_argument("--param", metavar="NAME=VALUE", action="append", default=[], type=parameter, help=about)
    about = "take over even from a healer that holds the lease: it hangs, and will be refused when it goes on"
    recovering.add_argument("--force", action="store_true", help=about)
    add_format(recovering)


def _command(commands: Commands, name: str, about: str, command: Command) -> argparse.ArgumentParser:
    parser = subcommand(commands, name, about, command)
    add_journal(parser)
    return parser


def told(records: Iterable[Record], screen: Screen) -> Iterator[Record]:
    """Pass records on, and say how far the work is; what cannot be read ends the command."""
    try:
        for count, record in enumerate(records, 1):
            screen.progress(count)
            yield record
    except BrokenJournalError:
        raise
    except JournalError as error:
        raise Refused(str(error)) from None
    finally:
        screen.done()


def _decoded(records: Iterable[Record]) -> Iterator[Record]:
    """Pass records on that have been decoded: one whose hash fits may still say nothing that can be read."""
    for record in records:
        _ = record.data
        yield record


def verify(arguments: argparse.Namespace) -> int:
    """Read everything, and say what there is, or where it is broken."""
    journal, screen = load_journal(arguments.journal), Screen()
    types: Counter[str] = Counter()
    first = last = broken = None
    try:
        for record in _decoded(told(journal.records(), screen)):
            first, last = first or record, record
            types[record.type] += 1
    except BrokenJournalError as error:
        broken = error
    _report(arguments, screen, journal, types, (first, last, broken))
    return Code.FINDINGS if broken else Code.OK


def _report(
    arguments: argparse.Namespace,
    screen: Screen,
    journal: Journal,
    types: Counter[str],
    found: tuple[Record | None, Record | None, BrokenJournalError | None],
) -> None:
    first, last, broken = found
    torn = str(journal.torn or "")
    begins = first.number if first else 0
    if arguments.format == "json":
        place = {"where": broken.place.where, "line": broken.place.line, "record": broken.record} if broken else None
        end = {"inputs": last.inputs if last else 0, "hash": last.hash if last else ""}
        said = {"records": types.total(), **end, "first": begins, "types": types}
        screen.out(json.dumps({**said, "torn": torn, "broken": place, "why": broken.why if broken else ""}))
        return
    counts = ", ".join(f"{types[name]:,} {name}" for name in TYPES if types[name])
    screen.out(f"{number(types.total(), 'record')} in a whole chain{': ' if counts else ''}{counts}")
    if begins > 1:
        screen.out(f"begins with record {begins}; what was before it is not here")
    if torn:
        screen.out(f"{torn}; the next writer cuts it off")
    if broken:
        screen.err(f"selfheal: {broken}")


def show(arguments: argparse.Namespace) -> int:
    """Print the records that are asked for, in their order."""
    journal, screen = load_journal(arguments.journal), Screen()
    wanted = (
        record
        for record in told(journal.records(), screen)
        if record.number >= arguments.since and (not arguments.type or record.type in arguments.type)
    )
    try:
        for record in wanted if arguments.last is None else deque(wanted, maxlen=max(0, arguments.last)):
            screen.out(write(_plain(record)) if arguments.format == "json" else line_of(record, screen))
    except BrokenJournalError as error:
        screen.err(f"selfheal: {error}")
        return Code.FINDINGS
    return Code.OK


def _plain(record: Record) -> dict[str, Any]:
    head = {"n": record.number, "inputs": record.inputs, "type": record.type, "left": record.left}
    return {**head, "data": record.data, "prev": record.prev, "hash": record.hash}


def recover(arguments: argparse.Namespace) -> int:
    """Bring a journal to where the next healer has nothing left but to carry out what waits."""
    program, _ = load_program(arguments.paths, dict(arguments.param))
    journal, screen = load_journal(arguments.journal), Screen()
    try:
        deque(_decoded(told(journal.records(), screen)), maxlen=0)  # all are held against one another first
        if arguments.force:
            _take_over(journal)
        healer = Healer(Engine(program), journal)
        healer.close()
    except BrokenJournalError as error:
        screen.err(f"selfheal: {error}")
        return Code.FINDINGS
    except (JournalError, SnapshotError) as error:
        raise Refused(str(error)) from None
    _recovered(healer, screen, arguments.format)
    return Code.OK


def _take_over(journal: Journal) -> None:
    lease = journal.lease()
    lease.acquire(by_force=True)
    lease.release()


def _recovered(healer: Healer, screen: Screen, form: str) -> None:
    mark, waiting = healer.course.mark, list(healer.course.waiting.values())
    if form == "json":
        screen.out(json.dumps({**mark, "waiting": [decision.to_json() for decision in waiting]}))
        return
    if mark["torn"]:
        screen.out(f"{mark['torn']}; cut off")
    screen.out(
        f"{number(mark['replayed'], 'input')} applied again, {number(mark['missing'], 'decision')} recorded late"
    )
    for decision in waiting:
        called = ", whose executor may have been called" if decision.idempotency_key in mark["called"] else ""
        screen.out(f"waits: {decision.action} {decision.target} by {decision.rule}{called}")
