"""`selfheal explain`: why a decision was made, and why a rule did not fire."""

import argparse
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from pathlib import Path

from selfheal_rules.cli.arguments import Commands, add_format, add_params, instant, subcommand
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.loading import load_program, load_site
from selfheal_rules.cli.origins import Origins
from selfheal_rules.cli.recorded import Recorded, add_record
from selfheal_rules.cli.screen import Screen, clean
from selfheal_rules.cli.timeline import entry
from selfheal_rules.cli.words import stamp
from selfheal_rules.compile import Program
from selfheal_rules.diagnostics import JournalError, RuleSetError, SnapshotError
from selfheal_rules.events import Event, State
from selfheal_rules.explain.why import Opinion, UnknownDecisionError, Why, why
from selfheal_rules.explain.why_not import Answer, Input, UnknownRuleError, render, why_not
from selfheal_rules.guard.binding import refuse_policy
from selfheal_rules.normalize import Reading
from selfheal_rules.policy import Policy
from selfheal_rules.replay import program_of
from selfheal_rules.values import Value, freeze

_CHANGED = (
    "selfheal: the rules of this journal have changed, and it is all asked under the latest: what was decided before "
    "may read otherwise here; `selfheal journal show --type decision` has it as it was"
)
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
    """Read an instant, or a time of day in UTC."""
    try:
        found = time.fromisoformat(text)
    except ValueError:
        return instant(text)
    return found.replace(tzinfo=UTC)


def explain(arguments: argparse.Namespace) -> int:
    """Read the record, and answer."""
    screen = Screen()
    if (arguments.decision is None) == (arguments.rule is None):
        raise Refused(_ASKED, Code.USAGE)
    if not arguments.paths and arguments.input is not None:
        message = "a file of payloads has no rules in it; name those that are to be asked"
        raise Refused(message, Code.USAGE)
    program = load_program(arguments.paths, dict(arguments.param))[0] if arguments.paths else None
    recorded = Recorded(arguments, program.vocabulary if program else None, screen)
    placed = list(recorded.placed())
    screen.done()
    if program is None and recorded.programs > 1:
        screen.err(_CHANGED)
    program = program or _recorded_program(recorded)
    policy = _policy(program, recorded, arguments.policy)
    inputs = [given for _, given in placed]
    try:
        if arguments.decision is not None:
            origins = _origins(program, placed, recorded.origins.unit)
            _tell_why(arguments, program, policy, inputs, origins, screen)
        else:
            _tell_why_not(arguments, program, policy, inputs, screen)
    except (UnknownDecisionError, UnknownRuleError) as error:
        raise Refused(str(error), Code.USAGE) from None
    return Code.OK


def _recorded_program(recorded: Recorded) -> Program:
    if recorded.rules is None:
        message = "the journal holds no rules; name those that are to be asked"
        raise Refused(message, Code.USAGE)
    try:
        return program_of(recorded.rules)
    except (JournalError, SnapshotError) as error:
        message = f"the rules the journal was written under cannot be used any more; name those to be asked: {error}"
        raise Refused(message) from None


def _policy(program: Program, recorded: Recorded, named: Path | None) -> Policy | None:
    """Give the policy that is named, else the one a journal was written under: another would tell another story."""
    if named is not None:
        return load_site(program, named)
    policy = recorded.policy()
    try:
        refuse_policy(program, policy)
    except RuleSetError as error:
        message = (
            f"the policy the journal was written under does not fit these rules; name one by `--policy`\n\n{error}"
        )
        raise Refused(message) from None
    return policy


def _origins(program: Program, placed: Sequence[tuple[int, Input]], unit: str) -> Origins:
    found = Origins(program.vocabulary, max(len(placed), 1), unit)
    for place, given in placed:
        if isinstance(given, Event | State) and given.kind in program.vocabulary.kinds:
            found.note(Reading(place, given))
    return found


# Why


def _tell_why(
    arguments: argparse.Namespace,
    program: Program,
    policy: Policy | None,
    inputs: Sequence[Input],
    origins: Origins,
    screen: Screen,
) -> None:
    found = why(program, inputs, arguments.decision, policy, max_age=arguments.max_age)
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
    asked: argparse.Namespace, program: Program, policy: Policy | None, inputs: list[Input], screen: Screen
) -> None:
    at = _at(asked.at, inputs)
    answers = [
        why_not(program, inputs, asked.rule, target, at, policy, max_age=asked.max_age)
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
