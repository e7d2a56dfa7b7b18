"""`selfheal explain`: why a decision was made, and why a rule did not fire."""

import argparse
import gc
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from selfheal_rules.cli.arguments import Commands, add_format, add_params, instant, subcommand
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.loading import load_journal, load_program
from selfheal_rules.cli.origins import Origins
from selfheal_rules.cli.recorded import Era, Recorded, add_record
from selfheal_rules.cli.screen import Screen, clean
from selfheal_rules.cli.timeline import entry
from selfheal_rules.cli.words import stamp
from selfheal_rules.compile import Program
from selfheal_rules.diagnostics import JournalError, SnapshotError
from selfheal_rules.engine import MAX_AGE, Engine
from selfheal_rules.events import Event, State
from selfheal_rules.explain.why import Opinion, UnknownDecisionError, Why, why, why_from
from selfheal_rules.explain.why_not import Answer, Excerpt, Input, UnknownRuleError, kinds_for, render, why_not
from selfheal_rules.journal import Record
from selfheal_rules.journal.items import input_of, snapshot_of
from selfheal_rules.journal.record import INPUTS
from selfheal_rules.normalize import Reading
from selfheal_rules.policy import Policy
from selfheal_rules.replay import inputs_of, program_of
from selfheal_rules.values import Value, freeze

_OTHERWISE = (
    "the decision was made by rules that went on from what earlier ones remembered, and run over the record by "
    "themselves they {what}: `selfheal journal show --type decision` has it as it was"
)
Placed: TypeAlias = list[tuple[int, Input]]
_ASKED = "ask for a decision by `--decision`, or why not by `--rule` and `--target`"


def register(commands: Commands) -> None:
    """Add the command."""
    about = "say why a decision was made, or why a rule did not fire for a target"
    parser = subcommand(commands, "explain", about, explain)
    about = "rules as for `check`; without them those a journal was written under"
    parser.add_argument("paths", metavar="PATH", nargs="*", type=Path, help=about)
    add_record(parser)
    about = "the decision to explain, by its id or the beginning of it"
    parser.add_argument("--decision", metavar="ID", help=about)
    about = "the rule that did not fire, by its id, or as RULESET/RULE"
    parser.add_argument("--rule", metavar="RULE", help=about)
    about = "for what it did not: a host, an instance; a JSON list where a rule concludes something of several keys"
    parser.add_argument("--target", metavar="TARGET", help=about)
    about = (
        "when it had not, such as 2026-11-22T16:30:00Z, or 16:30:00 on the last day of the record (default: its end)"
    )
    parser.add_argument("--at", metavar="TIME", type=_moment, help=about)
    add_params(parser)
    add_format(parser)


