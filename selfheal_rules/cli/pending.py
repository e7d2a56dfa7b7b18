"""`selfheal pending`: what awaits approval, what people have stopped, and what lies in the inbox of a healer."""

import argparse
import json
from collections.abc import Iterator

from selfheal_rules.cli.arguments import Commands, add_format, add_journal, subcommand
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.loading import load_journal
from selfheal_rules.cli.origins import Origins
from selfheal_rules.cli.screen import Screen, clean
from selfheal_rules.cli.timeline import entry
from selfheal_rules.cli.words import number, stamp
from selfheal_rules.decide import Control
from selfheal_rules.diagnostics import EventError, JournalError, RuleSetError, SnapshotError
from selfheal_rules.engine import Engine
from selfheal_rules.guard.approval import Request
from selfheal_rules.journal.inbox import Note
from selfheal_rules.journal.recovery import engine_of


def register(commands: Commands) -> None:
    """Add the command."""
    about = "list the decisions that await approval, what is stopped, and what nobody has taken yet"
    parser = subcommand(commands, "pending", about, pending)
    add_journal(parser)
    add_format(parser)


def pending(arguments: argparse.Namespace) -> int:
    """Say what a journal leads to that people have to do with."""
    screen = Screen()
    try:
        with load_journal(arguments.journal) as journal:
            engine, inbox = engine_of(journal), journal.inbox()
            waiting, aside = inbox.notes(), inbox.aside()
    except (JournalError, SnapshotError, RuleSetError) as error:
        raise Refused(str(error)) from None
    lines = _json(engine, waiting, aside) if arguments.format == "json" else _text(engine, waiting, aside, screen)
    for line in lines:
        screen.out(line)
    return Code.OK


def _text(engine: Engine, waiting: list[Note], aside: list[Note], screen: Screen) -> Iterator[str]:
    for request in engine.approval_requests():
        yield _asked(request, Origins(engine.program.vocabulary), screen)
    for said in engine.stops():
        yield clean(f"{'stopped' if said.act == 'kill' else 'paused'}: {_said(said)}")
    for note in waiting:
        yield clean(f"in the inbox: {_told(note)}")
    for note in aside:
        yield clean(f"put aside: {note.name}: {note.flaw}")
    yield f"{number(len(engine.approval_requests()), 'decision')} awaiting approval"


def _asked(request: Request, origins: Origins, screen: Screen) -> str:
    """Write a decision as the timeline does, with what is said of it."""
    told = entry(request.decision, origins, screen).rstrip("\n")
    agreed = "".join(f"; {who}: {why}" for who, why in request.agreed.items())
    lines = [
        f"    id       {request.subject}",
        f"    agreed   {len(request.agreed)} of {request.quorum}{clean(agreed)}",
        f"    asked    {stamp(request.asked)}, expires {stamp(request.expires)}",
    ]
    head, rest = told.split("\n", 1)
    return "\n".join([head, *lines, rest, ""])


def _said(said: Control) -> str:
    subject = f" {said.subject}" if said.subject and said.act != "policy" else ""
    return f"{said.act.replace('_', '-')}{subject} by {said.who} at {stamp(said.time)}: {said.why}"


def _told(note: Note) -> str:
    try:
        return _said(note.control())
    except EventError as error:
        return f"{note.name}, to be put aside: {error}"


def _json(engine: Engine, waiting: list[Note], aside: list[Note]) -> Iterator[str]:
    for request in engine.approval_requests():
        yield json.dumps({"pending": "approval", **request.to_json()})
    for said in engine.stops():
        yield json.dumps({"pending": "stop", **said.to_json()})
    for name, notes in (("note", waiting), ("aside", aside)):
        for note in notes:
            yield json.dumps({"pending": name, "name": note.name, "text": note.text, "flaw": note.flaw})
