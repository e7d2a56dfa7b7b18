"""`selfheal diff`: what a change of the rules changes, on what was recorded."""

import argparse
import json
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from textwrap import indent
from typing import TypeAlias

from selfheal_rules.cli.arguments import Commands, add_format, add_params, subcommand
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.ending import reason as why_failed
from selfheal_rules.cli.loading import load_program
from selfheal_rules.cli.origins import Origins
from selfheal_rules.cli.recorded import Recorded, add_end, add_record
from selfheal_rules.cli.screen import Screen, clean
from selfheal_rules.cli.summary import counted
from selfheal_rules.cli.timeline import entry
from selfheal_rules.cli.words import number, shown, stamp
from selfheal_rules.compile import Program
from selfheal_rules.decide import Decision
from selfheal_rules.explain.why_not import Answer, render
from selfheal_rules.journal.items import Input
from selfheal_rules.policy import Policy
from selfheal_rules.replay import (
    Acceptance,
    AcceptanceError,
    Difference,
    Replay,
    Reviewed,
    differences,
    read_acceptances,
    reason,
    reviewed,
    write_acceptance,
)

_BATCH = 500
_COLOURS = {"added": "green", "removed": "red", "moved": "yellow", "verdict": "yellow", "params": "yellow"}

Sides: TypeAlias = tuple[Replay, Replay]


def register(commands: Commands) -> None:
    """Add the command."""
    about = "say which decisions two rule sets do not share on one record: added, removed, moved, of another verdict"
    parser = subcommand(commands, "diff", about, diff)
    parser.add_argument("old", metavar="OLD", type=Path, help="the rules as they are: a file, or a folder")
    parser.add_argument("new", metavar="NEW", type=Path, help="the rules as they would be")
    add_record(parser)
    add_params(parser)
    add_end(parser)
    about = "differences that are meant, one JSON object a line; only others end with 1"
    parser.add_argument("--accept", metavar="FILE", type=Path, help=about)
    about = "write a line for each difference that is not accepted yet, to be kept where it is meant"
    parser.add_argument("--write-accepted", metavar="FILE", type=Path, help=about)
    about = "say why the one does not decide what the other does; it takes the whole record into memory"
    parser.add_argument("--why", action="store_true", help=about)
    add_format(parser)


def diff(arguments: argparse.Namespace) -> int:
    """Run both over the record, side by side; an interrupt leaves the differences until then."""
    screen, accepted = Screen(), _accepted(arguments.accept)
    old, new = (_program(path, arguments) for path in (arguments.old, arguments.new))
    recorded = Recorded(arguments, old.vocabulary | new.vocabulary, screen)
    policy = recorded.site(old, new)
    before, after = (_begun(program, policy, arguments) for program in (old, new))
    kept: list[Input] = []
    is_whole = True
    try:
        _run(recorded, (before, after), arguments, kept)
    except KeyboardInterrupt:
        is_whole = False
        recorded.interrupted()
    screen.done()
    results = [one.result(is_whole=is_whole) for one in (before, after)]
    is_faulty = recorded.told(results[0]) | recorded.told(results[1])
    found = reviewed(differences(results[0].decisions, results[1].decisions), accepted)
    reasons = _reasons(found, (before, after), kept) if arguments.why else {}
    _tell(found, reasons, screen, recorded.origins, arguments.format)
    if arguments.write_accepted:
        _write(arguments.write_accepted, found)
    if not is_whole:
        return Code.INTERRUPTED
    return Code.FINDINGS if found.open or is_faulty else Code.OK


def _program(path: Path, arguments: argparse.Namespace) -> Program:
    program, _ = load_program([path], dict(arguments.param))
    return program


def _begun(program: Program, policy: Policy | None, arguments: argparse.Namespace) -> Replay:
    return Replay.of(program, policy, max_age=arguments.max_age, max_ahead=arguments.max_ahead)


def _run(recorded: Recorded, sides: Sides, arguments: argparse.Namespace, kept: list[Input]) -> None:
    """Give both sides the same inputs, some at a time: an interrupt leaves the two at one place."""
    inputs = iter(recorded)
    while batch := list(islice(inputs, _BATCH)):
        if arguments.why:
            kept += batch
        for side in sides:
            side.take(batch)
    for side in sides:
        side.until(arguments.until)


def _reasons(found: Reviewed, sides: Sides, inputs: list[Input]) -> dict[Difference, Answer]:
    """Ask, for each difference that is not accepted, the side that does not decide."""
    old, new = (side.engine for side in sides)
    answers = (
        (one, reason(one, old.program, new.program, inputs, new.policy, max_age=new.max_age)) for one in found.open
    )
    return {one: answer for one, answer in answers if answer}


def _accepted(file: Path | None) -> tuple[Acceptance, ...]:
    if file is None:
        return ()
    try:
        return read_acceptances(file.read_text("utf-8").splitlines())
    except AcceptanceError as error:
        message = f"file `{file}` cannot be taken for acceptances\n{error}"
        raise Refused(message) from None
    except (OSError, UnicodeDecodeError) as error:
        why = why_failed(error) if isinstance(error, OSError) else "it is not UTF-8"
        message = f"file `{file}` cannot be read: {why}"
        raise Refused(message) from None


def _write(file: Path, found: Reviewed) -> None:
    try:
        with file.open("a", encoding="utf-8") as lines:
            lines.writelines(f"{write_acceptance(one)}\n" for one in found.open)
    except OSError as error:
        message = f"file `{file}` cannot be written: {why_failed(error)}"
        raise Refused(message) from None


def _tell(found: Reviewed, reasons: Mapping[Difference, Answer], screen: Screen, origins: Origins, form: str) -> None:
    if form == "json":
        for is_accepted, some in ((False, found.open), (True, found.accepted)):
            for one in some:
                why = {"why": reasons[one].to_json()} if one in reasons else {}
                screen.out(json.dumps({**one.to_json(), "accepted": is_accepted, **why}))
    else:
        for one in found.open:
            screen.out(_entry(one, origins, screen))
            if one in reasons:
                screen.out(indent(clean(render(reasons[one])), "    "))
        screen.out(_summary(found))
    for line in found.idle:
        screen.err(f"selfheal: line {line.line} accepts what no longer differs")


def _entry(one: Difference, origins: Origins, screen: Screen) -> str:
    """Write a difference: what changed in a line, then the decision with its evidence."""
    head = screen.paint(one.change, _COLOURS[one.change])
    return f"{head}{_change(one)}\n{entry(one.one, origins, screen)}"


def _change(one: Difference) -> str:
    was, now = one.was, one.now
    if was is None or now is None:
        return ""
    if one.change == "moved":
        return f" from {stamp(was.time)} to {stamp(now.time)}{_verdicts(was, now)}"
    if one.change == "params":
        names = [name for name in {**was.params, **now.params} if was.params.get(name) != now.params.get(name)]
        told = (f"{name} {shown(was.params.get(name))} is {shown(now.params.get(name))}" for name in names)
        return f": {', '.join(told)}"
    return _verdicts(was, now)


def _verdicts(was: Decision, now: Decision) -> str:
    pair = [f"{one.verdict.status} by {one.verdict.guard}" for one in (was, now)]
    return "" if pair[0] == pair[1] else f": {pair[0]} is {pair[1]}"


def _summary(found: Reviewed) -> str:
    counts = Counter[str](one.change for one in found.open)
    accepted = f"; {number(len(found.accepted), 'difference')} accepted" if found.accepted else ""
    return f"{number(len(found.open), 'difference')}{counted(counts)}{accepted}"
