"""`selfheal report`: what became of a stream or a journal, as one HTML file."""

import argparse
from pathlib import Path
from typing import Any

from selfheal_rules.cli.arguments import (
    Commands,
    add_mapping,
    add_max_age,
    add_output,
    add_params,
    add_policy,
    duration,
    instant,
    subcommand,
)
from selfheal_rules.cli.ending import Code, Refused, reason
from selfheal_rules.cli.inputs import Lines
from selfheal_rules.cli.journal import told
from selfheal_rules.cli.loading import load_journal, load_mappings, load_program, load_site
from selfheal_rules.cli.origins import Origins
from selfheal_rules.cli.run import Watch
from selfheal_rules.cli.screen import Screen
from selfheal_rules.cli.words import number
from selfheal_rules.decide import Step
from selfheal_rules.diagnostics import JournalError, SnapshotError
from selfheal_rules.engine import MAX_AGE, Engine
from selfheal_rules.journal.journal import named
from selfheal_rules.journal.record import BrokenJournalError
from selfheal_rules.normalize import Reading
from selfheal_rules.report import History, Recorded, page, read_coverage
from selfheal_rules.vocabulary import SELF_KINDS

OF_INPUT = {
    name: f"--{name.replace('_', '-')}" for name in ("policy", "mapping", "param", "max_age", "max_ahead", "until")
}
"""What says how an input is run; a journal knows it."""


def register(commands: Commands) -> None:
    """Add the command."""
    about = "write what became of a stream or a journal as one HTML page"
    parser = subcommand(commands, "report", about, report)
    parser.add_argument("paths", metavar="PATH", nargs="*", type=Path, help="rule sets, as `run` takes them")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--journal", metavar="JOURNAL", help="the file of a journal, or the URL of its database")
    source.add_argument("--input", metavar="FILE|-", help="payloads, one JSON value a line; - is standard input")
    add_output(parser)
    parser.add_argument("--title", metavar="TEXT", help="what stands above the page (default: where it is from)")
    parser.add_argument("--generated", metavar="TIME", type=instant, help="say on the page when it was made")
    about = "coverage of the rules by tests, as JSON, laid over their lines"
    parser.add_argument("--coverage", metavar="FILE", type=Path, help=about)
    add_mapping(parser)
    add_policy(parser, "the policy of the site; without one nothing is allowed")
    add_params(parser)
    add_max_age(parser)
    about = "set aside what is further ahead of the stream than this"
    parser.add_argument("--max-ahead", metavar="DURATION", type=duration, help=about)
    parser.add_argument("--until", metavar="TIME", type=instant, help="at the end let time pass up to this instant")


def report(arguments: argparse.Namespace) -> int:
    """Gather the history, and write its page."""
    coverage = _coverage(arguments.coverage)
    screen = Screen()
    if arguments.journal is not None:
        history, code = _of_journal(arguments, screen)
    else:
        history, code = _of_input(arguments, screen)
    title = arguments.title or f"selfheal report: {named(arguments.journal or arguments.input)}"
    screen.result(page(history, title, arguments.generated, coverage), arguments.output)
    made = f"{number(len(history.decisions), 'decision')} in {number(len(history.episodes), 'episode')}"
    screen.err(f"{made}{f' written to {arguments.output}' if arguments.output else ''}")
    return code


def _of_input(arguments: argparse.Namespace, screen: Screen) -> tuple[History, Code]:
    if not arguments.paths:
        message = "an input is run by rules: name at least one PATH"
        raise Refused(message, Code.USAGE)
    program, _ = load_program(arguments.paths, dict(arguments.param))
    mappings, policy = load_mappings(arguments.mapping), load_site(program, arguments.policy)
    engine = Engine(program, max_age=arguments.max_age, max_ahead=arguments.max_ahead, policy=policy)
    lines = Lines(arguments.input)
    watch = Gathering(engine, lines, screen)
    with lines:
        watch.read(mappings)
    if arguments.until:
        watch.show(engine.advance(arguments.until))
    watch.close()
    watch.history.stopped = engine.halted
    return watch.history, Code.FINDINGS if watch.problems.malformed else Code.OK


class Gathering(Watch):
    """A run that gathers what is decided, rather than printing it."""

    def __init__(self, engine: Engine, lines: Lines, screen: Screen) -> None:
        """Begin with nothing read."""
        super().__init__(engine, lines, screen, in_json=True)
        self.history = History(self.origins.line)
        self.history.follow(engine)

    def show(self, step: Step) -> None:
        """Gather the decisions of a step."""
        for decision in step:
            self.summary.add(decision)
        self.history.take(step, self.engine.now)


def _of_journal(arguments: argparse.Namespace, screen: Screen) -> tuple[History, Code]:
    for name, written in {"paths": "PATH", **OF_INPUT}.items():
        if getattr(arguments, name) not in ([], None, MAX_AGE):
            message = f"a journal knows its rules, its policy and its inputs: `{written}` goes with `--input`"
            raise Refused(message, Code.USAGE)
    origins = Origins(SELF_KINDS)
    history = History(origins.line, unit="record")
    recorded = Recorded(history, lambda count, item: origins.note(Reading(count, item)))
    try:
        for record in told(load_journal(arguments.journal).records(), screen):
            recorded.take(record)
    except BrokenJournalError as error:
        screen.err(f"selfheal: {error}; the page tells what comes before")
        return history, Code.FINDINGS
    except (JournalError, SnapshotError) as error:
        raise Refused(str(error)) from None
    if history.unseen:
        why = "stand before the first snapshot, and no engine can be had to run them: they are not on the page"
        screen.err(f"selfheal: {history.unseen} {why}; `selfheal journal show` has them")
        return history, Code.FINDINGS
    return history, Code.OK


def _coverage(file: Path | None) -> dict[str, Any] | None:
    """
    Read what tests cover.

    Raises:
        Refused: where it cannot be read, or says something else.
    """
    if file is None:
        return None
    try:
        return read_coverage(file.read_text("utf-8"))
    except OSError as error:
        message = f"file `{file}` cannot be read: {reason(error)}"
        raise Refused(message) from None
    except ValueError as error:
        message = f"file `{file}` is no report of coverage: {error}"
        raise Refused(message) from None