def _moment(text: str) -> datetime | time:
    """Read an instant, or a time of day, in UTC where it has no zone; people write 9:04, too."""
    try:
        found = time.fromisoformat(f"0{text}" if text[1:2] == ":" else text)
    except ValueError:
        return instant(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def explain(arguments: argparse.Namespace) -> int:
    """Read the record, and answer."""
    if (arguments.decision is None) == (arguments.rule is None):
        raise Refused(_ASKED, Code.USAGE)
    if not arguments.paths and arguments.input is not None:
        message = "a file of payloads has no rules in it; name those that are to be asked"
        raise Refused(message, Code.USAGE)
    program = load_program(arguments.paths, dict(arguments.param))[0] if arguments.paths else None
    try:
        with _much_kept():
            (_explain_rule if arguments.decision is None else _explain_decision)(arguments, program, Screen())
    except (UnknownDecisionError, UnknownRuleError) as error:
        raise Refused(str(error), Code.USAGE) from None
    return Code.OK


@contextmanager
def _much_kept() -> Iterator[None]:
    """Look for garbage seldom: a record of a million events is kept until it has been asked, and has none in it."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _explain_decision(arguments: argparse.Namespace, program: Program | None, screen: Screen) -> None:
    is_as_it_was = arguments.journal and not (arguments.paths or arguments.policy or arguments.without_policy)
    if is_as_it_was and arguments.max_age == MAX_AGE and _explain_from_snapshot(arguments, screen):
        return
    recorded, placed = _placed(arguments, program, screen)
    made = _made(recorded)
    if program is None:
        era = made[0] if made else _era(recorded, arguments, placed)
        program, placed = _recorded_program(era.begins), placed[: era.last]
        _tell_which(recorded, era, screen)
    elif made and made[0].begins.said("program") != program.digest:
        screen.err("selfheal: these are not the rules that made this decision; without PATH it is asked under those")
        made = None
    policy = recorded.site(program)
    found = _why(arguments, program, policy, [given for _, given in placed], made)
    _tell_why(arguments, found, _origins(program, placed, recorded.origins.unit), screen)


def _explain_from_snapshot(arguments: argparse.Namespace, screen: Screen) -> bool:
    """
    Go on from the latest snapshot before the decision, as a healer would; give whether it comes to what was recorded.

    Of all else that is in the journal only what may be evidence of it is decoded, for where it stands.
    """
    recorded, _ = _placed(arguments, None, screen, frozenset())
    made = _made(recorded)
    if made is None:
        return False
    era, last = made
    snapshot, first = recorded.heads[last.said("id")]
    if snapshot.inputs >= first.said("input"):
        return False
    try:
        engine = Engine.restore(program_of(snapshot), snapshot_of(snapshot))
        placed, inputs = _since(arguments, snapshot, last, screen)
        found = why_from(engine, inputs, last.said("id"))
    except (JournalError, SnapshotError, UnknownDecisionError):
        return False
    if not _is_recorded(found, last):
        return False
    _tell_which(recorded, era, screen)
    recorded.tell(engine.policy)
    _tell_why(arguments, found, _origins(engine.program, placed[: era.last], recorded.origins.unit), screen)
    return True


def _since(arguments: argparse.Namespace, snapshot: Record, last: Record, screen: Screen) -> tuple[Placed, list[Input]]:
    """Give every item that may be evidence of a decision, the others as instants, and all inputs since a snapshot."""
    kinds, inputs = frozenset(_kinds_of(last.said("because"))), list[Input]()
    first, end = snapshot.inputs, last.said("input")

    def passed() -> Iterator[Record]:
        for record in load_journal(arguments.journal).records():
            if first < record.inputs <= end and record.type in INPUTS:
                inputs.append(input_of(record))
            yield record
            screen.progress(record.inputs)

    placed = list(inputs_of(passed(), kinds))
    screen.done()
    return placed, inputs


def _kinds_of(because: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for one in because:
        yield one["kind"]
        yield from _kinds_of(one["because"])


def _explain_rule(arguments: argparse.Namespace, program: Program | None, screen: Screen) -> None:
    """Decode no more of a journal than the question takes: the kinds that the rule, and those below it, read."""
    asked, last = program or _ends_under(arguments), None
    recorded, placed = _read(arguments, asked, screen)
    if program is None:
        era = _era(recorded, arguments, placed)
        if asked is None or era.begins.said("program") != asked.digest:
            asked = _recorded_program(era.begins)
            recorded, placed = _read(arguments, asked, screen)
        last = era.last
        _tell_which(recorded, era, screen)
    assert asked is not None  # noqa: S101 - where there are no rules at all, there is no era
    inputs = [given for _, given in placed[:last]]

    @cache
    def whole() -> Sequence[Input]:
        return inputs if arguments.input else [given for _, given in _placed(arguments, asked, screen)[1][:last]]

    _tell_why_not(arguments, asked, recorded.site(asked), Excerpt(inputs, whole), screen)


def _ends_under(arguments: argparse.Namespace) -> Program | None:
    """Give the rules a journal ends with, which are most often meant; None where it takes reading it all to know."""
    with suppress(JournalError, SnapshotError):
        head = next(load_journal(arguments.journal).recent(), None)
        return program_of(head) if head else None
    return None


def _read(arguments: argparse.Namespace, program: Program | None, screen: Screen) -> tuple[Recorded, Placed]:
    """Read what a question about the rule rests on; where there is no such rule, other rules may be meant."""
    kinds: frozenset[str] | None = None
    if program is not None:
        try:
            kinds = kinds_for(program, arguments.rule)
        except UnknownRuleError:
            if arguments.paths:
                raise
            kinds = frozenset()
    return _placed(arguments, program, screen, kinds)


def _placed(
    arguments: argparse.Namespace, program: Program | None, screen: Screen, kinds: frozenset[str] | None = None
) -> tuple[Recorded, Placed]:
    recorded = Recorded(arguments, program.vocabulary if program else None, screen, kinds)
    placed = list(recorded.placed())
    screen.done()
    return recorded, placed


def _tell_which(recorded: Recorded, era: Era, screen: Screen) -> None:
    """Say under which rules it is asked, where a journal has several."""
    if len(recorded.eras) > 1:
        which = f"{recorded.eras.index(era) + 1} of {len(recorded.eras)} that it was written under"
        digest = era.begins.said("program")
        screen.err(f"selfheal: the rules of this journal have changed; asked under program {digest}, {which}")


def _made(recorded: Recorded) -> tuple[Era, Record] | None:
    """Give the decision that is sought as a journal holds it, where it holds one of that id and no other."""
    return next(iter(recorded.made.values())) if len(recorded.made) == 1 else None


def _era(recorded: Recorded, arguments: argparse.Namespace, placed: Placed) -> Era:
    """Give the rules that ran at the instant that is asked about."""
    if not recorded.eras:
        message = "the journal holds no rules; name those that are to be asked"
        raise Refused(message, Code.USAGE)
    if arguments.at is None:
        return recorded.eras[-1]
    inputs = [given for _, given in placed]
    asked = _at(arguments.at, inputs)
    times = [one if isinstance(one, datetime) else one.time for one in inputs]
    begun = (era for era in recorded.eras if all(time > asked for time in times[era.first : era.first + 1]))
    later = next(begun, None)
    return recorded.eras[-1] if later is None else recorded.eras[max(recorded.eras.index(later) - 1, 0)]


def _recorded_program(begins: Record) -> Program:
    try:
        return program_of(begins)
    except (JournalError, SnapshotError) as error:
        message = f"the rules the journal was written under cannot be used any more; name those to be asked: {error}"
        raise Refused(message) from None


def _origins(program: Program, placed: Placed, unit: str) -> Origins:
    found = Origins(program.vocabulary, max(len(placed), 1), unit)
    for place, given in placed:
        if isinstance(given, Event | State) and given.kind in program.vocabulary.kinds:
            found.note(Reading(place, given))
    return found


# Why


def _why(
    arguments: argparse.Namespace,
    program: Program,
    policy: Policy | None,
    inputs: Sequence[Input],
    made: tuple[Era, Record] | None,
) -> Why:
    """Run the record again up to the decision; what comes out is what was recorded, or it is not told."""
    try:
        found = why(program, inputs, arguments.decision, policy, max_age=arguments.max_age)
    except UnknownDecisionError:
        if made is None or made[0].first == 0:
            raise
        raise Refused(_OTHERWISE.format(what="do not come to it")) from None
    as_it_was = arguments.policy is None and not arguments.without_policy
    if made is not None and made[0].first and as_it_was and not _is_recorded(found, made[1]):
        raise Refused(_OTHERWISE.format(what="come to another word on it"))
    return found


def _is_recorded(found: Why, record: Record) -> bool:
    said = found.decision.to_json()
    return all(said[name] == record.said(name) for name in ("time", "verdict", "guard", "reason", "because"))


def _tell_why(arguments: argparse.Namespace, found: Why, origins: Origins, screen: Screen) -> None:
    if arguments.format == "json":
        screen.out(json.dumps(found.to_json()))
        return
    screen.out(entry(found.decision, origins, screen) + clean("\n".join(["", *_said(found)])).lstrip("\n"))


def _said(found: Why) -> Iterator[str]:
    for one in found.before:
        yield f"    before   {one.verdict.status} by {one.verdict.guard} at {stamp(one.time)}: {one.verdict.reason}"
    yield "    guards" if found.opinions else "    guards   none was asked"
    yield from map(_opinion, found.opinions)


def _opinion(one: Opinion) -> str:
    written = f" ({one.written})" if one.written else ""
    return f"      {one.mark:4}  {one.guard}{written}: {one.text}; {one.counterfactual}"


# Why not


def _tell_why_not(
    asked: argparse.Namespace, program: Program, policy: Policy | None, excerpt: Excerpt, screen: Screen
) -> None:
    at = _at(asked.at, excerpt.inputs)
    answers = [
        why_not(program, excerpt, asked.rule, target, at, policy, max_age=asked.max_age)
        for target in _targets(asked.target)
    ]
    found = max(answers, key=_reached)
    screen.out(json.dumps(found.to_json()) if asked.format == "json" else clean(render(found)).rstrip("\n"))


def _reached(answer: Answer) -> tuple[bool, int]:
    return answer.fired, sum(line.mark == "ok" for line in answer.lines)


def _targets(text: str | None) -> list[Value]:
    """Give what a target may be: the text, or the JSON value it writes."""
    if text is None:
        return [None]
    try:
        value = freeze(json.loads(text))
    except ValueError:
        return [text]
    return [text, value] if value is not None and not isinstance(value, str) else [text]


def _at(asked: datetime | time | None, inputs: Sequence[Input]) -> datetime:
    times = [one if isinstance(one, datetime) else one.time for one in inputs]
    if isinstance(asked, datetime):
        return asked
    if not times:
        message = "the record is empty, so it has no end; say when by `--at`"
        raise Refused(message, Code.USAGE)
    last = max(times)
    return last if asked is None else datetime.combine(last.date(), asked)
